"""Pulling: what people did in Jira becomes changes of the record, each by its own words and through its own rules."""

from typing import Any

from itsm.core.errors import ForbiddenError, IllegalMoveError, InvalidInputError
from itsm.core.journal import carried
from itsm.core.record import Record, derived_id
from itsm.jira import adf, merge, status, talk
from itsm.jira.exchange import Exchange
from itsm.jira.issues import Person
from itsm.jira.merge import JIRA, OURS

MAX_REVERTS = 3
"""How often a refused move is put back before it is left: an automation in Jira may be moving it again each time."""


def pull_fields(it: Exchange, pulls: list[str], labels: merge.Labels) -> None:
    """Save the fields that people changed in Jira, as one change of the record."""
    changes: dict[str, Any] = {}
    shown = merge.theirs(it.issue)
    for name in pulls:
        change = merge.pulled(name, shown[name], it.rules, it.issue, it.desk.policy)
        it.jira[name] = shown[name]
        if change is None:
            it.flags[name] = f"we have no word for {shown[name]!r}, which Jira shows"
            continue
        it.flags.pop(name, None)
        it.ours[name] = str(next(iter(change.values())))
        changes |= change
    if it.rules.fields.labels == "merge" and set(labels.record) != merge.tagged(it.record):
        changes["details"] = {**it.record.details, "labels": list(labels.record)}
        pulls = [*pulls, "labels"]
    if changes:
        kind = "Assigned" if set(changes) == {"assignee"} else "FieldsChanged"
        by = _name(it, merge.editor(it.issue, pulls[0]))
        after = it.record.changed(kind, by=by, origin=talk.ORIGIN, at=it.desk.now, **changes)
        it.record = it.desk.save(it.record, after, None)


def pull_comments(it: Exchange) -> None:
    """Add what was said in Jira; a comment's id is derived from Jira's, so that it is added once."""
    known = {entry.id for entry in it.entries}
    for entry in it.said:
        if entry.ours in known and entry.ours not in it.mapped:
            it.mapped[entry.ours] = entry.id
            it.heard[entry.id] = talk.seen(entry)
    digests = {entry.id: talk.seen(entry) for entry in it.said}
    heard = {said: str(digest) for said, digest in it.heard.items()}
    for arrival in talk.incoming(it.record, it.said, heard, set(it.mapped.values()), it.desk.policy):
        comment = arrival.comment
        if comment.id not in known:
            by, at = comment.by, it.desk.now
            said = carried(comment, at)
            after = it.record.changed("CommentAdded", by=by, origin=talk.ORIGIN, at=at, comment=comment.id, **said)
            it.record = it.desk.save(it.record, after, comment)
        if arrival.said:
            it.mapped[comment.id] = arrival.said
            it.heard[arrival.said] = digests[arrival.said]
    it.heard = {said: digest for said, digest in it.heard.items() if said in digests}


def pull_state(it: Exchange) -> bool:
    """Follow the issue's status, or ask for it; returns whether the record's state has to be shown in Jira instead."""
    then, shown, state = it.then(JIRA, "status"), it.issue.status, it.record.state
    passed = it.kept.get("passed")
    they = then != shown.id if then else merge.edited_at(it.issue, "status") > 0
    they = they and not (isinstance(passed, list) and shown.id in passed)
    we = it.then(OURS, "state") != state
    if we:
        it.kept.pop("reverts", None)
    verdict = merge.decide(
        it.rules.fields.state,
        we=we,
        they=they,
        equal=status.fits(it.rules.status[state], shown),
        ours_at=lambda: merge.changed_at(it.record, "state", it.desk.records.history(it.record.id)),
        theirs_at=merge.edited_at(it.issue, "status"),
    )
    if verdict:
        it.flags.pop("state", None)
    if verdict == "push" or (verdict == "pull" and not _followed(it)):
        return True
    it.ours["state"], it.jira["status"] = it.record.state, shown.id
    return False


def _followed(it: Exchange) -> bool:
    """Whether the record now is where the issue is, or may stay; False when the issue has to be put back."""
    target = status.asked(it.rules, it.issue.status)
    if not target or target == it.record.state:
        return True
    by = _name(it, merge.editor(it.issue, "status"))
    try:
        it.record = _moved(it, target, by)
    except (IllegalMoveError, InvalidInputError, ForbiddenError) as refusal:
        return not _refused(it, refusal)
    it.kept.pop("reverts", None)
    return True


def _moved(it: Exchange, target: str, by: str) -> Record:
    if it.record.state in it.rules.guarded:
        raise ForbiddenError(
            f"{it.record.number} is {it.record.state} and waits for a decision that is not made in Jira"
        )

    def move(to: str) -> Record:
        return it.desk.move(it.record, to, by=by, origin=talk.ORIGIN, at=it.desk.now)

    try:
        return move(target)
    except IllegalMoveError as refusal:
        via = next((state for state in it.rules.through if state in refusal.legal and state != target), "")
        if not via:
            raise
        it.record = move(via)
        return move(target)


def _refused(it: Exchange, refusal: Exception) -> bool:
    """Say in Jira why the move does not count; returns whether to put the issue back."""
    stamp = merge.edited_at(it.issue, "status")
    note = "note-" + derived_id("jira-refusal", f"{it.issue.id}:{it.issue.status.id}:{stamp}")
    if not any(entry.ours == note for entry in it.said):
        it.claim()
        text = f"This move does not count for the ticket: {refusal}"
        it.desk.issues.comment(it.issue.id, adf.to_document(text), note, public=False)
    reverts = it.kept.get("reverts", 0)
    count = int(reverts) if isinstance(reverts, int | float) else 0
    if it.rules.refused == "revert" and count < MAX_REVERTS:
        it.kept["reverts"] = count + 1
        return True
    it.flags["state"] = f"Jira shows {it.issue.status.name}, the ticket is {it.record.state}"
    return False


def _name(it: Exchange, person: Person | None) -> str:
    return merge.called(person, it.desk.policy) if person else talk.ORIGIN
