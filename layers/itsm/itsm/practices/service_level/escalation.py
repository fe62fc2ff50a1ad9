"""Escalation: what reached levels make of a record, and whom they tell; functional (another group) and hierarchic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from itsm.core.clock import CANCELLED, RUNNING, Clock
from itsm.core.events import Event
from itsm.core.lifecycle import Lifecycle
from itsm.core.record import TOLD, Record
from itsm.practices.service_level import clock as measure
from itsm.practices.service_level import rules
from itsm.practices.service_level.clock import Fired
from itsm.practices.service_level.policy import HOLD, INCIDENT, MARK, OPEN_PROBLEM, RAISE, RESOLVE, ServiceLevels
from itsm.practices.service_level.terms import basis

WATCHERS, PROBLEM = "watchers", "problem"


def changes(record: Record, fired: Sequence[Fired], lifecycle: Lifecycle) -> dict[str, Any]:
    """What the levels change of a record: its group (the last named holds) and its priority.

    Nothing once its work is done: a breach that is noticed after that gives nobody anything to do.
    """
    if record.state in lifecycle.met | lifecycle.final:
        return {}
    wanted: dict[str, Any] = {}
    groups = [one.wants.reassign for one in fired if one.wants.reassign]
    if groups and groups[-1] != record.group:
        wanted |= {"group": groups[-1], "assignee": ""}
    raised = max(1, record.priority - sum(RAISE in one.actions for one in fired))
    if raised != record.priority:
        wanted["priority"] = raised
    return wanted


def opens_problem(record: Record, fired: Sequence[Fired]) -> bool:
    """Whether the levels want the cause of an incident looked for, and nobody looks for it yet."""
    wanted = any(OPEN_PROBLEM in one.actions for one in fired)
    return wanted and record.practice == INCIDENT and not record.details.get(PROBLEM)


def watchers(record: Record, fired: Sequence[Fired], policy: ServiceLevels) -> tuple[str, ...]:
    """Everybody who watches the record once the levels have added theirs."""
    kept = record.details.get(WATCHERS)
    named = [str(one) for one in kept] if isinstance(kept, list) else []
    added = [address for one in fired for person in one.wants.watch for address in people(person, record, policy)]
    return tuple(dict.fromkeys([*named, *added]))


def told(record: Record, fired: Sequence[Fired], policy: ServiceLevels) -> tuple[str, ...]:
    """The addresses the levels want told, in order, each once; watchers hear of every level that tells anybody."""
    wanted = [address for one in fired for person in _wanted(one) for address in people(person, record, policy)]
    if wanted or any(one.wants.watch for one in fired):
        wanted += watchers(record, fired, policy)
    return tuple(dict.fromkeys(wanted))


def _wanted(fired: Fired) -> Iterator[str]:
    names = {"mail-group": "group", "mail-lead": "lead", "mail-owner": "owner"}
    yield from (names[action] for action in fired.actions if action in names)
    yield from fired.wants.tell


def people(person: str, record: Record, policy: ServiceLevels) -> tuple[str, ...]:
    """The addresses of "group", "lead", "lead:<group>" or "owner", as they are for a record; an address is itself."""
    kind, _, name = person.partition(":")
    group = policy.groups.groups.get(name or record.group)
    if person == "group":
        return group.members if group else ()
    if kind == "lead" and "@" not in person:
        return (group.lead,) if group else ()
    if person == "owner":
        service = policy.services.services.get(record.service)
        return (service.owner,) if service and service.owner else ()
    return (person,)


def whom(events: Iterable[Event], version: int) -> tuple[str, ...]:
    """Whom the escalation of that version is to be told to, by the history."""
    for event in events:
        _, people = event.changes.get(TOLD, (None, None))
        if event.version == version and isinstance(people, list):
            return tuple(str(one) for one in people)
    return ()


def marks(record: Record, policy: ServiceLevels) -> tuple[str, ...]:
    """The labels that the levels its clocks have reached give the record's issue.

    Not what was done once but what is so: a mark stays when the ticket is resolved after it, and goes when its clock
    begins anew, gets a promise under which it has not come so far, or is cancelled.
    """
    found: set[str] = set()
    for clock in record.clocks:
        if clock.kind == HOLD or clock.state == CANCELLED or not (clock.fired or clock.fired_wall):
            continue
        on = basis(clock, policy)
        reached = (*on.in_service(clock.target)[: clock.fired], *on.by_the_wall()[: clock.fired_wall])
        found |= {level.label(clock.kind, clock.metric) for level in reached if MARK in level.actions}
    return tuple(sorted(found))


def escalated(before: Record, after: Record, lifecycle: Lifecycle, policy: ServiceLevels) -> tuple[Clock, ...]:
    """The clocks of a record that its levels changed. A new promise repeats nothing that was escalated already.

    Else a ticket whose priority a level raised would, with the shorter target, run through all its levels at once.
    """
    clocks = rules.measured(before, after, None, lifecycle, policy)
    known = {_key(clock): clock for clock in before.clocks}
    return tuple(_quiet(clock, known.get(_key(clock), clock), policy) for clock in clocks)


def _quiet(clock: Clock, was: Clock, policy: ServiceLevels) -> Clock:
    if clock.generation == was.generation:
        return clock
    on = basis(clock, policy)
    late = clock.due is not None and clock.due <= clock.since
    counted = replace(clock, fired_wall=was.fired_wall, breached_at=clock.due if late else clock.breached_at)
    passed = measure.passed(counted, on)
    return measure.begun(passed, on) if clock.state == RUNNING else replace(passed, next_at=None)


def _key(clock: Clock) -> tuple[str, str, str]:
    return (clock.kind, clock.metric, clock.agreement if clock.kind != "sla" else "")


def ends_hold(fired: Iterable[Fired]) -> bool:
    """Whether the levels say that the ticket has waited long enough and is done."""
    return any(RESOLVE in one.actions for one in fired if one.clock.kind == HOLD)


def done_state(record: Record, lifecycle: Lifecycle) -> str:
    """The state in which a record's work is done, "" where none can be reached: resolved, fulfilled."""
    legal = lifecycle.met & lifecycle.by_hand(record.state) - {"closed", "cancelled", "rejected"}
    return min(legal, default="")
