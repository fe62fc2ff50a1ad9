"""Timers: clocks start, deadlines come near and fire; never early, each once, none lost when the sweeper is late."""

from collections.abc import Mapping, Sequence

from itsm.core.errors import StaleVersionError
from itsm.core.events import Json
from itsm.core.practice import load
from itsm.core.record import SYSTEM, Record
from itsm.practices.service_level import rules
from itsm.practices.service_level.rules import Fired
from itsm.runtime import desk
from itsm.runtime.changes import NEAR
from itsm.runtime.ports import Ports

SHARDS = 16
ORIGIN = "timer"
LONGEST_DELAY = 900


def start(record_id: str, ports: Ports) -> Mapping[str, Json]:
    """Attach the clocks of the agreement that holds for the record, once; they run from its opening."""

    def started(record: Record) -> Record:
        if record.clocks:
            return record
        clocks = rules.started(record, ports.now(), ports.policies.service_level, load(record.practice).lifecycle)
        if not clocks:
            return record
        return record.changed("ClocksStarted", by=SYSTEM, origin=ORIGIN, at=ports.now(), clocks=clocks)

    return desk.step_result(desk.update(ports, record_id, started))


def sweep(ports: Ports) -> None:
    """Send every timer due before now + 75 s, earliest first; one that is overdue goes at once."""
    now = ports.now()
    for shard in range(SHARDS):
        timers = list(ports.records.due(shard, now + NEAR))
        bodies: Sequence[Mapping[str, Json]] = [{"record": timer.record, "due": timer.due} for timer in timers]
        ports.timers.send(bodies, [min(max(0, timer.due - now), LONGEST_DELAY) for timer in timers])


def fire(record_id: str, ports: Ports) -> None:
    """One conditional save if a level of a running clock is due, else nothing; a queue that was early sends again."""
    for left in reversed(range(desk.ATTEMPTS)):
        record, now = ports.records.get(record_id), ports.now()
        clocks, fired = rules.fire(record.clocks, now, ports.policies.service_level)
        if not fired:
            _again(record, now, ports)
            return
        breached = any(one.breached for one in fired)
        name = "ClockBreached" if breached else "ClockWarned"
        told = "; ".join(_told(one, record) for one in fired)
        key = ",".join(f"{one.clock.metric}:{one.clock.generation}:{one.level}" for one in fired)
        note = desk.internal_note(record, key, told, by=SYSTEM, origin=ORIGIN, at=now)
        details = {**record.details, "escalation": told}
        changed = record.changed(
            name, by=SYSTEM, origin=ORIGIN, at=now, comment=note.id, details=details, clocks=clocks
        )
        try:
            ports.records.save(changed, note)
        except StaleVersionError:
            if not left:
                raise
            continue
        return


def _again(record: Record, now: int, ports: Ports) -> None:
    due = record.next_timer
    if due is not None and now < due <= now + NEAR:
        ports.timers.send([{"record": record.id, "due": due}], [due - now])


def _told(fired: Fired, record: Record) -> str:
    what = f"{fired.clock.metric} target of {record.number}"
    if fired.breached:
        return f"The {what} is breached; {record.group or 'nobody'} holds the ticket"
    return f"{fired.level} of the {what} is used"
