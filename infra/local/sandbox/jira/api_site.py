"""REST v3: the site itself, its projects, people, fields and words."""

from __future__ import annotations

from typing import Any

from sandbox.jira.api_issues import metadata, paging
from sandbox.jira.fields import READ_ONLY, RESOLUTION, editable
from sandbox.jira.messages import Json, Refusal, Response, as_json
from sandbox.jira.model import Project
from sandbox.jira.router import Call, Rooms, Route


def server_info(rooms: Rooms, _: Call) -> Response:
    """GET serverInfo; the one resource that needs no account."""
    return as_json(
        {
            "baseUrl": rooms.desk.views.base,
            "displayUrl": rooms.desk.views.base,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100290,
            "buildDate": "2026-06-01T00:00:00.000+0000",
            "serverTime": rooms.desk.stamp(),
            "serverTimeZone": "Etc/UTC",
            "scmInfo": "stand-in",
            "serverTitle": "Jira (stand-in)",
        }
    )


def myself(rooms: Rooms, call: Call) -> Response:
    """GET myself."""
    return as_json(rooms.desk.views.user(call.actor))


def _project(rooms: Rooms, project: Project) -> dict[str, Json]:
    views, catalogue = rooms.desk.views, rooms.desk.catalogue
    shown: dict[str, Json] = views.project(project)
    return {
        **shown,
        "description": project.description,
        "lead": views.user(catalogue.people()[0].id, email=False),
        "assigneeType": "UNASSIGNED",
        "issueTypes": [views.issue_type(kind) for kind in catalogue.types],
        "components": [],
        "versions": [],
        "style": "classic",
        "isPrivate": False,
    }


def project(rooms: Rooms, call: Call) -> Response:
    """GET project by id or key."""
    return as_json(_project(rooms, rooms.desk.catalogue.project(call["project"])))


def projects(rooms: Rooms, call: Call) -> Response:
    """GET project/search."""
    keys, ids, query = call.request.many("keys"), call.request.many("id"), call.request.one("query").casefold()
    found = [
        entry
        for entry in rooms.desk.catalogue.projects
        if (not keys or entry.key in keys)
        and (not ids or entry.id in ids)
        and query in f"{entry.key} {entry.name}".casefold()
    ]
    start, size = paging(call, 50, 100)
    return as_json(
        {
            "self": rooms.desk.views.url(f"project/search?maxResults={size}&startAt={start}"),
            "maxResults": size,
            "startAt": start,
            "total": len(found),
            "isLast": start + size >= len(found),
            "values": [rooms.desk.views.project(entry) for entry in found[start : start + size]],
        }
    )


def project_statuses(rooms: Rooms, call: Call) -> Response:
    """GET project statuses, by issue type."""
    rooms.desk.catalogue.project(call["project"])
    views, catalogue = rooms.desk.views, rooms.desk.catalogue
    shown = [views.status(status) for status in catalogue.statuses]
    kinds = [views.issue_type(kind) for kind in catalogue.types]
    return as_json([{**{k: kind[k] for k in ("id", "name", "self", "subtask")}, "statuses": shown} for kind in kinds])


def statuses(rooms: Rooms, _: Call) -> Response:
    """GET status."""
    return as_json([rooms.desk.views.status(status) for status in rooms.desk.catalogue.statuses])


def priorities(rooms: Rooms, _: Call) -> Response:
    """GET priority."""
    return as_json([rooms.desk.views.named("priority", entry) for entry in rooms.desk.catalogue.priorities])


def resolutions(rooms: Rooms, _: Call) -> Response:
    """GET resolution."""
    return as_json([rooms.desk.views.named("resolution", entry) for entry in rooms.desk.catalogue.resolutions])


def issue_types(rooms: Rooms, _: Call) -> Response:
    """GET issuetype."""
    return as_json([rooms.desk.views.issue_type(kind) for kind in rooms.desk.catalogue.types])


def link_types(rooms: Rooms, _: Call) -> Response:
    """GET issueLinkType."""
    return as_json({"issueLinkTypes": [rooms.desk.views.link_type(kind) for kind in rooms.desk.catalogue.link_types]})


def fields(rooms: Rooms, _: Call) -> Response:
    """GET field: every field an issue may have."""
    shown: list[dict[str, Any]] = []
    for field in (*editable(rooms.desk.catalogue).values(), RESOLUTION):
        is_custom = field.id.startswith("customfield_")
        number = field.id.removeprefix("customfield_")
        clauses = [f"cf[{number}]", field.name] if is_custom else [field.id]
        shown.append(_field(field.id, field.name, dict(field.schema), clauses, is_custom))
    for name, (title, kind) in READ_ONLY.items():
        schema = {"type": kind, "system": name, **({"items": "string"} if kind == "array" else {})}
        shown.append(_field(name, title, schema, [name], False))
    return as_json(shown)


def _field(field_id: str, name: str, schema: Json, clauses: list[str], custom: bool) -> dict[str, Any]:
    return {
        "id": field_id,
        "key": field_id,
        "name": name,
        "custom": custom,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": clauses,
        "schema": schema,
    }


def create_types(rooms: Rooms, call: Call) -> Response:
    """GET createmeta: the issue types of a project."""
    rooms.desk.catalogue.project(call["project"])
    kinds = [rooms.desk.views.issue_type(kind) for kind in rooms.desk.catalogue.types]
    start, size = paging(call, 50, 200)
    page = kinds[start : start + size]
    return as_json({"issueTypes": page, "startAt": start, "maxResults": size, "total": len(kinds)})


def create_fields(rooms: Rooms, call: Call) -> Response:
    """GET createmeta: the fields of an issue type's create screen."""
    rooms.desk.catalogue.project(call["project"])
    if all(kind.id != call["type"] for kind in rooms.desk.catalogue.types):
        raise Refusal(404, f"The issue type with id '{call['type']}' does not exist.")
    found = [
        {"fieldId": field.id, **metadata(rooms, field, required=field.required)}
        for field in editable(rooms.desk.catalogue).values()
    ]
    start, size = paging(call, 50, 200)
    page = found[start : start + size]
    return as_json({"fields": page, "startAt": start, "maxResults": size, "total": len(found)})


def user(rooms: Rooms, call: Call) -> Response:
    """GET user by account id."""
    asked = call.request.one("accountId")
    if not asked:
        raise Refusal(400, "The query parameter 'accountId' is required.")
    if shown := rooms.desk.views.user(asked):
        return as_json(shown)
    raise Refusal(404, f"Specified user does not exist or you do not have required permissions: {asked}")


def users(rooms: Rooms, call: Call) -> Response:
    """GET user/search: by account id or exact e-mail address, or by the beginning of a word of the name."""
    account, query = call.request.one("accountId"), call.request.one("query").casefold()
    if not account and not query:
        raise Refusal(400, "Either 'query', 'property', or 'accountId' must be specified.")
    found = [
        entry
        for entry in rooms.desk.catalogue.users
        if entry.id == account
        or (
            query
            and (entry.email.casefold() == query or any(w.startswith(query) for w in entry.name.casefold().split()))
        )
    ]
    start, size = paging(call, 50, 1000)
    return as_json([rooms.desk.views.user(entry.id) for entry in found[start : start + size]])


def assignable(rooms: Rooms, call: Call) -> Response:
    """GET user/assignable/search: as user/search, of those who can be assigned; everyone when nothing is asked."""
    account, query = call.request.one("accountId"), call.request.one("query").casefold()
    found = [
        entry
        for entry in rooms.desk.catalogue.users
        if entry.active
        and (not account or entry.id == account)
        and (not query or entry.email.casefold() == query or query in entry.name.casefold())
    ]
    return as_json([rooms.desk.views.user(entry.id) for entry in found])


API = "/rest/api/3"
OPEN = f"{API}/serverInfo"
ROUTES = (
    Route("GET", OPEN, server_info),
    Route("GET", f"{API}/myself", myself),
    Route("GET", f"{API}/project/search", projects),
    Route("GET", f"{API}/project/{{project}}", project),
    Route("GET", f"{API}/project/{{project}}/statuses", project_statuses),
    Route("GET", f"{API}/status", statuses),
    Route("GET", f"{API}/priority", priorities),
    Route("GET", f"{API}/resolution", resolutions),
    Route("GET", f"{API}/issuetype", issue_types),
    Route("GET", f"{API}/issueLinkType", link_types),
    Route("GET", f"{API}/field", fields),
    Route("GET", f"{API}/issue/createmeta/{{project}}/issuetypes", create_types),
    Route("GET", f"{API}/issue/createmeta/{{project}}/issuetypes/{{type}}", create_fields),
    Route("GET", f"{API}/user", user),
    Route("GET", f"{API}/user/search", users),
    Route("GET", f"{API}/user/assignable/search", assignable),
)
