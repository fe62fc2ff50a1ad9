"""Every zone of the pinned database, on the days its clocks change: the engine agrees with looking at each minute."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from itsm.core import service_time as st
from itsm.core.calendar import CalendarPolicy, WeeklyHours, build
from itsm.core.service_time import Calendar

from tests.itsm.core.test_service_time import open_minutes, plain_edges

MINUTE, HOUR, DAY = 60, 3600, 86_400
ZONES = sorted(available_timezones() - {"Factory", "localtime", "posixrules"})
WEEK = WeeklyHours(
    mon=("06:15-11:45", "13:00-23:30"), tue=("00:00-24:00",), wed=("05:00-22:00",), thu=("09:00-17:00",),
    fri=("00:00-24:00",), sat=("00:00-24:00",), sun=("00:00-24:00",),
)  # fmt: skip


def policy(zone: str) -> CalendarPolicy:
    return CalendarPolicy(zone=zone, hours=WEEK, holidays=("01-01",))


def calendar(zone: str) -> Calendar:
    return build(zone, policy(zone))


@cache
def changes(zone: str) -> tuple[int, ...]:
    """The instants, to the hour, at which a zone changed its offset since 1975."""
    local, week = ZoneInfo(zone), 7 * DAY

    def offset(at: int) -> timedelta | None:
        return datetime.fromtimestamp(at, UTC).astimezone(local).utcoffset()

    found = []
    at, end = int(datetime(1975, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2038, 1, 1, tzinfo=UTC).timestamp())
    was = offset(at)
    while at < end:
        now = offset(at + week)
        if now != was:
            hours = range(at, at + week, HOUR)
            found.append(next(hour for hour in hours if offset(hour + HOUR) != was))
        at, was = at + week, now
    return tuple(found)


def agrees(zone: str, start: int, minutes: int) -> bool:
    """Whether elapsed, due and before are what counting the open minutes gives; True where edges decide nothing."""
    end = start + minutes * MINUTE
    if not plain_edges(policy(zone), start, end):
        return True
    hours, counted = calendar(zone), list(open_minutes(policy(zone), start, end))
    if st.elapsed(hours, start, end) != len(counted) * MINUTE:
        return False
    probes = {0, len(counted) // 3, len(counted) // 2, len(counted) - 1} if counted else set()
    return all(
        st.due(hours, start, (nth + 1) * MINUTE) == counted[nth] + MINUTE
        and st.before(hours, end, (len(counted) - nth) * MINUTE) == counted[nth]
        for nth in probes
    )


def windows(zone: str, most: int) -> Iterator[int]:
    """A day before some of the zone's changes, and an ordinary Monday."""
    known = changes(zone)
    step = max(1, len(known) // most)
    # not the same years for every zone
    yield from (at - DAY for at in known[zlib.crc32(zone.encode()) % step :: step][:most])
    yield int(datetime(2026, 6, 8, tzinfo=UTC).timestamp())


@pytest.mark.parametrize("part", range(8))
def test_every_zone_agrees_around_a_change_of_its_clocks(part: int) -> None:
    wrong = [zone for zone in ZONES[part::8] if not all(agrees(zone, at, 36 * 60) for at in windows(zone, 1))]
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_every_zone_agrees_around_all_changes_of_its_clocks(part: int) -> None:
    wrong = [zone for zone in ZONES[part::8] if not all(agrees(zone, at, 3 * 24 * 60) for at in windows(zone, 999))]
    assert wrong == []


@settings(max_examples=150, deadline=None)
@given(some.sampled_from(ZONES), some.integers(0, 2**31), some.integers(1, 20 * DAY), some.integers(0, 20 * DAY))
def test_the_laws_of_service_time_hold_in_every_zone(zone: str, start: int, first: int, second: int) -> None:
    hours, middle = calendar(zone), start + first
    one, two = st.elapsed(hours, start, middle), st.elapsed(hours, middle, middle + second)
    assert st.elapsed(hours, start, middle + second) == one + two
    assert st.elapsed(hours, start, st.due(hours, start, first)) == first
    assert st.due(hours, start, first) <= st.due(hours, start, first + second)
    # what a pause takes away is added at the end, wherever in it the clock stood still
    pause, due = st.due(hours, start, first // 2), st.due(hours, start, first)
    stood = st.elapsed(hours, pause, pause + second)
    assert st.due(hours, pause + second, first - first // 2) == (st.due(hours, due, stood) if stood else due)


def test_there_are_hundreds_of_zones_and_most_have_changed_their_clocks() -> None:
    assert len(ZONES) > 400
    assert sum(bool(changes(zone)) for zone in ZONES) > 300
