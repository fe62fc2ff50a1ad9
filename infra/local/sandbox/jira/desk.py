"""The common ground of everything done in Jira: find an issue, write its history, tell the webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox.jira.adf import to_text
from sandbox.jira.fields import Field, reads
from sandbox.jira.messages import Json, Refusal
from sandbox.jira.model import Catalogue, Change, Comment, Issue, stamp
from sandbox.jira.store import Store
from sandbox.jira.views import Views
from sandbox.jira.webhooks import Webhooks

MISSING = "Issue does not exist or you do not have permission to see it."
type Item = dict[str, str | None]


class Desk:
    """Holds what every action needs. Actions run inside a transaction of ``store``; ``actor`` is an account id."""

    def __init__(self, store: Store, views: Views, webhooks: Webhooks, now: Callable[[], datetime]) -> None:
        self.store = store
        self.views = views
        self.webhooks = webhooks
        self.now = now

    @property
    def catalogue(self) -> Catalogue:
        """The site as its administrator set it up."""
        return self.views.catalogue

    def stamp(self) -> str:
        """Now, as Jira writes it."""
        return stamp(self.now())

    def next_id(self, name: str) -> str:
        """The next numeric id of a kind, as a string."""
        return str(self.store.next(name))

    def find(self, id_or_key: str) -> Issue:
        """An issue by id or by key in any case; 404 when there is none."""
        if found := self.store.get(Issue, id_or_key):
            return found
        key = id_or_key.upper()
        for issue in self.store.all(Issue):
            if issue.key == key:
                return issue
        raise Refusal(404, MISSING)

    def record(self, issue: Issue, actor: str, items: list[Item]) -> Change:
        """Write one entry of an issue's history."""
        change = Change(id=self.next_id("change"), issue=issue.id, author=actor, created=self.stamp(), items=items)
        self.store.put(change)
        return change

    def touch(self, issue: Issue, **changes: Any) -> Issue:
        """Keep an issue changed, and mark when."""
        changed = replace(issue, updated=self.stamp(), **changes)
        self.store.put(changed)
        return changed

    def updated(self, issue: Issue, actor: str, kind: str, change: Change | None = None) -> None:
        """Tell the webhooks that an issue changed; ``kind`` is Jira's name of the event type."""
        extra: dict[str, Json] = {}
        if change is not None:
            extra["changelog"] = {"id": change.id, "items": change.items}
        self.tell("jira:issue_updated", issue, actor, {"issue_event_type_name": kind, **extra})

    def tell(
        self, event: str, issue: Issue, actor: str, extra: Mapping[str, Json] | None = None, flow: str = "Primary"
    ) -> None:
        """Hand an event to the webhooks, in the payload's own dialect: rich text as text, people without e-mail."""
        self.webhooks.raise_event(
            event,
            about=issue.key,
            flow=flow,
            payload=_nameless(
                {
                    "timestamp": int(self.now().timestamp() * 1000),
                    "webhookEvent": event,
                    "user": self.views.user(actor),
                    "issue": self._payload_issue(issue, whole=event.startswith("jira:")),
                    **(extra or {}),
                }
            ),
        )

    def tell_comment(self, event: str, issue: Issue, comment: Comment, actor: str, flow: str = "Primary") -> None:
        """Hand a comment's event to the webhooks.

        As in the field, the payload calls every comment public; only a GET tells the truth.
        """
        shown = {**self.views.comment(comment), "body": to_text(comment.body), "jsdPublic": True}
        self.tell(event, issue, actor, {"comment": shown}, flow)

    def _payload_issue(self, issue: Issue, *, whole: bool) -> Json:
        wanted = (
            ("*all", "-comment") if whole else ("summary", "issuetype", "project", "status", "priority", "assignee")
        )
        fields = self.views.fields(issue, wanted)
        for name in ("description", "environment"):
            if isinstance(fields.get(name), dict):
                fields[name] = to_text(fields[name])
        return {**self.views.head(issue), "fields": fields}


def _nameless(value: Json) -> Json:
    """The same without e-mail addresses, which webhooks do not carry of anyone."""
    if isinstance(value, list):
        return [_nameless(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _nameless(entry) for name, entry in value.items() if name != "emailAddress"}
    return value


def item(field: Field, before: Json, after: Json, catalogue: Catalogue) -> Item:
    """A change of one field as the history has it."""
    old_id, old_text = reads(field, before, catalogue)
    new_id, new_text = reads(field, after, catalogue)
    kind = "custom" if field.id.startswith("customfield_") else "jira"
    entry = {"field": field.name if kind == "custom" else field.id, "fieldtype": kind, "fieldId": field.id}
    return {**entry, "from": old_id, "fromString": old_text, "to": new_id, "toString": new_text}
