"""Service time against a minute-by-minute oracle, and the laws it keeps in every calendar and zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some
from itsm.core import service_time as st
from itsm.core.calendar import WEEKDAYS, CalendarPolicy, WeeklyHours, build
from itsm.core.errors import PolicyError
from itsm.core.service_time import Calendar
from itsm.core.spans import Spans

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Tehran",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Europe/Dublin",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Gaza",
]
MINUTE, HOUR = 60, 3600
OFFICE = ("08:00-12:00", "13:00-18:00")


def a_calendar(**overrides: object) -> Calendar:
    """Berlin office hours with a lunch break, Monday to Friday."""
    weekdays = WeeklyHours(mon=OFFICE, tue=OFFICE, wed=OFFICE, thu=OFFICE, fri=OFFICE)
    facts: dict[str, object] = {"zone": "Europe/Berlin", "hours": weekdays}
    return build("office", CalendarPolicy(**(facts | overrides)))  # type: ignore[arg-type]  # a test's own keywords


def at(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def shown(instant: int, zone: str = "Europe/Berlin") -> str:
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M:%S")


def test_a_four_hour_clock_opened_on_friday_afternoon_before_the_clocks_change_ends_on_monday() -> None:
    weekend = a_calendar()
    assert shown(st.due(weekend, at("2026-03-27T16:00"), 4 * HOUR)) == "Mon 2026-03-30 10:00:00"
    assert shown(st.due(weekend, at("2026-10-23T16:00"), 4 * HOUR)) == "Mon 2026-10-26 10:00:00"


def test_a_calendar_around_the_clock_loses_the_skipped_hour_and_counts_the_doubled_one() -> None:
    always = a_calendar(always=True, hours=WeeklyHours())
    assert st.elapsed(always, at("2026-03-28T00:00"), at("2026-03-30T00:00")) == 47 * HOUR
    assert st.elapsed(always, at("2026-10-24T00:00"), at("2026-10-26T00:00")) == 49 * HOUR
    assert shown(st.due(always, at("2026-03-28T20:00"), 24 * HOUR)) == "Sun 2026-03-29 21:00:00"


def test_a_night_shift_is_an_hour_shorter_or_longer_when_the_clocks_change() -> None:
    night = a_calendar(hours=WeeklyHours(sat=("22:00-06:00+1",)))
    assert st.elapsed(night, at("2026-03-28T12:00"), at("2026-03-29T12:00")) == 7 * HOUR
    assert st.elapsed(night, at("2026-10-24T12:00"), at("2026-10-25T12:00")) == 9 * HOUR
    assert st.elapsed(night, at("2026-10-17T12:00"), at("2026-10-18T12:00")) == 8 * HOUR


def test_a_day_entered_twice_ends_where_the_next_one_first_began() -> None:
    # until 2011 St. John's turned its clocks back from 00:01 on Sunday to 23:01 on Saturday
    sunday = a_calendar(zone="America/St_Johns", hours=WeeklyHours(sun=("00:00-24:00",)))
    first = at("2009-11-01T00:00", "America/St_Johns")
    again = first + 30 * MINUTE
    assert shown(again, "America/St_Johns") == "Sat 2009-10-31 23:30:00"
    assert sunday.day_of(again) == sunday.day_of(first) == datetime(2009, 11, 1, tzinfo=UTC).toordinal()
    assert st.is_open(sunday, again)
    assert st.elapsed(sunday, first - HOUR, first + 2 * st.DAY) == 25 * HOUR


def test_a_shift_over_sunday_night_goes_on_on_monday() -> None:
    night = a_calendar(hours=WeeklyHours(sun=("22:00-06:00+1",)))
    assert shown(st.due(night, at("2026-06-07T23:00"), 4 * HOUR)) == "Mon 2026-06-08 03:00:00"


def test_time_that_runs_out_exactly_at_closing_is_due_at_the_closing_instant() -> None:
    assert shown(st.due(a_calendar(), at("2026-06-08T16:00"), 2 * HOUR)) == "Mon 2026-06-08 18:00:00"
    assert shown(st.due(a_calendar(), at("2026-06-08T16:00"), 2 * HOUR + 1)) == "Tue 2026-06-09 08:00:01"


def test_no_time_at_all_is_over_at_the_next_open_instant() -> None:
    assert shown(st.due(a_calendar(), at("2026-06-08T12:00"), 0)) == "Mon 2026-06-08 13:00:00"
    assert shown(st.before(a_calendar(), at("2026-06-08T13:00"), 0)) == "Mon 2026-06-08 12:00:00"


def test_the_opening_instant_is_open_and_the_closing_one_is_not() -> None:
    assert st.is_open(a_calendar(), at("2026-06-08T08:00:00"))
    assert st.is_open(a_calendar(), at("2026-06-08T11:59:59"))
    assert not st.is_open(a_calendar(), at("2026-06-08T12:00:00"))


def test_the_twenty_ninth_of_february_is_a_day_of_leap_years_only() -> None:
    leap = a_calendar(holidays=("02-29",))
    assert shown(st.due(leap, at("2028-02-28T16:00"), 4 * HOUR)) == "Wed 2028-03-01 10:00:00"
    assert shown(st.due(leap, at("2027-02-26T16:00"), 4 * HOUR)) == "Mon 2027-03-01 10:00:00"
    assert shown(st.due(a_calendar(), at("2028-02-28T16:00"), 4 * HOUR)) == "Tue 2028-02-29 10:00:00"


def test_a_holiday_range_closes_its_first_and_its_last_day() -> None:
    closed = a_calendar(holidays=("2026-12-24..2027-01-01",))
    assert shown(st.due(closed, at("2026-12-23T16:00"), 4 * HOUR)) == "Mon 2027-01-04 10:00:00"


def test_an_override_replaces_the_hours_of_its_date_and_a_break_is_taken_off() -> None:
    special = a_calendar(overrides={"2026-06-13": ("10:00-12:00",)}, breaks={"2026-06-12": ("15:00-18:00",)})
    assert shown(st.due(special, at("2026-06-12T14:00"), 2 * HOUR)) == "Sat 2026-06-13 11:00:00"


def test_business_days_keep_the_clock_time_over_a_weekend_and_a_clock_change() -> None:
    assert shown(st.business_days(a_calendar(), at("2026-03-26T16:30"), 2)) == "Mon 2026-03-30 16:30:00"
    assert shown(st.business_days(a_calendar(), at("2026-03-30T16:30"), -2)) == "Thu 2026-03-26 16:30:00"
    assert shown(st.business_days(a_calendar(), at("2026-03-28T10:00"), 1)) == "Mon 2026-03-30 10:00:00"


def test_a_calendar_without_open_time_is_refused() -> None:
    with pytest.raises(PolicyError, match="no open time"):
        a_calendar(hours=WeeklyHours())
    with pytest.raises(PolicyError, match="no open time"):
        Calendar(name="never", zone=UTC, weekly=((),) * 7)


@pytest.mark.parametrize(
    "calculate",
    [
        lambda calendar, start: st.due(calendar, start, HOUR),
        lambda calendar, start: st.before(calendar, at("2020-01-01T00:00"), HOUR),
        lambda calendar, start: st.business_days(calendar, start, 1),
    ],
)
def test_a_calendar_that_closed_for_good_is_an_error_and_no_endless_search(calculate: object) -> None:
    only_once = a_calendar(hours=WeeklyHours(), overrides={"2026-06-08": ("10:00-12:00",)})
    assert st.due(only_once, at("2026-06-01T00:00"), 2 * HOUR) == at("2026-06-08T12:00")
    with pytest.raises(PolicyError, match="no open time within ten years"):
        calculate(only_once, at("2026-06-09T00:00"))  # type: ignore[operator]  # the three searches above


def test_an_instant_beyond_the_calendar_is_an_error() -> None:
    with pytest.raises(PolicyError, match="years 1 to 9998"):
        st.due(a_calendar(), at("9998-06-01T00:00"), 10**9)


def test_two_calendars_of_different_zones_share_what_both_have_open() -> None:
    new_york = a_calendar(zone="America/New_York")
    both = st.intersection(a_calendar(), new_york)
    spans = st.open_spans(both, at("2026-06-08T00:00"), at("2026-06-09T00:00"))
    assert [(shown(a)[-8:], shown(b)[-8:]) for a, b in spans] == [("14:00:00", "18:00:00")]
    # in the two weeks in which only one side has changed its clocks
    spans = st.open_spans(both, at("2026-03-16T00:00"), at("2026-03-17T00:00"))
    assert [(shown(a)[-8:], shown(b)[-8:]) for a, b in spans] == [("13:00:00", "17:00:00")]


def test_spans_around_the_clock_are_one_stretch() -> None:
    always = a_calendar(always=True, hours=WeeklyHours())
    start, end = at("2026-03-01T10:00"), at("2026-04-01T10:00")
    assert st.open_spans(always, start, end) == ((start, end),)


CHANGES = ("2026-03-28", "2026-10-24", "2018-02-17", "2018-11-03", "2011-12-29", "2026-11-01", "2024-02-28")
edges = some.integers(5 * 4, 24 * 4).map(lambda quarter: quarter * 15)


@some.composite
def days_hours(draw: some.DrawFn) -> tuple[str, ...]:
    """Spans of a day in quarters of an hour; none begins or ends at night, when clocks are changed."""
    if draw(some.integers(0, 5)) == 0:
        return ("00:00-24:00",)
    points = sorted(draw(some.sets(edges, min_size=2, max_size=4)))
    pairs = zip(points[::2], points[1::2], strict=False)
    return tuple(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs)


@some.composite
def policies(draw: some.DrawFn) -> CalendarPolicy:
    week = {day: draw(days_hours()) for day in WEEKDAYS if draw(some.booleans())}
    assume(week)
    return CalendarPolicy(
        zone=draw(some.sampled_from(ZONES)),
        hours=WeeklyHours(**week),
        holidays=tuple(draw(some.sets(some.sampled_from(("01-01", "03-29", "02-29", "10-25", "11-01")), max_size=2))),
    )


instants = some.one_of(
    some.integers(at("2003-01-01T00:00"), at("2040-01-01T00:00")),
    # around the weekends on which most zones change their clocks
    some.sampled_from(CHANGES)
    .flatmap(lambda day: some.integers(0, 3 * st.DAY).map(lambda extra: at(f"{day}T00:00") + extra)),
)  # fmt: skip


def open_minutes(policy: CalendarPolicy, start: int, end: int) -> Iterator[int]:
    """The oracle: every minute whose wall clock shows an open time, found by looking at each of them."""
    zone = ZoneInfo(policy.zone)
    yearly = {tuple(map(int, text.split("-"))) for text in policy.holidays}
    for minute in range(start, end, MINUTE):
        wall = datetime.fromtimestamp(minute, zone)
        if (wall.month, wall.day) in yearly:
            continue
        now = f"{wall:%H:%M}"
        if any(span[:5] <= now < span[6:] for span in getattr(policy.hours, WEEKDAYS[wall.weekday()])):
            yield minute


def plain_edges(policy: CalendarPolicy, start: int, end: int) -> bool:
    """Whether no day's edge falls into an hour the zone skips or doubles: there the wall clock decides nothing."""
    zone, edges = ZoneInfo(policy.zone), {"00:00"}
    for day in WEEKDAYS:
        edges |= {edge for span in getattr(policy.hours, day) for edge in span.replace("24:00", "00:00").split("-")}
    first = datetime.fromtimestamp(start, zone).replace(tzinfo=None, hour=0, minute=0, second=0) - timedelta(days=1)
    days = [first + timedelta(days=n) for n in range((end - start) // st.DAY + 3)]
    walls = [day.replace(hour=int(edge[:2]), minute=int(edge[3:])) for day in days for edge in edges]
    return all(
        wall.replace(tzinfo=zone, fold=0).utcoffset() == wall.replace(tzinfo=zone, fold=1).utcoffset() for wall in walls
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(policies(), instants, some.integers(1, 4 * 24 * 60), some.data())
def test_elapsed_and_due_agree_with_looking_at_every_minute(
    policy: CalendarPolicy, start: int, minutes: int, data: some.DataObject
) -> None:
    start -= start % MINUTE
    end = start + minutes * MINUTE
    assume(plain_edges(policy, start, end))
    calendar = build("drawn", policy)
    oracle = list(open_minutes(policy, start, end))
    assert st.elapsed(calendar, start, end) == len(oracle) * MINUTE
    assert st.is_open(calendar, start) is (oracle[:1] == [start])
    if oracle:
        nth = data.draw(some.integers(0, len(oracle) - 1))
        assert st.next_opening(calendar, start) == oracle[0]
        assert st.due(calendar, start, (nth + 1) * MINUTE) == oracle[nth] + MINUTE
        assert st.before(calendar, end, (len(oracle) - nth) * MINUTE) == oracle[nth]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), instants, some.integers(0, 40 * st.DAY), some.integers(0, 40 * st.DAY))
def test_elapsed_adds_up_and_never_falls(policy: CalendarPolicy, start: int, first: int, second: int) -> None:
    calendar = build("drawn", policy)
    middle, end = start + first, start + first + second
    whole = st.elapsed(calendar, start, end)
    assert whole == st.elapsed(calendar, start, middle) + st.elapsed(calendar, middle, end)
    assert whole >= st.elapsed(calendar, start, middle) >= 0
    assert whole == sum(closes - opens for opens, closes in st.open_spans(calendar, start, end))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), instants, some.integers(1, 30 * 24 * HOUR), some.integers(0, 10 * 24 * HOUR))
def test_due_and_elapsed_undo_each_other(policy: CalendarPolicy, start: int, seconds: int, more: int) -> None:
    calendar = build("drawn", policy)
    due = st.due(calendar, start, seconds)
    assert st.elapsed(calendar, start, due) == seconds
    assert st.elapsed(calendar, start, due - 1) == seconds - 1
    assert st.elapsed(calendar, st.before(calendar, start, seconds), start) == seconds
    assert st.due(calendar, start, seconds + more) >= due
    if more:
        assert st.due(calendar, due, more) == st.due(calendar, start, seconds + more)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), policies(), instants, some.integers(1, 9 * st.DAY))
def test_an_intersection_is_open_when_both_are(
    left: CalendarPolicy, right: CalendarPolicy, start: int, length: int
) -> None:
    a, b = build("left", left), build("right", right)
    both = st.intersection(a, b)
    spans: Spans = st.open_spans(both, start, start + length)
    for opens, closes in spans:
        assert st.elapsed(a, opens, closes) == st.elapsed(b, opens, closes) == closes - opens
    for probe in range(start, start + length, 1800):
        assert st.is_open(both, probe) is (st.is_open(a, probe) and st.is_open(b, probe))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), instants, some.integers(1, 12) | some.integers(13, 120))
def test_a_result_of_business_days_is_the_nth_working_day(policy: CalendarPolicy, start: int, days: int) -> None:
    calendar = build("drawn", policy)
    end = st.business_days(calendar, start, days)
    day = st.nth_working_day(calendar, calendar.day_of(start), days)
    between = range(calendar.day_of(start) + 1, day + 1)
    assert sum(st.is_working_day(calendar, n) for n in between) == days
    assert st.is_open(calendar, end) or any(end == closes for _, closes in calendar.day(day))
    assert calendar.day_of(end) >= day


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), instants, some.integers(1, 12) | some.integers(13, 120))
def test_working_days_are_counted_back_as_they_are_counted_on(policy: CalendarPolicy, start: int, days: int) -> None:
    calendar = build("drawn", policy)
    last = calendar.day_of(start)
    day = st.nth_working_day(calendar, last, -days)
    assert sum(st.is_working_day(calendar, n) for n in range(day, last)) == days
    assert st.is_working_day(calendar, day)
    if st.is_working_day(calendar, last):
        assert st.nth_working_day(calendar, day, days) == last
