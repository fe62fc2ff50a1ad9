"""What the tests of the Jira folder share: Atlassian's own contracts, read from the shared test data."""

import os
from pathlib import Path

import pytest


def shared(*parts: str) -> Path:
    """A file of the shared test data; the test is skipped, and says so, when it is not there."""
    root = Path(os.environ.get("ITSM_SHARED", Path(__file__).parents[4] / "shared"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared test data is absent: {path} (set ITSM_SHARED)")
    return path


@pytest.fixture(scope="session")
def adf_schema() -> Path:
    """Atlassian's JSON Schema of the document format."""
    return shared("jira", "adf-full.schema.json")


@pytest.fixture(scope="session")
def openapi() -> Path:
    """Atlassian's OpenAPI of Jira Cloud v3."""
    return shared("jira", "cloud-platform-v3.json")
