"""Events: facts in the past tense, each chained to the one before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

type Json = str | int | float | bool | list[Json] | Mapping[str, Json] | None
type Changes = Mapping[str, tuple[Json, Json]]

GENESIS = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What made one version of a record: who did what when, and through which door.

    `at` is whole seconds since the epoch, UTC. `changes` maps a field to (old, new). `comment` is the id of the comment
    that belongs to this version. `text` is the opening text of version 1, of a later one its comment's, where that is
    short; `public` says whether the requester may see it, `said_at` when it was said where that was earlier, else 0.
    `hash` covers `previous` and all else.
    """

    type: str
    version: int
    at: int
    by: str
    origin: str
    changes: Changes = field(default_factory=dict)
    text: str = ""
    comment: str = ""
    public: bool = False
    said_at: int = 0
    previous: str = GENESIS
    hash: str = ""


def canonical(record_id: str, event: Event) -> str:
    """The one text an event hashes as: JSON, sorted keys, no blanks (RFC 8785 for the types used here)."""
    facts: dict[str, Json] = {
        "record": record_id,
        "type": event.type,
        "version": event.version,
        "at": event.at,
        "by": event.by,
        "origin": event.origin,
        "changes": {name: list(pair) for name, pair in event.changes.items()},
        "text": event.text,
        "comment": event.comment,
        **({"public": True} if event.public else {}),
        **({"said_at": event.said_at} if event.said_at else {}),
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(record_id: str, event: Event) -> str:
    """Hex SHA-256 over the previous hash and the event's canonical text."""
    return hashlib.sha256(f"{event.previous}\n{canonical(record_id, event)}".encode()).hexdigest()


def chained(record_id: str, event: Event, previous: str) -> Event:
    """The event with `previous` and `hash` filled in."""
    linked = replace(event, previous=previous)
    return replace(linked, hash=digest(record_id, linked))
