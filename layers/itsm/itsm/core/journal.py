"""Journal: what a version says travels in its event; the entry is derived from that, and so it is one write."""

from collections.abc import Iterable
from typing import Any

from itsm.core.events import Event
from itsm.core.record import Comment

OPENING = "opening"
"""The id of a journal's first entry: what its ticket was opened with."""
CARRIED_BYTES = 600
"""Of the longest words an event carries. Every save is billed by the kilobyte of the whole item, old or new: up to here
they cost no more than a transaction with an entry of its own, and below the first kilobyte half as much."""
CUT = " …"
"""How the beginning of an opening text ends in its event, where the whole is stored elsewhere."""


def carried(comment: Comment, at: int) -> dict[str, Any]:
    """The arguments of a change at an instant that a comment comes with: who may see it, and its words.

    Not its words where they are too many or not alone.
    """
    if comment.attachments or comment.page or len(comment.text.encode()) > CARRIED_BYTES:
        return {"public": comment.public}
    return {"text": comment.text, "public": comment.public, "said_at": 0 if comment.at == at else comment.at}


def said(record_id: str, event: Event) -> Comment | None:
    """What an event says, as the journal's entry; None where it says nothing itself. The first is the opening."""
    first = event.version == 1
    if not first and not event.text:
        return None
    return Comment(
        id=OPENING if first else event.comment,
        record=record_id,
        at=event.said_at or event.at,
        by=event.by,
        text=event.text,
        origin=event.origin,
        public=first or event.public,
        version=event.version,
    )


def opening_words(journal: Iterable[Comment]) -> str:
    """What a ticket was opened with, "" before its entry is written: the next may be for the agents alone."""
    return next((entry.text for entry in journal if entry.id == OPENING), "")
