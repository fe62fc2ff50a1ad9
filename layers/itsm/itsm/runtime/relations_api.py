"""Relations API: merge a ticket into another, split one, say which is part of which."""

import hashlib
from collections.abc import Sequence

from itsm.core.errors import IllegalMoveError, InvalidInputError, NotFoundError
from itsm.core.journal import opening_words
from itsm.core.ports import Change
from itsm.core.practice import load
from itsm.core.record import Comment, Record, derived_id
from itsm.runtime import desk
from itsm.runtime.http import Request, Response, json_response
from itsm.runtime.ports import Ports
from itsm.runtime.records_api import COMMENT_CHARS, TITLE_CHARS, body_of, shown, text_of, who
from itsm.service_desk import opening, relations

ENDS = ("cancelled", "closed", "rejected")
"""States a merged ticket may end in, the first that its lifecycle leads to."""


def merge(request: Request, ports: Ports) -> Response:
    """POST /records/{number}/merge: {"into"}; the ticket ends, and the other gets its people, its words and its mail.

    Doing it again changes nothing. 422 for a circle, another practice, a ticket that was merged away itself, or one at
    its end while this one is at work. Both are saved in one transaction on the versions that were judged, so two merges
    at once make no circle either.
    """
    body, by = body_of(request, "into"), who(request)
    record = ports.records.find(request.params["number"])
    into = ports.records.find(text_of("into", body.get("into"), 20))
    key, most = f"merge {record.number} {into.number}", ports.policies.sources.mail.participants
    words = _words(record, ports)

    def merged(both: Sequence[Record]) -> tuple[Sequence[Change], Sequence[Record]]:
        ended, kept = both[0], both[-1]
        above = relations.check_merge(ended, kept, lambda number: _found(number, ports))
        if ended.details.get(relations.MERGED_INTO) == kept.number:
            return (), ()
        _check_alive(ended, kept)
        told = f"{ended.number} was merged into this: {ended.title}\n\n{words}"
        here = _entry(kept, key, told, by, ports, public=False)
        there = _entry(ended, key, f"We go on with this under {kept.number}.", by, ports, public=True)
        people = relations.joined_by(kept, ended, most)
        details = {**ended.details, relations.MERGED_INTO: kept.number}
        end = _end_of(ended)
        return (
            (kept.changed("FieldsChanged", **desk.said_with(here), participants=people), here),
            (ended.changed("StateChanged", **desk.said_with(there), state=end, details=details), there),
        ), above

    desk.update_all(ports, (record.id, into.id), merged)
    return json_response(200, shown(ports.records.get(into.id)))


def split(request: Request, ports: Ports) -> Response:
    """POST /records/{number}/split: {"title", "text"}; a new ticket that names this one, which names it in its journal.

    An Idempotency-Key header makes a repeat harmless; without one the same title and text are the same split.
    """
    body, by = body_of(request, "title", "text"), who(request)
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
    body, by = body_of(request, "parent"), who(request)
    if "parent" not in body:
        raise InvalidInputError("parent", "is the number of the ticket this is part of, or null")
    record = ports.records.find(request.params["number"])
    above = None
    if body["parent"] is not None:
        above = ports.records.find(text_of("parent", body["parent"], 20))

    def placed(both: Sequence[Record]) -> tuple[Sequence[Change], Sequence[Record]]:
        child, parent = both[0], both[-1] if above else None
        return _placed(child, parent, by, ports)

    desk.update_all(ports, (record.id, above.id) if above else (record.id,), placed)
    return json_response(200, shown(ports.records.get(record.id)))


def _placed(child: Record, parent: Record | None, by: str, ports: Ports) -> tuple[Sequence[Change], Sequence[Record]]:
    """The child under its parent and what the parent's journal says of it; nobody above may have changed by then."""
    chain = relations.check_parent(child, parent, lambda name: _found(name, ports)) if parent else ()
    number = parent.number if parent else ""
    if child.details.get(relations.PARENT, "") == number:
        return (), ()
    details = {name: value for name, value in child.details.items() if name != relations.PARENT}
    details |= {relations.PARENT: number} if number else {}
    moved = child.changed("FieldsChanged", by=by, origin="records", at=ports.now(), details=details)
    if parent is None:
        return ((moved, None),), ()
    key = f"child {child.number} {moved.version}"
    note = _entry(parent, key, f"{child.number} is part of this", by, ports, public=False)
    return ((moved, None), (desk.commented(parent, note), note)), chain[1:]


def _found(number: str, ports: Ports) -> Record | None:
    try:
        return ports.records.find(number)
    except NotFoundError:
        return None


def _check_alive(ended: Record, kept: Record) -> None:
    """Raise InvalidInputError where what is at work would go on in a ticket that nobody can work on any more."""
    final = load(kept.practice).lifecycle.final
    if kept.state in final and ended.state not in final:
        raise InvalidInputError("into", f"{kept.number} is {kept.state}: nobody would go on with {ended.number} there")


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
    return opening_words(ports.records.comments(record.id))[:4_000]


def _entry(record: Record, key: str, text: str, by: str, ports: Ports, *, public: bool) -> Comment:
    id_ = derived_id(f"relation:{record.id}", key)
    return Comment(id=id_, record=record.id, at=ports.now(), by=by, text=text, origin="records", public=public)
