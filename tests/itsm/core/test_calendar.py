"""Calendars as they are written: what is refused, with which reason, and what the same words mean."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from itsm.core.calendar import CalendarPolicy, Calendars, WeeklyHours, build, calendar_problems
from itsm.core.calendar_checks import problems
from itsm.core.errors import NotFoundError, PolicyError

OFFICE = CalendarPolicy(zone="Europe/Berlin", hours=WeeklyHours(mon=("09:00-17:00",)))


@pytest.mark.parametrize(
    ("change", "key", "reason"),
    [
        ({"zone": "Mars/Base"}, "zone", "'Mars/Base' is no time zone"),
        ({"zone": "../../etc/passwd"}, "zone", "is no time zone"),
        ({"zone": ""}, "zone", "is no time zone"),
        ({"hours": WeeklyHours(mon=("17:00-09:00",))}, "hours.mon", "if it ends on the day after, write"),
        ({"hours": WeeklyHours(mon=("09:00-09:00",))}, "hours.mon", "ends before it starts"),
        ({"hours": WeeklyHours(mon=("09:00-17:00+1",))}, "hours.mon", "lasts more than a day"),
        ({"hours": WeeklyHours(mon=("9-17",))}, "hours.mon", "is no span"),
        ({"hours": WeeklyHours(mon=("09:00-17:60",))}, "hours.mon", "a time no clock shows"),
        ({"hours": WeeklyHours(mon=("09:00-24:30",))}, "hours.mon", "a time no clock shows"),
        ({"hours": WeeklyHours(mon=("09:00-13:00", "12:00-17:00"))}, "hours.mon", "two spans overlap"),
        ({"hours": WeeklyHours()}, "hours", "there is no open time"),
        ({"always": True}, "hours.mon", "always open has no weekly hours"),
        ({"holidays": ("13-01",)}, "holidays", "no day of any year"),
        ({"holidays": ("2026-02-29",)}, "holidays", "is no date"),
        ({"holidays": ("20260601",)}, "holidays", "is no date"),
        ({"holidays": ("2026-W23-1",)}, "holidays", "is no date"),
        ({"holidays": ("2026-12-31..2026-01-01",)}, "holidays", "ends before it starts"),
        ({"overrides": {"2026-1-1": ()}}, "overrides.2026-1-1", "is no date"),
        ({"overrides": {"2026-06-08": ("22:00-02:00+1",)}}, "overrides.2026-06-08", "must end on that date"),
        ({"overrides": {"2026-12-25": ("09:00-12:00",)}, "holidays": ("12-25",)}, "overrides.2026-12-25", "a holiday"),
        ({"breaks": {"2026-06-08": ("12:00-11:00",)}}, "breaks.2026-06-08", "ends before it starts"),
    ],
)
def test_a_calendar_that_cannot_be_meant_is_named_and_cannot_be_built(
    change: dict[str, Any], key: str, reason: str
) -> None:
    wrong = replace(OFFICE, **change)
    found = calendar_problems(wrong)
    assert [text for where, text in found if where == key and reason in text], found
    with pytest.raises(PolicyError):
        build("wrong", wrong)


def test_problems_carry_the_name_of_the_calendar() -> None:
    wrong = replace(OFFICE, zone="Nowhere")
    assert [key for key, _ in problems(Calendars(calendars={"one": OFFICE, "two": wrong}))] == ["calendars.two.zone"]
    assert [key for key, _ in problems(Calendars(calendars={}))] == ["calendars"]


def test_a_calendar_is_built_once_and_an_unknown_one_is_named_with_those_that_are_known() -> None:
    calendars = Calendars(calendars={"office": OFFICE})
    assert calendars.named("office") is calendars.named("office")
    with pytest.raises(NotFoundError, match="no calendar is called 'moon'; known are office"):
        calendars.named("moon")


def test_an_overnight_span_belongs_to_both_days_and_a_holiday_closes_only_its_own() -> None:
    night = build("night", replace(OFFICE, hours=WeeklyHours(mon=("22:00-06:00+1",)), holidays=("2026-06-09",)))
    spans = [night.day(date(2026, 6, day).toordinal()) for day in (8, 9, 16)]
    assert [sum(closes - opens for opens, closes in day) // 3600 for day in spans] == [2, 0, 6]


def test_a_breaks_hours_are_taken_out_of_the_middle() -> None:
    broken = build("broken", replace(OFFICE, breaks={"2026-06-08": ("10:00-11:00", "16:00-20:00")}))
    day = date(2026, 6, 8).toordinal()
    assert [(opens - broken.instant(day, 0), closes - broken.instant(day, 0)) for opens, closes in broken.day(day)] == [
        (9 * 3600, 10 * 3600), (11 * 3600, 16 * 3600),
    ]  # fmt: skip
