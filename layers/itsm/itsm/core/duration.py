"""Durations: how long a promise lasts, in service time or in business days."""

import re
from dataclasses import dataclass

from itsm.core import service_time
from itsm.core.errors import PolicyError
from itsm.core.service_time import Calendar

_PARTS = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_BUSINESS = re.compile(r"(\d+) business_days?", re.ASCII)
_UNITS = (24 * 3600, 3600, 60, 1)
LONGEST_OBJECTION = 90
"""Days: a process lives a year at most, and its record may be opened again."""
_LIMIT = 10 * 366 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """So many seconds of service time, or so many business days; one of the two is 0."""

    seconds: int = 0
    business_days: int = 0


def parse(text: str) -> Duration:
    """A duration of policy: "15m", "4h", "1h30m", "2d" (two times 24 hours of service time) or "2 business_days".

    Raises PolicyError for anything else, for nothing at all and for more than ten years.
    """
    business = _BUSINESS.fullmatch(text)
    parts = _PARTS.fullmatch(text)
    if business:
        duration = Duration(business_days=int(business[1]))
    elif parts and text:
        duration = Duration(seconds=sum(int(n or 0) * unit for n, unit in zip(parts.groups(), _UNITS, strict=True)))
    else:
        raise PolicyError(f'{text!r} is no duration; write it like "15m", "4h", "1h30m" or "2 business_days"')
    if not 0 < duration.seconds + duration.business_days * DAY_AT_MOST <= _LIMIT:
        raise PolicyError(f"{text!r} must be more than nothing and at most ten years")
    return duration


DAY_AT_MOST = 24 * 3600
"""No working day has more seconds of service time than this, but for the day clocks are turned back."""


def end(calendar: Calendar, start: int, duration: Duration) -> int:
    """The instant a duration that begins at `start` is over. Raises PolicyError if the calendar stays closed."""
    if duration.business_days:
        return service_time.business_days(calendar, start, duration.business_days)
    return service_time.due(calendar, start, duration.seconds)


def time_to_object(calendar: Calendar, since: int, text: str) -> int:
    """The instant a record that was done at `since` closes by itself: business days are those of a calendar.

    Any other duration goes by the wall clock: "72h" or "5d" is so long, be the desk open or not.
    """
    duration = parse(text)
    return end(calendar, since, duration) if duration.business_days else since + duration.seconds


def close_problems(text: str) -> list[tuple[str, str]]:
    """What is wrong with a `close_after` of policy, as (key, reason); a process lives a year at most."""
    try:
        duration = parse(text)
    except PolicyError as error:
        return [("close_after", str(error))]
    if duration.business_days > LONGEST_OBJECTION or duration.seconds > LONGEST_OBJECTION * DAY_AT_MOST:
        return [("close_after", f"is {text}; it goes up to {LONGEST_OBJECTION} days")]
    return []


def in_service_time(calendar: Calendar, start: int, duration: Duration) -> int:
    """The seconds of service time a duration that begins at `start` comes to."""
    if duration.business_days:
        return service_time.elapsed(calendar, start, end(calendar, start, duration))
    return duration.seconds
