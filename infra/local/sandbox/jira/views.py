"""How what the stand-in keeps looks on the wire: the JSON of REST v3."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from sandbox.jira.fields import RESOLUTION, Field, editable
from sandbox.jira.messages import Json
from sandbox.jira.model import (
    Attachment,
    Catalogue,
    Change,
    Comment,
    Issue,
    IssueLink,
    IssueType,
    LinkType,
    Named,
    Project,
    RemoteLink,
    Status,
    pick,
)
from sandbox.jira.store import Store

CATEGORIES = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
SHORT = ("summary", "status", "priority", "issuetype")
"""The fields by which an issue appears inside another."""


class Views:
    """Wire forms of records; ``base`` is the address the site is reached at, without a closing slash."""

    def __init__(self, store: Store, catalogue: Catalogue, base: str) -> None:
        self.store = store
        self.catalogue = catalogue
        self.base = base

    def url(self, tail: str) -> str:
        """The address of a REST resource."""
        return f"{self.base}/rest/api/3/{tail}"

    def user(self, account_id: str | None, *, email: bool = True) -> Json:
        """An account, or null."""
        user = self.catalogue.user(account_id) if account_id else None
        if user is None:
            return None
        shown: dict[str, Json] = {
            "self": self.url(f"user?accountId={user.id}"),
            "accountId": user.id,
            "accountType": "atlassian" if user.human else "app",
            "displayName": user.name,
            "active": user.active,
            "timeZone": "Etc/UTC",
            "avatarUrls": {f"{n}x{n}": f"{self.base}/avatar/{n}" for n in (16, 24, 32, 48)},
        }
        return {**shown, "emailAddress": user.email} if email else shown

    def status(self, status: Status) -> Json:
        """A status with its category."""
        number, name, color = CATEGORIES[status.category]
        return {
            "self": self.url(f"status/{status.id}"),
            "id": status.id,
            "name": status.name,
            "description": status.description,
            "iconUrl": f"{self.base}/",
            "statusCategory": {
                "self": self.url(f"statuscategory/{number}"),
                "id": number,
                "key": status.category,
                "name": name,
                "colorName": color,
            },
        }

    def issue_type(self, issue_type: IssueType) -> Json:
        """An issue type."""
        return {
            "self": self.url(f"issuetype/{issue_type.id}"),
            "id": issue_type.id,
            "name": issue_type.name,
            "description": issue_type.description,
            "iconUrl": f"{self.base}/",
            "subtask": issue_type.subtask,
            "hierarchyLevel": -1 if issue_type.subtask else 0,
        }

    def project(self, project: Project) -> Json:
        """A project, in short."""
        return {
            "self": self.url(f"project/{project.id}"),
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "service_desk",
            "simplified": False,
            "avatarUrls": {f"{n}x{n}": f"{self.base}/avatar/{n}" for n in (16, 24, 32, 48)},
        }

    def named(self, kind: str, entry: Named) -> Json:
        """A priority or a resolution."""
        shown = {"self": self.url(f"{kind}/{entry.id}"), "id": entry.id, "name": entry.name}
        if kind == "priority":
            return {**shown, "iconUrl": f"{self.base}/"}
        return {**shown, "description": entry.description}

    def link_type(self, entry: LinkType) -> Json:
        """A kind of link."""
        return {
            "self": self.url(f"issueLinkType/{entry.id}"),
            "id": entry.id,
            "name": entry.name,
            "inward": entry.inward,
            "outward": entry.outward,
        }

    def value(self, field: Field, stored: Json) -> Json:
        """A stored field value as read back."""
        if field.kind == "labels":
            return list(stored or [])
        if stored is None:
            return None
        match field.kind:
            case "priority":
                return self.named("priority", pick(self.catalogue.priorities, stored))
            case "resolution":
                return self.named("resolution", pick(self.catalogue.resolutions, stored))
            case "user":
                return self.user(stored)
            case "option":
                options = next(entry.options for entry in self.catalogue.custom_fields if entry.id == field.id)
                shown = pick(options, stored)
                return {"self": self.url(f"customFieldOption/{shown.id}"), "id": shown.id, "value": shown.name}
            case _:
                return stored

    def _stored(self, issue: Issue, field: Field) -> Json:
        return self.value(field, issue.fields.get(field.id))

    def _readers(self, issue: Issue) -> dict[str, Callable[[], Json]]:
        """How each field of an issue is read; called only for the fields someone asked for."""
        stored = {**editable(self.catalogue), "resolution": RESOLUTION}
        readers: dict[str, Callable[[], Json]] = {
            name: partial(self._stored, issue, field) for name, field in stored.items()
        }
        return readers | {
            "status": lambda: self.status(self.catalogue.status(issue.status)),
            "issuetype": lambda: self.issue_type(self.catalogue.type(issue.type)),
            "project": lambda: self.project(self.catalogue.project(issue.project)),
            "creator": lambda: self.user(issue.creator),
            "created": lambda: issue.created,
            "updated": lambda: issue.updated,
            "statuscategorychangedate": lambda: issue.status_changed,
            "resolutiondate": lambda: issue.resolved,
            "subtasks": lambda: [self.short(child) for child in self.store.all(Issue) if child.parent == issue.id],
            "issuelinks": lambda: self.links(issue.id),
            "attachment": lambda: [self.attachment(kept) for kept in self.store.of(Attachment, issue.id)],
            "comment": lambda: self.comments(issue.id),
            "components": list,
            "fixVersions": list,
            "versions": list,
        }

    def fields(self, issue: Issue, wanted: Collection[str] = ("*all",)) -> dict[str, Json]:
        """The fields asked for: names, ``*all``, ``*navigable``, and ``-name`` to leave one out."""
        readers = self._readers(issue)
        if issue.parent and (parent := self.store.get(Issue, issue.parent)):
            readers["parent"] = lambda: self.short(parent)
        names = set(wanted) & set(readers)
        if "*all" in wanted or "*navigable" in wanted or all(name.startswith("-") for name in wanted):
            names = set(readers) - ({"comment", "attachment"} if "*navigable" in wanted else set())
        names -= {name[1:] for name in wanted if name.startswith("-")}
        return {name: reader() for name, reader in readers.items() if name in names}

    def short(self, issue: Issue) -> Json:
        """An issue as it appears inside another."""
        return {**self.head(issue), "fields": self.fields(issue, SHORT)}

    def head(self, issue: Issue) -> dict[str, Json]:
        """What identifies an issue."""
        return {"id": issue.id, "key": issue.key, "self": self.url(f"issue/{issue.id}")}

    def issue(
        self,
        issue: Issue,
        wanted: Collection[str] = ("*all",),
        properties: Collection[str] = (),
        expand: Collection[str] = (),
    ) -> dict[str, Json]:
        """An issue with the fields, properties and expansions asked for."""
        shown = {"expand": "renderedFields,names,schema,changelog", **self.head(issue)}
        shown["fields"] = self.fields(issue, wanted)
        if properties:
            every = "*all" in properties
            shown["properties"] = {key: value for key, value in issue.properties.items() if every or key in properties}
        if "changelog" in expand:
            entries = [self.change(entry) for entry in reversed(self.store.of(Change, issue.id))]
            shown["changelog"] = {"startAt": 0, "maxResults": len(entries), "total": len(entries), "histories": entries}
        if "names" in expand:
            shown["names"] = {field.id: field.name for field in editable(self.catalogue).values()}
        return shown

    def comment(self, comment: Comment, *, properties: bool = False) -> dict[str, Json]:
        """A comment; only a GET tells truly whether customers see it."""
        shown: dict[str, Any] = {
            "self": self.url(f"issue/{comment.issue}/comment/{comment.id}"),
            "id": comment.id,
            "author": self.user(comment.author),
            "updateAuthor": self.user(comment.updater),
            "body": comment.body,
            "created": comment.created,
            "updated": comment.updated,
            "jsdPublic": not comment.internal,
        }
        if properties:
            shown["properties"] = [{"key": key, "value": value} for key, value in comment.properties.items()]
        return shown

    def comments(self, issue_id: str) -> Json:
        """The comments as the field ``comment`` shows them."""
        shown = [self.comment(comment) for comment in self.store.of(Comment, issue_id)]
        return {
            "self": self.url(f"issue/{issue_id}/comment"),
            "comments": shown,
            "startAt": 0,
            "maxResults": len(shown),
            "total": len(shown),
        }

    def change(self, change: Change) -> Json:
        """One entry of the history."""
        return {
            "id": change.id,
            "author": self.user(change.author),
            "created": change.created,
            "items": change.items,
        }

    def attachment(self, kept: Attachment) -> Json:
        """A file on an issue."""
        return {
            "self": self.url(f"attachment/{kept.id}"),
            "id": kept.id,
            "filename": kept.filename,
            "author": self.user(kept.author),
            "created": kept.created,
            "size": kept.size,
            "mimeType": kept.mime,
            "content": self.url(f"attachment/content/{kept.id}"),
        }

    def remote_link(self, link: RemoteLink) -> Json:
        """A link out of Jira."""
        number = int(link.id)
        return {"id": number, "self": self.url(f"issue/{link.issue}/remotelink/{number}"), **link.body}

    def links(self, issue_id: str) -> Json:
        """The links of an issue, seen from its end."""
        shown = []
        for link in self.store.all(IssueLink):
            if issue_id not in (link.issue, link.inward):
                continue
            end = "inwardIssue" if link.issue == issue_id else "outwardIssue"
            other = self.store.get(Issue, link.inward if link.issue == issue_id else link.issue)
            head = {"id": link.id, "self": self.url(f"issueLink/{link.id}")}
            kind = self.link_type(pick(self.catalogue.link_types, link.type))
            shown.append({**head, "type": kind, end: self.short(other) if other else None})
        return shown
