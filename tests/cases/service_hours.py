"""Service hours: due instants, service time and predicates of other systems, computed by our engine."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from itsm.core import service_time as st
from itsm.core.calendar import WEEKDAYS
from itsm.core.service_time import Calendar
from itsm.core.spans import Spans, union

from tests.cases.reading import Book, Case, InWordsError, compared, instant, local

DUE_ROWS = {"due", "starts", "first_working_instant", "escalation", "percent_at", "paused_working_seconds",
            "hold_seconds", "time"}  # fmt: skip
NOT_EXTENDED = "TTO"
"""GLPI's time to own goes on while a ticket is on hold."""


def due(case: Case, book: Book) -> list[str]:
    """Start plus target in service time, later by what pauses took; and what is derived from that instant."""
    expect = case["expect"]
    _only(expect, DUE_ROWS)
    _answerable(case)
    hours = book.calendar(case["calendar"])
    if "within_one_day" in case:
        return compared("within its day", _within_one_day(hours, **case["within_one_day"]), expect["time"])
    start, found = instant(case["start"], hours), []
    for name in {"first_working_instant", "starts"} & expect.keys():
        found += compared(name, local(case["start"], st.next_opening(hours, start), hours), expect[name])
    if "target" not in case:
        return found
    at, paused = _due_of(case, hours, start)
    if "due" in expect:
        found += compared("due", local(case["start"], at, hours), expect["due"])
    if "paused_working_seconds" in expect:
        found += compared("paused", paused, expect["paused_working_seconds"])
    if "escalation" in expect:
        level = _offset(hours, at, expect["escalation"]["offset_from_due"])
        found += compared("escalation", local(case["start"], level, hours), expect["escalation"]["at"])
    for percent, clock_time in expect.get("percent_at", {}).items():
        part = st.due(hours, start, -(-case["target"]["working_seconds"] * int(percent) // 100))
        found += compared(f"{percent} %", local(case["start"], part, hours)[11:16], clock_time)
    return found


def _only(expect: Mapping[str, Any], known: set[str]) -> None:
    strange = sorted(expect.keys() - known)
    if strange:
        raise InWordsError(f"nothing here computes {', '.join(strange)}")


def _answerable(case: Case) -> None:
    """Raise InWordsError for a row that would pass whatever the engine says, since nothing of it is compared."""
    if not case["expect"].keys() - {"hold_seconds"}:
        raise InWordsError("expects nothing")
    needed = {"time": "within_one_day", **dict.fromkeys(("due", "escalation", "percent_at"), "target")}
    missing = sorted(name for name in case["expect"].keys() & needed if needed[name] not in case)
    if missing and "within_one_day" not in case:
        raise InWordsError(f"expects {', '.join(missing)} of no {needed[missing[0]]}")


def _due_of(case: Case, hours: Calendar, start: int) -> tuple[int, int]:
    if case.get("direction") == "before" and "working_seconds" in case["target"]:
        return st.before(hours, start, case["target"]["working_seconds"]), 0
    target = case["target"]
    if case.get("direction") == "before" and target.get("working_days", 0) > 0:
        target = {**target, "working_days": -target["working_days"]}
    at = _offset(hours, start, target)
    pauses = () if case.get("metric") == NOT_EXTENDED else case.get("pauses", ())
    stood = union(tuple((instant(begin, hours), instant(end, hours)) for begin, end in pauses))
    paused = sum(st.elapsed(hours, begin, end) for begin, end in stood)
    paused += case["expect"].get("hold_seconds", 0)
    return (st.due(hours, at, paused) if paused else at), paused


def _offset(hours: Calendar, start: int, by: Mapping[str, Any]) -> int:
    if "working_days" in by:
        return st.business_days(hours, start, by["working_days"], by.get("end_of_working_day", False))
    return st.due(hours, start, by["working_seconds"])


def _within_one_day(hours: Calendar, weekday: str, begin: str, working_seconds: int) -> str | bool:
    monday = date(2024, 3, 4).toordinal()
    day = monday + WEEKDAYS.index(weekday)
    start = hours.instant(day, int(begin[:2]) * 3600 + int(begin[3:5]) * 60)
    end = st.due(hours, start, working_seconds)
    inside = hours.day(day)
    fits = bool(inside) and hours.day_of(end) == day and end <= inside[-1][1]
    return local("", end, hours)[11:] if fits else False


def elapsed(case: Case, book: Book) -> list[str]:
    """Service time between two instants."""
    if "unit" in case or "working_seconds" not in case["expect"]:
        raise InWordsError(f"another measure than service time: {case.get('unit', 'unnamed')}")
    hours = book.calendar(case["calendar"])
    ours = st.elapsed(hours, instant(case["start"], hours), instant(case["end"], hours))
    return compared("service seconds", ours, case["expect"]["working_seconds"])


def predicate(case: Case, book: Book) -> list[str]:
    """What a calendar says of a day or an instant, and its open periods in order."""
    kind = case["kind"]
    if kind == "open_periods_of_intersection":
        left, right = (book.calendar(name) for name in case["calendars"])
        return _periods(case, st.intersection(left, right))
    hours = book.calendar(case["calendar"])
    if kind == "open_periods":
        return _periods(case, hours)
    if kind not in PREDICATES:
        raise InWordsError(f"nothing here answers {kind}")
    at = case["at"] if "T" in case["at"] else f"{case['at']}T12:00:00"
    return compared(kind, PREDICATES[kind](hours, instant(at, hours)), case["expect"])


def _periods(case: Case, hours: Calendar) -> list[str]:
    origin, take = instant(case["origin"], hours), case["take"]
    forward = case.get("direction", "after") == "after"
    open_time: Spans = ()
    for days in (62, 620, 6200):
        # of a period that is cut off at the end of what is looked at more may follow: one more than asked for is found
        if len(open_time) <= take:
            begin, end = (origin, origin + days * st.DAY) if forward else (origin - days * st.DAY, origin)
            open_time = st.open_spans(hours, begin, end)
    taken = (open_time if forward else open_time[::-1])[:take]
    ours = [[local(case["origin"], a, hours), local(case["origin"], b, hours)] for a, b in taken]
    return compared("open periods", ours, case["expect"])


def _is_holiday(hours: Calendar, at: int) -> bool:
    day = hours.day_of(at)
    on = date.fromordinal(day)
    return hours.dates.get(day) == () or (on.month, on.day) in hours.yearly


def _is_on_break(hours: Calendar, at: int) -> bool:
    return any(begin <= hours.wall_clock(at) < end for begin, end in hours.breaks.get(hours.day_of(at), ()))


PREDICATES: Mapping[str, Callable[[Calendar, int], bool]] = {
    "is_working_day": lambda hours, at: st.is_working_day(hours, hours.day_of(at)),
    "is_working_instant": st.is_open,
    "is_holiday": _is_holiday,
    "is_holiday_instant": _is_holiday,
    "is_on_break": _is_on_break,
}
