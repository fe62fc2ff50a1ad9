"""Relations API: merge a ticket into another, split one, say which is part of which."""

import hashlib
from typing import Any

from itsm.core.errors import IllegalMoveError, InvalidInputError, NotFoundError
from itsm.core.practice import load
from itsm.core.record import Comment, Record, derived_id
from itsm.runtime import desk
from itsm.runtime.http import Request, Response, json_response
from itsm.runtime.ports import Ports
from itsm.runtime.records_api import COMMENT_CHARS, TITLE_CHARS, shown, text_of, who
from itsm.service_desk import opening, relations

ENDS = ("cancelled", "closed", "rejected")
"""States a merged ticket may end in, the first that its lifecycle leads to."""


def merge(request: Request, ports: Ports) -> Response:
    """POST /records/{number}/merge: {"into"}; the ticket ends, and the other gets its people, its words and its mail.

    Doing it again changes nothing. 422 for a circle, another practice, or a ticket that was merged away itself.
    """
    body, by = request.json(), who(request)
    record = ports.records.find(request.params["number"])
    into = ports.records.find(text_of("into", body.get("into"), 20))
    relations.check_merge(record, into, lambda number: _found(number, ports))
    if not record.details.get(relations.MERGED_INTO):
        _end_of(record)
    key, most = f"merge {record.number} {into.number}", ports.policies.sources.mail.participants
    told = f"{record.number} was merged into this: {record.title}\n\n{_words(record, ports)}"
    here = _entry(into, key, told, by, ports, public=False)

    def joined(current: Record) -> Record:
        people = relations.joined_by(current, record, most)
        return current.changed("FieldsChanged", **desk.said_with(here), participants=people)

    saved = desk.update(ports, into.id, joined, here)
    there = _entry(record, key, f"We go on with this under {into.number}.", by, ports, public=True)

    def ended(current: Record) -> Record:
        details = {**current.details, relations.MERGED_INTO: into.number}
        return current.changed("StateChanged", **desk.said_with(there), state=_end_of(current), details=details)

    desk.update(ports, record.id, ended, there)
    return json_response(200, shown(saved))


def split(request: Request, ports: Ports) -> Response:
    """POST /records/{number}/split: {"title", "text"}; a new ticket that names this one, which names it in its journal.

    An Idempotency-Key header makes a repeat harmless; without one the same title and text are the same split.
    """
    body, by = request.json(), who(request)
    record = ports.records.find(request.params["number"])
    title = text_of("title", body.get("title"), TITLE_CHARS)
    said = text_of("text", body.get("text"), COMMENT_CHARS)
    key = request.headers.get("idempotency-key") or hashlib.sha256(f"{title}\n{said}".encode()).hexdigest()
    new = derived_id(f"split:{record.id}", key)
    text, longer = opening.kept(said, new, opening.INLINE_BYTES, opening.EXCERPT_BYTES)
    initial = load(record.practice).lifecycle.initial
    made = ports.records.create(
        relations.split_off(record, id_=new, title=title, text=text, initial=initial, by=by, at=ports.now())
    )
    if longer:
        whole = _entry(made.record, f"split {new}", said, by, ports, public=True)
        desk.update(ports, new, lambda current: desk.commented(current, whole), whole)
    note = _entry(record, f"split {new}", f"{made.record.number} was split off: {title}", by, ports, public=False)
    desk.update(ports, record.id, lambda current: desk.commented(current, note), note)
    return json_response(201 if made.new else 200, shown(made.record))


def parent(request: Request, ports: Ports) -> Response:
    """PUT /records/{number}/parent: {"parent": number or null}; 422 where a ticket would come to be part of itself."""
    body, by = request.json(), who(request)
    if "parent" not in body:
        raise InvalidInputError("parent", "is the number of the ticket this is part of, or null")
    record = ports.records.find(request.params["number"])
    number = ""
    if body["parent"] is not None:
        above = ports.records.find(text_of("parent", body["parent"], 20))
        relations.check_parent(record, above, lambda name: _found(name, ports))
        number = above.number

    def decide(current: Record) -> Record:
        if current.details.get(relations.PARENT, "") == number:
            return current
        kept = {name: value for name, value in current.details.items() if name != relations.PARENT}
        details = {**kept, **({relations.PARENT: number} if number else {})}
        return current.changed("FieldsChanged", by=by, origin="records", at=ports.now(), details=details)

    before = record.details.get(relations.PARENT, "")
    saved = desk.update(ports, record.id, decide)
    if number and number != before:
        note = _entry(above, f"child {record.number} {saved.version}", f"{record.number} is part of this", by, ports)
        desk.update(ports, above.id, lambda current: desk.commented(current, note), note)
    return json_response(200, shown(saved))


def _found(number: str, ports: Ports) -> Record | None:
    try:
        return ports.records.find(number)
    except NotFoundError:
        return None


def _end_of(record: Record) -> str:
    """The state a ticket ends in when it is merged away. Raises IllegalMoveError where it leads to no end."""
    if record.state in ENDS:
        return record.state
    legal = desk.legal_moves(record)
    end = next((state for state in ENDS if state in legal), None)
    if end is None:
        raise IllegalMoveError(record.number, record.state, ENDS[0], legal)
    return end


def _words(record: Record, ports: Ports) -> str:
    return next((entry.text for entry in ports.records.comments(record.id)), "")[:4_000]


def _entry(record: Record, key: str, text: str, by: str, ports: Ports, **public: Any) -> Comment:
    id_ = derived_id(f"relation:{record.id}", key)
    public = public or {"public": False}
    return Comment(id=id_, record=record.id, at=ports.now(), by=by, text=text, origin="records", **public)
