"""REST v3: comments, links between issues, links out of Jira, files."""

from __future__ import annotations

import base64
import re

from sandbox.jira.api_issues import paging
from sandbox.jira.messages import EMPTY, Json, Refusal, Request, Response, as_json, redirect
from sandbox.jira.model import Attachment, Comment, Issue
from sandbox.jira.router import Call, Rooms, Route


def _with_properties(call: Call) -> bool:
    return "properties" in call.request.many("expand")


def comments(rooms: Rooms, call: Call) -> Response:
    """GET comments, oldest first unless asked otherwise."""
    issue = rooms.desk.find(call["issue"])
    order = call.request.one("orderBy", "created")
    if order.lstrip("+-") != "created":
        raise Refusal(400, f"Comments cannot be ordered by '{order}'.")
    found = rooms.desk.store.of(Comment, issue.id)
    if order.startswith("-"):
        found.reverse()
    start, size = paging(call, 100)
    shown = [rooms.desk.views.comment(one, properties=_with_properties(call)) for one in found[start : start + size]]
    return as_json({"startAt": start, "maxResults": size, "total": len(found), "comments": shown})


def comment(rooms: Rooms, call: Call) -> Response:
    """GET one comment."""
    found = rooms.comments.find(rooms.desk.find(call["issue"]), call["comment"])
    return as_json(rooms.desk.views.comment(found, properties=_with_properties(call)))


def add_comment(rooms: Rooms, call: Call) -> Response:
    """POST comment."""
    made = rooms.comments.add(rooms.desk.find(call["issue"]), call.request.json_object(), call.actor)
    return as_json(rooms.desk.views.comment(made, properties=_with_properties(call)), 201)


def edit_comment(rooms: Rooms, call: Call) -> Response:
    """PUT comment."""
    issue = rooms.desk.find(call["issue"])
    changed = rooms.comments.edit(issue, call["comment"], call.request.json_object(), call.actor)
    return as_json(rooms.desk.views.comment(changed, properties=_with_properties(call)))


def delete_comment(rooms: Rooms, call: Call) -> Response:
    """DELETE comment."""
    rooms.comments.delete(rooms.desk.find(call["issue"]), call["comment"], call.actor)
    return EMPTY


def remote_links(rooms: Rooms, call: Call) -> Response:
    """GET remotelink: all, or the one with a ``globalId``."""
    found = rooms.links.remote(rooms.desk.find(call["issue"]))
    wanted = call.request.one("globalId")
    if not wanted:
        return as_json([rooms.desk.views.remote_link(link) for link in found])
    for link in found:
        if link.body.get("globalId") == wanted:
            return as_json(rooms.desk.views.remote_link(link))
    raise Refusal(404, f"The remote issue link with global id '{wanted}' does not exist.")


def point(rooms: Rooms, call: Call) -> Response:
    """POST remotelink: 201 when new, 200 when it replaced the one with its ``globalId``."""
    link, new = rooms.links.point(rooms.desk.find(call["issue"]), call.request.json_object())
    address = rooms.desk.views.url(f"issue/{link.issue}/remotelink/{link.id}")
    return as_json({"id": int(link.id), "self": address}, 201 if new else 200)


def unpoint(rooms: Rooms, call: Call) -> Response:
    """DELETE remotelink by ``globalId``."""
    wanted = call.request.one("globalId")
    for link in rooms.links.remote(rooms.desk.find(call["issue"])):
        if wanted and link.body.get("globalId") == wanted:
            rooms.desk.store.delete(link)
            return EMPTY
    raise Refusal(404, f"The remote issue link with global id '{wanted}' does not exist.")


def _end(rooms: Rooms, body: dict[str, Json], name: str) -> Issue:
    end = body.get(name)
    if not isinstance(end, dict) or not (end.get("id") or end.get("key")):
        raise Refusal(400, f"The {name} must have an id or a key.")
    return rooms.desk.find(str(end.get("id") or end.get("key")))


def connect(rooms: Rooms, call: Call) -> Response:
    """POST issueLink."""
    body = call.request.json_object()
    inward, outward = _end(rooms, body, "inwardIssue"), _end(rooms, body, "outwardIssue")
    rooms.links.connect(body.get("type"), inward, outward, call.actor)
    if body.get("comment"):
        rooms.comments.add(rooms.desk.find(inward.id), body["comment"], call.actor)
    return Response(status=201)


def link(rooms: Rooms, call: Call) -> Response:
    """GET issueLink."""
    found = rooms.links.link(call["link"])
    views, store = rooms.desk.views, rooms.desk.store
    kind = next(entry for entry in rooms.desk.catalogue.link_types if entry.id == found.type)
    ends = {"inwardIssue": store.get(Issue, found.inward), "outwardIssue": store.get(Issue, found.issue)}
    shown = {name: views.short(issue) for name, issue in ends.items() if issue}
    return as_json({"id": found.id, "self": views.url(f"issueLink/{found.id}"), "type": views.link_type(kind), **shown})


def disconnect(rooms: Rooms, call: Call) -> Response:
    """DELETE issueLink."""
    rooms.links.disconnect(rooms.links.link(call["link"]), call.actor)
    return EMPTY


def attach(rooms: Rooms, call: Call) -> Response:
    """POST attachments."""
    if call.request.headers.get("x-atlassian-token") not in ("no-check", "nocheck"):
        raise Refusal(403, "XSRF check failed")
    issue = rooms.desk.find(call["issue"])
    files = uploaded(call.request)
    if not files:
        raise Refusal(400, "There is no file in the field 'file'.")
    made = []
    for name, mime, content in files:
        made.append(rooms.links.attach(rooms.desk.find(issue.id), name, mime, content, call.actor))
    return as_json([rooms.desk.views.attachment(kept) for kept in made])


def uploaded(request: Request) -> list[tuple[str, str, bytes]]:
    """The files of a multipart form (RFC 7578), from its fields named ``file``: name, MIME type, bytes."""
    boundary = re.search(r'boundary="?([^";]+)"?', request.headers.get("content-type", ""))
    if boundary is None:
        raise Refusal(415, "The request is not a multipart form.")
    found = []
    # A delimiter ends with its line (or with -- at the very end); a longer word that begins like it is content.
    delimiter = rb"\r\n--" + re.escape(boundary[1].encode()) + rb"(?:--|[ \t]*(?=\r\n))"
    for part in re.split(delimiter, b"\r\n" + request.body)[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        name = re.search(r'name="([^"]*)"', text)
        filename = re.search(r'filename="((?:[^"\\]|\\.)*)"', text)
        mime = re.search(r"^content-type:\s*(\S+)", text, re.IGNORECASE | re.MULTILINE)
        if name and name[1] == "file" and filename:
            plain = re.sub(r"\\(.)", r"\1", filename[1]).replace("%22", '"')
            found.append((plain, mime[1] if mime else "application/octet-stream", content))
    return found


def attachment(rooms: Rooms, call: Call) -> Response:
    """GET attachment metadata; here, unlike on the issue, the id is a number."""
    kept = rooms.links.attachment(call["attachment"])
    return as_json({**rooms.desk.views.attachment(kept), "id": int(kept.id)})


def content(rooms: Rooms, call: Call) -> Response:
    """GET attachment content: a redirect, as Jira's to its media server, unless told not to."""
    kept: Attachment = rooms.links.attachment(call["attachment"])
    if call.request.one("redirect", "true") != "false":
        return redirect(rooms.desk.views.url(f"attachment/content/{kept.id}?redirect=false"))
    headers = {
        "Content-Type": kept.mime,
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(status=200, body=base64.b64decode(kept.content), headers=headers)


def detach(rooms: Rooms, call: Call) -> Response:
    """DELETE attachment."""
    rooms.links.detach(rooms.links.attachment(call["attachment"]), call.actor)
    return EMPTY


API = "/rest/api/3"
COMMENT = f"{API}/issue/{{issue}}/comment"
REMOTE = f"{API}/issue/{{issue}}/remotelink"
ROUTES = (
    Route("GET", COMMENT, comments),
    Route("POST", COMMENT, add_comment),
    Route("GET", f"{COMMENT}/{{comment}}", comment),
    Route("PUT", f"{COMMENT}/{{comment}}", edit_comment),
    Route("DELETE", f"{COMMENT}/{{comment}}", delete_comment),
    Route("GET", REMOTE, remote_links),
    Route("POST", REMOTE, point),
    Route("DELETE", REMOTE, unpoint),
    Route("POST", f"{API}/issueLink", connect),
    Route("GET", f"{API}/issueLink/{{link}}", link),
    Route("DELETE", f"{API}/issueLink/{{link}}", disconnect),
    Route("POST", f"{API}/issue/{{issue}}/attachments", attach),
    Route("GET", f"{API}/attachment/{{attachment}}", attachment),
    Route("DELETE", f"{API}/attachment/{{attachment}}", detach),
    Route("GET", f"{API}/attachment/content/{{attachment}}", content),
)
