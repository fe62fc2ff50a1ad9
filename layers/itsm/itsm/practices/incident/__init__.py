"""Incident: service back to normal as fast as it can be."""

from itsm.core.lifecycle import Lifecycle
from itsm.core.practice import Practice
from itsm.core.steps import move, renew, report_failure
from itsm.practices.incident import steps

LIFECYCLE = Lifecycle(
    initial="new",
    moves={
        "new": frozenset({"in_progress", "on_hold", "resolved", "cancelled"}),
        "in_progress": frozenset({"on_hold", "resolved", "cancelled"}),
        "on_hold": frozenset({"in_progress", "resolved", "cancelled"}),
        "resolved": frozenset({"in_progress", "closed"}),
        "closed": frozenset(),
        "cancelled": frozenset(),
    },
    held=frozenset({"on_hold"}),
    answered=frozenset({"in_progress", "resolved", "closed"}),
    met=frozenset({"resolved", "closed", "cancelled"}),
    revived=frozenset({"closed"}),
)
"""A resolved incident may be reopened; a closed one by an answer that comes in time, and later a new one names it."""

PRACTICE = Practice(
    name="incident",
    prefix="INC",
    lifecycle=LIFECYCLE,
    steps={
        "classify": steps.classify,
        "close": move(LIFECYCLE, "closed"),
        "cancel": move(LIFECYCLE, "cancelled"),
        "renew": renew,
        "report_failure": report_failure,
    },
    process=lambda record: "incident",
    editable=("hold_reason",),
    close_after=lambda policy: policy.close_after,
)
