"""Durations as policy writes them."""

import pytest
from itsm.core.calendar import CalendarPolicy, WeeklyHours, build
from itsm.core.duration import Duration, end, in_service_time, parse
from itsm.core.errors import PolicyError

HOURS = WeeklyHours(**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:00",)))
OFFICE = build("office", CalendarPolicy(hours=HOURS))
MONDAY_TEN = 1_767_607_200


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("15m", Duration(seconds=900)),
        ("4h", Duration(seconds=14_400)),
        ("1h30m", Duration(seconds=5400)),
        ("2d", Duration(seconds=172_800)),
        ("45s", Duration(seconds=45)),
        ("1 business_day", Duration(business_days=1)),
        ("12 business_days", Duration(business_days=12)),
    ],
)
def test_a_duration_reads_as_it_is_written(text: str, duration: Duration) -> None:
    assert parse(text) == duration


@pytest.mark.parametrize(
    "text", ["", "4", "4 h", "h", "-4h", "4.5h", "30m1h", "2 days", "0m", "0 business_days", "4H", "99999d", "٤h"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match=r"no duration|more than nothing"):
        parse(text)


def test_two_business_days_are_the_service_time_until_the_same_clock_time() -> None:
    assert end(OFFICE, MONDAY_TEN, Duration(business_days=2)) == MONDAY_TEN + 2 * 86_400
    assert in_service_time(OFFICE, MONDAY_TEN, Duration(business_days=2)) == 16 * 3600
    assert in_service_time(OFFICE, MONDAY_TEN, Duration(seconds=5)) == 5
    assert end(OFFICE, MONDAY_TEN, Duration(seconds=8 * 3600)) == MONDAY_TEN + 24 * 3600
