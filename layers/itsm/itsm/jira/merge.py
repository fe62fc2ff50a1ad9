"""Merge: a record and its issue side by side, against what both last agreed on; decisions only, nothing is written."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from itsm.core.addresses import folded
from itsm.core.clock import RUNNING
from itsm.core.events import Event, Json
from itsm.core.record import Record
from itsm.jira import adf
from itsm.jira.issues import Draft, Issue, Person
from itsm.jira.policy import JiraPolicy, PracticeRules

BREACHED = "sla-breached"
FIELDS = ("title", "priority", "assignee", "due")
OURS, JIRA = "ours", "jira"
"""The halves of a link's base: each side's own value when they last agreed, so that no mapping need be invertible."""
CHANGELOG = {"summary": "title", "priority": "priority", "assignee": "assignee", "duedate": "due", "labels": "labels"}

type Sides = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What becomes of the labels: those of the record afterwards, and what to add to and remove from the issue.

    `marks` are those that are set and taken away by what is known of the record, whatever people do with them.
    """

    record: tuple[str, ...]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


def is_mark(label: str) -> bool:
    """Whether a label is ours to set and to take away, whatever people do with it."""
    return label == BREACHED or label.startswith("itsm-")


def label_of(record_id: str) -> str:
    """The label by which an issue is found; a step's id is its record's, a dot, and the state."""
    return f"itsm-{record_id.replace('.', '-')}"


def ours(record: Record, rules: PracticeRules, zone: str) -> dict[str, str]:
    """The record's side, in our words; a field that is not shown in Jira is left out."""
    side = {"title": record.title, "assignee": record.assignee}
    if str(record.priority) in rules.priority:
        side["priority"] = str(record.priority)
    if rules.fields.due != "off" and (due := due_date(record, zone)):
        side["due"] = due
    return side


def theirs(issue: Issue) -> dict[str, str]:
    """The issue's side, in Jira's words."""
    assignee = issue.assignee.account if issue.assignee else ""
    return {"title": issue.summary, "priority": issue.priority, "assignee": assignee, "due": issue.due}


def due_date(record: Record, zone: str) -> str:
    """The day the next running resolution clock runs out, in the organisation's zone; "" while none runs."""
    promised = [clock for clock in record.clocks if clock.kind == "sla"]
    running = [clock for clock in promised if clock.state == RUNNING and clock.due is not None]
    resolution = [clock.due for clock in running if "resol" in clock.metric] or [clock.due for clock in running]
    due = min((instant for instant in resolution if instant is not None), default=None)
    return "" if due is None else datetime.fromtimestamp(due, ZoneInfo(zone)).date().isoformat()


def wanted(name: str, value: str, rules: PracticeRules, account: Callable[[str], str | None]) -> str | None:
    """A value of ours in Jira's words; None when Jira has no word for it (then it is flagged, never guessed)."""
    match name:
        case "title":
            return adf.summary(value)
        case "priority":
            return rules.priority.get(value)
        case "assignee":
            return account(value) if value else ""
        case _:
            return value


def pulled(
    name: str, shown: str, rules: PracticeRules, issue: Issue, policy: JiraPolicy
) -> dict[str, str | int] | None:
    """A value of Jira's as a change of the record; None when we have no word for it."""
    match name:
        case "title":
            return {"title": shown}
        case "priority":
            numbers = [number for number, jira in rules.priority.items() if jira.casefold() == shown.casefold()]
            return {"priority": int(numbers[0])} if numbers else None
        case "assignee":
            return {"assignee": called(issue.assignee, policy) if issue.assignee else ""}
        case _:
            return None


def called(person: Person, policy: JiraPolicy) -> str:
    """What we call a person in Jira: our own name, else the address, else what Jira shows."""
    known = next((name for name, account in policy.people.items() if account == person.account), "")
    return known or folded(person.email) or person.name or f"jira:{person.account}"


def decide(policy: str, *, we: bool, they: bool, equal: bool, ours_at: Callable[[], int], theirs_at: int) -> str:
    """push, pull, settle (both say the same already) or "" (nothing changed), for one field.

    `we` and `they` say which side changed since they last agreed. One-sided changes always cross; `policy` is for
    conflicts, but for `to_jira`, where Jira's side never counts. Of two changes in the same second ours is the newer.
    """
    if not we and not they:
        return ""
    if equal:
        return "settle"
    if policy == "to_jira" or not they:
        return "push"
    if not we:
        return "pull"
    if policy == "newest":
        return "pull" if theirs_at > ours_at() else "push"
    return "pull" if policy == "theirs" else "push"


def labels(
    record: Record, issue: Issue, base: Mapping[str, Json], rules: PracticeRules, marked: Iterable[str] = ()
) -> Labels:
    """Three-way merge, label by label: both sides' additions and removals hold, and our marks are always there.

    `marked` are marks that come and go; one that an agent gave the record itself is the agent's.
    """
    local = tagged(record) if rules.fields.labels == "merge" else frozenset()
    shown = frozenset(issue.labels)
    before_local, before_shown = _then(base, OURS), _then(base, JIRA)
    level, before_level = frozenset(marked) - local, _then(base, OURS, "marks") or frozenset()
    if before_shown is None:
        touched = any(edit.field == "labels" for edit in issue.edits)
        before_local, before_shown = frozenset(), local if touched else shown
    before_local = before_local or frozenset()
    marks = {label_of(record.id)} | ({BREACHED} if _breached(record) else set()) | level
    own = {label for label in shown | before_shown if is_mark(label)} | marks | (before_level - local)
    gone = {label for label in before_shown - shown if label not in own}
    record_labels = local
    if rules.fields.labels == "merge":
        record_labels = (local | (shown - before_shown - own)) - gone
    add = (marks | (local - before_local - gone)) - shown
    return Labels(
        record=tuple(sorted(record_labels)),
        add=tuple(sorted(add)),
        remove=tuple(sorted(((before_local - local) & shown - own) | ((before_level - level - local) & shown))),
        marks=tuple(sorted(level)),
    )


def tagged(record: Record) -> frozenset[str]:
    """The record's own labels, in the form Jira takes: no blanks."""
    given = record.details.get("labels")
    listed = given if isinstance(given, list) else []
    return frozenset(words(label) for label in listed if isinstance(label, str) and label.strip())


def words(label: str) -> str:
    """A label without blanks, at most 255 characters, as Jira takes it."""
    return re.sub(r"\s+", "-", adf.clean(label).strip())[:255]


def _then(base: Mapping[str, Json], side: str, name: str = "labels") -> frozenset[str] | None:
    half = base.get(side)
    kept = half.get(name) if isinstance(half, Mapping) else None
    return frozenset(str(label) for label in kept) if isinstance(kept, list) else None


def _breached(record: Record) -> bool:
    return any(clock.breached_at is not None for clock in record.clocks if clock.kind == "sla")


def draft(
    record: Record,
    text: str,
    rules: PracticeRules,
    zone: str,
    account: Callable[[str], str | None],
    more: str,
    marked: Iterable[str] = (),
) -> Draft:
    """The issue a record begins as."""
    side = ours(record, rules, zone)
    known = {name: wanted(name, value, rules, account) for name, value in side.items() if name != "title"}
    marks = {label_of(record.id)} | ({BREACHED} if _breached(record) else set())
    tags = tagged(record) if rules.fields.labels == "merge" else frozenset()
    lead = f"{record.number} · {record.requester_name or record.requester}"
    return Draft(
        project=rules.project,
        issue_type=rules.issue_type,
        summary=adf.summary(record.title),
        description=adf.to_document(f"{lead}\n\n{text}", more=more),
        labels=tuple(sorted(marks | tags | set(marked))),
        marks=tuple(sorted(set(marked) - tags)),
        record=record.id,
        optional={name: value for name, value in known.items() if value},
    )


def edited_at(issue: Issue, field: str) -> int:
    """When a field was last changed in Jira; 0 when never."""
    return max((edit.at for edit in issue.edits if CHANGELOG.get(edit.field, edit.field) == field), default=0)


def editor(issue: Issue, field: str) -> Person | None:
    """Who changed a field last in Jira."""
    mine = [edit for edit in issue.edits if CHANGELOG.get(edit.field, edit.field) == field]
    return max(mine, key=lambda edit: edit.id).by if mine else None


def changed_at(record: Record, field: str, history: Iterable[Event]) -> int:
    """When a field of the record last changed; its opening when no event tells of one."""
    events = [*history, record.event]
    return max((event.at for event in events if field in event.changes), default=record.opened_at)
