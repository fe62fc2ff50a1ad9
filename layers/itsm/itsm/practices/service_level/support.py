"""Support: whether what groups and suppliers promise each other fits inside what the customer was promised."""

from itertools import product

from itsm.core.calendar_checks import sound
from itsm.core.duration import Duration, end
from itsm.core.errors import PolicyError
from itsm.core.service_time import Calendar
from itsm.practices.service_level.policy import METRICS, OLA, SLA, Agreement, ServiceLevels

HOUR = 3600
_A_MONDAY = 1_767_571_200
"""Monday 2026-01-05 00:00 UTC: the two weeks from here on are looked at hour by hour."""
_STARTS = range(_A_MONDAY, _A_MONDAY + 14 * 24 * HOUR, HOUR)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

type Problems = list[tuple[str, str]]


def support_problems(policy: ServiceLevels) -> Problems:
    """OLA and UC whose target runs out after that of the agreement they support, as (key, reason)."""
    found: Problems = []
    for n, agreement in enumerate(policy.agreement):
        if agreement.kind == SLA:
            continue
        supported = policy.named(agreement.supports)
        for priority, metric in product(range(1, policy.priorities.lowest + 1), METRICS):
            reason = _too_long(agreement, supported, priority, metric, policy)
            if reason:
                found.append((f"agreement.{n}.targets.P{priority}.{metric}", reason))
    return found


def _too_long(ours: Agreement, theirs: Agreement, priority: int, metric: str, policy: ServiceLevels) -> str:
    mine, given = ours.promised(priority, metric), theirs.promised(priority, metric)
    if mine is None or given is None:
        return ""
    own = ours.calendar or (policy.group_hours(ours.group) if ours.kind == OLA else policy.calendar)
    text = f"{getattr(ours.targets[f'P{priority}'], metric)} in {own} does not fit inside"
    promise = f"{getattr(theirs.targets[f'P{priority}'], metric)} of {theirs.name!r}"
    # without a calendar of its own the agreement runs in the hours of the group that has the ticket: this one
    other = theirs.calendar or own
    if other == own and bool(mine.business_days) == bool(given.business_days):
        longer = (mine.business_days, mine.seconds) > (given.business_days, given.seconds)
        return f"{text} {promise}" if longer else ""
    if not (sound(own, policy.calendars) and sound(other, policy.calendars)):
        return ""
    late = _first_late(policy.hours(own), mine, policy.hours(other), given)
    return f"{text} {promise} in {other}, for instance from {late} on" if late else ""


def _first_late(own: Calendar, mine: Duration, other: Calendar, given: Duration) -> str:
    """The first instant from which our promise runs out later than theirs, "" if there is none in two weeks."""
    for start in _STARTS:
        try:
            if end(own, start, mine) > end(other, start, given):
                return f"{_weekday(start)} {start % 86_400 // HOUR:02}:00 UTC"
        except PolicyError:
            return ""
    return ""


def _weekday(at: int) -> str:
    return _WEEKDAYS[(at - _A_MONDAY) // 86_400 % 7]
