"""Fixtures: the shipped policy, what is ours, and the facts other people's projects assert."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from itsm.runtime.policies import Policies
from itsm.service_desk.filters import Own


@pytest.fixture(scope="session")
def policies() -> Policies:
    return Policies()


@pytest.fixture(scope="session")
def own() -> Own:
    return Own(domain="desk.example.org", addresses=("support@desk.example.org",))


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A file of the shared facts; the test is skipped, saying so, where they are not there."""
    root = Path(os.environ.get("ITSM_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))

    def find(name: str) -> Path:
        path = root / name
        if not path.exists():
            pytest.skip(f"{path} is not there: set ITSM_SHARED to the folder of shared facts")
        return path

    return find
