"""Steps: what the process of request fulfilment does to a request; record in, record out."""

from itsm.core.approvals import pending, seconds
from itsm.core.events import Json
from itsm.core.practice import StepContext
from itsm.core.record import SYSTEM, Record
from itsm.core.steps import ORIGIN, noted
from itsm.core.voting import VOIDED
from itsm.practices.request import fulfilment
from itsm.practices.request.lifecycle import CANCELLED, FULFILLED, IN_PROGRESS, LIFECYCLE, NEW, ON_HOLD
from itsm.practices.request.policy import RequestPolicy
from itsm.practices.request.rules import APPROVAL, NEEDED, priority_of, rule_for, unapproved


def classify(record: Record, context: StepContext) -> Record:
    """Give the request its priority, and find out whether somebody must agree first.

    One that was begun without the agreement it needs goes back to its start, to be asked about.
    """
    if record.state in LIFECYCLE.final:
        return record
    policy: RequestPolicy = context.policy
    rule = rule_for(record, policy)
    needed = bool(rule.steps) and not APPROVAL.covered(record)
    facts: dict[str, Json] = {
        NEEDED: needed,
        "approval_seconds": seconds(rule),
    }
    if fulfilment.PLAN not in record.details and fulfilment.planned(record, policy):
        facts[fulfilment.PLAN] = fulfilment.OPEN
    state = NEW if needed and record.state in (IN_PROGRESS, ON_HOLD) else record.state
    priority, details = priority_of(record, policy), {**record.details, **facts}
    if not needed and pending(record).get("decision") == VOIDED:
        details.pop("approval")  # as it is now nobody must agree, and nothing keeps people from working it
    if (priority, details, state) == (record.priority, record.details, record.state):
        return record
    return record.changed(
        "Classified", by=SYSTEM, origin=ORIGIN, at=context.now, priority=priority, details=details, state=state
    )


def lapse(record: Record, context: StepContext) -> Record:
    """Reject a request because its approval did not come in time."""
    return APPROVAL.lapse(record, context.now)


def complete(record: Record, context: StepContext) -> Record:
    """Call the request fulfilled, since all its tasks are over; one that is not approved as it is now is not."""
    if record.state not in (IN_PROGRESS, ON_HOLD):
        return record
    if APPROVAL.stale(record):
        return APPROVAL.void(record, context.now)
    if unapproved(record, context.policy):
        return noted(record, "StateChanged", context.now, state=NEW)
    return noted(record, "StateChanged", context.now, state=FULFILLED)


def give_up(record: Record, context: StepContext) -> Record:
    """Cancel the request, since a task it cannot do without was cancelled."""
    if record.state not in (IN_PROGRESS, ON_HOLD):
        return record
    return noted(record, "StateChanged", context.now, state=CANCELLED)
