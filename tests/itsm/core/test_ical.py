"""Feeds of holidays: whole days are closed, what cannot be read is left out, and no clock ever breaks by one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some
from itsm.core import service_time as st
from itsm.core.calendar import CalendarPolicy, Calendars, Copies, WeeklyHours, build
from itsm.core.calendar_checks import problems
from itsm.core.ical import read

OFFICE = ("09:00-17:00",)
WEEK = WeeklyHours(mon=OFFICE, tue=OFFICE, wed=OFFICE, thu=OFFICE, fri=OFFICE)


def feed(*lines: str) -> str:
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""))


def days(*lines: str, years: tuple[int, int] = (2026, 2028)) -> list[str]:
    found = sorted(read(feed(*lines)).days)
    return [str(on) for on in map(date.fromordinal, found) if years[0] <= on.year <= years[1]]


def test_an_all_day_event_closes_its_days_and_not_its_end() -> None:
    assert days("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227") == [
        "2026-12-24",
        "2026-12-25",
        "2026-12-26",
    ]
    assert days("DTSTART;VALUE=DATE:20261224") == ["2026-12-24"]
    assert days("DTSTART;VALUE=DATE:20261224", "DURATION:P2D") == ["2026-12-24", "2026-12-25"]
    assert days("DTSTART;VALUE=DATE:20261221", "DURATION:P1W")[-1] == "2026-12-27"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=YEARLY", ["2026-11-26", "2027-11-26", "2028-11-26"]),
        ("FREQ=YEARLY;INTERVAL=2", ["2026-11-26", "2028-11-26"]),
        ("FREQ=YEARLY;COUNT=2", ["2026-11-26", "2027-11-26"]),
        ("FREQ=YEARLY;UNTIL=20271126", ["2026-11-26", "2027-11-26"]),
        ("FREQ=YEARLY;UNTIL=20271126T000000Z", ["2026-11-26", "2027-11-26"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", ["2026-11-26", "2027-11-25", "2028-11-23"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=-1TH", ["2026-11-26", "2027-11-25", "2028-11-30"]),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,-1", ["2026-11-26", "2026-12-24", "2026-12-31", "2027-12-24",
                                                     "2027-12-31", "2028-12-24", "2028-12-31"]),
        ("FREQ=YEARLY;BYDAY=-1FR", ["2026-11-26", "2026-12-25", "2027-12-31", "2028-12-29"]),
    ],
)  # fmt: skip
def test_a_yearly_rule_is_followed(rule: str, expected: list[str]) -> None:
    assert days("DTSTART;VALUE=DATE:20261126", f"RRULE:{rule}") == expected


def test_the_twenty_ninth_of_february_comes_every_fourth_year() -> None:
    assert days("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY", years=(2024, 2033)) == [
        "2024-02-29",
        "2028-02-29",
        "2032-02-29",
    ]


def test_further_days_and_exceptions_count() -> None:
    lines = ("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20270101",
             "RDATE;VALUE=DATE:20260704,20270705")  # fmt: skip
    assert days(*lines) == ["2026-01-01", "2026-07-04", "2027-07-05", "2028-01-01"]


def test_one_repetition_that_was_moved_is_where_it_was_moved_to() -> None:
    series = "BEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20260704\nRRULE:FREQ=YEARLY;COUNT=2\nEND:VEVENT\n"
    moved = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20270704\nDTSTART;VALUE=DATE:20270705\nEND:VEVENT\n"
    assert [str(date.fromordinal(day)) for day in sorted(read(series + moved).days)] == ["2026-07-04", "2027-07-05"]


def test_folded_lines_alarms_and_a_byte_order_mark_are_no_obstacle() -> None:
    text = "\ufeffBEGIN:VEVENT\r\nSUMM\r\n ARY:Ni\r\n\tce\r\nBEGIN:VALARM\r\nDTSTART:20200101\r\nEND:VALARM\r\n"
    assert len(read(text + 'DTSTART;VALUE=DATE;X="a:b;c":20260101\r\nEND:VEVENT\r\n').days) == 1


def test_what_is_cancelled_has_a_clock_time_or_another_rule_closes_nothing_and_is_named() -> None:
    assert days("DTSTART;VALUE=DATE:20260101", "STATUS:CANCELLED") == []
    timed = read(feed("SUMMARY:Party", "DTSTART:20260101T180000Z"))
    assert (timed.days, timed.skipped) == (frozenset(), ("Party: '20260101T180000Z' is no whole day",))
    assert "is not followed here" in read(feed("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=HOURLY")).skipped[0]


LINES = (
    *("BEGIN:VEVENT", "END:VEVENT", "DTSTART;VALUE=DATE:20260230", "DTSTART:20260101", "DTEND:99991231", "UID:1", " "),
    *("RRULE:FREQ=YEARLY;BYDAY=9MO", "RRULE:FREQ=YEARLY;BYMONTH=13", "RRULE:FREQ=YEARLY;COUNT=x", "EXDATE:2026"),
    *("RRULE:FREQ=YEARLY;BYMONTHDAY=0", "DURATION:PT1H", "RECURRENCE-ID:x", "BEGIN:VALARM"),
)


@given(some.text(max_size=300) | some.lists(some.sampled_from(LINES)).map("\n".join))
def test_nothing_in_a_feed_raises(text: str) -> None:
    build("office", CalendarPolicy(hours=WEEK), read(text).days)


def test_a_calendar_is_closed_on_the_days_of_its_feed_but_for_what_an_override_says() -> None:
    holidays = feed("DTSTART;VALUE=DATE:20260105", "DTEND;VALUE=DATE:20260108")
    policy = CalendarPolicy(hours=WEEK, ical="germany", overrides={"2026-01-06": ("10:00-12:00",)})
    calendars = Calendars(
        calendars={"office": policy},
        feeds={"germany": "https://example.org/x.ics"},
        copies=Copies(texts={"germany": holidays}),
    )
    hours = calendars.named("office")
    assert problems(calendars) == []
    assert [st.is_working_day(hours, date(2026, 1, day).toordinal()) for day in (5, 6, 7, 8)] == [
        False,
        True,
        False,
        True,
    ]


def test_a_feed_that_is_missing_closes_nothing_and_is_reported() -> None:
    policy = CalendarPolicy(hours=WEEK, ical="germany")
    gone = Calendars(calendars={"office": policy}, feeds={"germany": "http://x"}, copies=Copies(texts={"other": "x"}))
    assert st.is_working_day(gone.named("office"), date(2026, 1, 1).toordinal())
    assert [key for key, _ in problems(gone)] == ["feeds.germany", "feeds.germany"]
    assert problems(Calendars(calendars={"office": policy}))[0][0] == "calendars.office.ical"
