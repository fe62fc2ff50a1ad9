"""REST v3: search by JQL, page by page."""

from __future__ import annotations

import base64
import json
import zlib

from sandbox.jira.api_issues import paging
from sandbox.jira.messages import Json, Refusal, Response, as_json
from sandbox.jira.model import Issue
from sandbox.jira.router import Call, Rooms, Route

PAGE_LIMIT = 5000
SEARCH_KEYS = {
    "jql": str,
    "fields": list,
    "expand": str,
    "properties": list,
    "maxResults": int,
    "nextPageToken": str,
    "reconcileIssues": list,
    "fieldsByKeys": bool,
}


def search_get(rooms: Rooms, call: Call) -> Response:
    """GET search/jql."""
    request = call.request
    _, size = paging(call, 50)
    return _search(
        rooms,
        jql=request.one("jql"),
        wanted=request.many("fields"),
        properties=request.many("properties"),
        expand=request.many("expand"),
        size=size,
        token=request.one("nextPageToken"),
        reconcile=request.many("reconcileIssues"),
    )


def search_post(rooms: Rooms, call: Call) -> Response:
    """POST search/jql."""
    body = call.request.json_object()
    for key, value in body.items():
        words = value if key in ("fields", "properties") and isinstance(value, list) else ()
        if key not in SEARCH_KEYS or not isinstance(value, SEARCH_KEYS[key]) or not all(type(w) is str for w in words):
            raise Refusal(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    return _search(
        rooms,
        jql=body.get("jql", ""),
        wanted=tuple(body.get("fields", ())),
        properties=tuple(body.get("properties", ())),
        expand=tuple(body.get("expand", "").split(",")),
        size=body.get("maxResults", 50),
        token=body.get("nextPageToken", ""),
        reconcile=tuple(str(issue) for issue in body.get("reconcileIssues", ())),
    )


def _search(
    rooms: Rooms,
    *,
    jql: str,
    wanted: tuple[str, ...],
    properties: tuple[str, ...],
    expand: tuple[str, ...],
    size: int,
    token: str,
    reconcile: tuple[str, ...],
) -> Response:
    """A page of what a query finds. Only ids, unless ``fields`` asks for more; no total, as on Cloud."""
    if len(reconcile) > 50:
        raise Refusal(400, "reconcileIssues takes at most 50 issue ids.")
    found = rooms.finder.find(jql, reconcile)
    size = max(1, min(size, PAGE_LIMIT))
    start = _start(token, jql)
    page = found[start : start + size]
    last = start + size >= len(found)
    answer: dict[str, Json] = {"issues": [_found(rooms, issue, wanted, properties, expand) for issue in page]}
    if not last:
        answer["nextPageToken"] = _token(start + size, jql)
    return as_json({**answer, "isLast": last})


def _found(
    rooms: Rooms, issue: Issue, wanted: tuple[str, ...], properties: tuple[str, ...], expand: tuple[str, ...]
) -> Json:
    if not set(wanted) - {"id"} and not properties and not any(expand):
        return {"id": issue.id}
    if not set(wanted) - {"id", "key"}:
        shown = rooms.desk.views.issue(issue, ("",), properties, expand)
        del shown["fields"]
        return shown
    return rooms.desk.views.issue(issue, wanted, properties, expand)


def _token(start: int, jql: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, zlib.crc32(jql.encode())]).encode()).decode()


def _start(token: str, jql: str) -> int:
    if not token:
        return 0
    try:
        start, query = json.loads(base64.urlsafe_b64decode(token))
        if query == zlib.crc32(jql.encode()):
            return int(start)
    except (ValueError, TypeError):
        pass
    raise Refusal(400, "The provided next page token is invalid.")


def count(rooms: Rooms, call: Call) -> Response:
    """POST search/approximate-count."""
    return as_json({"count": len(rooms.finder.find(call.request.json_object().get("jql", "")))})


def gone(_: Rooms, __: Call) -> Response:
    """The search with a total and startAt, which Cloud took away (CHANGE-2046)."""
    raise Refusal(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")


API = "/rest/api/3"
ROUTES = (
    Route("GET", f"{API}/search", gone),
    Route("POST", f"{API}/search", gone),
    Route("GET", f"{API}/search/jql", search_get),
    Route("POST", f"{API}/search/jql", search_post),
    Route("POST", f"{API}/search/approximate-count", count),
)
