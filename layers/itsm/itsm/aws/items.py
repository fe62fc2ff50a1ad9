"""Items: records, comments and events to and from what the tables hold; pure."""

from dataclasses import asdict
from typing import Any

from itsm.aws.models import COMMENT, NO_DUE, CommentItem, RecordItem, Tables, ticket_key, timer_shard
from itsm.core.clock import Clock
from itsm.core.events import Event
from itsm.core.practice import load
from itsm.core.record import Comment, Record


def to_event(stored: Any) -> Event:
    """The event as stored: JSON with changes as pairs."""
    changes = {name: (old, new) for name, (old, new) in stored.get("changes", {}).items()}
    return Event(**{**stored, "changes": changes})


def from_event(event: Event) -> dict[str, Any]:
    """JSON of an event; what is empty is left out, since every byte is paid for at every save."""
    return {name: value for name, value in asdict(event).items() if value or name == "version"}


def _open_at(record: Record) -> bool:
    lifecycle = load(record.practice).lifecycle
    return record.state not in lifecycle.final | lifecycle.met


def due_of(record: Record) -> int | None:
    """The earliest due of the record's running clocks."""
    return min((clock.due for clock in record.clocks if clock.due is not None), default=None)


def to_item(record: Record, tables: Tables) -> RecordItem:
    """The META item of a record; index keys only where the record belongs in the index."""
    due, tdue = due_of(record), record.next_timer
    on_list = bool(record.group) and _open_at(record)
    return tables.record(
        pk=ticket_key(record.id),
        num=record.number,
        practice=record.practice,
        state=record.state,
        ver=record.version,
        ev=from_event(record.event),
        title=record.title,
        source=record.source,
        req=record.requester or None,
        reqname=record.requester_name or None,
        opened=record.opened_at,
        updated=record.updated_at,
        service=record.service or None,
        imp=record.impact,
        urg=record.urgency,
        prio=record.priority,
        grp=record.group or None,
        assignee=record.assignee or None,
        parts=list(record.participants) or None,
        clocks=[from_clock(clock) for clock in record.clocks] or None,
        details=dict(record.details) or None,
        gen=record.generation,
        digest=record.digest or None,
        wl=record.group if on_list else None,
        wlk=f"{due or NO_DUE:010d}#{record.priority}#{record.id}" if on_list else None,
        due=due,
        tshard=timer_shard(record.id) if tdue is not None else None,
        tdue=tdue,
    )


def from_clock(clock: Clock) -> dict[str, Any]:
    """JSON of a clock without what is at its default."""
    return {name: value for name, value in asdict(clock).items() if value not in (None, 0)}


def to_record(item: RecordItem) -> Record:
    """The record of a META item."""
    return Record(
        id=item.pk.removeprefix("T#"),
        number=item.num,
        practice=item.practice,
        state=item.state,
        version=int(item.ver),
        event=to_event(item.ev),
        title=item.title,
        source=item.source,
        requester=item.req or "",
        requester_name=item.reqname or "",
        opened_at=int(item.opened),
        updated_at=int(item.updated),
        service=item.service or "",
        impact=int(item.imp),
        urgency=int(item.urg),
        priority=int(item.prio),
        group=item.grp or "",
        assignee=item.assignee or "",
        participants=tuple(item.parts or ()),
        clocks=tuple(Clock(**clock) for clock in item.clocks or ()),
        details=item.details or {},
        generation=int(item.gen),
        digest=item.digest or "",
    )


def from_image(image: dict[str, Any]) -> Record:
    """The record of a stream image."""
    return to_record(RecordItem.from_raw_data(image))


def to_comment_item(comment: Comment, version: int, tables: Tables) -> CommentItem:
    """The item of a comment, saved with the record's `version`."""
    return tables.comment(
        pk=ticket_key(comment.record),
        sk=f"{COMMENT}{comment.id}",
        at=comment.at,
        by=comment.by,
        text=comment.text,
        origin=comment.origin,
        public=int(comment.public),
        ver=version,
        files=list(comment.attachments) or None,
    )


def to_comment(item: CommentItem) -> Comment:
    """The comment of an item."""
    return Comment(
        id=item.sk.removeprefix(COMMENT),
        record=item.pk.removeprefix("T#"),
        at=int(item.at),
        by=item.by,
        text=item.text,
        origin=item.origin,
        public=bool(item.public),
        version=int(item.ver),
        attachments=tuple(item.files or ()),
    )
