"""Weeks that take turns, and calendars that are open only while another one is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from itsm.core import service_time as st
from itsm.core.calendar import CalendarPolicy, Calendars, WeeklyHours, build
from itsm.core.calendar_checks import problems
from itsm.core.errors import PolicyError

EARLY, LATE = ("06:00-14:00",), ("14:00-22:00",)
SHIFTS = CalendarPolicy(
    zone="Europe/Berlin",
    rotation=(WeeklyHours(mon=EARLY, tue=EARLY, sun=("22:00-06:00+1",)), WeeklyHours(mon=LATE), WeeklyHours(fri=LATE)),
    rotation_from=date(2026, 1, 7),
    holidays=("05-01",),
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp())


def test_each_week_has_its_turn_from_the_week_of_the_first_day_on() -> None:
    hours = build("shifts", SHIFTS)
    probes = {"2026-01-05T07:00": True, "2026-01-12T07:00": False, "2026-01-12T15:00": True, "2026-01-19T15:00": False,
              "2026-01-23T15:00": True, "2026-01-26T07:00": True, "2025-12-22T15:00": True}  # fmt: skip
    assert {text: st.is_open(hours, at(text)) for text in probes} == probes


def test_a_night_over_the_turn_of_weeks_belongs_to_the_week_it_began_in() -> None:
    hours = build("shifts", SHIFTS)
    assert st.elapsed(hours, at("2026-01-11T20:00"), at("2026-01-12T10:00")) == 8 * 3600
    assert not st.is_open(hours, at("2026-01-19T03:00"))


@given(some.integers(at("2019-01-01"), at("2031-01-01")), some.integers(1, 90), some.integers(1, 400_000))
def test_arithmetic_over_uneven_weeks_undoes_itself_and_adds_up(start: int, days: int, seconds: int) -> None:
    hours = build("shifts", SHIFTS)
    middle, end = start + days * 43_200, start + days * 86_400
    assert st.elapsed(hours, start, end) == st.elapsed(hours, start, middle) + st.elapsed(hours, middle, end)
    assert st.elapsed(hours, start, end) == sum(b - a for a, b in st.open_spans(hours, start, end))
    assert st.elapsed(hours, start, st.due(hours, start, seconds)) == seconds
    assert st.elapsed(hours, st.before(hours, end, seconds), end) == seconds


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        (CalendarPolicy(rotation=(WeeklyHours(mon=EARLY),)), "rotation_from"),
        (CalendarPolicy(rotation_from=date(2026, 1, 1), hours=WeeklyHours(mon=EARLY)), "rotation_from"),
        (CalendarPolicy(rotation=SHIFTS.rotation, rotation_from=date(2026, 1, 1), hours=SHIFTS.rotation[0]), "hours"),
        (CalendarPolicy(rotation=(WeeklyHours(mon=("9-5",)),), rotation_from=date(2026, 1, 1)), "rotation.0.mon"),
        (CalendarPolicy(rotation=(WeeklyHours(),), rotation_from=date(2026, 1, 1)), "hours"),
    ],
)
def test_turns_that_contradict_themselves_are_refused(policy: CalendarPolicy, key: str) -> None:
    assert [where for where, _ in problems(Calendars(calendars={"x": policy}))] == [f"calendars.x.{key}"]
    with pytest.raises(PolicyError):
        build("x", policy)


def test_a_calendar_beside_another_is_open_when_both_are_and_keeps_its_name() -> None:
    day = WeeklyHours(mon=("08:00-16:00",))
    calendars = Calendars(
        calendars={
            "shop": CalendarPolicy(hours=day, beside="lift"),
            "lift": CalendarPolicy(hours=WeeklyHours(mon=("10:00-20:00",))),
        }
    )
    shop = calendars.named("shop")
    assert shop is calendars.named("shop")
    assert (shop.name, shop.day(date(2026, 1, 5).toordinal())) == ("shop", ((1767607200, 1767628800),))


@pytest.mark.parametrize("beside", ["moon", "a"])
def test_a_calendar_beside_itself_or_nothing_is_refused(beside: str) -> None:
    week = WeeklyHours(mon=EARLY)
    found = problems(Calendars(calendars={"a": CalendarPolicy(hours=week, beside=beside)}))
    assert [key for key, _ in found] == ["calendars.a.beside"]


NEVER = {
    "beside": {"a": CalendarPolicy(hours=WeeklyHours(mon=EARLY), beside="b"),
               "b": CalendarPolicy(hours=WeeklyHours(mon=LATE))},
    "hours": {"a": CalendarPolicy(overrides={"2027-01-04": EARLY}, breaks={"2027-01-04": ("00:00-24:00",)})},
}  # fmt: skip


@pytest.mark.parametrize("key", NEVER)
def test_a_calendar_that_others_keep_closed_for_good_is_refused(key: str) -> None:
    [(where, reason)] = problems(Calendars(calendars=NEVER[key]))
    assert where == f"calendars.a.{key}"
    assert "no open time" in reason or "never opens together with 'b'" in reason
