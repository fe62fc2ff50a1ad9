"""Approvals: who must agree, the quorum of their votes, and the decision; bound to the content that was asked about."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from itsm.core.addresses import folded
from itsm.core.errors import PolicyError
from itsm.core.events import Json
from itsm.core.organisation import Groups, Services
from itsm.core.record import Record, derived_id
from itsm.core.rules import problems as rule_problems

ACCEPT, REFUSE = "accept", "refuse"
ACCEPTED, REFUSED, WAITING = "accepted", "refused", "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStep:
    """People asked side by side, and how many must agree: `percent` of them, or `count`; all when neither is set.

    An approver is a mail address, `group:<name>` (its members), `lead:<group>`, `owner` (of the record's service), or,
    for an item of the catalogue, `field:<question>` (whose address answers it).
    `hours` of wall-clock time are given to answer.
    """

    approvers: tuple[str, ...]
    percent: int | None = None
    count: int | None = None
    hours: int = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """Which records need which steps, in order. No steps: pre-approved. `after`: asked once the work is done."""

    when: Mapping[str, Json]
    steps: tuple[ApprovalStep, ...] = ()
    after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Somebody votes in another's place from `start` until `end` (out of office)."""

    absent: str
    substitute: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """What an owner sets about approvals: the table, first match wins; who is asked when nobody else may answer."""

    rules: tuple[ApprovalRule, ...]
    last_resort: str
    delegations: tuple[Delegation, ...] = ()
    groups: Groups = field(default_factory=Groups, metadata={"from": "groups"})
    services: Services = field(default_factory=Services, metadata={"from": "services"})


def quorum(accepted: int, refused: int, asked: int, *, percent: int | None = None, count: int | None = None) -> str:
    """accepted, refused or waiting, as early as it is certain; neither `percent` nor `count` means everybody.

    By percent: accepted% >= p accepts, refused% > 100 - p refuses; with p = 0 the first vote settles it, an acceptance
    winning over refusals (GLPI 11's rules). By count: n acceptances accept, more than asked - n refusals refuse.
    """
    if percent == 0:
        return ACCEPTED if accepted else REFUSED if refused else WAITING
    if count is not None:
        return ACCEPTED if accepted >= count else REFUSED if refused > asked - count else WAITING
    needed = 100 if percent is None else percent
    if not 0 <= needed <= 100:
        raise PolicyError(f"a quorum of {needed} percent cannot be; it goes from 0 to 100")
    if accepted * 100 >= needed * asked:
        return ACCEPTED
    return REFUSED if refused * 100 > (100 - needed) * asked else WAITING


def overall(steps: Sequence[str]) -> str:
    """What ordered steps come to: any refused refuses, else any waiting waits, else accepted."""
    if REFUSED in steps:
        return REFUSED
    return WAITING if WAITING in steps else ACCEPTED


def content_hash(record: Record, keys: Sequence[str]) -> str:
    """16 characters over what is approved: title, service, impact and the named details; the rest may change freely."""
    content = {
        "title": record.title,
        "service": record.service,
        "impact": record.impact,
        **{f"details.{key}": record.details[key] for key in keys if key in record.details},
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return derived_id("content", text)


def approver_hash(address: str) -> str:
    """16 characters that stand for an approver in a link."""
    return derived_id("approver", folded(address))


def resolve(step: ApprovalStep, record: Record, policy: Approvals, now: int) -> tuple[str, ...]:
    """The people of a step, absent ones replaced by their substitutes, never the requester; in order, each once.

    When nobody is left, the last resort is asked. Raises PolicyError when even that leaves nobody but the requester.
    """
    for wanted in (step.approvers, (policy.last_resort,)):
        named = [person for approver in wanted for person in _people(approver, record, policy)]
        found = [_substitute(person, record, policy, now) for person in named]
        people = tuple(dict.fromkeys(person for person in found if person != folded(record.requester)))
        if people:
            return people
    raise PolicyError(
        f"{record.number}: nobody but the requester could approve it; name more approvers or another last_resort"
    )


def _people(approver: str, record: Record, policy: Approvals) -> tuple[str, ...]:
    kind, _, name = approver.partition(":")
    if kind == "group" and name in policy.groups.groups:
        return tuple(folded(member) for member in policy.groups.groups[name].members)
    if kind == "lead" and name in policy.groups.groups:
        return (folded(policy.groups.groups[name].lead),)
    if approver == "owner":
        service = policy.services.services.get(record.service)
        return (folded(service.owner),) if service and service.owner else ()
    if kind == "field":
        named = record.details.get(name)
        return (folded(named),) if isinstance(named, str) and "@" in named else ()
    if "@" in approver:
        return (folded(approver),)
    raise PolicyError(f"nobody is called {approver!r}; write a mail address, group:<name>, lead:<group> or owner")


def _substitute(person: str, record: Record, policy: Approvals, now: int) -> str:
    """Follow the delegations in force; a circle, or an end at the requester, leaves the vote with the person named."""
    seen, at = {person}, person
    while True:
        step = next((folded(one.substitute) for one in policy.delegations if _stands_in(one, at, now)), None)
        if step is None:
            return at
        if step in seen or step == folded(record.requester):
            return person
        seen.add(step)
        at = step


def _stands_in(delegation: Delegation, person: str, now: int) -> bool:
    in_force = delegation.start.timestamp() <= now < delegation.end.timestamp()
    return folded(delegation.absent) == person and in_force


def seconds(rule: ApprovalRule) -> int:
    """How long the whole of a rule may take, every step to its end."""
    return sum(step.hours for step in rule.steps) * 3600


def pending(record: Record) -> Mapping[str, Any]:
    """The record's approval as kept in its details: {} when none was ever asked for.

    hash, step, steps [{asked, percent, count, seconds}], asked, votes {address: {decision, note, at}}, expires,
    accepted and refused (the states it leads to), past [{asked, votes, expires}], decision ("" while it waits).
    """
    kept = record.details.get("approval")
    return kept if isinstance(kept, Mapping) else {}


def approval_problems(policy: Approvals, known: Collection[str], prefix: str = "") -> list[tuple[str, str]]:
    """What is wrong with the approvals of a policy, as (key, reason); `known` are the facts its conditions may ask."""
    found = table_problems(policy, known, prefix)
    found += [(f"{prefix}last_resort", reason) for reason in _nobody(policy.last_resort, policy)]
    if policy.last_resort == "owner":
        found.append((f"{prefix}last_resort", "a service may have no owner; name an address or a group"))
    return found + [(f"{prefix}delegations.{at}.{name}", reason) for at, name, reason in _circles(policy)]


def table_problems(
    policy: Approvals, known: Collection[str], prefix: str = "", people: Collection[str] = ()
) -> list[tuple[str, str]]:
    """What is wrong in an approval table; `people` are the questions that may name an approver."""
    found = []
    for at, rule in enumerate(policy.rules):
        key = f"{prefix}rules.{at}"
        found += [(f"{key}.when.{fact}", reason) for fact, reason in rule_problems(rule.when, known)]
        for number, step in enumerate(rule.steps):
            found += [(f"{key}.steps.{number}.{name}", reason) for name, reason in _step_problems(step, policy, people)]
    return found


def _step_problems(step: ApprovalStep, policy: Approvals, people: Collection[str]) -> list[tuple[str, str]]:
    found = [("approvers", reason) for approver in step.approvers for reason in _nobody(approver, policy, people)]
    if not step.approvers:
        found.append(("approvers", "names nobody; a pre-approved rule has no steps at all"))
    if step.percent is not None and step.count is not None:
        found.append(("count", "is set beside percent; a quorum is one or the other"))
    if step.percent is not None and not 0 <= step.percent <= 100:
        found.append(("percent", f"is {step.percent}; it goes from 0 to 100"))
    if step.count is not None and step.count < 1:
        found.append(("count", f"is {step.count}; at least one must agree"))
    if step.hours < 1:
        found.append(("hours", f"is {step.hours}; give at least one hour to answer"))
    return found


def _nobody(approver: str, policy: Approvals, people: Collection[str] = ()) -> list[str]:
    kind, _, name = approver.partition(":")
    if kind == "field" and name in people:
        return []
    if kind == "field":
        return [f"no question of type email with domains of its own, which keep approvers in-house, is called {name!r}"]
    if kind in ("group", "lead") and name:
        group = policy.groups.groups.get(name)
        if group is None:
            return [f"no group is called {name!r}; known are {', '.join(sorted(policy.groups.groups))}"]
        return [] if kind == "lead" or group.members else [f"the group {name!r} has no members to ask"]
    if approver == "owner" or "@" in approver:
        return []
    return [f"nobody is called {approver!r}; write a mail address, group:<name>, lead:<group> or owner"]


def _circles(policy: Approvals) -> list[tuple[int, str, str]]:
    found = []
    for at, one in enumerate(policy.delegations):
        if one.start.tzinfo is None or one.end.tzinfo is None:
            found.append((at, "start", "start and end need an offset from UTC, like 2026-12-19T00:00:00+01:00"))
            continue
        if one.end <= one.start:
            found.append((at, "end", "is not after the start"))
        # whoever follows the substitutes in force at the start and comes back is in a circle
        person, seen = folded(one.substitute), {folded(one.absent)}
        while person not in seen:
            seen.add(person)
            person = next((folded(d.substitute) for d in policy.delegations if _overlaps(d, one, person)), "")
        if person == folded(one.absent):
            found.append((at, "substitute", f"leads back to {one.absent} in the same time: a circle"))
    return found


def _overlaps(delegation: Delegation, other: Delegation, person: str) -> bool:
    # without an offset there is no telling; that fault has a line of its own
    if None in (delegation.start.tzinfo, delegation.end.tzinfo):
        return False
    return folded(delegation.absent) == person and delegation.start < other.end and other.start < delegation.end
