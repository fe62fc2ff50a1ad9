"""The page of one issue: what it says, what was said, what happened, and buttons to go on."""

from __future__ import annotations

from html import escape

from sandbox.jira import layout
from sandbox.jira.adf_html import to_html
from sandbox.jira.fields import READ_ONLY
from sandbox.jira.model import Attachment, Change, Comment, Issue
from sandbox.jira.router import Rooms


def issue_page(rooms: Rooms, issue: Issue, *, acting: str, problems: tuple[str, ...] = ()) -> str:
    """The page; ``acting`` is who acts in its forms, ``problems`` what the last form ran into."""
    catalogue = rooms.desk.catalogue
    status = catalogue.status(issue.status)
    parent = rooms.desk.store.get(Issue, issue.parent) if issue.parent else None
    trail = f'<a href="/browse/{parent.key}">{parent.key}</a> / ' if parent else ""
    description = to_html(issue.fields.get("description")) or '<p class="quiet">No description.</p>'
    body = (
        f'{layout.alert(problems)}<p class="trail"><a href="/?project={issue.project}">{issue.project}</a> / {trail}'
        f"{issue.key}</p><h1>{escape(issue.fields['summary'])}</h1>"
        f'<div class="issue"><div class="story">{_moves(rooms, issue, acting)}'
        '<section aria-labelledby="about"><h2 id="about">Description</h2>'
        f'<div class="prose">{description}</div></section>'
        f"{_hanging(rooms, issue)}{_talk(rooms, issue, acting)}{_history(rooms, issue)}</div>"
        f'<aside aria-label="Details"><p>{layout.lozenge(status)}</p>{_details(rooms, issue)}'
        f"{_edit(rooms, issue, acting)}</aside></div>"
    )
    return layout.page(f"{issue.key} {issue.fields['summary']}", body)


def _moves(rooms: Rooms, issue: Issue, acting: str) -> str:
    catalogue = rooms.desk.catalogue
    moves = catalogue.moves_from(issue.status)
    if not moves:
        return ""
    choose = ""
    if any("resolution" in move.screen for move in moves):
        entries = [("", "(the workflow's own)"), *((entry.id, entry.name) for entry in catalogue.resolutions)]
        choose = layout.field("resolution", "Resolution", layout.select("resolution", entries, ""))
    buttons = "".join(
        f'<button name="id" value="{escape(move.id)}">{escape(move.name)}'
        f'<span class="quiet"> → {escape(catalogue.status(move.target).name)}</span></button>'
        for move in moves
    )
    return (
        f'<form class="moves" method="post" action="/browse/{issue.key}/transition" aria-label="Workflow">'
        f'{layout.acting(catalogue, acting, "move")}{choose}<p class="buttons">{buttons}</p></form>'
    )


def _details(rooms: Rooms, issue: Issue) -> str:
    catalogue, fields = rooms.desk.catalogue, issue.fields
    priority = next((entry.name for entry in catalogue.priorities if entry.id == fields.get("priority")), "None")
    resolution = next((entry.name for entry in catalogue.resolutions if entry.id == fields.get("resolution")), "")
    rows = [
        ("Type", escape(catalogue.type(issue.type).name)),
        ("Priority", f"{layout.PRIORITY_SIGNS.get(fields.get('priority', ''), '')} {escape(priority)}"),
        ("Assignee", layout.person(catalogue, fields.get("assignee"))),
        ("Reporter", layout.person(catalogue, fields.get("reporter"))),
        ("Labels", layout.labels(fields.get("labels", [])) or "None"),
        ("Due date", escape(fields.get("duedate") or "None")),
        ("Resolution", escape(resolution or "Unresolved")),
        *((f.name, _custom(rooms, f.id, issue)) for f in catalogue.custom_fields if fields.get(f.id) is not None),
        ("Created", layout.when(issue.created)),
        ("Updated", layout.when(issue.updated)),
    ]
    shown = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    properties = "".join(f"<li><code>{escape(key)}</code></li>" for key in issue.properties)
    hidden = f"<details><summary>Entity properties</summary><ul>{properties}</ul></details>" if properties else ""
    return f"<h2>Details</h2><dl>{shown}</dl>{hidden}"


def _custom(rooms: Rooms, field_id: str, issue: Issue) -> str:
    value = rooms.desk.views.fields(issue, (field_id,))[field_id]
    if isinstance(value, dict):
        return to_html(value) if value.get("type") == "doc" else escape(str(value.get("value", "")))
    return escape(str(value))


def _edit(rooms: Rooms, issue: Issue, acting: str) -> str:
    catalogue = rooms.desk.catalogue
    priorities = [(entry.id, entry.name) for entry in catalogue.priorities]
    people = [("", "Unassigned"), *((user.id, user.name) for user in catalogue.users if user.active)]
    words = escape(" ".join(issue.fields.get("labels", [])))
    return (
        f'<details class="edit"><summary>Change</summary><form method="post" action="/browse/{issue.key}/edit">'
        + layout.acting(catalogue, acting, "edit")
        + layout.field(
            "summary",
            "Summary",
            f'<input id="summary" name="summary" required value="{escape(issue.fields["summary"])}">',
        )
        + layout.field("priority", "Priority", layout.select("priority", priorities, issue.fields.get("priority")))
        + layout.field("assignee", "Assignee", layout.select("assignee", people, issue.fields.get("assignee") or ""))
        + layout.field("labels", "Labels (apart by spaces)", f'<input id="labels" name="labels" value="{words}">')
        + '<button class="primary">Save</button></form></details>'
    )


def _hanging(rooms: Rooms, issue: Issue) -> str:
    views, store = rooms.desk.views, rooms.desk.store
    lines = [
        f"<li>{escape(kind['outward' if 'outwardIssue' in link else 'inward'])} "
        f'<a href="/browse/{end["key"]}">{end["key"]} {escape(end["fields"]["summary"])}</a></li>'
        for link in views.links(issue.id)
        for kind, end in [(link["type"], link.get("outwardIssue") or link.get("inwardIssue"))]
        if end
    ]
    for child in [child for child in store.all(Issue) if child.parent == issue.id]:
        status = layout.lozenge(rooms.desk.catalogue.status(child.status))
        summary = escape(child.fields["summary"])
        lines.append(f'<li>sub-task <a href="/browse/{child.key}">{child.key} {summary}</a> {status}</li>')
    for remote in rooms.links.remote(issue):
        target = remote.body["object"]
        address = str(target["url"])
        title = escape(str(target["title"]))
        safe = address.startswith(("http://", "https://"))
        link = f'<a href="{escape(address)}" rel="noopener noreferrer">{title}</a>' if safe else title
        lines.append(f"<li>{escape(remote.body.get('relationship') or 'links to')} {link}</li>")
    lines += [f"<li>file {escape(kept.filename)} ({kept.size:,} bytes)</li>" for kept in store.of(Attachment, issue.id)]
    if not lines:
        return ""
    return f'<section aria-labelledby="links"><h2 id="links">Links and files</h2><ul>{"".join(lines)}</ul></section>'


def _talk(rooms: Rooms, issue: Issue, acting: str) -> str:
    catalogue = rooms.desk.catalogue
    said = "".join(
        f'<li class="comment{" internal" if comment.internal else ""}" id="comment-{comment.id}">'
        f"<p>{layout.person(catalogue, comment.author)} <span class=quiet>{layout.when(comment.created)}</span>"
        f"{' <span class=tag>internal note</span>' if comment.internal else ''}</p>"
        f'<div class="prose">{to_html(comment.body)}</div></li>'
        for comment in rooms.desk.store.of(Comment, issue.id)
    )
    return (
        '<section aria-labelledby="talk"><h2 id="talk">Comments</h2>'
        f'<ol class="comments">{said}</ol>'
        f'<form class="sheet" method="post" action="/browse/{issue.key}/comment">'
        + layout.acting(catalogue, acting, "say")
        + layout.field("body", "Comment", '<textarea id="body" name="body" rows="4" required></textarea>')
        + '<p class="check"><input type="checkbox" id="internal" name="internal" value="yes">'
        '<label for="internal">Internal note: customers do not see it</label></p>'
        '<button class="primary">Add comment</button></form></section>'
    )


def _history(rooms: Rooms, issue: Issue) -> str:
    catalogue = rooms.desk.catalogue
    rows = "".join(
        f"<tr><td>{layout.when(change.created)}</td><td>{layout.person(catalogue, change.author)}</td>"
        f"<td>{escape(_title(item))}</td><td>{escape(_short(item['fromString']))}</td>"
        f"<td>{escape(_short(item['toString']))}</td></tr>"
        for change in reversed(rooms.desk.store.of(Change, issue.id))
        for item in change.items
    )
    if not rows:
        return ""
    return (
        '<section aria-labelledby="history"><h2 id="history">History</h2>'
        '<div class="scroll" tabindex="0" role="region" '
        'aria-labelledby="history"><table><thead><tr><th scope="col">When</th><th scope="col">Who</th>'
        '<th scope="col">What</th><th scope="col">From</th><th scope="col">To</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _title(item: dict[str, str | None]) -> str:
    name = item["field"] or ""
    return READ_ONLY[name][0] if name in READ_ONLY else name.capitalize()


def _short(text: str | None) -> str:
    text = text or "—"
    return text if len(text) <= 120 else text[:117] + "..."
