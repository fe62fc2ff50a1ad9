"""The pages people look at: the board, the form for a new issue, webhooks and what became of them."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import quote

from sandbox.jira import layout
from sandbox.jira.issue_page import issue_page
from sandbox.jira.messages import Refusal, Request, Response, as_html, parse_query
from sandbox.jira.model import Comment, Issue, Status
from sandbox.jira.router import Call, Rooms, Route

COLUMN_LIMIT = 100


def board(rooms: Rooms, call: Call) -> Response:
    """Issues in columns by status."""
    catalogue = rooms.desk.catalogue
    wanted, words = call.request.one("project"), call.request.one("q")
    issues = [
        issue
        for issue in rooms.desk.store.all(Issue)
        if wanted in ("", issue.project) and words.casefold() in f"{issue.key} {issue.fields['summary']}".casefold()
    ]
    projects = [("", "All projects"), *((project.key, project.name) for project in catalogue.projects)]
    body = (
        f'<div class="title"><h1>Board</h1><form class="filter" method="get" action="/" role="search">'
        f"{layout.field('project', 'Project', layout.select('project', projects, wanted))}"
        + layout.field("q", "Find", f'<input id="q" name="q" type="search" value="{escape(words)}">')
        + "<button>Show</button></form></div>"
        + '<div class="board" role="region" aria-label="Board, by status" tabindex="0">'
        + "".join(_column(rooms, status, issues) for status in catalogue.statuses)
        + "</div>"
    )
    return as_html(layout.page("Board", body, here="/"))


def _column(rooms: Rooms, status: Status, issues: list[Issue]) -> str:
    here = sorted((i for i in issues if i.status == status.id), key=lambda i: (i.fields.get("priority") or "9", i.id))
    cards = "".join(_card(rooms, issue) for issue in here[:COLUMN_LIMIT])
    more = f'<p class="quiet">and {len(here) - COLUMN_LIMIT} more</p>' if len(here) > COLUMN_LIMIT else ""
    empty = '<p class="quiet">Nothing here.</p>' if not here else ""
    return (
        f'<section class="column {status.category}"><h2>{escape(status.name)} '
        f'<span class="count">{len(here)}<span class="hidden"> issues</span></span></h2>'
        f"<ul>{cards}</ul>{empty}{more}</section>"
    )


def _card(rooms: Rooms, issue: Issue) -> str:
    catalogue = rooms.desk.catalogue
    priority = issue.fields.get("priority") or ""
    name = next((entry.name for entry in catalogue.priorities if entry.id == priority), "")
    talk = len(rooms.desk.store.of(Comment, issue.id))
    said = f'<span class="quiet">💬 {talk}<span class="hidden"> comments</span></span>' if talk else ""
    return (
        f'<li class="card"><a href="/browse/{issue.key}">{escape(issue.fields["summary"])}</a>'
        f'<p class="tags">{layout.labels(issue.fields.get("labels", []))}</p>'
        f'<p class="foot"><span class="key">{issue.key}</span><span>{escape(catalogue.type(issue.type).name)}</span>'
        f'<span class="priority p{escape(priority)}"><span aria-hidden="true">{layout.PRIORITY_SIGNS.get(priority, "")}'
        f"</span> {escape(name)}</span>{said}</p>"
        f"<p class=foot>{layout.person(catalogue, issue.fields.get('assignee'))}</p></li>"
    )


def show(rooms: Rooms, call: Call) -> Response:
    """One issue."""
    return as_html(issue_page(rooms, rooms.desk.find(call["key"]), acting=call.request.one("as")))


def new(rooms: Rooms, call: Call) -> Response:
    """The form for a new issue."""
    return as_html(new_page(rooms, {}))


def new_page(rooms: Rooms, given: dict[str, str], problems: tuple[str, ...] = ()) -> str:
    """The form for a new issue, with what was typed and what was wrong with it."""
    catalogue = rooms.desk.catalogue
    projects = [(project.key, project.name) for project in catalogue.projects]
    types = [(kind.id, kind.name) for kind in catalogue.types if not kind.subtask]
    priorities = [(entry.id, entry.name) for entry in catalogue.priorities]
    summary = escape(given.get("summary", ""))
    body = (
        f'<h1>New issue</h1>{layout.alert(problems)}<form class="sheet" method="post" action="/new">'
        + layout.acting(catalogue, given.get("as"), "new")
        + layout.field("project", "Project", layout.select("project", projects, given.get("project")))
        + layout.field("type", "Type", layout.select("type", types, given.get("type")))
        + layout.field("summary", "Summary", f'<input id="summary" name="summary" required value="{summary}">')
        + layout.field(
            "description",
            "Description",
            f'<textarea id="description" name="description" rows="6">{escape(given.get("description", ""))}</textarea>',
        )
        + layout.field(
            "priority",
            "Priority",
            layout.select("priority", priorities, given.get("priority", catalogue.default_priority)),
        )
        + layout.field(
            "labels",
            "Labels (apart by spaces)",
            f'<input id="labels" name="labels" value="{escape(given.get("labels", ""))}">',
        )
        + '<button class="primary">Create</button></form>'
    )
    return layout.page("New issue", body, here="/new")


def webhooks(rooms: Rooms, _: Call) -> Response:
    """Deliveries, newest first."""
    hooks = rooms.desk.webhooks.hooks
    receivers = "".join(
        f"<li><code>{escape(hook.url)}</code> ({escape(', '.join(hook.events))})</li>" for hook in hooks
    )
    rows = "".join(
        f"<tr><td>{layout.when(entry.created)}</td><td><code>{escape(entry.event)}</code></td>"
        f'<td><a href="/browse/{quote(entry.about)}">{escape(entry.about)}</a></td>'
        f'<td><span class="lozenge {escape(entry.state)}">{escape(entry.state)}</span></td>'
        f"<td>{escape('; '.join(entry.outcomes) or 'not tried yet')}</td><td><code>{escape(entry.id)}</code></td></tr>"
        for entry in reversed(rooms.desk.webhooks.deliveries())
    )
    body = (
        f"<h1>Webhooks</h1><h2>Receivers</h2>{f'<ul>{receivers}</ul>' if receivers else '<p>None is registered.</p>'}"
        "<h2>Deliveries</h2><div class=scroll tabindex=0 role=region aria-label=Deliveries><table><thead><tr>"
        "<th scope=col>Raised</th><th scope=col>Event</th><th scope=col>Issue</th><th scope=col>State</th>"
        f"<th scope=col>Answers</th><th scope=col>Identifier</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
    return as_html(layout.page("Webhooks", body, here="/webhooks"))


def style(_: Rooms, __: Call) -> Response:
    """The style sheet."""
    sheet = Path(__file__).with_name("style.css").read_bytes()
    return Response(status=200, body=sheet, headers={"Content-Type": "text/css; charset=utf-8"})


def avatar(_: Rooms, __: Call) -> Response:
    """The one picture: a diamond."""
    shape = b'<path fill="#1868db" d="M16 2l14 14-14 14L2 16z"/>'
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' + shape + b"</svg>"
    return Response(status=200, body=drawing, headers={"Content-Type": "image/svg+xml"})


def refused(_: Rooms, refusal: Refusal) -> Response:
    """A refusal as a page."""
    words = [*refusal.messages, *refusal.errors.values()]
    body = f'<h1>That did not work</h1>{layout.alert(words)}<p><a href="/">Back to the board</a></p>'
    return as_html(layout.page("That did not work", body), refusal.status)


def typed(request: Request) -> dict[str, str]:
    """The values of a posted form."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refusal(415, "Only forms are posted here.")
    return {name: values[0] for name, values in parse_query(request.body.decode(errors="replace")).items()}


ROUTES = (
    Route("GET", "/", board),
    Route("GET", "/browse/{key}", show),
    Route("GET", "/new", new),
    Route("GET", "/webhooks", webhooks),
    Route("GET", "/style.css", style),
    Route("GET", "/avatar/{size}", avatar),
)
