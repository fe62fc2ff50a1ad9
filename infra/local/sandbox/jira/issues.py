"""What can be done to an issue itself: create, edit, move through the workflow, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.jira.comments import Comments
from sandbox.jira.desk import Desk, Item, item
from sandbox.jira.fields import NOT_ON_SCREEN, RESOLUTION, Field, InvalidValueError, editable, label, parse
from sandbox.jira.messages import Json, Refusal
from sandbox.jira.model import Attachment, Change, Comment, Issue, IssueLink, IssueType, Move, Project, RemoteLink
from sandbox.jira.properties import properties_of

BODY_KEYS = {"fields", "update", "properties", "transition", "historyMetadata"}
PLACES = {"project", "issuetype", "parent"}
"""Fields given with the others at creation that are no values but the issue's place."""


class Issues:
    """Actions on issues. Each raises Refusal as Jira refuses, and leaves nothing half done."""

    def __init__(self, desk: Desk, comments: Comments) -> None:
        self.desk = desk
        self.comments = comments

    def create(self, body: Mapping[str, Json], actor: str) -> Issue:
        """A new issue, with its properties, in one go."""
        given, update = _parts(body)
        errors: dict[str, str] = {}
        project = self._project(given, errors)
        kind = self._kind(given, errors)
        parent = self._parent(given, kind, errors)
        asked = {name: value for name, value in given.items() if name not in PLACES}
        fields = self._changed({"labels": []}, asked, update, errors)
        if "summary" not in fields:
            errors.setdefault("summary", "You must specify a summary of the issue.")
        if errors or project is None or kind is None:
            raise Refusal(400, errors=errors)
        fields.setdefault("priority", self.desk.catalogue.default_priority)
        fields.setdefault("reporter", actor)
        now = self.desk.stamp()
        issue = Issue(
            id=self.desk.next_id("issue"),
            key=f"{project.key}-{self.desk.store.next(f'key:{project.key}', 1)}",
            project=project.key,
            type=kind.id,
            status=self.desk.catalogue.statuses[0].id,
            created=now,
            updated=now,
            status_changed=now,
            creator=actor,
            parent=parent.id if parent else None,
            fields=fields,
            properties=properties_of(body),
        )
        self.desk.store.put(issue)
        self.desk.tell("jira:issue_created", issue, actor, {"issue_event_type_name": "issue_created"})
        self._add_comments(issue, update, actor)
        return issue

    def edit(self, issue: Issue, body: Mapping[str, Json], actor: str) -> Issue:
        """Change fields by value (``fields``) or by verb (``update``); what does not change leaves no trace."""
        given, update = _parts(body)
        errors: dict[str, str] = {}
        if "issuetype" in given:
            given = dict(given)
            kind = self._kind({"issuetype": given.pop("issuetype")}, errors)
            if kind and kind.subtask != self.desk.catalogue.type(issue.type).subtask:
                errors["issuetype"] = "The issue type selected is invalid."
            elif kind and kind.id != issue.type:
                issue = self._retype(issue, kind, actor)
        fields = self._changed(issue.fields, given, update, errors)
        if errors:
            raise Refusal(400, errors=errors)
        if added := properties_of(body):
            issue = replace(issue, properties={**issue.properties, **added})
            self.desk.store.put(issue)
        issue = self._save(issue, fields, actor)
        self._add_comments(issue, update, actor)
        return self.desk.find(issue.id)

    def move(self, issue: Issue, body: Mapping[str, Json], actor: str) -> Issue:
        """Take a transition the issue's status allows, with the fields of its screen and perhaps a comment."""
        given, update = _parts(body)
        move = self._move(issue, body.get("transition"))
        errors = {name: NOT_ON_SCREEN.format(name) for name in {*given, *update} - {*move.screen, "comment"}}
        resolution = issue.fields.get("resolution")
        if "resolution" in move.sets:
            resolution = move.sets["resolution"]
        if not errors and "resolution" in {*given, *update}:
            asked = given.get("resolution", next((verb.get("set") for verb in update.get("resolution", [])), None))
            try:
                resolution = parse(RESOLUTION, asked, self.desk.catalogue)
            except InvalidValueError as refused:
                errors["resolution"] = str(refused)
        if not errors and "resolution" in move.required and resolution is None:
            errors["resolution"] = "Resolution is required."
        if errors:
            raise Refusal(400, errors=errors)
        issue = self._moved(issue, move, resolution, actor)
        self._add_comments(issue, update, actor)
        return issue

    def delete(self, issue: Issue, actor: str, *, with_subtasks: bool = False) -> None:
        """Delete an issue and all that hangs on it."""
        store = self.desk.store
        children = [child for child in store.all(Issue) if child.parent == issue.id]
        if children and not with_subtasks:
            raise Refusal(
                400, f"The issue '{issue.key}' has subtasks. You must specify the 'deleteSubtasks' parameter."
            )
        for child in children:
            self.delete(child, actor)
        self.desk.tell("jira:issue_deleted", issue, actor)
        for comment in store.of(Comment, issue.id):
            self.desk.tell_comment("comment_deleted", issue, comment, actor, flow="Secondary")
        for kind in (Comment, Change, Attachment, RemoteLink):
            for record in store.of(kind, issue.id):
                store.delete(record)
        for link in store.all(IssueLink):
            if issue.id in (link.issue, link.inward):
                store.delete(link)
        store.delete(issue)

    def _project(self, given: Mapping[str, Json], errors: dict[str, str]) -> Project | None:
        asked = given.get("project")
        for project in self.desk.catalogue.projects:
            if isinstance(asked, dict) and (asked.get("id") == project.id or asked.get("key") == project.key):
                return project
        errors["project"] = "valid project is required" if asked else "Specify a valid project ID or key"
        return None

    def _kind(self, given: Mapping[str, Json], errors: dict[str, str]) -> IssueType | None:
        asked = given.get("issuetype")
        for kind in self.desk.catalogue.types:
            if isinstance(asked, dict) and (asked.get("id") == kind.id or asked.get("name") == kind.name):
                return kind
        errors["issuetype"] = "Specify a valid issue type" if asked else "Specify an issue type"
        return None

    def _parent(self, given: Mapping[str, Json], kind: IssueType | None, errors: dict[str, str]) -> Issue | None:
        asked = given.get("parent")
        if kind is None or not kind.subtask:
            if asked is not None and kind is not None:
                errors["parent"] = f"Given parent work item does not belong to appropriate hierarchy for {kind.name}."
            return None
        if not isinstance(asked, dict) or not (asked.get("key") or asked.get("id")):
            errors["issuetype"] = "Issue type is a sub-task but parent issue key or id not specified."
            return None
        try:
            return self.desk.find(str(asked.get("id") or asked.get("key")))
        except Refusal:
            errors["parent"] = "Could not find issue by id or key."
            return None

    def _changed(
        self,
        before: Mapping[str, Json],
        given: Mapping[str, Json],
        update: Mapping[str, list[dict[str, Json]]],
        errors: dict[str, str],
    ) -> dict[str, Json]:
        """The fields as they would be; what is wrong with the request goes into ``errors``, field by field."""
        known = editable(self.desk.catalogue)
        after = dict(before)
        verbs = {name: listed for name, listed in update.items() if name != "comment"}
        for name in {*given, *verbs} - set(known):
            errors[name] = NOT_ON_SCREEN.format(name)
        for name in set(given) & set(verbs):
            errors[name] = f"Field '{name}' cannot appear in both 'fields' and 'update'"
        for name in [name for name in known if name in {*given, *verbs} and name not in errors]:
            try:
                if name in given:
                    after[name] = parse(known[name], given[name], self.desk.catalogue)
                for verb in verbs.get(name, ()):
                    after[name] = self._apply(known[name], after.get(name), verb)
            except InvalidValueError as refused:
                errors[name] = str(refused)
        return after

    def _apply(self, field: Field, value: Json, verb: Mapping[str, Json]) -> Json:
        for word, operand in verb.items():
            if word not in field.operations:
                raise InvalidValueError(f"Field with id '{field.id}' does not support operation '{word}'")
            if word == "set":
                value = parse(field, operand, self.desk.catalogue)
            else:
                others = {kept for kept in value or [] if kept != label(operand)}
                value = sorted(others | ({operand} if word == "add" else set()))
        return value

    def _save(self, issue: Issue, fields: dict[str, Json], actor: str) -> Issue:
        known = editable(self.desk.catalogue)
        catalogue = self.desk.catalogue
        differing = [name for name in known if fields.get(name) != issue.fields.get(name)]
        items = [item(known[name], issue.fields.get(name), fields.get(name), catalogue) for name in differing]
        if not items:
            return issue
        issue = self.desk.touch(issue, fields=fields)
        kind = "issue_assigned" if differing == ["assignee"] else "issue_updated"
        self.desk.updated(issue, actor, kind, self.desk.record(issue, actor, items))
        return issue

    def _retype(self, issue: Issue, kind: IssueType, actor: str) -> Issue:
        before = self.desk.catalogue.type(issue.type)
        entry = {"field": "issuetype", "fieldtype": "jira", "fieldId": "issuetype"}
        items: list[Item] = [
            {**entry, "from": before.id, "fromString": before.name, "to": kind.id, "toString": kind.name}
        ]
        issue = self.desk.touch(issue, type=kind.id)
        self.desk.updated(issue, actor, "issue_updated", self.desk.record(issue, actor, items))
        return issue

    def _move(self, issue: Issue, asked: Json) -> Move:
        if not isinstance(asked, dict) or "id" not in asked:
            raise Refusal(400, "Missing 'transition' identifier")
        for move in self.desk.catalogue.moves_from(issue.status):
            if move.id == str(asked["id"]):
                return move
        raise Refusal(
            400,
            f"It seems that you have tried to perform a workflow operation ({asked['id']}) that is not valid for the "
            "current state of this issue. The likely cause is that somebody has changed the issue recently, "
            "please look at the issue history for details.",
        )

    def _moved(self, issue: Issue, move: Move, resolution: str | None, actor: str) -> Issue:
        catalogue = self.desk.catalogue
        before, after = catalogue.status(issue.status), catalogue.status(move.target)
        entry: dict[str, str | None] = {"field": "status", "fieldtype": "jira", "fieldId": "status"}
        items = [{**entry, "from": before.id, "fromString": before.name, "to": after.id, "toString": after.name}]
        changes: dict[str, Any] = {"status": after.id}
        if resolution != issue.fields.get("resolution"):
            items.insert(0, item(RESOLUTION, issue.fields.get("resolution"), resolution, catalogue))
            changes["fields"] = {**issue.fields, "resolution": resolution}
            changes["resolved"] = self.desk.stamp() if resolution else None
        if before.category != after.category:
            changes["status_changed"] = self.desk.stamp()
        issue = self.desk.touch(issue, **changes)
        self.desk.updated(issue, actor, "issue_generic", self.desk.record(issue, actor, items))
        return issue

    def _add_comments(self, issue: Issue, update: Mapping[str, list[dict[str, Json]]], actor: str) -> None:
        for verb in update.get("comment", ()):
            if set(verb) != {"add"}:
                raise Refusal(400, errors={"comment": "Comments are changed at their own address."})
            self.comments.add(self.desk.find(issue.id), verb["add"], actor)


def _parts(body: Mapping[str, Json]) -> tuple[Mapping[str, Json], Mapping[str, list[dict[str, Json]]]]:
    if unknown := set(body) - BODY_KEYS:
        raise Refusal(400, f'Unrecognized field "{min(unknown)}"')
    given, update = body.get("fields") or {}, body.get("update") or {}
    if not isinstance(given, dict) or not isinstance(update, dict):
        raise Refusal(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    for name, verbs in update.items():
        if not isinstance(verbs, list) or not all(isinstance(verb, dict) for verb in verbs):
            raise Refusal(400, errors={name: "data was not an array"})
    return given, update
