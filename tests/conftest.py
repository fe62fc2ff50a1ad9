"""What every test may use: the folder of shared facts, and one way to draw examples."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SHARED = Path(os.environ.get("ITSM_SHARED", Path(__file__).resolve().parents[2] / "shared"))

# The same examples everywhere and every time: what is red is red for whoever looks. `make fuzz` looks further.
settings.register_profile("quick", derandomize=True, database=None, deadline=None, max_examples=60)
settings.register_profile(
    "fuzz",
    database=None,
    deadline=None,
    max_examples=5_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def shared() -> Callable[..., Path]:
    """`shared("jira", "schema.json")` is a path in the folder of shared facts; skips the test where it is absent."""

    def path(*parts: str) -> Path:
        found = SHARED.joinpath(*parts)
        if not found.exists():
            pytest.skip(f"shared facts are absent: {'/'.join(parts)} (set ITSM_SHARED to their folder)")
        return found

    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A run without the shared facts says so where nobody can overlook it."""
    if not SHARED.is_dir():
        skipped = len(terminalreporter.stats.get("skipped", []))
        terminalreporter.section("shared facts are absent", yellow=True)
        terminalreporter.line(
            f"{skipped} tests were skipped: set ITSM_SHARED to the folder of shared facts", yellow=True
        )
