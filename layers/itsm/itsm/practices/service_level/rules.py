"""What service level management decides: which agreement holds, and what every change does to a record's clocks."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from itsm.core.clock import CANCELLED, PAUSED, RUNNING, STOPPED, Clock
from itsm.core.lifecycle import Lifecycle
from itsm.core.record import SYSTEM, Comment, Record
from itsm.core.service_time import Calendar
from itsm.practices.service_level import clock as measure
from itsm.practices.service_level import hold as waiting
from itsm.practices.service_level import ruled
from itsm.practices.service_level.clock import Basis, Fired
from itsm.practices.service_level.policy import (
    HOLD,
    KINDS,
    METRICS,
    NEXT_REPLY,
    RESOLUTION,
    RESPONSE,
    SLA,
    Agreement,
    ServiceLevels,
)
from itsm.practices.service_level.terms import Terms, basis, choose, own_promise, terms

__all__ = ["Fired", "answered", "asked", "attach", "choose", "fire", "follow", "joined", "measured", "realigned",
           "regroup", "remaining", "started", "terms"]  # fmt: skip

type Clocks = tuple[Clock, ...]


def attach(record: Record, agreement: Agreement, calendar: Calendar, at: int) -> Clocks:
    """A running clock for each target of the agreement, from the record's opening (from `at`, if not retroactive)."""
    own = own_promise(record, agreement)
    on = Terms(agreement=agreement, calendar=calendar, priority=record.priority, own=own)
    start = record.opened_at if agreement.retroactive else at
    clocks = []
    for metric in METRICS:
        target = on.target(metric, start) if agreement.ruled(metric) is None else None
        if target is not None:
            clock = Clock(
                metric=metric, agreement=agreement.name, calendar=calendar.name, target=target, state=RUNNING,
                started_at=start, since=start,
            )  # fmt: skip
            clocks.append(measure.begun(clock, on.basis(metric)))
    return tuple(clocks)


def started(record: Record, at: int, policy: ServiceLevels, lifecycle: Lifecycle | None = None) -> Clocks:
    """The clocks of the agreement that holds for the record.

    With the lifecycle they stand as they must in its state: paused, answered or stopped since its last change.
    """
    on = terms(policy, record)
    clocks = attach(record, on.agreement, on.calendar, at)
    if lifecycle is None:
        return clocks
    clocks = follow(clocks, lifecycle, lifecycle.initial, record.state, record.updated_at, policy)
    clocks = joined(clocks, record, at, lifecycle, policy)
    return waiting.follow(clocks, replace(record, state=lifecycle.initial), record, lifecycle, policy)


def joined(
    clocks: Clocks, record: Record, at: int, lifecycle: Lifecycle, policy: ServiceLevels,
    kinds: Collection[str] = KINDS,
) -> Clocks:  # fmt: skip
    """The clocks with those that conditions start for the record as it is; an OLA or UC runs from `at` on."""
    if not ruled.needed(clocks, policy):
        return clocks
    change = ruled.change_of(record, record, lifecycle, policy)
    return ruled.follow(clocks, change, record.updated_at, at, kinds)


def follow(
    clocks: Clocks, lifecycle: Lifecycle, before_state: str, after_state: str, at: int, policy: ServiceLevels
) -> Clocks:
    """The clocks after a move: hold pauses, leaving it resumes, an answer or the end stops, reopening takes up again.

    A final state that meets nothing (a cancelled ticket's) cancels them.
    """
    if after_state in lifecycle.met:
        return _each(clocks, policy, lambda clock, basis: measure.halted(clock, basis, at, STOPPED))
    if after_state in lifecycle.final:
        return _each(clocks, policy, lambda clock, basis: measure.halted(clock, basis, at, CANCELLED))
    if before_state in lifecycle.met:
        clocks = _each(clocks, policy, lambda clock, basis: measure.reopened(clock, basis, at), (RESOLUTION,))
    if after_state in lifecycle.answered:
        clocks = _each(clocks, policy, lambda clock, basis: measure.halted(clock, basis, at, STOPPED), (RESPONSE,))
    if after_state not in lifecycle.held:
        return _each(clocks, policy, lambda clock, basis: measure.resumed(clock, basis, at))

    def wait(clock: Clock, basis: Basis) -> Clock:
        pauses = clock.metric in policy.named(clock.agreement).hold_pauses
        return measure.halted(clock, basis, at, PAUSED) if pauses else clock

    return _each(clocks, policy, wait)


def answered(clocks: Clocks, at: int, policy: ServiceLevels) -> Clocks:
    """The clocks after a public word of an agent: it was the response, and the reply somebody waited for."""
    metrics = (RESPONSE, NEXT_REPLY)
    return _each(clocks, policy, lambda clock, basis: measure.halted(clock, basis, at, STOPPED), metrics)


def asked(clocks: Clocks, record: Record, at: int, policy: ServiceLevels) -> Clocks:
    """The clocks after a word of the requester: the first one that nobody answered starts the next reply's clock."""
    on = terms(policy, record)
    target = on.target(NEXT_REPLY, at)
    if target is None or on.agreement.ruled(NEXT_REPLY) is not None:
        return clocks

    def again(clock: Clock) -> Clock:
        if clock.kind != SLA or clock.metric != NEXT_REPLY or clock.state not in (STOPPED, CANCELLED):
            return clock
        # who has the ticket and what is promised may be others than when the last word was answered
        fresh = replace(clock, agreement=on.agreement.name, calendar=on.calendar.name)
        return measure.restarted(fresh, on.basis(NEXT_REPLY), at, target)

    return tuple(map(again, clocks))


def regroup(clocks: Clocks, calendar: Calendar, at: int, policy: ServiceLevels) -> Clocks:
    """The clocks in another group's service hours; what service time was left is left in those.

    An agreement that names a calendar of its own keeps it.
    """

    def move(clock: Clock, basis: Basis) -> Clock:
        if clock.state not in (RUNNING, PAUSED) or clock.calendar == calendar.name:
            return clock
        if policy.named(clock.agreement).calendar:
            return clock
        return measure.handed_over(clock, basis, replace(basis, calendar=calendar), at)

    return _each(clocks, policy, move)


def realigned(clocks: Clocks, lifecycle: Lifecycle, record: Record, at: int, policy: ServiceLevels) -> Clocks:
    """The clocks under the terms the record has now: another agreement or target, and its service hours.

    A target the new terms do not have cancels its clock; one they have again takes it up; one they add is attached.
    """
    on = terms(policy, record)

    def align(clock: Clock) -> Clock:
        by_rules = ruled.is_ruled(clock, policy)
        if clock.kind != SLA or (by_rules and on.agreement.ruled(clock.metric) is not None):
            return clock
        if by_rules:
            clock = _left_to(lifecycle, clock, record, at, policy)
        if clock.state == STOPPED:
            return clock
        target = on.target(clock.metric, clock.started_at)
        if target is None:
            return measure.halted(clock, basis(clock, policy), at, CANCELLED)
        if clock.state == CANCELLED:
            clock = replace(clock, state=RUNNING, since=at)
        elif (clock.agreement, clock.target) == (on.agreement.name, target):
            return clock
        new = on.basis(clock.metric)
        return measure.retargeted(clock, basis(clock, policy), new, at, on.agreement.name, target)

    late = {NEXT_REPLY, RESPONSE} if record.state in lifecycle.answered else {NEXT_REPLY}
    known = late | {clock.metric for clock in clocks if clock.kind == SLA}
    added = [clock for clock in attach(record, on.agreement, on.calendar, at) if clock.metric not in known]
    everything = (*map(align, clocks), *added)
    # only hold matters here: whoever answered, did so when the state was reached
    holds = replace(lifecycle, answered=frozenset())
    return follow(everything, holds, record.state, record.state, at, policy)


def _left_to(lifecycle: Lifecycle, clock: Clock, record: Record, at: int, policy: ServiceLevels) -> Clock:
    """A clock that conditions moved until now, as the lifecycle finds it: at work it is not done, once answered it is.

    Without this nobody would move it any more: neither the conditions of an agreement that is left, nor the lifecycle.
    """
    if clock.metric == RESOLUTION:
        return measure.reopened(clock, basis(clock, policy), at)
    if clock.metric == RESPONSE and record.state in lifecycle.answered:
        return measure.halted(clock, basis(clock, policy), at, STOPPED)
    return clock


def measured(
    before: Record, after: Record, comment: Comment | None, lifecycle: Lifecycle, policy: ServiceLevels
) -> Clocks:
    """The clocks after one change of a record, with the comment that was saved with it: all of the above in order."""
    at, clocks = after.updated_at, before.clocks
    asking = {after.requester, *after.participants}
    if comment is not None and comment.public and comment.by not in asking | {SYSTEM}:
        clocks = answered(clocks, at, policy)
    if before.state != after.state:
        # the requester's own move, as when a word of theirs takes a ticket off hold, is nobody's response
        moves = replace(lifecycle, answered=frozenset()) if after.event.by in asking else lifecycle
        clocks = follow(clocks, moves, before.state, after.state, at, policy)
    old, new = terms(policy, before), terms(policy, after)
    at_work = after.state not in lifecycle.met | lifecycle.final
    reopened = at_work and before.state in lifecycle.met
    if reopened or (at_work and (old.agreement.name, old.priority) != (new.agreement.name, new.priority)):
        clocks = realigned(clocks, lifecycle, after, at, policy)
    if reopened or old.calendar.name != new.calendar.name:
        clocks = regroup(clocks, new.calendar, at, policy)
    # an internal note in their name, as of an out-of-office reply, asks nothing
    if comment is not None and comment.public and comment.by in asking and at_work:
        clocks = asked(clocks, after, at, policy)
    if ruled.needed(clocks, policy):
        change = ruled.change_of(before, after, lifecycle, policy, ruled.who_said(after, comment))
        clocks = ruled.follow(clocks, change, at, at)
    return waiting.follow(clocks, before, after, lifecycle, policy)


def fire(
    clocks: Clocks, now: int, policy: ServiceLevels, *, hold: bool | None = None
) -> tuple[Clocks, tuple[Fired, ...]]:
    """The clocks with every level fired whose instant has come, and those levels, earliest first.

    `hold` limits it to the clocks of a hold, or to the others: what they lead to is saved apart.
    """
    pairs = [
        measure.fired(clock, basis(clock, policy), now) if hold in (None, clock.kind == HOLD) else (clock, ())
        for clock in clocks
    ]
    reached = sorted((one for _, some in pairs for one in some), key=lambda one: one.at)
    return tuple(clock for clock, _ in pairs), tuple(reached)


def moved(clocks: Clocks, now: int, policy: ServiceLevels) -> Clocks:
    """The running clocks as their service hours have it by now, if a deadline came that reached nothing yet."""
    running = [one for one in clocks if one.state == RUNNING]
    if not any(one.next_at is not None and one.next_at <= now for one in running):
        return clocks
    return tuple(measure.begun(one, basis(one, policy)) if one in running else one for one in clocks)


def remaining(clock: Clock, now: int, policy: ServiceLevels) -> int:
    """The seconds of service time left at an instant; negative when the target has run out."""
    return measure.left(clock, policy.hours(clock.calendar), now)


def _each(
    clocks: Iterable[Clock],
    policy: ServiceLevels,
    change: Callable[[Clock, Basis], Clock],
    metrics: Collection[str] = METRICS,
) -> Clocks:
    """The clocks that follow the lifecycle changed, the others left to their conditions."""
    return tuple(
        change(clock, basis(clock, policy)) if clock.metric in metrics and not ruled.is_ruled(clock, policy) else clock
        for clock in clocks
    )
