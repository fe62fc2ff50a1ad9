"""Steps: what the processes of change management do to a change; record in, record out."""

from collections.abc import Callable, Mapping

from itsm.core.approvals import seconds
from itsm.core.errors import IllegalMoveError, InvalidInputError
from itsm.core.events import Json
from itsm.core.practice import StepContext
from itsm.core.record import Record
from itsm.core.steps import move, noted
from itsm.practices.change.lifecycle import (
    ASSESSING,
    CANCELLED,
    CLOSED,
    IMPLEMENTING,
    IN_REVIEW,
    LIFECYCLE,
    NEW,
    SCHEDULED,
)  # fmt: skip
from itsm.practices.change.policy import ChangePolicy
from itsm.practices.change.record import STANDARD, Change, read, type_of
from itsm.practices.change.rules import (
    APPROVAL,
    Planned,
    collisions,
    implemented,
    judge,
    now_reason,
    rule_for,
    success_score,
    template_reason,
    unauthorised,
    window_reason,
)  # fmt: skip

DAY = 86_400
UNBLOCKED: Mapping[str, Json] = {"blocked": None, "blocked_at": None}
UNREVIEWED, UNAUTHORISED = "unreviewed", "unauthorised"

type Reason = Callable[[Change], str]


def assess(record: Record, context: StepContext) -> Record:
    """Judge the risk and find out who must agree; what cannot be done as planned goes back to `new` with the reason.

    `arguments.others` are the changes in the calendar ({number, start, end, items}), `arguments.related` the items near
    each item, `arguments.outcomes` how the team's last changes went; engines without their facts say nothing.
    """
    if record.state not in (NEW, ASSESSING):
        return record
    policy: ChangePolicy = context.policy
    reason = _refusal(record, lambda change: window_reason(record, change, policy, context.now))
    if reason:
        return _blocked(record, NEW, reason, context.now)
    change, told = read(record), context.arguments
    others = [Planned(**{**other, "items": frozenset(other["items"])}) for other in told.get("others", ())]
    related = {item: frozenset(near) for item, near in told.get("related", {}).items()}
    collides = collisions(change, _items(record, change, policy), others, related)
    score = success_score(told["outcomes"]) if "outcomes" in told else None
    judged = judge(record, change, policy, score=score, collides=collides)
    rule = rule_for(record, policy, judged.level)
    facts: dict[str, Json] = {
        "type": change.type,
        "risk": judged.level,
        "risk_because": list(judged.because),
        "collides_with": list(collides) or None,
        "approval_needed": bool(rule.steps) and not rule.after,
        "approve_after": bool(rule.steps) and rule.after,
        "approval_seconds": seconds(rule),
        "review_seconds": policy.review_days * DAY,
        **UNBLOCKED,
    }
    return noted(record, "Classified", context.now, state=ASSESSING, **facts)


def _items(record: Record, change: Change, policy: ChangePolicy) -> frozenset[str]:
    service = policy.services.services.get(record.service)
    return change.items or frozenset(service.items if service else ())


def _refusal(record: Record, reason: Reason) -> str:
    try:
        return reason(read(record))
    except InvalidInputError as error:
        return str(error)


def _blocked(record: Record, to: str, reason: str, now: int) -> Record:
    """The record put back with the reason; the instant beside it tells a second refusal for the same reason."""
    if record.state == to and record.details.get("blocked") == reason:
        return record
    event = "FieldsChanged" if record.state == to else "StateChanged"
    return noted(record, event, now, state=to, blocked=reason, blocked_at=now)


def schedule(record: Record, context: StepContext) -> Record:
    """Put a change in the calendar, checking at the decision what may have changed since it was assessed.

    A standard change comes here at once, by its template. A change that needs an approval and has none for what it is
    now goes back to be assessed; one whose window is not allowed (any more) goes back to be planned anew.
    """
    if record.state not in (NEW, ASSESSING, SCHEDULED):
        return record
    policy: ChangePolicy = context.policy
    reason = _refusal(
        record,
        lambda change: template_reason(record, change, policy) or window_reason(record, change, policy, context.now),
    )
    if reason:
        return _blocked(record, NEW, reason, context.now)
    if _unapproved(record, policy):
        return _reassess(record, context.now)
    facts: dict[str, Json] = {"scheduled_at": record.details.get("scheduled_at", context.now), **UNBLOCKED}
    if type_of(record) == STANDARD:
        facts |= {
            "type": STANDARD,
            "risk": policy.templates[read(record).template].risk,
            "review_seconds": policy.review_days * DAY,
        }
    return noted(record, "ChangeScheduled", context.now, state=SCHEDULED, **facts)


def _unapproved(record: Record, policy: ChangePolicy) -> bool:
    if type_of(record) == STANDARD:
        return False  # its template is the approval, and is checked each time
    rule = rule_for(record, policy)
    return bool(rule.steps) and not rule.after and not APPROVAL.covered(record)


def _reassess(record: Record, now: int) -> Record:
    if APPROVAL.stale(record):
        return APPROVAL.void(record, now)
    return _blocked(record, ASSESSING, "it is not approved as it is now", now)


def implement(record: Record, context: StepContext) -> Record:
    """Check once more, when it begins, that it may be implemented now; else back to the calendar, or to assessment."""
    if record.state != IMPLEMENTING:
        return record
    policy: ChangePolicy = context.policy
    if _unapproved(record, policy):
        return _reassess(record, context.now)
    reason = _refusal(
        record,
        lambda change: template_reason(record, change, policy) or now_reason(record, change, policy, context.now),
    )
    if reason:
        return _blocked(record, SCHEDULED, reason, context.now)
    started = record.details.get("started_at", context.now)
    return noted(record, "FieldsChanged", context.now, started_at=started, blocked=None, blocked_at=None)


def review(record: Record, context: StepContext) -> Record:
    """Note how the implementation went by the calendar, and whether an approval is still owed.

    Work that was over before anybody could stop it, without the approval it needed, is marked as unauthorised, as is
    what was refused afterwards.
    """
    if record.state != IN_REVIEW:
        return record
    policy: ChangePolicy = context.policy
    rule, finished = rule_for(record, policy), record.details.get("finished_at", context.now)
    end, refused = read(record).end, unauthorised(record)
    return noted(
        record,
        "FieldsChanged",
        context.now,
        finished_at=finished,
        overran=end is not None and isinstance(finished, int) and finished > end,
        approve_after=bool(rule.steps) and rule.after and not APPROVAL.covered(record) and not refused,
        approval_seconds=seconds(rule),
        review_seconds=policy.review_days * DAY,
        unauthorised=_unapproved(record, policy) or refused or None,
    )


def close(record: Record, context: StepContext) -> Record:
    """Close a reviewed change with its outcome; one nobody reviewed says so, and so does one nobody approved."""
    if record.state == CLOSED:
        return record
    LIFECYCLE.check(record.number, record.state, CLOSED)
    outcome = record.details.get("outcome") or (UNAUTHORISED if record.details.get("unauthorised") else UNREVIEWED)
    return noted(record, "StateChanged", context.now, state=CLOSED, outcome=outcome)


def cancel(record: Record, context: StepContext) -> Record:
    """Cancel a change that is not being implemented. Raises IllegalMoveError: what was done cannot be undone so."""
    if implemented(record):
        raise IllegalMoveError(record.number, record.state, CANCELLED, ())
    return move(LIFECYCLE, CANCELLED)(record, context)


def lapse(record: Record, context: StepContext) -> Record:
    """Reject a change because its approval did not come in time; what is done already is reviewed all the same."""
    return APPROVAL.lapse(record, context.now)
