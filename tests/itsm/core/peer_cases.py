"""Peer cases: facts from other systems' own tests, read from the shared data and put into our calendars."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from itsm.core.calendar import WEEKDAYS, CalendarPolicy, WeeklyHours, build
from itsm.core.service_time import Calendar

CASES = Path(os.environ.get("ITSM_SHARED", Path(__file__).parents[4] / "shared")) / "cases"


@cache
def load(name: str) -> Mapping[str, Any]:
    """One file of cases; the test that asks is skipped, saying so, where the shared data is not at hand."""
    path = CASES / name
    if not path.exists():
        pytest.skip(f"{path} is absent; set ITSM_SHARED to run the peer cases", allow_module_level=True)
    return json.loads(path.read_text())  # type: ignore[no-any-return]  # a file of cases is an object


@cache
def calendar(file: str, name: str) -> Calendar:
    """A calendar of a file of cases; the peers' naive times are run in UTC, as the cases' README says."""
    given = load(file)["calendars"][name]
    hours = {day: _spans(given["hours"].get(day, ())) for day in WEEKDAYS}
    ranges = tuple(f"{first}..{last}" for first, last in given.get("holiday_ranges", ()))
    holidays = (*given.get("holidays", ()), *given.get("annual_holidays", ()), *ranges)
    overrides = {on: _spans(spans) for on, spans in given.get("date_shifts", {}).items()}
    policy = CalendarPolicy(
        zone=given["tz"] or "UTC",
        hours=WeeklyHours(**hours),
        holidays=holidays,
        # a holiday wins over an override; said together they are a contradiction that our policy check refuses
        overrides={on: spans for on, spans in overrides.items() if on not in holidays},
        breaks={on: _spans(spans) for on, spans in given.get("breaks", {}).items() if on not in holidays},
    )
    return build(f"{file}:{name}", policy)


def instant(text: str, calendar: Calendar) -> int:
    """Epoch seconds; a text without Z is the calendar's local time."""
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=calendar.zone)).timestamp())


def local(text: str, at: int, calendar: Calendar) -> str:
    """An instant written the way `text` is: UTC with Z, or local without."""
    if text.endswith("Z"):
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return datetime.fromtimestamp(at, calendar.zone).strftime("%Y-%m-%dT%H:%M:%S")


def _spans(spans: Any) -> tuple[str, ...]:
    # 23:59:59.64 is how a peer's fraction of an hour was written down; we know whole seconds only
    return tuple(f"{opens.partition('.')[0]}-{closes.partition('.')[0]}" for opens, closes in spans)
