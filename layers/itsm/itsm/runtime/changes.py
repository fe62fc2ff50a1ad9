"""Changes: what follows from one write to the records table; every part may run again without harm."""

from collections.abc import Mapping
from dataclasses import replace
from math import floor
from typing import Any

from itsm.core.errors import NotFoundError
from itsm.core.journal import OPENING, said
from itsm.core.practice import load
from itsm.core.record import Record
from itsm.runtime.desk import fact, wake
from itsm.runtime.ports import Ports

NEAR = 125
"""Seconds ahead in which a deadline is handed to the queue at once; the sweeper, each minute, looks as far."""
LATE = 0.4
"""The part of a second a message may come late so that none has to be waited for: dearer below, later above."""
LONGEST_DELAY = 900
"""Seconds a message can be held back (SQS)."""
WAKING = frozenset({"state", "details.tasks"})
"""What a process may wait for: another state, or an order's task that is over."""
OPENING_BYTES = 100_000
"""Of the opening text in the journal: an item holds 400 KB at most, and a page of the journal is read in one go."""


def written(change: Mapping[str, Any]) -> Record | None:
    """The record a stream change wrote, None when it wrote something else or no new version."""
    from itsm.aws.items import from_image

    images = change["dynamodb"]
    new = images.get("NewImage")
    if new is None or new["sk"].get("S") != "META":
        return None
    old = images.get("OldImage")
    if old is not None and old["ver"] == new["ver"]:
        return None
    return from_image(new)


def follow(record: Record, ports: Ports) -> None:
    """Audit, journal, bus, process, waits, timers: in this order, each once in effect."""
    ports.audit.append(record.id, record.event)
    if entry := said(record.id, record.event):
        ports.records.put_said(replace(entry, text=_whole(record, ports)) if entry.id == OPENING else entry)
    ports.bus.publish([fact(record)])
    if record.version == 1 or "generation" in record.event.changes:
        _start(record, ports)
    if not WAKING.isdisjoint(record.event.changes):
        _wake(record, ports)
    if record.practice == "task" and "state" in record.event.changes:
        _report(record, ports)
    if "approval" in record.details:
        _void(record, ports)
    _near(record, ports)


def _wake(record: Record, ports: Ports) -> None:
    for wait in ports.records.waits(record.id):
        if record.version > wait.since:  # else it is delivered late or again, and the process knew it when it lay down
            wake(record, wait, ports)


def _report(record: Record, ports: Ports) -> None:
    """Tell the request a task belongs to that it is over."""
    from itsm.runtime.fulfilling import report

    report(record, ports)


def _void(record: Record, ports: Ports) -> None:
    """Void an approval that this change overtook, should whoever made the change have died before doing so."""
    from itsm.runtime.approving import void

    void(record, ports)


def _whole(record: Record, ports: Ports) -> str:
    """The opening text, from the store where it was too long for the event."""
    text, key = record.event.text, record.details.get("text")
    if not isinstance(key, str) or not key:
        return text
    try:
        return _shortened(ports.blobs.get(key).decode("utf-8", "replace"), key)
    except NotFoundError:
        return f"{text}\n\n[the rest of this text is missing from the store under {key}]"


def _shortened(text: str, key: str) -> str:
    raw = text.encode()
    if len(raw) <= OPENING_BYTES:
        return text
    beginning = raw[:OPENING_BYTES].decode("utf-8", "ignore").rstrip()
    return f"{beginning} …\n\n[the whole text, {len(raw)} bytes, is in the store under {key}]"


def _start(record: Record, ports: Ports) -> None:
    process = load(record.practice).process(record)
    if process:
        arguments: Mapping[str, str | int] = {
            "record": record.id,
            "number": record.number,
            "practice": record.practice,
            "generation": record.generation,
        }
        ports.processes.start(process, f"{record.number}-{record.generation}", arguments)


def _near(record: Record, ports: Ports) -> None:
    due, now = record.next_timer, ports.now()
    if due is not None and due <= now + NEAR:
        ports.timers.send([{"record": record.id, "due": due}], [held_back(due, ports.moment())])


def held_back(due: int, now: float) -> int:
    """Whole seconds to hold a deadline's message back: it can be seen at most LATE after it is due, or else before.

    A queue counts whole seconds from an instant within one, so what is sent just after a second begins comes just
    after its due instant; of anything else the handler waits out the rest.
    """
    return min(max(0, floor(due - now + LATE)), LONGEST_DELAY)
