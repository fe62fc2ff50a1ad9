"""Suppression: an alarm in a maintenance window makes no ticket, unless it still fires when the window ends."""

from itsm.core.ports import Fault
from itsm.core.record import SYSTEM, UNTIL, Record
from itsm.runtime import desk, episodes
from itsm.runtime.ports import Ports
from itsm.service_desk import quarantine
from itsm.service_desk.envelope import Envelope
from itsm.service_desk.policy import Maintenance
from itsm.service_desk.submission import Submission

ORIGIN = "timer"


def window(submission: Submission, ports: Ports) -> Maintenance | None:
    """The maintenance window a fault falls into just now; of several the one that lasts longest."""
    held = [one for one in ports.policies.sources.maintenance if one.holds(submission, ports.now())]
    return max(held, key=lambda one: one.ends, default=None)


def suppress(submission: Submission, kept: Envelope, during: Maintenance, ports: Ports) -> tuple[Record, bool]:
    """The record that an alarm came and is suppressed, with the end of the window as its timer; and whether it is new.

    The delivery is kept as it came: at the window's end it is read again.
    """
    ports.blobs.put(kept.key, kept.packed(), "application/json")
    held = quarantine.held(
        submission.key,
        f"maintenance window: {during.name}",
        source=submission.source,
        at=submission.received_at,
        raw=kept.key,
        sender=submission.sender,
        subject=submission.subject,
    )
    created = ports.records.create(quarantine.suppressed(held, int(during.ends.timestamp())))
    mine = episodes.episode_key(submission)
    ports.records.save_fault(Fault(key=mine, record=created.record.id, opener=submission.comment_id))
    return created.record, created.new


def recovered(submission: Submission, held: Record, ports: Ports) -> Record:
    """A suppressed alarm whose fault is over before the window ends: nothing is left to look at."""
    text = "The fault was over before the maintenance window was."
    note = desk.internal_note(held, submission.comment_id, text, by=SYSTEM, origin=held.source, at=ports.now())

    def done(current: Record) -> Record:
        if current.state != quarantine.SUPPRESSED:
            return desk.commented(current, note)
        rest = without_timer(current)
        return current.changed("StateChanged", state=quarantine.DISCARDED, details=rest, **desk.said_with(note))

    return desk.update(ports, held.id, done, note)


def end(held: Record, ports: Ports) -> None:
    """The timer of a suppressed alarm: released when its window has ended, as an agent would release it."""

    def released(current: Record) -> Record:
        until, now = current.details.get(UNTIL), ports.now()
        if not isinstance(until, int) or until > now:
            return current
        to = quarantine.RELEASED if current.state == quarantine.SUPPRESSED else current.state
        event = desk.move_event(current, to) if to != current.state else "FieldsChanged"
        details = without_timer(current)
        return current.changed(event, by=SYSTEM, origin=ORIGIN, at=now, state=to, details=details)

    desk.update(ports, held.id, released)


def by_itself(held: Record) -> bool:
    """Whether a window's end released it, and no person."""
    return held.event.type == desk.MOVES[quarantine.PRACTICE.name, quarantine.RELEASED] and held.event.by == SYSTEM


def prolonged(held: Record, submission: Submission, ports: Ports) -> bool:
    """Whether another window has begun meanwhile, so that a released alarm is suppressed again, until that one ends."""
    during = window(submission, ports)
    if during is None:
        return False
    until = int(during.ends.timestamp())

    def back(current: Record) -> Record:
        if current.state != quarantine.RELEASED:
            return current
        details = {**current.details, UNTIL: until, "reason": f"maintenance window: {during.name}"}
        state = quarantine.SUPPRESSED
        return current.changed("StateChanged", by=SYSTEM, origin=ORIGIN, at=ports.now(), state=state, details=details)

    desk.update(ports, held.id, back)
    return True


def without_timer(record: Record) -> dict[str, object]:
    """The record's details without what it waited for."""
    return {name: value for name, value in record.details.items() if name != UNTIL}
