"""Quarantine: what could not become a ticket by itself waits here, whole, for a person to judge."""

from dataclasses import replace

from itsm.core.lifecycle import Lifecycle
from itsm.core.practice import Practice
from itsm.core.record import SYSTEM, UNTIL, Record, derived_id, opened

HELD, RELEASED, DISCARDED, SUPPRESSED = "held", "released", "discarded", "suppressed"
GROUP = "service-desk"
SUPPRESSED_ALARMS = "suppressed-alarms"
"""The worklist of alarms that came in a maintenance window: nobody works it, anybody may look."""

PRACTICE = Practice(
    name="submission",
    prefix="SUB",
    lifecycle=Lifecycle(
        initial=HELD,
        moves={
            HELD: frozenset({RELEASED, DISCARDED}),
            SUPPRESSED: frozenset({RELEASED, DISCARDED}),
            RELEASED: frozenset({HELD, SUPPRESSED}),
            DISCARDED: frozenset({HELD}),
        },
        reserved=frozenset({(RELEASED, SUPPRESSED)}),
        met=frozenset({RELEASED, DISCARDED}),
    ),
    steps={},
    process=lambda record: "",
)
"""A held submission has no process: it is released (read again, as a ticket), or discarded, which can be taken back.
A released one that still cannot be read goes back to being held. A suppressed one came in a maintenance window; when
that ends it is released by itself, unless its fault is over by then."""


def suppressed(held: Record, until: int) -> Record:
    """What would be held, as an alarm that a maintenance window suppresses until its end (epoch seconds)."""
    details = {**held.details, UNTIL: until}
    return replace(held, state=SUPPRESSED, group=SUPPRESSED_ALARMS, details=details)


def held(
    key: str, reason: str, *, source: str, at: int, raw: str, sender: str = "", subject: str = "", related: str = ""
) -> Record:
    """A submission held back. `key` is the source's own key or the blob key of what could not be read; `raw` the blob
    to read again.

    The same submission held again is the same record.
    """
    return opened(
        "SubmissionHeld",
        by=sender or SYSTEM,
        origin=source,
        at=at,
        text=reason,
        id=derived_id("submission", f"{source}\n{key}"),
        practice=PRACTICE.name,
        state=HELD,
        title=(subject or "(cannot be read)")[:200],
        source=source,
        requester=sender or "unknown",
        group=GROUP,
        details={"reason": reason, "raw": raw, **({"related": related} if related else {})},
    )
