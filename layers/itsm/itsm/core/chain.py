"""Chain: whether a record's audit trail is whole, unchanged and in order."""

from collections.abc import Iterable, Sequence

from itsm.core.events import GENESIS, Event, digest

LAG = 300
"""Seconds the trail may be behind its record; the stream delivers in a second or so."""


def faults(record_id: str, trail: Sequence[Event], head: Event | None, now: int) -> Iterable[str]:
    """What is wrong with a trail, in words; nothing when it is whole.

    `head` is the event the record itself carries: without it a trail cut at its end would look whole. A head that is
    newer than the trail is a fault once it is older than LAG. An edit breaks a hash, a deletion or a reorder a version
    or a link.
    """
    previous = GENESIS
    for place, event in enumerate(trail, start=1):
        if event.version != place:
            yield f"version {place} is missing: version {event.version} stands in its place"
            return
        if event.previous != previous:
            yield f"version {place} does not follow version {place - 1}"
        if digest(record_id, event) != event.hash:
            yield f"version {place} was changed after it was written"
        previous = event.hash
    yield from _end_faults(trail, head, now)


def _end_faults(trail: Sequence[Event], head: Event | None, now: int) -> Iterable[str]:
    if head is None:
        yield "the record is gone, its trail is not"
    elif head.version > len(trail):
        if now - head.at > LAG:
            yield f"the trail ends at version {len(trail)}, its record is at version {head.version}"
    elif head.version < len(trail):
        yield f"the record was set back to version {head.version}, its trail goes to version {len(trail)}"
    elif trail and trail[-1].hash != head.hash:
        yield f"the record's own version {head.version} is not the one in the trail"
