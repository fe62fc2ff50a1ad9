"""Timers: clocks start, deadlines come near and fire; never early, each once, none lost when the sweeper is late."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import batched

from itsm.core.errors import OutsideError, StaleVersionError
from itsm.core.events import Json
from itsm.core.lifecycle import Lifecycle
from itsm.core.ports import SHARDS
from itsm.core.practice import load
from itsm.core.record import SYSTEM, Record, derived_id
from itsm.practices.service_level import escalation, replay, rules
from itsm.practices.service_level.hold import OURS
from itsm.practices.service_level.rules import Fired
from itsm.runtime import desk, problems, stories, suppression
from itsm.runtime.changes import NEAR, held_back
from itsm.runtime.measure import under
from itsm.runtime.ports import Ports
from itsm.service_desk import quarantine

ORIGIN = "timer"
ONE_CHANGE = 2
"""The version whose own event tells all that happened since the opening, unless it came with a comment."""
CHUNK = 100
"""Timers read before the next are sent: a storm does not have to fit into memory, nor wait for its end."""
REMINDER = "We still wait for your answer on {}; without one we cannot go on."
FOLLOW_UP = "{} still waits for the {}: ask how it stands, or go on without"
LAST_WORD = "We heard nothing from you on {} and take it to be done. Answer this mail if it is not, and we go on."


def start(record_id: str, ports: Ports) -> Mapping[str, Json]:
    """Attach the clocks of the agreement that holds for the record, once; they run from its opening.

    What happened since then counts: an answer, a hold. Raises OutsideError while its history is not all there.
    """

    def started(record: Record) -> Record:
        if record.measured:
            return record
        lifecycle, policy = load(record.practice).lifecycle, ports.policies.service_level
        if _has_a_past(record, lifecycle, ports):
            story = stories.told(record.id, ports.records)
            if [event.version for event in story.events] != [*range(1, record.version + 1)]:
                raise OutsideError("the history of this ticket is not all there yet; it is tried again")
            clocks = replay.started(record, story.events, story.comments, lifecycle, policy, ports.now())
        else:
            clocks = rules.started(record, ports.now(), policy, lifecycle)
        return record.changed("ClocksStarted", by=SYSTEM, origin=ORIGIN, at=ports.now(), **under(record, clocks))

    return desk.step_result(desk.update(ports, record_id, started))


def _has_a_past(record: Record, lifecycle: Lifecycle, ports: Ports) -> bool:
    """Whether more happened that clocks go by than its last event tells: moves, or words beside the opening's."""
    if record.version <= ONE_CHANGE and not record.event.comment:
        return False
    return record.state != lifecycle.initial or len(ports.records.comments(record.id)) > 1


def sweep(ports: Ports, shards: Sequence[int] = range(SHARDS)) -> None:
    """Send every timer that is NEAR, the earliest first over all shards; one that is overdue goes at once.

    A sweep that is cut short has sent the earliest ones; the next one sends the rest. Several may share the shards.
    """
    until = ports.now() + NEAR
    ordered = heapq.merge(*(ports.records.due(shard, until) for shard in shards), key=lambda timer: timer.due)
    for timers in batched(ordered, CHUNK, strict=False):
        # a storm takes its time to send: what goes out last is delayed from then on, not from the start
        now = ports.moment()
        bodies: Sequence[Mapping[str, Json]] = [{"record": timer.record, "due": timer.due} for timer in timers]
        ports.timers.send(bodies, [held_back(timer.due, now) for timer in timers])


def fire(record_id: str, ports: Ports, due: int = 0) -> None:
    """One conditional save if a level of a running clock is due, else nothing.

    Of the second before `due`, which the message was sent for, the rest is waited out, and only then is the record
    read. A queue that was earlier than that sends again.
    """
    if due - ports.now() == 1:
        ports.wait(due)
    for left in reversed(range(desk.ATTEMPTS)):
        record, now = ports.records.get(record_id), ports.now()
        if record.practice == quarantine.PRACTICE.name:
            suppression.end(record, ports)
            return
        reached = _reached(record, now, ports) or _moved(record, now, ports)
        if reached is None:
            _again(record, now, ports)
            return
        try:
            ports.records.save(reached)
        except StaleVersionError:
            if not left:
                raise
            continue
        return


def _reached(record: Record, now: int, ports: Ports) -> Record | None:
    """The record after its levels fired; promises first, what ends a hold after them."""
    for hold, become in ((False, _escalated), (True, _waited)):
        clocks, fired = rules.fire(record.clocks, now, ports.policies.service_level, hold=hold)
        if fired:
            return become(replace(record, clocks=clocks), fired, now, ports)
    return None


def _moved(record: Record, now: int, ports: Ports) -> Record | None:
    """The record with its deadlines where they are now, if one that came has been moved by a new holiday."""
    clocks = rules.moved(record.clocks, now, ports.policies.service_level)
    if clocks == record.clocks:
        return None
    return record.changed("ClocksRecomputed", by=SYSTEM, origin=ORIGIN, at=now, clocks=clocks)


def _escalated(record: Record, fired: Sequence[Fired], now: int, ports: Ports) -> Record:
    """What is said of it travels in the event: its note is derived from that, and one write is enough."""
    policy, lifecycle = ports.policies.service_level, load(record.practice).lifecycle
    said = "; ".join(_told(one, record) for one in fired)
    wanted = escalation.changes(record, fired, lifecycle)
    if "group" in wanted:
        said += f"; it goes to {wanted['group']}"
    if "priority" in wanted:
        said += f"; its priority is raised to {wanted['priority']}"
    details: dict[str, Json] = {}
    if escalation.opens_problem(record, fired):
        problem = problems.opened(replace(record, **wanted), f"{said}.", ports, by=SYSTEM, origin=ORIGIN)
        details[escalation.PROBLEM] = problem.number
        said += f"; {problem.number} is there to find its cause"
    watchers = escalation.watchers(record, fired, policy)
    if watchers:
        details[escalation.WATCHERS] = list[Json](watchers)
    if details:
        wanted["details"] = {**record.details, **details}
    name = "ClockBreached" if any(one.breached for one in fired) else "ClockWarned"
    changed = record.changed(
        name,
        by=SYSTEM,
        origin=ORIGIN,
        at=now,
        comment=derived_id(f"note:{record.id}", _key(fired)),
        text=said,
        told=escalation.told(record, fired, policy),
        **wanted,
    )
    clocks = escalation.escalated(record, changed, lifecycle, policy)
    return replace(changed, clocks=clocks)


def _waited(record: Record, fired: Sequence[Fired], now: int, ports: Ports) -> Record:
    lifecycle = load(record.practice).lifecycle
    reason = fired[-1].clock.agreement
    if reason in OURS:
        return _followed_up(record, reason, fired, now, ports)
    to = escalation.done_state(record, lifecycle) if escalation.ends_hold(fired) else ""
    words = (LAST_WORD if to else REMINDER).format(record.number)
    changed = record.changed(
        "HoldEnded" if to else "HoldReminded",
        by=SYSTEM,
        origin=ORIGIN,
        at=now,
        comment=derived_id(f"note:{record.id}", _key(fired)),
        text=words,
        public=True,
        state=to or record.state,
    )
    return replace(changed, clocks=escalation.escalated(record, changed, lifecycle, ports.policies.service_level))


def _followed_up(record: Record, reason: str, fired: Sequence[Fired], now: int, ports: Ports) -> Record:
    """The group that has the ticket is told to ask after what it waits for; the requester has nothing to answer."""
    policy = ports.policies.service_level
    changed = record.changed(
        "HoldFollowedUp",
        by=SYSTEM,
        origin=ORIGIN,
        at=now,
        comment=derived_id(f"note:{record.id}", _key(fired)),
        text=FOLLOW_UP.format(record.number, reason),
        told=escalation.people("group", record, policy),
    )
    clocks = escalation.escalated(record, changed, load(record.practice).lifecycle, policy)
    return replace(changed, clocks=clocks)


def _key(fired: Sequence[Fired]) -> str:
    return ",".join(f"{one.clock.agreement}:{one.clock.metric}:{one.clock.generation}:{one.level}" for one in fired)


def _again(record: Record, now: int, ports: Ports) -> None:
    due = record.next_timer
    if due is not None and now < due <= now + NEAR:
        ports.timers.send([{"record": record.id, "due": due}], [held_back(due, ports.moment())])


def _told(fired: Fired, record: Record) -> str:
    kind = "" if fired.clock.kind == "sla" else f"{fired.clock.kind.upper()} {fired.clock.agreement} "
    what = f"{kind}{fired.clock.metric} target of {record.number}"
    if fired.breached:
        return f"The {what} is breached; {record.group or 'nobody'} holds the ticket"
    return f"{fired.level} of the {what} is used" if fired.wants.at else f"The {what} is at its level {fired.level}"
