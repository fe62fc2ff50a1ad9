"""What the tests of the stand-in Jira share: a site on a clock that stands still, under Atlassian's specification."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.local.jira.bench import Bench
from tests.support.jira_guard import JiraGuard


def shared(*parts: str) -> Path:
    """A file of the shared test data; the test is skipped, and says so, when it is not there."""
    root = Path(os.environ.get("ITSM_SHARED", Path(__file__).parents[5] / "shared"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared test data is absent: {path} (set ITSM_SHARED)")
    return path


@pytest.fixture(scope="session")
def specification() -> JiraGuard:
    """The guard, loaded once: its compiled schemas serve every test."""
    return JiraGuard(shared("jira", "cloud-platform-v3.json"), shared("jira", "adf-full.schema.json"))


@pytest.fixture
def guard(specification: JiraGuard) -> Iterator[JiraGuard]:
    """The guard, with a clean sheet; a violation that is left on it fails the test."""
    specification.violations.clear()
    yield specification
    specification.assert_clean()


@pytest.fixture
def jira(guard: JiraGuard) -> Bench:
    """A fresh site."""
    return Bench(observers=[guard.observer])
