"""Record: what a practice keeps, one immutable value that carries the event of its version."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from itsm.core.clock import MEASURED, Clock
from itsm.core.events import GENESIS, Event, Json, chained

SYSTEM = "system"
TOLD = "told"
"""In an event's changes: the addresses it is to be told to."""
UNTIL = "until"
"""The detail that holds when a record without clocks is to be looked at again, in epoch seconds."""


def derived_id(source: str, key: str) -> str:
    """The id of what came in: 16 lower-case base32 characters (80 bits) of SHA-256 over the source and its own key.

    The same submission delivered again, concurrently or weeks later, has the same id: creation is idempotent.
    """
    raw = hashlib.sha256(f"{source}\0{key}".encode()).digest()
    return base64.b32encode(raw)[:16].decode().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record of any practice. Instants are whole seconds since the epoch, UTC; priority 1 is the highest.

    `details` holds what only the record's practice knows; `generation` counts the processes that worked it.
    `digest` is half the SHA-256 of what it was opened from: it tells a redelivery from other content under its key.
    `before` is the event of the version it was made from, None as it is read.
    """

    id: str
    number: str
    practice: str
    state: str
    version: int
    event: Event
    title: str
    source: str
    requester: str
    opened_at: int
    updated_at: int
    requester_name: str = ""
    service: str = ""
    impact: int = 3
    urgency: int = 3
    priority: int = 4
    group: str = ""
    assignee: str = ""
    participants: tuple[str, ...] = ()
    clocks: tuple[Clock, ...] = ()
    details: Mapping[str, Json] = field(default_factory=dict)
    generation: int = 1
    digest: str = ""
    before: Event | None = field(default=None, compare=False, repr=False)

    def changed(
        self,
        event_type: str,
        *,
        by: str,
        origin: str,
        at: int,
        comment: str = "",
        text: str = "",
        public: bool = False,
        said_at: int = 0,
        told: Sequence[str] = (),
        **new: Any,
    ) -> "Record":
        """The next version, with its event: what changed, by whom, through which door and when.

        A `text` is what is said with it, the journal's entry `comment` (see itsm.core.journal), `public` or not, and
        said at `said_at` if that was earlier; it travels in the event, and so does whom it is to be `told`, as a change
        of nothing the record keeps.

        `event.changes` lists the fields that really differ, details one by one as `details.<name>`; clocks are left
        out of it, since they are derived.
        """
        changes = dict(_differences(self, new)) | ({TOLD: (None, list[Json](told))} if told else {})
        version = self.version + 1
        event = Event(
            type=event_type,
            version=version,
            at=at,
            by=by,
            origin=origin,
            changes=changes,
            comment=comment,
            text=text,
            public=public,
            said_at=said_at,
        )
        linked = chained(self.id, event, self.event.hash)
        return replace(self, version=version, updated_at=at, event=linked, before=self.event, **new)

    @property
    def measured(self) -> bool:
        """Whether it is under its clocks, be it that none runs yet: an OLA, a hold or a condition may begin one."""
        return bool(self.clocks) or self.details.get(MEASURED) is True

    @property
    def next_timer(self) -> int | None:
        """The next instant one of the record's clocks has to fire, or what it waits for ends; None when neither."""
        until = self.details.get(UNTIL)
        waited = [until] if isinstance(until, int) else []
        return min([*waited, *(clock.next_at for clock in self.clocks if clock.next_at is not None)], default=None)


def opened(event_type: str, *, by: str, origin: str, at: int, text: str, **facts: Any) -> Record:
    """A new record at version 1; its opening text travels in its event. The store gives it its number."""
    event = Event(type=event_type, version=1, at=at, by=by, origin=origin, text=text)
    given: dict[str, Any] = {"number": "", "version": 1, "opened_at": at, "updated_at": at, **facts}
    return Record(event=chained(given["id"], event, GENESIS), **given)


def _differences(record: Record, new: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Json, Json]]]:
    for name, value in new.items():
        old = getattr(record, name)
        if name == "details":
            for key in sorted(old.keys() | value.keys()):
                if old.get(key) != value.get(key):
                    yield f"details.{key}", (old.get(key), value.get(key))
        elif name != "clocks" and old != value:
            yield name, (_plain(old), _plain(value))


def _plain(value: Any) -> Json:
    if isinstance(value, tuple):
        return list(value)
    return value  # type: ignore[no-any-return]  # a record's fields hold JSON values, tuples and clocks only


FIELDS = tuple(f.name for f in fields(Record))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One entry of a record's journal written by a person or a service: public (the requester sees it) or internal.

    `page` is where the same words are stored as sanitised HTML, "" where they came without.
    """

    id: str
    record: str
    at: int
    by: str
    text: str
    origin: str
    public: bool = True
    version: int = 0
    attachments: tuple[str, ...] = ()
    page: str = ""
