"""Stories: records with all that happened to them, from a file of JSON lines or from a deployment; for reports."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from itsm.core.errors import MalformedError
from itsm.core.events import Event
from itsm.core.journal import said
from itsm.core.practice import load
from itsm.core.record import Comment, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from itsm.aws.models import Tables
    from itsm.core.ports import Records

SPOKEN = ("id", "record", "at", "by", "origin", "public", "version")
"""What of a comment a clock goes by; its text stays where it is."""
LEFT_OUT = ("clocks", "event", "before", "title", "requester_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A record as it is now, its events oldest first, and its comments without their texts."""

    record: Record
    events: tuple[Event, ...]
    comments: tuple[Comment, ...]


def to_line(story: Story) -> str:
    """One line of JSON: {"record": {...}, "events": [...], "comments": [...]}."""
    record = {name: value for name, value in asdict(story.record).items() if name not in LEFT_OUT}
    spoken = [{name: getattr(comment, name) for name in SPOKEN} for comment in story.comments]
    events = [{**asdict(event), "text": ""} for event in story.events]
    return json.dumps({"record": record, "events": events, "comments": spoken}, ensure_ascii=False)


def from_line(line: str) -> Story:
    """The story of such a line; what the product has no field for is left out. Raises MalformedError."""
    try:
        given = json.loads(line)
        events = tuple(sorted(map(_event, given["events"]), key=lambda event: event.version))
        facts = {**_known(Record, given["record"]), "title": "", "event": events[-1], "clocks": ()}
        record = Record(**{**facts, "participants": tuple(facts.get("participants", ()))})
        comments = tuple(Comment(**{"text": "", **_known(Comment, one)}) for one in given.get("comments", ()))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise MalformedError(f"this is no line of an export: {type(error).__name__}: {error}") from error
    return Story(record=record, events=events, comments=comments)


def _event(given: Mapping[str, Any]) -> Event:
    changes = {name: (old, new) for name, (old, new) in given.get("changes", {}).items()}
    return Event(**{**_known(Event, given), "changes": changes})


def _known(kind: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {one.name: given[one.name] for one in fields(kind) if one.name in given}


def read(path: Path) -> Iterator[Story]:
    """The stories of a file. Raises MalformedError with the number of the line that is none."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield from_line(line)
                except MalformedError as error:
                    raise MalformedError(f"{path}:{number}: {error}") from error


def write(path: Path, stories: Iterable[Story]) -> Iterator[Story]:
    """The same stories, each written to a file as it passes."""
    with path.open("w", encoding="utf-8") as out:
        for story in stories:
            out.write(to_line(story) + "\n")
            yield story


def told(record_id: str, records: Records) -> Story:
    """A record as it is now, with its history; an event whose audit row is not written yet may be missing of it."""
    record = records.get(record_id)
    trail = {event.version: event for event in records.history(record_id)} | {record.version: record.event}
    events = tuple(trail[version] for version in sorted(trail) if version <= record.version)
    return Story(record=record, events=events, comments=records.comments(record_id))


def open_ids(bound: Tables) -> Iterator[str]:
    """The id of every record whose work is not done; reads the table whole, with the rights of whoever runs it."""
    from itsm.aws.models import META

    key = bound.record.pk.startswith("T#") & (bound.record.sk == META)
    for item in bound.record.scan(key, attributes_to_get=["pk", "practice", "state"]):
        lifecycle = load(item.practice).lifecycle
        if item.state not in lifecycle.met | lifecycle.final:
            yield item.pk.removeprefix("T#")


def deployed(bound: Tables) -> Iterator[Story]:
    """Every record of a deployment; reads both tables whole, with the rights of whoever runs it."""
    from itsm.aws.items import to_comment, to_event, to_record
    from itsm.aws.models import COMMENT, META

    events: dict[str, list[Event]] = defaultdict(list)
    for row in bound.audit.scan():
        events[row.pk].append(to_event(row.ev))
    comments: dict[str, list[Comment]] = defaultdict(list)
    for entry in bound.comment.scan(bound.comment.sk.startswith(COMMENT)):
        comments[entry.pk].append(to_comment(entry))
    for item in bound.record.scan(bound.record.sk == META):
        trail = {event.version: event for event in events[item.pk]}
        record = to_record(item)
        # the newest event stands with the record before its audit row is written
        trail[record.version] = record.event
        told = tuple(trail[version] for version in sorted(trail))
        # and so do its words before their entry is
        spoken = {words.id: words for event in told if (words := said(record.id, event))}
        spoken |= {entry.id: entry for entry in comments[item.pk]}
        yield Story(record=record, events=told, comments=tuple(spoken.values()))
