"""Talk: which comments cross to the other side, and how they read there; decisions only, nothing is written."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from itsm.core.journal import OPENING
from itsm.core.record import Comment, Record, derived_id
from itsm.jira import adf
from itsm.jira.issues import Document, Person, Said
from itsm.jira.merge import called
from itsm.jira.policy import CommentRules, JiraPolicy

ORIGIN = "jira"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A comment to add to the record, because of a comment in Jira, and that one's id ("" when it is gone)."""

    comment: Comment
    said: str


def outgoing(comments: Iterable[Comment], mapped: Collection[str], rules: CommentRules) -> tuple[Comment, ...]:
    """Our comments that Jira does not have yet, oldest first."""
    return tuple(
        comment
        for comment in comments
        if comment.id not in mapped
        and comment.id != OPENING  # in Jira it is the description
        and comment.origin != ORIGIN
        and (rules.to_jira == "all" or (rules.to_jira == "public" and comment.public))
    )


def document(comment: Comment, more: str) -> Document:
    """How a comment of ours reads in Jira: who says it, then what."""
    files = [key.rpartition("/")[2] for key in comment.attachments]
    tail = f"\n\nAttached: {', '.join(files)}" if files else ""
    kind = "" if comment.public else " (internal)"
    return adf.to_document(f"{comment.by}{kind}:\n\n{comment.text}{tail}", more=more)


def digest(text: str) -> str:
    """A comment's text in short; blanks, and what else Jira adds to a document (ids, layout), do not count."""
    return hashlib.sha256("".join(text.split()).encode()).hexdigest()[:12]


def seen(said: Said) -> str:
    """A comment of Jira's in short."""
    return digest(said.text)


def incoming(
    record: Record, said: Iterable[Said], before: Mapping[str, str], mapped: Collection[str], policy: JiraPolicy
) -> tuple[Arrival, ...]:
    """What people in Jira said, changed or took back since `before` (Jira's comment id to digest).

    `mapped` holds the Jira ids of comments both sides have. A change is a further comment: a journal stays as it is.
    """
    rules = policy.practices[record.practice].comments
    if rules.from_jira == "none":
        return ()
    arrivals = []
    for entry in said:
        fresh = not entry.ours and entry.id not in mapped
        if fresh:
            arrivals.append(_arrival(record, entry, entry.by, entry.at, policy, ""))
        elif entry.edited_at and before.get(entry.id, seen(entry)) != seen(entry):
            editor = entry.edited_by or entry.by
            arrivals.append(_arrival(record, entry, editor, entry.edited_at, policy, seen(entry)))
    present = {entry.id for entry in said}
    arrivals += [_gone(record, said_id) for said_id in before if said_id not in present]
    return tuple(arrivals)


def public(said: Said, rules: CommentRules) -> bool:
    """Whether the requester may see it: only when that is known. A webhook's word for it never counts."""
    if said.internal:
        return False
    if rules.from_jira == "jsm":
        return said.jsd_public is True or said.internal is False
    return rules.from_jira == "public"


def _arrival(record: Record, said: Said, by: Person, at: int, policy: JiraPolicy, edited: str) -> Arrival:
    key = f"{said.id}#{edited}" if edited else said.id
    text = f"(edited in Jira)\n\n{said.text}" if edited else said.text
    rules = policy.practices[record.practice].comments
    comment = Comment(
        id=derived_id("jira-comment", key),
        record=record.id,
        at=at,
        by=called(by, policy),
        text=text,
        origin=ORIGIN,
        public=public(said, rules) and not (edited and said.ours),
    )
    return Arrival(comment=comment, said=said.id)


def _gone(record: Record, said: str) -> Arrival:
    comment = Comment(
        id=derived_id("jira-comment-deleted", said),
        record=record.id,
        at=record.updated_at,
        by=ORIGIN,
        text="A comment was deleted in Jira; what it said stays here.",
        origin=ORIGIN,
        public=False,
    )
    return Arrival(comment=comment, said="")
