"""What people do on the pages. They act as themselves, never as the integration, and webhooks tell of it."""

from __future__ import annotations

from urllib.parse import quote

from sandbox.jira.adf import from_text
from sandbox.jira.issue_page import issue_page
from sandbox.jira.messages import Declined, Json, Refusal, Response, redirect
from sandbox.jira.pages import new_page, typed
from sandbox.jira.router import Call, Rooms, Route


def _actor(rooms: Rooms, given: dict[str, str]) -> str:
    people = {user.id for user in rooms.desk.catalogue.people()}
    if given.get("as") not in people:
        raise Refusal(403, "Choose a person to act as.")
    return given["as"]


def _words(refusal: Refusal) -> tuple[str, ...]:
    return (*refusal.messages, *(f"{name}: {text}" for name, text in refusal.errors.items()))


def _done(rooms: Rooms, call: Call, body: Json, action: str, anchor: str = "") -> Response:
    """Do something to the issue, then show it again; what was refused is said on its page."""
    given = typed(call.request)
    issue = rooms.desk.find(call["key"])
    actor = _actor(rooms, given)
    try:
        if action == "comment":
            rooms.comments.add(issue, body, actor)
        elif action == "move":
            rooms.issues.move(issue, body, actor)
        else:
            rooms.issues.edit(issue, body, actor)
    except Refusal as refusal:
        words = _words(refusal)
        raise Declined(refusal, lambda: issue_page(rooms, issue, acting=actor, problems=words)) from refusal
    return redirect(f"/browse/{issue.key}?as={quote(actor)}{anchor}")


def transition(rooms: Rooms, call: Call) -> Response:
    """Move an issue along its workflow."""
    given = typed(call.request)
    body: dict[str, Json] = {"transition": {"id": given.get("id", "")}}
    chosen = next((m for m in rooms.desk.catalogue.moves if m.id == given.get("id")), None)
    if given.get("resolution") and chosen and "resolution" in chosen.screen:
        body["fields"] = {"resolution": {"id": given["resolution"]}}
    return _done(rooms, call, body, "move")


def comment(rooms: Rooms, call: Call) -> Response:
    """Say something."""
    given = typed(call.request)
    body: dict[str, Json] = {"body": from_text(given.get("body", ""))}
    if given.get("internal"):
        body["properties"] = [{"key": "sd.public.comment", "value": {"internal": True}}]
    return _done(rooms, call, body, "comment", "#talk")


def edit(rooms: Rooms, call: Call) -> Response:
    """Change summary, priority, assignee or labels."""
    given = typed(call.request)
    fields: dict[str, Json] = {}
    if "summary" in given:
        fields["summary"] = given["summary"]
    if "priority" in given:
        fields["priority"] = {"id": given["priority"]}
    if "assignee" in given:
        fields["assignee"] = {"accountId": given["assignee"]} if given["assignee"] else None
    if "labels" in given:
        fields["labels"] = given["labels"].split()
    return _done(rooms, call, {"fields": fields}, "edit")


def create(rooms: Rooms, call: Call) -> Response:
    """Open an issue."""
    given = typed(call.request)
    actor = _actor(rooms, given)
    fields: dict[str, Json] = {
        "project": {"key": given.get("project")},
        "issuetype": {"id": given.get("type")},
        "summary": given.get("summary", ""),
        "priority": {"id": given.get("priority", rooms.desk.catalogue.default_priority)},
        "labels": given.get("labels", "").split(),
    }
    if given.get("description", "").strip():
        fields["description"] = from_text(given["description"])
    try:
        issue = rooms.issues.create({"fields": fields}, actor)
    except Refusal as refusal:
        words = _words(refusal)
        raise Declined(refusal, lambda: new_page(rooms, given, words)) from refusal
    return redirect(f"/browse/{issue.key}?as={quote(actor)}")


ROUTES = (
    Route("POST", "/new", create),
    Route("POST", "/browse/{key}/transition", transition),
    Route("POST", "/browse/{key}/comment", comment),
    Route("POST", "/browse/{key}/edit", edit),
)
