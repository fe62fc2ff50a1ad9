"""Rules: what change management decides: risk, collisions, and whether now or a planned window is allowed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from itsm.core.approvals import REFUSED, ApprovalRule, pending
from itsm.core.errors import PolicyError
from itsm.core.record import Record
from itsm.core.rules import facts, first
from itsm.core.service_time import elapsed
from itsm.core.voting import LAPSED, Approval
from itsm.practices.change.lifecycle import IN_REVIEW, TERMS
from itsm.practices.change.policy import LEVELS, ChangePolicy
from itsm.practices.change.record import EMERGENCY, STANDARD, Change, type_of

SCORES: Mapping[str, int] = {
    "successful": 3,
    "with_issues": -2,
    "unsuccessful": -5,
    "caused_p1": -10,
    "caused_p2": -5,
    "caused_p3": -2,
}
"""What each outcome adds to a team's success score (ServiceNow, change success score, default multipliers)."""

OVER = "its planned window is over; plan another"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A risk level, and what each engine said on the way to it."""

    level: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Another change in the calendar."""

    number: str
    start: int
    end: int
    items: frozenset[str]


def success_score(outcomes: Iterable[str]) -> int:
    """A team's record: the sum over the outcomes of its changes; unknown outcomes count nothing."""
    return sum(SCORES.get(outcome, 0) for outcome in outcomes)


def collisions(
    change: Change, items: frozenset[str], others: Iterable[Planned], related: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    """The numbers of changes whose windows overlap this one and whose configuration items are the same or `related`.

    `related` gives for an item all those within two relations of it. Windows that only touch do not overlap.
    """
    start, end = change.start, change.end
    if start is None or end is None:
        return ()
    near = items.union(*(related.get(item, frozenset()) for item in items))
    return tuple(other.number for other in others if other.start < end and start < other.end and near & other.items)


def judge(
    record: Record, change: Change, policy: ChangePolicy, *, score: int | None = None, collides: Sequence[str] = ()
) -> Judged:
    """The highest risk any engine gives: impact x success probability, criticality, collisions, the team's record."""
    engines = policy.risk
    if change.type == STANDARD and change.template in policy.templates:
        said = [(policy.templates[change.template].risk, f"template {change.template}")]
    else:
        row = engines.impact[str(record.impact)]
        level = row.get(change.success, row["medium"])
        said = [(level, f"impact {record.impact} with {change.success} probability of success")]
    criticality = policy.services.criticality(record.service)
    if change.type != STANDARD and str(criticality) in engines.criticality:
        said.append((engines.criticality[str(criticality)], f"{record.service} has criticality {criticality}"))
    if score is not None and score < engines.score_below:
        said.append((engines.score_level, f"the team's success score is {score}"))
    if collides:
        said.append((engines.collision_level, f"collides with {', '.join(collides)}"))
    highest = max((level for level, _ in said), key=LEVELS.index)
    return Judged(level=highest, because=tuple(f"{level}: {reason}" for level, reason in said))


def rule_for(record: Record, policy: ChangePolicy, risk: str = "") -> ApprovalRule:
    """The line of the approval table a change falls under. Raises PolicyError when none does."""
    beside = {
        "type": type_of(record),
        "risk": risk or str(record.details.get("risk", "")),
        "template": str(record.details.get("template") or ""),
        **policy.services.facts(record.service),
    }
    rule = first(policy.approval.rules, facts(record, beside))
    if rule is None:
        raise PolicyError(
            f"change.toml: approval.rules: none covers {record.number}; end with one that has when = {{}}"
        )
    return rule


def window_reason(record: Record, change: Change, policy: ChangePolicy, now: int) -> str:
    """Why the planned window is not allowed, "" when it is; without a window there is nothing to refuse yet.

    A window that is over cannot be worked in any more; only an emergency may be written down after it was done. What
    all these reasons say is shown to the requester: they name what was asked for, never what is our own.
    """
    if change.start is None or change.end is None:
        return ""
    if change.type != EMERGENCY and change.end <= now:
        return OVER
    return _span_reason(record, change, policy, change.start, change.end)


def now_reason(record: Record, change: Change, policy: ChangePolicy, now: int) -> str:
    """Why the change may not be implemented at this instant, "" when it may."""
    reason = _span_reason(record, change, policy, now, now + 1)
    if reason or change.type == EMERGENCY or change.start is None or change.end is None:
        return reason
    if now < change.start:
        return "its planned window has not begun"
    return OVER if now >= change.end else ""


def _span_reason(record: Record, change: Change, policy: ChangePolicy, start: int, end: int) -> str:
    for freeze in policy.freezes:
        concerned = not freeze.services or record.service in freeze.services
        overlaps = freeze.start.timestamp() < end and start < freeze.end.timestamp()
        if concerned and overlaps and change.type not in freeze.exempt:
            return f"a change freeze lasts from {freeze.start.isoformat()} to {freeze.end.isoformat()}"
    for window in policy.maintenance:
        bound = record.service in window.services and change.type not in window.exempt
        if bound and elapsed(policy.calendars.named(window.calendar), start, end) < end - start:
            return f"{record.service} may be changed only within its maintenance hours; plan a window in them"
    return ""


def template_reason(record: Record, change: Change, policy: ChangePolicy) -> str:
    """Why this is not the standard change it says it is, "" when it is, and for all that do not say so."""
    if change.type != STANDARD:
        return ""
    template = policy.templates.get(change.template)
    if template is None:
        return f"no template is called {change.template!r}; open a normal change"
    if template.revoked:
        return f"the template {change.template!r} is revoked; open a normal change"
    if record.service != template.service:
        return f"the template {change.template!r} is for {template.service}, not for {record.service or 'no service'}"
    if change.start is not None and change.end is not None and change.end - change.start > template.max_minutes * 60:
        return f"the template {change.template!r} allows {template.max_minutes} minutes; plan a shorter window"
    return ""


APPROVAL = Approval(terms=TERMS, rule_for=rule_for, afterwards=IN_REVIEW)


def implemented(record: Record) -> bool:
    """Whether the work is done and only its approval is still awaited: it is reviewed, whatever is decided."""
    return record.state == TERMS.waiting and pending(record).get("accepted") == IN_REVIEW


def unauthorised(record: Record) -> bool:
    """Whether what was done was refused afterwards, or nobody answered for it in time (ITIL v3, Service Transition 4.2:
    an emergency change is reviewed and documented all the same)."""
    approval = pending(record)
    return approval.get("accepted") == IN_REVIEW and approval["decision"] in (REFUSED, LAPSED)
