"""Hold: reminders and an end for tickets that wait, in the service hours of the group that holds them."""

from dataclasses import replace

from itsm.core.clock import CANCELLED, RUNNING, Clock
from itsm.core.lifecycle import Lifecycle
from itsm.core.record import Record
from itsm.core.service_time import elapsed
from itsm.practices.service_level import clock as measure
from itsm.practices.service_level.policy import HOLD, ServiceLevels
from itsm.practices.service_level.terms import basis, hold_of, hold_target

REASON = "hold_reason"
REASONS = ("requester", "supplier", "change", "problem")
OURS = frozenset(REASONS) - {"requester"}
"""What is waited for that the requester knows nothing of: whoever holds the ticket asks after it."""

type Clocks = tuple[Clock, ...]


def follow(clocks: Clocks, before: Record, after: Record, lifecycle: Lifecycle, policy: ServiceLevels) -> Clocks:
    """The clocks with the one of a hold: it begins with the hold or its reason, and ends with it.

    Whoever gets the ticket meanwhile waits in their own service days, counted from the beginning of the hold.
    """
    if not policy.hold:
        return clocks
    was, now = before.state in lifecycle.held, after.state in lifecycle.held
    reason = str(after.details.get(REASON, ""))
    waiting = [one for one in clocks if one.kind == HOLD and one.state == RUNNING]
    same = was and now and str(before.details.get(REASON, "")) == reason
    if same and before.group != after.group:
        return tuple(_handed_over(one, after, policy) if one in waiting else one for one in clocks)
    if same or not (now or waiting):
        return clocks
    rest = tuple(one for one in clocks if one.kind != HOLD)
    new = _begun(after, reason, policy) if now else None
    if new is not None:
        generation = max((one.generation for one in clocks if one.kind == HOLD), default=0)
        return (*rest, replace(new, generation=generation + 1))
    ended = [measure.halted(one, basis(one, policy), after.updated_at, CANCELLED) for one in waiting]
    return (*rest, *ended)


def _begun(record: Record, reason: str, policy: ServiceLevels) -> Clock | None:
    calendar = policy.hours(policy.group_hours(record.group))
    target = hold_target(hold_of(policy, reason), calendar, record.updated_at)
    if not target:
        return None
    clock = Clock(
        kind=HOLD, metric=HOLD, agreement=reason, calendar=calendar.name, target=target, state=RUNNING,
        started_at=record.updated_at, since=record.updated_at,
    )  # fmt: skip
    return measure.begun(clock, basis(clock, policy))


def _handed_over(clock: Clock, record: Record, policy: ServiceLevels) -> Clock:
    calendar, at = policy.hours(policy.group_hours(record.group)), record.updated_at
    target = hold_target(hold_of(policy, clock.agreement), calendar, clock.started_at)
    if calendar.name == clock.calendar or not target:
        return clock
    used = elapsed(calendar, clock.started_at, at)
    moved = replace(clock, calendar=calendar.name, target=target, used=used, since=at)
    return measure.begun(moved, basis(moved, policy))
