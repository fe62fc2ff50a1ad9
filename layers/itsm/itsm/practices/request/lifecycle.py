"""Lifecycle: the states of a request, and what an approval means among them."""

from itsm.core.lifecycle import Lifecycle
from itsm.core.voting import Terms

NEW, AWAITING_APPROVAL, IN_PROGRESS, ON_HOLD = "new", "awaiting_approval", "in_progress", "on_hold"
FULFILLED, CLOSED, REJECTED, CANCELLED = "fulfilled", "closed", "rejected", "cancelled"

LIFECYCLE = Lifecycle(
    initial=NEW,
    moves={
        NEW: frozenset({AWAITING_APPROVAL, IN_PROGRESS, ON_HOLD, FULFILLED, REJECTED, CANCELLED}),
        AWAITING_APPROVAL: frozenset({NEW, IN_PROGRESS, REJECTED, CANCELLED}),
        IN_PROGRESS: frozenset({NEW, ON_HOLD, FULFILLED, CANCELLED}),
        ON_HOLD: frozenset({NEW, IN_PROGRESS, FULFILLED, CANCELLED}),
        FULFILLED: frozenset({IN_PROGRESS, CLOSED}),
        CLOSED: frozenset(),
        REJECTED: frozenset(),
        CANCELLED: frozenset(),
    },
    held=frozenset({ON_HOLD}),
    answered=frozenset({IN_PROGRESS, FULFILLED, CLOSED, REJECTED}),
    met=frozenset({FULFILLED, CLOSED, REJECTED, CANCELLED}),
    revived=frozenset({CLOSED}),
    reserved=frozenset(
        {
            *((NEW, to) for to in (AWAITING_APPROVAL, REJECTED)),
            *((AWAITING_APPROVAL, to) for to in (NEW, IN_PROGRESS, REJECTED)),
        }
    ),
)

CONTENT = ("item", "quantity", "cost", "reason", "recipient")
"""The details an approval covers, beside title, service and impact."""

TERMS = Terms(
    content=CONTENT,
    asking=frozenset({NEW}),
    waiting=AWAITING_APPROVAL,
    accepted=IN_PROGRESS,
    refused=REJECTED,
    voided=NEW,
)
