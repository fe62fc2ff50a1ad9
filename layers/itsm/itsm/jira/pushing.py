"""Pushing: what changed on our side is shown in Jira: only what differs, and never twice."""

from collections.abc import Sequence
from dataclasses import replace

from itsm.core.errors import InvalidInputError, StaleVersionError, TooLargeError
from itsm.jira import adf, clocks, merge, status, talk
from itsm.jira.exchange import Exchange
from itsm.jira.issues import Edit, Told, Transition
from itsm.jira.merge import JIRA, OURS
from itsm.jira.policy import DESCRIPTION, OFF

REFUSED = "Jira refused the value"


def account_of(it: Exchange, name: str) -> str | None:
    """The Jira account of a name of ours: by policy, else the one account with exactly that address."""
    known = it.desk.policy.people.get(name)
    return known or (it.desk.issues.account(name) if "@" in name else None)


def weigh(it: Exchange) -> tuple[list[str], dict[str, str]]:
    """Fields to pull, and fields to push with their values in Jira's words; what already agrees is settled at once."""
    pulls: list[str] = []
    pushes: dict[str, str] = {}
    mine, shown = merge.ours(it.record, it.rules, it.desk.policy.zone), merge.theirs(it.issue)
    for name in [name for name in merge.FIELDS if name in mine]:
        we = it.then(OURS, name) != mine[name]
        then = it.then(JIRA, name)
        they = then != shown[name] if then is not None else merge.edited_at(it.issue, name) > 0
        if not we and not they:
            continue
        value = merge.wanted(name, mine[name], it.rules, lambda who: account_of(it, who))
        verdict = merge.decide(
            getattr(it.rules.fields, name),
            we=we,
            they=they,
            equal=value == shown[name],
            ours_at=lambda name=name: merge.changed_at(it.record, name, it.desk.records.history(it.record.id)),  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            theirs_at=merge.edited_at(it.issue, name),
        )
        if verdict == "pull":
            pulls.append(name)
            continue
        it.flags.pop(name, None)
        it.ours[name] = mine[name]
        if value is None:
            it.flags[name] = f"Jira has no word for {mine[name]!r}"
        if verdict == "push" and (value is not None or (name == "assignee" and shown[name])):
            pushes[name] = value or ""
        else:
            it.jira[name] = shown[name]
    return pulls, pushes


def push_fields(it: Exchange, pushes: dict[str, str], labels: merge.Labels) -> None:
    """One PUT of what differs; a field that Jira refuses is flagged, and the others are sent without it."""
    add, remove = labels.add, labels.remove
    sent, before = dict(pushes), it.issue
    told, edits = _told(it)
    while sent or add or remove or told:
        it.claim()
        try:
            it.desk.issues.edit(it.issue.id, sent, add, remove, told)
            break
        except InvalidInputError as error:
            refused = error.field
            if refused == "labels":
                add, remove = (), ()
            elif told and refused == told.place:
                told, refused = replace(told, place=""), "clocks"
            elif refused in sent:
                del sent[refused]
            else:
                raise
            it.flags[refused] = REFUSED
    if sent or add or remove or told:
        it.issue = it.desk.issues.get(it.issue.id)
        _overwritten(it, sent, before.edits)
        _spare_words(it, told, edits)
    for name in pushes:
        # What we sent, not what is there now: a change made since then is the other side's and comes next.
        it.jira[name] = sent[name] if name in sent else merge.theirs(before)[name]
    if labels.marks or "marks" in it.ours:
        it.ours["marks"] = [*labels.marks]
    it.ours["labels"] = [*labels.record]
    it.jira["labels"] = [*sorted((set(before.labels) | set(add)) - set(remove))]


def _overwritten(it: Exchange, sent: dict[str, str], before: Sequence[Edit]) -> None:
    """Jira has no optimistic lock: say so when our change went over one that someone made a moment earlier."""
    last = max((edit.id for edit in before), default=0)
    for name, value in sent.items():
        since = [e for e in it.issue.edits if e.id > last and merge.CHANGELOG.get(e.field) == name]
        lost = [edit for edit in since[:-1] if edit.became != value]
        if lost and since[-1].became == value:
            edit = lost[-1]
            who = edit.by.name or "someone"
            text = f"The {name} {edit.became!r} that {who} set was replaced by the ticket's {value!r}."
            it.claim()
            it.desk.issues.comment(it.issue.id, adf.to_document(text), f"note-overwritten-{edit.id}", public=False)


def _told(it: Exchange) -> tuple[Told | None, Sequence[Edit]]:
    """What to say of the clocks, if their state changed or someone changed our words, and the changelog until then."""
    place, number = it.rules.fields.clocks, it.record.number
    if place == OFF:
        return None, ()
    shown = clocks.seen(it.issue.description, number) if place == DESCRIPTION else it.then(JIRA, "clocks") or ""
    we = (it.then(OURS, "clocks") or "") != clocks.standing(it.record)
    they = (it.then(JIRA, "clocks") or "") != shown and "clocks" not in it.flags
    if not we and not they:
        return None, ()
    # The description is the people's, and Jira has no lock: what they wrote until this moment is kept word by word.
    latest = it.desk.issues.get(it.issue.id) if place == DESCRIPTION else it.issue
    told = clocks.told(it.record, it.rules, it.desk.policy.zone, latest.description)
    it.flags.pop("clocks", None)
    it.ours["clocks"], it.jira["clocks"] = told.standing, told.seen
    return told, latest.edits


def _spare_words(it: Exchange, told: Told | None, before: Sequence[Edit]) -> None:
    """Say what someone wrote into the description in the very moment in which our panel went over it."""
    if told is None or told.place != DESCRIPTION:
        return
    last = max((edit.id for edit in before), default=0)
    since = [edit for edit in it.issue.edits if edit.id > last and edit.field == DESCRIPTION]
    ours = max((at for at, edit in enumerate(since) if edit.by.account == it.issue.creator), default=0)
    for edit in since[:ours]:
        if edit.by.account != it.issue.creator:
            text = f"Our note on service levels went over what {edit.by.name or 'someone'} had just written here:"
            it.claim()
            body = adf.to_document(f"{text}\n\n{edit.became}", more=it.desk.more)
            it.desk.issues.comment(it.issue.id, body, f"note-overwritten-{edit.id}", public=False)


def push_state(it: Exchange) -> None:
    """Bring the issue to a status that fits, in at most four moves, looking at it again after each."""
    seen: set[str] = set()
    trouble = ""
    for _ in range(status.MAX_STEPS):
        way, trouble = _way(it, seen)
        if way is None:
            break
        seen.add(it.issue.status.id)
        trouble = _step(it, way)
        if trouble:
            break
    fits = status.settled(it.rules, it.record.state, it.issue.status)
    it.jira["status"] = it.issue.status.id
    if fits:
        it.ours["state"] = it.record.state
        it.flags.pop("state", None)
    else:
        it.flags["state"] = trouble or f"{status.MAX_STEPS} moves did not lead to {_aim(it)}"
    if fits or it.then(OURS, "state") == it.record.state:
        it.kept.pop("passed", None)


def _way(it: Exchange, seen: set[str]) -> tuple[Transition | None, str]:
    if status.fits(it.rules.status[it.record.state], it.issue.status):
        return None, ""
    offered = list(it.desk.issues.transitions(it.issue.id))
    trouble = f"no move from {it.issue.status.name} leads to {_aim(it)}"
    while way := status.next_step(it.rules, it.record.state, it.issue.status, offered, seen):
        missing = status.lacking(status.screen_rule(it.rules, it.record.state, way), way)
        if not missing:
            return way, ""
        trouble = f"the move {way.name!r} needs {', '.join(missing)}, which policy does not give"
        offered.remove(way)
    return None, trouble


def _step(it: Exchange, way: Transition) -> str:
    """Make one move; returns what is in the way, when Jira refuses it and nobody else moved the issue."""
    if not status.fits(it.rules.status[it.record.state], way.to):
        it.passing(way.to.id)
    was = it.issue.status.id
    fields = status.screen(status.screen_rule(it.rules, it.record.state, way), way)
    refused = ""
    it.claim()
    try:
        it.desk.issues.transition(it.issue.id, way.id, fields)
    except StaleVersionError:
        refused = f"someone else is moving the issue, so {way.name!r} was refused"
    except InvalidInputError as error:
        refused = f"Jira refused the move {way.name!r}: {error}"
    it.issue = it.desk.issues.get(it.issue.id)
    return "" if it.issue.status.id != was else refused or f"the move {way.name!r} had no effect"


def _aim(it: Exchange) -> str:
    return " or ".join(it.rules.status[it.record.state].preferred)


def push_comments(it: Exchange) -> None:
    """Add our comments, oldest first. They were looked for among Jira's by their proof when this pass began."""
    waiting = talk.outgoing(it.entries, set(it.mapped), it.rules.comments)
    if waiting:
        it.flags.pop("comments", None)
    for comment in waiting:
        body = talk.document(comment, it.desk.more)
        it.claim()
        try:
            said = it.desk.issues.comment(it.issue.id, body, comment.id, comment.public)
        except TooLargeError:
            it.flags["comments"] = "Jira takes no more comments on this issue"
            return
        except InvalidInputError:
            it.mapped[comment.id] = "refused"
            it.flags["comments"] = f"Jira refused the comment {comment.id}"
            continue
        it.mapped[comment.id] = said
        it.heard[said] = talk.digest(adf.to_text(body))
