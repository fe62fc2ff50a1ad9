"""Wire: the JSON of Jira Cloud v3, to and from what this folder speaks; what is missing is an error."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from itsm.core.addresses import folded
from itsm.core.errors import OutsideError
from itsm.jira import adf
from itsm.jira.issues import CLOCKS, PROOF, Draft, Edit, Found, Issue, Person, Said, Status, Told, Transition

FIELDS = "summary,status,priority,assignee,labels,duedate,description,creator"
NAMES = {"summary": "title", "priority": "priority", "assignee": "assignee", "duedate": "due", "labels": "labels"}
"""Jira's name of a field to ours."""
OPAQUE = ("assignee", "status", "duedate")
"""Fields whose changelog identifies the value in `to`; elsewhere `toString` is what people read."""


def new_issue(draft: Draft) -> dict[str, Any]:
    """The body of POST issue."""
    fields: dict[str, Any] = {
        "project": {"key": draft.project},
        "issuetype": {"name": draft.issue_type},
        "summary": draft.summary,
        "description": draft.description,
        "labels": list(draft.labels),
        **_fields(draft.optional),
        **_told(draft.clocks),
    }
    if draft.parent:
        fields["parent"] = {"id": draft.parent}
    return {"fields": fields, "properties": [{"key": PROOF, "value": {"record": draft.record}}, *_facts(draft.clocks)]}


def change(
    fields: Mapping[str, str], add: Sequence[str], remove: Sequence[str], clocks: Told | None = None
) -> dict[str, Any]:
    """The body of PUT issue: fields by value, labels by verb, so that labels of others are never overwritten."""
    verbs = [{"add": label} for label in add] + [{"remove": label} for label in remove]
    body: dict[str, Any] = {}
    if values := {**_fields(fields), **_told(clocks)}:
        body["fields"] = values
    if verbs:
        body["update"] = {"labels": verbs}
    if clocks:
        body["properties"] = _facts(clocks)
    return body


def _told(clocks: Told | None) -> dict[str, Any]:
    return {clocks.place: clocks.document} if clocks and clocks.place else {}


def _facts(clocks: Told | None) -> list[dict[str, Any]]:
    return [{"key": CLOCKS, "value": dict(clocks.facts)}] if clocks else []


def _fields(ours: Mapping[str, str]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in ours.items():
        match name:
            case "title":
                written["summary"] = value
            case "priority":
                written["priority"] = {"name": value}
            case "assignee":
                written["assignee"] = {"accountId": value} if value else None
            case "due":
                written["duedate"] = value or None
    return written


def issue(answer: object) -> Issue:
    """An issue from GET issue. Raises OutsideError when the answer is none."""
    whole = _object(answer)
    fields = _object(whole.get("fields"))
    proof = _value(whole.get("properties"), PROOF)
    histories = _list(_maybe(whole.get("changelog")).get("histories"))
    edits = [edit for history in histories for edit in _edits(_object(history))]
    assignee = fields.get("assignee")
    return Issue(
        id=_string(whole, "id"),
        key=_string(whole, "key"),
        summary=str(fields.get("summary") or ""),
        status=status(fields.get("status")),
        priority=str(_maybe(fields.get("priority")).get("name") or ""),
        assignee=person(assignee) if isinstance(assignee, Mapping) else None,
        labels=tuple(str(label) for label in _list(fields.get("labels"))),
        due=str(fields.get("duedate") or ""),
        record=str(proof.get("record") or ""),
        creator=person(fields.get("creator")).account,
        description=_maybe(fields.get("description")) or None,
        edits=tuple(sorted(edits, key=lambda edit: edit.id)),
    )


def _value(properties: object, key: str) -> Mapping[str, Any]:
    """A property's value: GET issue has them as an object, comments as a list of pairs."""
    if isinstance(properties, Mapping):
        return _maybe(properties.get(key))
    pairs = [_maybe(pair) for pair in _list(properties)]
    return next((_maybe(pair.get("value")) for pair in pairs if pair.get("key") == key), {})


def _edits(history: Mapping[str, Any]) -> list[Edit]:
    made, by = _instant(history.get("created")), person(history.get("author"))
    found = []
    for item in map(_maybe, _list(history.get("items"))):
        name = str(item.get("fieldId") or item.get("field") or "")
        was, became = ("from", "to") if name in OPAQUE else ("fromString", "toString")
        found.append(
            Edit(
                id=int(str(history.get("id") or 0)),
                field=name,
                at=made,
                by=by,
                was=str(item.get(was) or ""),
                became=str(item.get(became) or ""),
            )
        )
    return found


def status(value: object) -> Status:
    """A status with its category."""
    whole = _object(value)
    category = _maybe(whole.get("statusCategory")).get("key")
    return Status(id=_string(whole, "id"), name=str(whole.get("name") or ""), category=str(category or ""))


def person(value: object) -> Person:
    """An account; app accounts and deleted ones may have hardly anything."""
    whole = _maybe(value)
    return Person(
        account=str(whole.get("accountId") or ""),
        name=str(whole.get("displayName") or ""),
        email=str(whole.get("emailAddress") or ""),
    )


def found(answer: object) -> list[Found]:
    """The issues of a search's page."""
    hits = [_object(hit) for hit in _list(_object(answer).get("issues"))]
    labels = [_list(_maybe(hit.get("fields")).get("labels")) for hit in hits]
    return [
        Found(id=_string(hit, "id"), labels=tuple(map(str, names))) for hit, names in zip(hits, labels, strict=True)
    ]


def transitions(answer: object) -> tuple[Transition, ...]:
    """The moves that are offered and can be made."""
    ways = [_object(way) for way in _list(_object(answer).get("transitions"))]
    return tuple(_transition(way) for way in ways if way.get("isAvailable") is not False)


def _transition(way: Mapping[str, Any]) -> Transition:
    fields = {name: _maybe(field) for name, field in _maybe(way.get("fields")).items()}
    asks = [name for name, field in fields.items() if field.get("required") and not field.get("hasDefaultValue")]
    return Transition(
        id=_string(way, "id"),
        name=str(way.get("name") or ""),
        to=status(way.get("to")),
        asks=tuple(asks),
        offers=tuple(fields),
    )


def comments(answer: object) -> tuple[list[Said], int]:
    """A page of comments, and how many there are in all."""
    whole = _object(answer)
    total = whole.get("total")
    return [_said(_object(entry)) for entry in _list(whole.get("comments"))], total if isinstance(total, int) else 0


def _said(entry: Mapping[str, Any]) -> Said:
    proof, desk = _value(entry.get("properties"), PROOF), _value(entry.get("properties"), "sd.public.comment")
    edited = entry.get("updated") != entry.get("created")
    internal, shown = desk.get("internal"), entry.get("jsdPublic")
    return Said(
        id=_string(entry, "id"),
        text=adf.to_text(entry.get("body")),
        at=_instant(entry.get("created")),
        by=person(entry.get("author")),
        edited_at=_instant(entry.get("updated")) if edited else 0,
        edited_by=person(entry.get("updateAuthor")) if edited else None,
        ours=str(proof.get("comment") or ""),
        # Jira has been seen to keep this as text too.
        internal=internal if isinstance(internal, bool) else {"true": True, "false": False}.get(str(internal).lower()),
        jsd_public=shown if isinstance(shown, bool) else None,
    )


def account(answer: object, email: str) -> str | None:
    """The one active account with exactly this address."""
    people = [_maybe(entry) for entry in _list(answer)]
    exact = [
        str(entry.get("accountId") or "")
        for entry in people
        if folded(str(entry.get("emailAddress") or "")) == folded(email) and entry.get("active") is not False
    ]
    return exact[0] if len(exact) == 1 and exact[0] else None


def _instant(text: object) -> int:
    """Whole epoch seconds of Jira's ISO time (2026-01-31T09:30:00.000+0000)."""
    try:
        return int(datetime.fromisoformat(str(text)).timestamp())
    except ValueError as error:
        raise OutsideError("Jira's answer holds a time we cannot read") from error


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise OutsideError("Jira's answer is not of the form its API describes")
    return value


def _maybe(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(whole: Mapping[str, Any], name: str) -> str:
    value = whole.get(name)
    if not isinstance(value, str) or not value:
        raise OutsideError(f"Jira's answer has no {name}")
    return value
