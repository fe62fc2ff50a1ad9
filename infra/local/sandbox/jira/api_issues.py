"""REST v3: issues, their transitions, history and properties."""

from __future__ import annotations

from dataclasses import replace

from sandbox.jira.desk import MISSING
from sandbox.jira.fields import RESOLUTION, Field, editable
from sandbox.jira.messages import EMPTY, Json, Refusal, Response, as_json
from sandbox.jira.model import Change, Issue, Move, Named
from sandbox.jira.properties import check_property
from sandbox.jira.router import Call, Rooms, Route

BULK_LIMIT = 100


def create(rooms: Rooms, call: Call) -> Response:
    """POST issue."""
    issue = rooms.issues.create(call.request.json_object(), call.actor)
    return as_json(rooms.desk.views.head(issue), 201)


def read(rooms: Rooms, call: Call) -> Response:
    """GET issue."""
    request = call.request
    issue = rooms.desk.find(call["issue"])
    wanted = request.many("fields") or ("*all",)
    return as_json(rooms.desk.views.issue(issue, wanted, request.many("properties"), request.many("expand")))


def edit(rooms: Rooms, call: Call) -> Response:
    """PUT issue."""
    issue = rooms.issues.edit(rooms.desk.find(call["issue"]), call.request.json_object(), call.actor)
    if not call.request.flag("returnIssue"):
        return EMPTY
    return as_json(rooms.desk.views.issue(issue, expand=call.request.many("expand")))


def delete(rooms: Rooms, call: Call) -> Response:
    """DELETE issue."""
    with_subtasks = call.request.flag("deleteSubtasks")
    rooms.issues.delete(rooms.desk.find(call["issue"]), call.actor, with_subtasks=with_subtasks)
    return EMPTY


def assign(rooms: Rooms, call: Call) -> Response:
    """PUT assignee."""
    issue = rooms.desk.find(call["issue"])
    rooms.issues.edit(issue, {"fields": {"assignee": call.request.json_object()}}, call.actor)
    return EMPTY


def fetch(rooms: Rooms, call: Call) -> Response:
    """POST bulkfetch: up to 100 issues by id or key; those that are missing come as errors."""
    body = call.request.json_object()
    asked = body.get("issueIdsOrKeys")
    if not isinstance(asked, list) or not asked or len(asked) > BULK_LIMIT:
        raise Refusal(400, f"issueIdsOrKeys takes 1 to {BULK_LIMIT} issue ids or keys.")
    if unknown := set(body) - {"issueIdsOrKeys", "fields", "properties", "expand", "fieldsByKeys"}:
        raise Refusal(400, f'Unrecognized field "{min(unknown)}"')
    found: dict[str, Issue] = {}
    errors = []
    for name in asked:
        try:
            issue = rooms.desk.find(str(name))
            found[issue.id] = issue
        except Refusal:
            errors.append({"id": str(name), "errorMessage": MISSING})
    fields, properties, expand = (words(body, name) for name in ("fields", "properties", "expand"))
    shown = [rooms.desk.views.issue(issue, fields or ("*navigable",), properties, expand) for issue in found.values()]
    return as_json({"issues": shown, "issueErrors": errors})


def words(body: dict[str, Json], name: str) -> tuple[str, ...]:
    """A list of words in a body, perhaps left out. Raises Refusal (400) for anything else."""
    listed = body.get(name) or []
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        raise Refusal(400, f"'{name}' is a list of words.")
    return tuple(listed)


def history(rooms: Rooms, call: Call) -> Response:
    """GET changelog, oldest first."""
    issue = rooms.desk.find(call["issue"])
    entries = rooms.desk.store.of(Change, issue.id)
    start, size = paging(call, 100)
    page = entries[start : start + size]
    return as_json(
        {
            "self": rooms.desk.views.url(f"issue/{issue.id}/changelog?maxResults={size}&startAt={start}"),
            "startAt": start,
            "maxResults": size,
            "total": len(entries),
            "isLast": start + size >= len(entries),
            "values": [rooms.desk.views.change(entry) for entry in page],
        }
    )


def paging(call: Call, size: int, limit: int = 5000) -> tuple[int, int]:
    """``startAt`` and ``maxResults`` of a request. Raises Refusal (400) when they are no numbers."""
    try:
        return max(0, int(call.request.one("startAt", "0"))), min(limit, int(call.request.one("maxResults", str(size))))
    except ValueError:
        raise Refusal(400, "startAt and maxResults must be numbers.") from None


def transitions(rooms: Rooms, call: Call) -> Response:
    """GET transitions: those the issue's status allows."""
    issue = rooms.desk.find(call["issue"])
    with_fields = "transitions.fields" in call.request.many("expand")
    wanted = call.request.one("transitionId")
    moves = [move for move in rooms.desk.catalogue.moves_from(issue.status) if wanted in ("", move.id)]
    return as_json({"expand": "transitions", "transitions": [transition(rooms, move, with_fields) for move in moves]})


def transition(rooms: Rooms, move: Move, with_fields: bool) -> Json:
    """A transition; its screen's fields only when asked for."""
    catalogue = rooms.desk.catalogue
    shown: dict[str, Json] = {
        "id": move.id,
        "name": move.name,
        "to": rooms.desk.views.status(catalogue.status(move.target)),
        "hasScreen": bool(move.screen),
        "isGlobal": False,
        "isInitial": False,
        "isAvailable": True,
        "isConditional": False,
        "looped": False,
    }
    if with_fields:
        fields = {"resolution": RESOLUTION, **editable(catalogue)}
        shown["fields"] = {name: metadata(rooms, fields[name], required=name in move.required) for name in move.screen}
    return shown


def metadata(rooms: Rooms, field: Field, *, required: bool) -> dict[str, Json]:
    """What a screen says of a field: what it takes and what one may choose."""
    catalogue, views = rooms.desk.catalogue, rooms.desk.views
    shown: dict[str, Json] = {
        "required": required,
        "schema": dict(field.schema),
        "name": field.name,
        "key": field.id,
        "hasDefaultValue": field.id == "priority",
        "operations": list(field.operations),
    }
    entries: dict[str, tuple[Named, ...]] = {"priority": catalogue.priorities, "resolution": catalogue.resolutions}
    if field.kind in entries:
        shown["allowedValues"] = [views.named(field.kind, entry) for entry in entries[field.kind]]
    if field.kind == "option":
        options = next(entry.options for entry in catalogue.custom_fields if entry.id == field.id)
        shown["allowedValues"] = [views.value(field, option.id) for option in options]
    return shown


def move(rooms: Rooms, call: Call) -> Response:
    """POST transitions."""
    rooms.issues.move(rooms.desk.find(call["issue"]), call.request.json_object(), call.actor)
    return EMPTY


def edit_screen(rooms: Rooms, call: Call) -> Response:
    """GET editmeta."""
    rooms.desk.find(call["issue"])
    fields = editable(rooms.desk.catalogue).values()
    return as_json({"fields": {field.id: metadata(rooms, field, required=field.required) for field in fields}})


def property_keys(rooms: Rooms, call: Call) -> Response:
    """GET properties."""
    issue = rooms.desk.find(call["issue"])
    own = [{"key": key, "self": rooms.desk.views.url(f"issue/{issue.id}/properties/{key}")} for key in issue.properties]
    return as_json({"keys": own})


def property_value(rooms: Rooms, call: Call) -> Response:
    """GET one property."""
    issue = rooms.desk.find(call["issue"])
    if call["key"] not in issue.properties:
        raise Refusal(404, f"The property with key '{call['key']}' does not exist.")
    return as_json({"key": call["key"], "value": issue.properties[call["key"]]})


def set_property(rooms: Rooms, call: Call) -> Response:
    """PUT one property: 201 when new, 200 when replaced."""
    issue = rooms.desk.find(call["issue"])
    value = call.request.json()
    check_property(call["key"], value)
    rooms.desk.store.put(replace(issue, properties={**issue.properties, call["key"]: value}))
    return Response(status=200 if call["key"] in issue.properties else 201)


def delete_property(rooms: Rooms, call: Call) -> Response:
    """DELETE one property."""
    issue = rooms.desk.find(call["issue"])
    property_value(rooms, call)
    kept = {key: value for key, value in issue.properties.items() if key != call["key"]}
    rooms.desk.store.put(replace(issue, properties=kept))
    return EMPTY


BASE = "/rest/api/3/issue"
ROUTES = (
    Route("POST", BASE, create),
    Route("POST", f"{BASE}/bulkfetch", fetch),
    Route("GET", f"{BASE}/{{issue}}", read),
    Route("PUT", f"{BASE}/{{issue}}", edit),
    Route("DELETE", f"{BASE}/{{issue}}", delete),
    Route("PUT", f"{BASE}/{{issue}}/assignee", assign),
    Route("GET", f"{BASE}/{{issue}}/changelog", history),
    Route("GET", f"{BASE}/{{issue}}/editmeta", edit_screen),
    Route("GET", f"{BASE}/{{issue}}/transitions", transitions),
    Route("POST", f"{BASE}/{{issue}}/transitions", move),
    Route("GET", f"{BASE}/{{issue}}/properties", property_keys),
    Route("GET", f"{BASE}/{{issue}}/properties/{{key}}", property_value),
    Route("PUT", f"{BASE}/{{issue}}/properties/{{key}}", set_property),
    Route("DELETE", f"{BASE}/{{issue}}/properties/{{key}}", delete_property),
)
