"""Chain: whether a record's audit trail is whole, unchanged and in order, and its journal what the trail tells."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from itsm.core.events import GENESIS, Event, digest
from itsm.core.journal import CUT, OPENING, said
from itsm.core.record import Comment

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


def journal_faults(record_id: str, events: Sequence[Event], journal: Mapping[str, Comment], now: int) -> Iterable[str]:
    """What a journal tells otherwise than the record's events, in words; entries by their id, no entry twice.

    Of a comment too long for its event only the words are not known here. An entry may lack for LAG, and one that no
    event names is a fault once the events are all there.
    """
    named: dict[str, Event] = {}
    for event in events:
        named.setdefault(OPENING if event.version == 1 else event.comment, event)
    for name, event in named.items():
        entry = journal.get(name)
        if name and entry is None and now - event.at > LAG:
            yield f"the journal lacks the entry of version {event.version}"
        elif entry is not None and not _tells(entry, event):
            yield f"the journal's entry of version {event.version} was changed after it was written"
    if [event.version for event in events] == [*range(1, len(events) + 1)]:
        yield from (
            f"the journal's entry {name} belongs to no version" for name in sorted(journal.keys() - named.keys())
        )


def _tells(entry: Comment, event: Event) -> bool:
    if entry.version != event.version or entry.public is not (event.public or event.version == 1):
        return False
    told = said(entry.record, event)
    if told is None:
        return (entry.by, entry.origin) == (event.by, event.origin)
    beginning = told.text.removesuffix(CUT)
    whole = told.text == entry.text or (entry.id == OPENING and beginning != told.text)
    return whole and entry.text.startswith(beginning) and replace(entry, text=told.text) == told
