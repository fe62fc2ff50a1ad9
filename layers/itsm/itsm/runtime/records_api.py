"""Records API: what an agent may read and change, and what each answer holds."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from itsm.core.addresses import folded
from itsm.core.errors import ForbiddenError, InvalidInputError, NotFoundError, StaleVersionError
from itsm.core.events import Event, Json
from itsm.core.organisation import ITEM
from itsm.core.practice import load
from itsm.core.record import Comment, Record, derived_id
from itsm.runtime import approving, desk
from itsm.runtime.http import Request, Response, json_response
from itsm.runtime.paging import NO_PLACE, asked, cut, page
from itsm.runtime.ports import Ports
from itsm.service_desk import quarantine

WRITABLE = ("title", "assignee", "group", "impact", "urgency", "service")
TITLE_CHARS, COMMENT_CHARS, DETAIL_CHARS, DETAIL_ITEMS = 200, 30_000, 1_000, 50
NAME_CHARS = 320
"""Of a person: as many as a mail address may have (RFC 5321 4.5.3.1)."""
DIGITS = 9
"""Of a version, a limit or a number among the details; Python itself refuses to read more than 4300."""
GROUP = "group"
VERSION = re.compile(r"[0-9]{1,8}")
OPENED = re.compile(r"[0-9]{1,12}#[a-z2-7]{16}")
PLACES = {
    GROUP: re.compile(r"[0-9]{10}#[0-9]#[a-z2-7]{16}"),
    "assignee": OPENED,
    "requester": OPENED,
}
"""By whom a worklist can be asked for, and where a page of it ends: due and priority of its last row, or when that was
opened, and its id."""


def show(request: Request, ports: Ports) -> Response:
    """GET /records/{number}: the record as it is now; its version is its ETag."""
    record = ports.records.find(request.params["number"])
    return json_response(200, shown(record), etag=f'"{record.version}"')


def work(request: Request, ports: Ports) -> Response:
    """PATCH /records/{number}: move it, assign it, correct it.

    The body says which version it was made on (`version`, or If-Match): 409 when that is not the newest, and 409 with
    the legal moves for a state the lifecycle does not lead to.
    """
    body, caller = dict(request.json()), who(request)
    record = ports.records.find(request.params["number"])
    version = _version(request, body.pop("version", None))
    unknown = sorted(set(body) - {"state", "details", *WRITABLE})
    if unknown:
        allowed = ", ".join(("state", "details", *WRITABLE))
        raise InvalidInputError(unknown[0], f"cannot be set; what can: {allowed}")
    new: dict[str, Any] = {name: _checked(name, body[name], ports) for name in WRITABLE if name in body}
    details = _details(record, body["details"], ports) if "details" in body else {}
    to = text_of("state", body["state"], 40) if "state" in body else ""

    def decide(current: Record) -> Record:
        if version is not None and current.version != version:
            raise StaleVersionError(f"{current.number} is at version {current.version}, not {version}; read it again")
        kept = {name: value for name, value in {**current.details, **details}.items() if value is not None}
        if to and to != current.state and desk.HOLD_REASON not in details:
            kept.pop(desk.HOLD_REASON, None)
        wanted = _wanted(current, new | {"details": kept}, ports)
        if to and to != current.state:
            desk.check_move(replace(current, details=kept), to)
            event = desk.move_event(current, to)
            return current.changed(event, by=caller, origin="records", at=ports.now(), state=to, **wanted)
        if not wanted:
            return current
        return current.changed("FieldsChanged", by=caller, origin="records", at=ports.now(), **wanted)

    saved = approving.void(desk.update(ports, record.id, decide), ports)
    return json_response(200, shown(saved), etag=f'"{saved.version}"')


def _wanted(record: Record, new: Mapping[str, Any], ports: Ports) -> dict[str, Any]:
    """What of it differs from the record, with the priority that follows from it."""
    wanted: dict[str, Any] = {name: value for name, value in new.items() if getattr(record, name) != value}
    details = wanted.get("details", record.details)
    if wanted.keys() & {"impact", "urgency", "service"} or details.get(ITEM) != record.details.get(ITEM):
        facts = {name: wanted.get(name, getattr(record, name)) for name in ("impact", "urgency", "service")}
        level = desk.priority_of(facts["impact"], facts["urgency"], facts["service"], details, ports)
        if level != record.priority:
            wanted["priority"] = level
    return wanted


def history(request: Request, ports: Ports) -> Response:
    """GET /records/{number}/history?after=&limit=: the events, oldest first, with their place in the chain."""
    record = ports.records.find(request.params["number"])
    limit, after = asked(request)
    if after and not VERSION.fullmatch(after):
        raise InvalidInputError("after", NO_PLACE)
    found = ports.records.history(record.id, int(after or 0), limit + 1)
    rows, last = cut([(str(one.version), _event(one)) for one in found], limit)
    return json_response(200, {"number": record.number, "events": rows, "next": last})


def comments(request: Request, ports: Ports) -> Response:
    """GET /records/{number}/comments?after=&limit=: the journal, oldest first."""
    record = ports.records.find(request.params["number"])
    rows, after = page(request, [(one.id, _entry(one)) for one in ports.records.comments(record.id)])
    return json_response(200, {"number": record.number, "comments": rows, "next": after})


def comment(request: Request, ports: Ports) -> Response:
    """POST /records/{number}/comments: {"text", "public"?}; an Idempotency-Key header makes a repeat harmless.

    Other words under a key that was used are a comment of their own: nothing that is answered with 201 is left out.
    """
    body, caller = body_of(request, "text", "public"), who(request)
    record = ports.records.find(request.params["number"])
    text = text_of("text", body.get("text"), COMMENT_CHARS)
    public = body.get("public", True)
    if not isinstance(public, bool):
        raise InvalidInputError("public", "is true (the requester sees it) or false")
    words = hashlib.sha256(json.dumps([text, public]).encode()).hexdigest()
    key = request.headers.get("idempotency-key") or str(ports.now())
    entry = Comment(
        id=derived_id(f"records:{record.id}:{caller}", f"{key}:{words}"),
        record=record.id,
        at=ports.now(),
        by=caller,
        text=text,
        origin="records",
        public=public,
    )
    saved = desk.update(ports, record.id, lambda current: desk.commented(current, entry), entry)
    return json_response(201, {"number": saved.number, "version": saved.version, "comment": entry.id})


def worklist(request: Request, ports: Ports) -> Response:
    """GET /worklists/{group}?by=&after=&limit=: a group's open records by due, then priority; 100 at most.

    By assignee what a person works on, oldest first; by requester what a person ever asked for, newest first.
    """
    name, by = request.params["group"], request.query.get("by", GROUP)
    limit, after = request.query.get("limit", "25"), request.query.get("after", "")
    if by not in PLACES:
        raise InvalidInputError("by", f"is one of {', '.join(PLACES)}")
    if by == GROUP and name not in (*ports.policies.groups.groups, quarantine.SUPPRESSED_ALARMS):
        raise NotFoundError(f"no group is called {name!r}")
    if not (limit.isdecimal() and len(limit) <= DIGITS and 1 <= int(limit) <= 100):
        raise InvalidInputError("limit", "is a whole number from 1 to 100")
    if len(name) > NAME_CHARS:
        raise InvalidInputError(by, f"has {len(name)} characters; nobody's has over {NAME_CHARS}")
    if after and not PLACES[by].fullmatch(after):
        raise InvalidInputError("after", NO_PLACE)
    found = ports.records.worklist(name if by == GROUP else _called(name), after, int(limit), by)
    rows = [{**asdict(row), "due": instant(row.due)} for row in found.rows]
    return json_response(200, {by: name, "rows": rows, "next": found.next})


def shown(record: Record) -> Mapping[str, Json]:
    """A record as JSON: instants in RFC 3339, clocks with what is left out of them being null."""
    clocks: list[Json] = [
        {
            "metric": clock.metric,
            "kind": clock.kind,
            "agreement": clock.agreement,
            "state": clock.state,
            "due": instant(clock.due),
            "paused_since": instant(clock.since) if clock.state == "paused" else None,
            "breached_at": instant(clock.breached_at),
        }
        for clock in record.clocks
    ]
    plain = {name: getattr(record, name) for name in _PLAIN}
    return {
        **plain,
        "participants": list(record.participants),
        "opened_at": instant(record.opened_at),
        "updated_at": instant(record.updated_at),
        "clocks": clocks,
        "details": dict(record.details),
        "legal_moves": list(desk.legal_moves(record)),
    }


_PLAIN = (
    *("id", "number", "practice", "state", "version", "title", "source", "requester", "requester_name"),
    *("service", "impact", "urgency", "priority", "group", "assignee"),
)


def instant(at: int | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _event(event: Event) -> Mapping[str, Json]:
    """An event as JSON; what a ticket was opened with is its requester's own."""
    at, said_at, public = instant(event.at), instant(event.said_at or None), event.public or event.version == 1
    return {**asdict(event), "at": at, "said_at": said_at, "public": public}


def _entry(entry: Comment) -> Mapping[str, Json]:
    return {
        "id": entry.id,
        "at": instant(entry.at),
        "by": entry.by,
        "text": entry.text,
        "public": entry.public,
        "origin": entry.origin,
        "attachments": list(entry.attachments),
    }


def who(request: Request) -> str:
    """Who calls. Raises ForbiddenError for a token that names nobody."""
    if not request.caller:
        raise ForbiddenError("the token names nobody: it has neither `email` nor `sub`")
    return request.caller


def _version(request: Request, stated: Any) -> int | None:
    if stated is None:
        stated = request.headers.get("if-match", "").strip('W/"') or None
    if stated is None or stated == "*":
        return None  # any version will do (RFC 9110 13.1.1)
    if isinstance(stated, bool) or not str(stated).isdecimal() or len(str(stated)) > DIGITS:
        raise InvalidInputError("version", "is the whole number that reading the record gave")
    return int(stated)


def _checked(name: str, value: Any, ports: Ports) -> str | int:
    if name in ("impact", "urgency"):
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidInputError(name, "is a whole number; 1 is the highest")
        return value
    text = " ".join(text_of(name, value, TITLE_CHARS, empty=name in ("assignee", "service")).split())
    if name == "group" and text not in ports.policies.groups.groups:
        raise InvalidInputError("group", f"no group is called {text!r}")
    if name == "assignee":
        return _called(text)
    if name == "service" and text and text not in ports.policies.services.services:
        raise InvalidInputError("service", f"no service is called {text!r}")
    return text


def _called(name: str) -> str:
    """A person as a record names them: an address in small letters, anything else as it is."""
    return folded(name) if "@" in name else name


def _details(record: Record, stated: Any, ports: Ports) -> Mapping[str, Json]:
    """The details to set, as the record's practice lets a person set them; null takes one away.

    Any ticket may name its configuration item, one that configuration.toml knows.
    """
    if not isinstance(stated, dict):
        raise InvalidInputError("details", "is an object")
    editable = (*load(record.practice).editable, ITEM)
    for name, value in stated.items():
        if name not in editable:
            can = ", ".join(editable)
            raise InvalidInputError(f"details.{name}", f"cannot be set on a {record.practice}; what can: {can}")
        items = value if isinstance(value, list) else [value]
        if len(items) > DETAIL_ITEMS or not all(map(_is_detail, items)):
            what = f"a whole number, a text of {DETAIL_CHARS} characters, or a list of at most {DETAIL_ITEMS} of them"
            raise InvalidInputError(f"details.{name}", f"is {what}")
    item, known = stated.get(ITEM), ports.policies.configuration.items
    if item is not None and (not isinstance(item, str) or item not in known):
        raise InvalidInputError(f"details.{ITEM}", f"no configuration item is called {item!r}")
    return stated


def _is_detail(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= DETAIL_CHARS
    return value is None or (isinstance(value, int) and abs(value) < 10 ** (2 * DIGITS))


def body_of(request: Request, *fields: str) -> Mapping[str, Any]:
    """The body, which may have these fields and no other. Raises InvalidInputError with the field nobody would read.

    Whoever spells `public` in another way would else have the requester read a note among colleagues.
    """
    body = request.json()
    unknown = sorted(set(body) - set(fields))
    if unknown:
        raise InvalidInputError(unknown[0], f"cannot be set; what can: {', '.join(fields)}")
    return body


def text_of(name: str, value: Any, most: int, *, empty: bool = False) -> str:
    """A text a body gave. Raises InvalidInputError with the field's name."""
    if not isinstance(value, str) or (not value.strip() and not empty):
        raise InvalidInputError(name, "is a text and must not be empty")
    if len(value) > most:
        raise InvalidInputError(name, f"has {len(value)} characters; {most} are taken")
    return value.strip()
