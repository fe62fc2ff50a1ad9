"""Jira policy: how each practice's records appear in Jira, and whose word counts when both sides changed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from itsm.core.addresses import folded

CATEGORIES = ("new", "indeterminate", "done")
"""The keys of Jira's three status categories; they are the same in every language and workflow."""
BY_CATEGORY = "category:"
DESCRIPTION, OFF = "description", "off"
CUSTOM_FIELD = re.compile(r"customfield_\d+", re.ASCII)
CHOICES: Mapping[str, tuple[str, ...]] = {
    "fields.title": ("newest", "ours", "theirs", "to_jira"),
    "fields.priority": ("newest", "ours", "theirs", "to_jira"),
    "fields.assignee": ("newest", "ours", "theirs", "to_jira"),
    "fields.state": ("newest", "ours", "theirs"),
    "fields.labels": ("merge", "to_jira"),
    "fields.due": ("to_jira", "off"),
    "comments.to_jira": ("all", "public", "none"),
    "comments.from_jira": ("jsm", "public", "internal", "none"),
    "refused": ("revert", "leave"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRule:
    """The Jira statuses one state of ours may show as.

    `preferred` is aimed for in this order; an issue in a `compatible` one is left alone. Any other status of the
    `category` serves when neither can be reached, unless another state claims it. `via` lists states whose statuses may
    be passed through to get here, nearest first. `resolution` is set when a transition's screen has that field.
    """

    category: str
    preferred: tuple[str, ...]
    compatible: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    resolution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRules:
    """Who wins per field when both sides changed it; `to_jira`: what people change in Jira is put back.

    `clocks` is where an issue says how its targets stand: a panel of its description, a paragraph field of its own by
    id (customfield_10050), or nowhere (off).
    """

    title: str = "newest"
    priority: str = "ours"
    assignee: str = "ours"
    state: str = "newest"
    labels: str = "merge"
    due: str = "to_jira"
    clocks: str = DESCRIPTION


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRules:
    """Which comments cross.

    `to_jira`: all, public or none. `from_jira` says who sees a comment made in Jira: `jsm` trusts the flag of Jira
    Service Management as read back from Jira, `public` and `internal` are for projects without it, `none` takes none.
    """

    to_jira: str = "all"
    from_jira: str = "jsm"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRule:
    """A human step of a process as an issue of its own under the ticket's, open while the ticket is in its state.

    `summary` says what is to be done. Closing the issue asks the ticket for the state `then`; without one the step is
    decided elsewhere (an approval), and the issue only shows it. A ticket that goes from the step to one of `dropped`
    leaves it undone, and the issue is cancelled; every other way out has done it.
    """

    summary: str
    then: str = ""
    dropped: tuple[str, ...] = ()
    issue_type: str = "Sub-task"


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeRules:
    """How one practice's records appear.

    `status` maps our states, `inbound` a Jira status or `category:<key>` to the state it asks for, `priority` our
    numbers to Jira's names. `through` lists states that may be passed on the way when the asked one is not next. When
    our process refuses a move made in Jira, `refused` puts the issue back or leaves it. A `guarded` state is never left
    by a move in Jira, legal or not: it waits for a decision that is made elsewhere. `steps` gives the states people
    work in an issue of their own.
    """

    project: str
    issue_type: str
    status: Mapping[str, StatusRule]
    inbound: Mapping[str, str]
    priority: Mapping[str, str] = field(default_factory=dict)
    fields: FieldRules = FieldRules()
    comments: CommentRules = CommentRules()
    refused: str = "revert"
    through: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()
    steps: Mapping[str, StepRule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JiraPolicy:
    """The organisation's Jira: practices by name, our people's Jira account ids, and the zone due dates are shown in.

    `hosts` lists Jira hosts beside Atlassian's own that the product may talk to.
    """

    practices: Mapping[str, PracticeRules] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    hosts: tuple[str, ...] = ()


def problems(policy: JiraPolicy, states: Mapping[str, frozenset[str]] | None = None) -> list[tuple[str, str]]:
    """What contradicts itself, as (dotted key, reason); `states` are the practices' lifecycles, when at hand."""
    found = []
    try:
        ZoneInfo(policy.zone)
    except (ZoneInfoNotFoundError, ValueError):
        found.append(("zone", f"{policy.zone!r} is no time zone of the IANA database"))
    accounts = list(policy.people.values())
    for name, account in policy.people.items():
        if not account or accounts.count(account) > 1:
            found.append((f"people.{name}", "needs a Jira account id that no one else has"))
        if "@" in name and folded(name) != name:
            found.append((f"people.{name}", f"is written {folded(name)!r}, as records name people"))
    for practice, rules in policy.practices.items():
        known = (states or {}).get(practice)
        found += [(f"practices.{practice}.{key}", reason) for key, reason in _practice_problems(rules, known)]
    return found


def _practice_problems(rules: PracticeRules, states: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]+", rules.project):
        yield "project", f"{rules.project!r} is no project key (capitals, digits and _)"
    if not rules.issue_type:
        yield "issue_type", "names no issue type"
    for key, allowed in CHOICES.items():
        value = _at(rules, key)
        if value not in allowed:
            yield key, f"is {value!r}; it may be {', '.join(allowed)}"
    if rules.fields.clocks not in (DESCRIPTION, OFF) and not CUSTOM_FIELD.fullmatch(rules.fields.clocks):
        yield "fields.clocks", f"is {rules.fields.clocks!r}; it may be {DESCRIPTION}, {OFF} or a customfield_<number>"
    for number, name in rules.priority.items():
        if number not in ("1", "2", "3", "4", "5") or not name:
            yield f"priority.{number}", "maps one of the priorities 1 to 5 to a Jira priority's name"
    yield from _status_problems(rules, states)
    yield from _inbound_problems(rules)


def _at(rules: PracticeRules, key: str) -> str:
    group, _, name = key.rpartition(".")
    return str(getattr(getattr(rules, group) if group else rules, name))


def _status_problems(rules: PracticeRules, states: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    for state, rule in rules.status.items():
        if rule.category not in CATEGORIES:
            yield f"status.{state}.category", f"is {rule.category!r}; it may be {', '.join(CATEGORIES)}"
        if not rule.preferred:
            yield f"status.{state}.preferred", "names no status"
    for state in sorted((states or frozenset()) - set(rules.status)):
        yield f"status.{state}", "is missing; every state of the practice needs its Jira statuses"
    named = [(f"status.{state}", state) for state in rules.status]
    named += [(f"status.{state}.via", via) for state, rule in rules.status.items() for via in rule.via]
    named += [(f"through.{at}", state) for at, state in enumerate(rules.through)]
    named += [(f"guarded.{at}", state) for at, state in enumerate(rules.guarded)]
    named += [(f"steps.{state}", state) for state in rules.steps]
    named += [(f"steps.{state}.then", step.then) for state, step in rules.steps.items() if step.then]
    named += [(f"steps.{state}.dropped", end) for state, step in rules.steps.items() for end in step.dropped]
    for state, step in rules.steps.items():
        if step.then in step.dropped:
            yield f"steps.{state}.dropped", f"{step.then!r} is where closing the issue leads; it leaves nothing undone"
    for key, state in named:
        if (states is not None and state not in states) or state not in rules.status:
            yield key, f"{state!r} is no state of this practice"


def _inbound_problems(rules: PracticeRules) -> Iterator[tuple[str, str]]:
    for status, state in rules.inbound.items():
        if status.startswith(BY_CATEGORY) and status.removeprefix(BY_CATEGORY) not in CATEGORIES:
            yield f"inbound.{status}", f"names no category; there are {', '.join(CATEGORIES)}"
        if state not in rules.status:
            yield f"inbound.{status}", f"{state!r} is no state of this practice"
            continue
        fitting = (*rules.status[state].preferred, *rules.status[state].compatible)
        for claimer, rule in rules.status.items():
            if status in rule.preferred and status not in fitting:
                yield f"inbound.{status}", f"asks for {state!r}, but we ourselves set it for {claimer!r}"
