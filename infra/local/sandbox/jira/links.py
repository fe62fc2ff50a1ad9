"""What hangs on an issue beside words: links to other issues, links out of Jira, files."""

from __future__ import annotations

import base64

from sandbox.jira.desk import Desk, Item
from sandbox.jira.messages import Json, Refusal
from sandbox.jira.model import Attachment, Issue, IssueLink, LinkType, RemoteLink, pick

FILE_LIMIT = 10_000_000
"""Bytes one attachment may have; the limit of a fresh site is set by its administrator."""
LINK_KEYS = {"globalId", "application", "relationship", "object"}


class Links:
    """Actions on links and files."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def attach(self, issue: Issue, filename: str, mime: str, content: bytes, actor: str) -> Attachment:
        """Put a file on an issue; 413 when it is too large."""
        if len(content) > FILE_LIMIT:
            raise Refusal(413, f"The file '{filename}' exceeds the maximum size of {FILE_LIMIT} bytes.")
        kept = Attachment(
            id=self.desk.next_id("attachment"),
            issue=issue.id,
            author=actor,
            created=self.desk.stamp(),
            filename=filename,
            mime=mime,
            size=len(content),
            content=base64.b64encode(content).decode(),
        )
        self.desk.store.put(kept)
        self._changed(issue, actor, {"field": "Attachment", "from": None, "to": kept.id, "toString": filename})
        return kept

    def attachment(self, attachment_id: str) -> Attachment:
        """A file by id; 404 when there is none."""
        if kept := self.desk.store.get(Attachment, attachment_id):
            return kept
        raise Refusal(404, f"The attachment with id '{attachment_id}' does not exist")

    def detach(self, kept: Attachment, actor: str) -> None:
        """Take a file off its issue."""
        self.desk.store.delete(kept)
        issue = self.desk.find(kept.issue)
        self._changed(issue, actor, {"field": "Attachment", "from": kept.id, "fromString": kept.filename, "to": None})

    def point(self, issue: Issue, body: dict[str, Json]) -> tuple[RemoteLink, bool]:
        """Link an issue to a thing outside; the same ``globalId`` replaces. Returns the link, and whether it is new."""
        target = body.get("object")
        if unknown := set(body) - LINK_KEYS:
            raise Refusal(400, f'Unrecognized field "{min(unknown)}"')
        if not isinstance(target, dict):
            raise Refusal(400, errors={"object": "'object' is required."})
        for name, value in (("globalId", body), ("relationship", body), ("title", target), ("url", target)):
            if not isinstance(value.get(name) or "", str):
                raise Refusal(400, errors={name: f"'{name}' is not a string."})
        missing = {name: f"'{name}' is required." for name in ("title", "url") if not target.get(name)}
        if missing:
            raise Refusal(400, errors=missing)
        known = body.get("globalId")
        before = [link for link in self.remote(issue) if known and link.body.get("globalId") == known]
        link_id = before[0].id if before else self.desk.next_id("remotelink")
        link = RemoteLink(id=link_id, issue=issue.id, body=dict(body))
        self.desk.store.put(link)
        return link, not before

    def remote(self, issue: Issue) -> list[RemoteLink]:
        """The links out of Jira of an issue."""
        return self.desk.store.of(RemoteLink, issue.id)

    def connect(self, kind: Json, inward: Issue, outward: Issue, actor: str) -> IssueLink:
        """Link two issues: the inward one ``blocks`` the outward one. Linking twice makes one link."""
        link_type = self._type(kind)
        for link in self.desk.store.of(IssueLink, outward.id):
            if (link.inward, link.type) == (inward.id, link_type.id):
                return link
        link = IssueLink(id=self.desk.next_id("issuelink"), issue=outward.id, inward=inward.id, type=link_type.id)
        self.desk.store.put(link)
        says = f"This work item {link_type.outward} {outward.key}"
        self._changed(inward, actor, {"field": "Link", "from": None, "to": outward.key, "toString": says})
        says = f"This work item {link_type.inward} {inward.key}"
        self._changed(outward, actor, {"field": "Link", "from": None, "to": inward.key, "toString": says})
        return link

    def link(self, link_id: str) -> IssueLink:
        """A link between issues by id; 404 when there is none."""
        if link := self.desk.store.get(IssueLink, link_id):
            return link
        raise Refusal(404, f"No issue link with id '{link_id}' exists.")

    def disconnect(self, link: IssueLink, actor: str) -> None:
        """Remove a link between two issues."""
        link_type = pick(self.desk.catalogue.link_types, link.type)
        self.desk.store.delete(link)
        inward, outward = self.desk.find(link.inward), self.desk.find(link.issue)
        says = f"This work item {link_type.outward} {outward.key}"
        self._changed(inward, actor, {"field": "Link", "from": outward.key, "fromString": says, "to": None})
        says = f"This work item {link_type.inward} {inward.key}"
        self._changed(outward, actor, {"field": "Link", "from": inward.key, "fromString": says, "to": None})

    def _type(self, kind: Json) -> LinkType:
        for entry in self.desk.catalogue.link_types:
            if isinstance(kind, dict) and (kind.get("id") == entry.id or kind.get("name") == entry.name):
                return entry
        name = kind.get("name", kind.get("id")) if isinstance(kind, dict) else kind
        raise Refusal(404, f"No issue link type with name '{name}' found.")

    def _changed(self, issue: Issue, actor: str, entry: Item) -> None:
        item: Item = {"fieldtype": "jira", "fromString": None, "toString": None, **entry}
        if entry["field"] == "Attachment":
            item["fieldId"] = "attachment"
        issue = self.desk.touch(issue)
        self.desk.updated(issue, actor, "issue_updated", self.desk.record(issue, actor, [item]))
