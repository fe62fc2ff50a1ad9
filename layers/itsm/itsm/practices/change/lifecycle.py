"""Lifecycle: the states of a change, and what an approval means among them."""

from itsm.core.lifecycle import Lifecycle
from itsm.core.voting import Terms
from itsm.practices.change.record import CONTENT

NEW, ASSESSING, AWAITING_APPROVAL, SCHEDULED = "new", "assessing", "awaiting_approval", "scheduled"
IMPLEMENTING, IN_REVIEW, CLOSED = "implementing", "in_review", "closed"
REJECTED, CANCELLED = "rejected", "cancelled"

LIFECYCLE = Lifecycle(
    initial=NEW,
    moves={
        NEW: frozenset({ASSESSING, SCHEDULED, CANCELLED}),
        ASSESSING: frozenset({NEW, AWAITING_APPROVAL, SCHEDULED, REJECTED, CANCELLED}),
        AWAITING_APPROVAL: frozenset({SCHEDULED, ASSESSING, IN_REVIEW, REJECTED, CANCELLED}),
        SCHEDULED: frozenset({IMPLEMENTING, ASSESSING, NEW, CANCELLED}),
        IMPLEMENTING: frozenset({IN_REVIEW, SCHEDULED, ASSESSING}),
        IN_REVIEW: frozenset({CLOSED, AWAITING_APPROVAL}),
        CLOSED: frozenset(),
        REJECTED: frozenset(),
        CANCELLED: frozenset(),
    },
    answered=frozenset({ASSESSING, SCHEDULED, IMPLEMENTING, IN_REVIEW}),
    met=frozenset({CLOSED, REJECTED, CANCELLED}),
    reserved=frozenset(
        {
            *(
                (state, to)
                for state in (NEW, ASSESSING, IMPLEMENTING)
                for to in (SCHEDULED, AWAITING_APPROVAL, REJECTED)
            ),
            *((AWAITING_APPROVAL, to) for to in (SCHEDULED, IN_REVIEW, ASSESSING, REJECTED)),
            (IN_REVIEW, AWAITING_APPROVAL),
        }
    ),
)
"""A change can be cancelled until it is being implemented; then it is finished or backed out, and reviewed."""

TERMS = Terms(
    content=CONTENT,
    asking=frozenset({ASSESSING, IN_REVIEW}),
    waiting=AWAITING_APPROVAL,
    accepted=SCHEDULED,
    refused=REJECTED,
    voided=ASSESSING,
)
