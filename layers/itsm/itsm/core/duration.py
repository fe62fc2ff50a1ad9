"""Durations: how long a promise lasts, in service time or in business days."""

import re
from dataclasses import dataclass

from itsm.core import service_time
from itsm.core.errors import PolicyError
from itsm.core.service_time import Calendar

_PARTS = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_BUSINESS = re.compile(r"(\d+) business_days?", re.ASCII)
_UNITS = (24 * 3600, 3600, 60, 1)
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


def in_service_time(calendar: Calendar, start: int, duration: Duration) -> int:
    """The seconds of service time a duration that begins at `start` comes to."""
    if duration.business_days:
        return service_time.elapsed(calendar, start, end(calendar, start, duration))
    return duration.seconds
