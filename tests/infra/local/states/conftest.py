"""What the interpreter's tests share: the recorded cases, and an engine on a clock that stands still."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.infra.local.states.world import World


def shared(*parts: str) -> Path:
    """A file of the shared test data; the test is skipped, and says so, when it is not there."""
    root = Path(os.environ.get("ITSM_SHARED", Path(__file__).parents[5] / "shared"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared test data is absent: {path} (set ITSM_SHARED)")
    return path


@pytest.fixture(scope="session")
def recorded_cases() -> list[dict[str, Any]]:
    """All cases with AWS-recorded results."""
    return list(json.loads(shared("asl", "cases.json").read_text()))


@pytest.fixture
def world() -> World:
    """A fresh engine whose function `f` returns its event."""
    return World({"f": lambda event: event})
