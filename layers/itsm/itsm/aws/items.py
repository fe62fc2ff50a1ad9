"""Items: records, comments and events to and from what the tables hold; pure."""

import base64
from dataclasses import asdict, fields
from typing import Any

from itsm.aws.models import COMMENT, NO_DUE, CommentItem, RecordItem, Tables, ticket_key, timer_shard
from itsm.core.clock import Clock
from itsm.core.events import Event
from itsm.core.practice import load
from itsm.core.record import Comment, Record

HASHES = ("previous", "hash")
CLOCK = fields(Clock)
EVENT_FIELDS = frozenset(one.name for one in fields(Event))
INSTANTS = frozenset({"started_at", "since", "due", "next_at", "breached_at"})
"""Of a clock; kept as seconds since its record was opened, which has fewer digits."""


def to_event(stored: Any) -> Event:
    """The event as stored: JSON with changes as pairs and hashes in base64.

    A field this version does not know was written by a newer one, before a rollback; the rest is read without it.
    """
    changes = {name: (old, new) for name, (old, new) in stored.get("changes", {}).items()}
    hashes = {name: _hex(stored[name]) for name in HASHES if name in stored}
    known = {name: value for name, value in stored.items() if name in EVENT_FIELDS}
    return Event(**{**known, **hashes, "changes": changes})


def from_event(event: Event) -> dict[str, Any]:
    """JSON of an event; what is empty is left out, since every byte is paid for at every save."""
    held = {name: value for name, value in asdict(event).items() if value or name == "version"}
    return {**held, **{name: _base64(held[name]) for name in HASHES if name in held}}


def _hex(short: str) -> str:
    return base64.urlsafe_b64decode(short + "=" * (-len(short) % 4)).hex()


def _base64(digest: str) -> str:
    """Hex in two thirds of its characters."""
    return base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def _open_at(record: Record) -> bool:
    lifecycle = load(record.practice).lifecycle
    return record.state not in lifecycle.final | lifecycle.met


def due_of(record: Record) -> int | None:
    """The earliest due of the record's running clocks; the end of a hold is nobody's promise."""
    return min((clock.due for clock in record.clocks if clock.due is not None and clock.kind != "hold"), default=None)


def to_item(record: Record, tables: Tables) -> RecordItem:
    """The META item of a record; index keys only where the record belongs in the index.

    While it is open its group and assignee are known by their index keys: every byte is paid for at every save.
    """
    due, tdue, is_open = due_of(record), record.next_timer, _open_at(record)
    on_list = is_open and bool(record.group)
    return tables.record(
        pk=ticket_key(record.id),
        num=record.number,
        practice=record.practice,
        state=record.state,
        ver=record.version,
        ev=_head(record),
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
        grp=None if on_list else record.group or None,
        assignee=None if is_open else record.assignee or None,
        parts=list(record.participants) or None,
        clocks=[from_clock(clock, record.opened_at) for clock in record.clocks] or None,
        details=dict(record.details) or None,
        gen=None if record.generation == 1 else record.generation,
        digest=_base64(record.digest) if record.digest else None,
        asg=record.assignee or None if is_open else None,
        wl=record.group if on_list else None,
        wlk=f"{due or NO_DUE:010d}#{record.priority}" if on_list else None,
        tshard=timer_shard(record.id) if tdue is not None else None,
        tdue=tdue,
    )


def _head(record: Record) -> dict[str, Any]:
    """The record's newest event without what its item says already."""
    said = {"version": record.version, "at": record.updated_at}
    return {name: value for name, value in from_event(record.event).items() if said.get(name) != value}


def to_head(item: RecordItem) -> Event:
    """The newest event of a META item."""
    return to_event({"version": int(item.ver), "at": int(item.updated), **item.ev})


def from_clock(clock: Clock, opened: int) -> list[Any]:
    """A clock as the list of its fields, in the order of its class, up to the last that is not at its default."""
    held = [(field, getattr(clock, field.name)) for field in CLOCK]
    while held and held[-1][1] == held[-1][0].default:
        held.pop()
    return [value - opened if field.name in INSTANTS and value is not None else value for field, value in held]


def to_clock(stored: list[Any], opened: int) -> Clock:
    """The clock of such a list; fields that are not in it have their defaults."""
    held = {field.name: value for field, value in zip(CLOCK, stored, strict=False)}
    return Clock(
        **{name: value + opened if name in INSTANTS and value is not None else value for name, value in held.items()}
    )


def to_record(item: RecordItem) -> Record:
    """The record of a META item."""
    opened = int(item.opened)
    return Record(
        id=item.pk.removeprefix("T#"),
        number=item.num,
        practice=item.practice,
        state=item.state,
        version=int(item.ver),
        event=to_head(item),
        title=item.title,
        source=item.source,
        requester=item.req or "",
        requester_name=item.reqname or "",
        opened_at=opened,
        updated_at=int(item.updated),
        service=item.service or "",
        impact=int(item.imp),
        urgency=int(item.urg),
        priority=int(item.prio),
        group=item.wl or item.grp or "",
        assignee=item.asg or item.assignee or "",
        participants=tuple(item.parts or ()),
        clocks=tuple(to_clock(clock, opened) for clock in item.clocks or ()),
        details=item.details or {},
        generation=int(item.gen or 1),
        digest=_hex(item.digest) if item.digest else "",
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
        page=comment.page or None,
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
        page=item.page or "",
    )
