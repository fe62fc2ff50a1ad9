"""Episodes: which ticket a fault of monitoring goes on in, found by derived keys and never by a search."""

from dataclasses import replace
from typing import Any

from itsm.core.errors import NotFoundError
from itsm.core.ports import Fault
from itsm.core.practice import load
from itsm.core.record import Record, derived_id
from itsm.runtime import desk, intake
from itsm.runtime.ports import Ports
from itsm.service_desk import relations
from itsm.service_desk.decide import REOPENED
from itsm.service_desk.opening import entry
from itsm.service_desk.submission import Submission

TRIES = 3
"""How often the newest episode of a fault is noted anew after somebody else noted another first."""


def name_of(submission: Submission) -> str:
    """What a fault is known by: its fingerprint, else the source's own key."""
    return submission.fingerprint or submission.key


def fault_key(submission: Submission) -> str:
    """The key of a fault as a whole, however often it comes back."""
    return derived_id("fault", f"{submission.source}\n{name_of(submission)}")


def episode_key(submission: Submission) -> str:
    """The key of one unbroken time of a fault."""
    return derived_id("episode", f"{submission.source}\n{submission.key}")


def after(submission: Submission, fault: Fault | None) -> Submission:
    """The submission under the key of the fault's next ticket.

    The key follows from the ticket before: whoever opens the next one, at once or again, opens the same.
    """
    before = fault.record if fault else ""
    return replace(submission, key=f"{name_of(submission)}|after|{before}")


def of(record_id: str, ports: Ports) -> Record | None:
    """The record of an id, None where there is none."""
    try:
        return ports.records.get(record_id)
    except NotFoundError:
        return None


def kept(record: Record, ports: Ports) -> Record:
    """The record, or the one it was merged into."""

    def found(number: str) -> Record | None:
        try:
            return ports.records.find(number)
        except NotFoundError:
            return None

    return relations.follow(record, found)


def goes_on(submission: Submission, fault: Fault | None, within: int, ports: Ports) -> Record | None:
    """The fault's newest ticket while it is open, or was closed at most `within` seconds before and can be reopened."""
    record = of(fault.record, ports) if fault else None
    if record is None:
        return None
    record = kept(record, ports)
    if not intake.is_over(record):
        return record
    since = (submission.began or submission.received_at) - record.updated_at
    recent = bool(within) and since <= within
    return record if recent and _leads_back(record) else None


def again(submission: Submission, record: Record, ports: Ports, *, news: bool = True, alarms: int = 0) -> Record:
    """The ticket with one more entry; at work again if it was done, unless this is no news. `alarms` counts a storm."""
    said = entry(submission, record)

    def told(current: Record) -> Record:
        more: dict[str, Any] = {}
        if alarms:  # of many doors the one with the highest number may be the first to save
            known = int(str(current.details.get("alarms", 0)))
            more["details"] = {**current.details, "alarms": max(known, alarms)}
        if news and intake.is_over(current) and _leads_back(current):
            return current.changed("Reopened", state=REOPENED, **desk.said_with(said.comment), **more)
        return desk.commented(current, said.comment, more.get("details"))

    intake.store(said.blobs, ports)
    return desk.update(ports, record.id, told, said.comment)


def note(submission: Submission, record: Record, episode: Fault | None, fault: Fault | None, ports: Ports) -> bool:
    """Note the ticket of an episode, and that this is the fault's newest one unless a newer one is noted already.

    False where somebody else noted another of its episodes meanwhile.
    """
    mine, own = episode_key(submission), fault_key(submission)
    noted = replace(episode or Fault(key=mine, record=""), record=record.id, opener=submission.comment_id, over=False)
    ports.records.save_fault(noted)
    known = {record.id, fault.record if fault else ""}
    for at in range(TRIES):
        newest = Fault(key=own, record=record.id, episode=mine, began=submission.began, rev=fault.rev if fault else 0)
        is_here = fault is not None and fault.record == record.id
        if fault is not None and is_here and (fault.began > submission.began or fault.episode == mine):
            return at == 0
        if ports.records.save_fault(newest):
            return at == 0
        fault = ports.records.fault(own)
        if fault is not None and fault.record not in known:
            return False
    return False


def _leads_back(record: Record) -> bool:
    return REOPENED in load(record.practice).lifecycle.moves.get(record.state, frozenset())
