"""What people say on an issue: add a comment, change it, take it back."""

from __future__ import annotations

from dataclasses import replace

from sandbox.jira.adf import TEXT_LIMIT, problem, to_text
from sandbox.jira.desk import Desk
from sandbox.jira.fields import TOO_LONG
from sandbox.jira.messages import Json, Refusal
from sandbox.jira.model import Comment, Issue
from sandbox.jira.properties import properties_of

INVALID = "Comment body is not valid!"
MISSING = "Can not find a comment for the id: {}."


class Comments:
    """Actions on comments. Each raises two events, as Jira does: the comment's own and the issue's."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def find(self, issue: Issue, comment_id: str) -> Comment:
        """A comment of this issue; 404 when it has none such."""
        comment = self.desk.store.get(Comment, comment_id)
        if comment is None or comment.issue != issue.id:
            raise Refusal(404, MISSING.format(comment_id))
        return comment

    def add(self, issue: Issue, body: Json, actor: str) -> Comment:
        """A new comment; the property ``sd.public.comment`` in the same request makes it internal from the start."""
        said, properties = _checked(body)
        now = self.desk.stamp()
        comment = Comment(
            id=self.desk.next_id("comment"),
            issue=issue.id,
            author=actor,
            updater=actor,
            created=now,
            updated=now,
            body=said,
            properties=properties,
        )
        self.desk.store.put(comment)
        self._tell("comment_created", "issue_commented", self.desk.touch(issue), comment, actor)
        return comment

    def edit(self, issue: Issue, comment_id: str, body: Json, actor: str) -> Comment:
        """Change what a comment says."""
        said, properties = _checked(body)
        before = self.find(issue, comment_id)
        comment = replace(
            before,
            body=said,
            updater=actor,
            updated=self.desk.stamp(),
            properties={**before.properties, **properties},
        )
        self.desk.store.put(comment)
        self._tell("comment_updated", "issue_comment_edited", self.desk.touch(issue), comment, actor)
        return comment

    def delete(self, issue: Issue, comment_id: str, actor: str) -> None:
        """Take a comment back."""
        comment = self.find(issue, comment_id)
        self.desk.store.delete(comment)
        self._tell("comment_deleted", "issue_comment_deleted", self.desk.touch(issue), comment, actor)

    def _tell(self, event: str, kind: str, issue: Issue, comment: Comment, actor: str) -> None:
        self.desk.tell_comment(event, issue, comment, actor)
        self.desk.updated(issue, actor, kind)


def _checked(body: Json) -> tuple[dict[str, Json], dict[str, Json]]:
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    said = body.get("body")
    if not isinstance(said, dict) or problem(said) is not None or not said["content"]:
        raise Refusal(400, errors={"comment": INVALID})
    if len(to_text(said)) > TEXT_LIMIT:
        raise Refusal(400, errors={"comment": TOO_LONG})
    return said, properties_of(body)
