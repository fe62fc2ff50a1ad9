"""Quarantine: what could not become a ticket by itself waits here, whole, for a person to judge."""

from itsm.core.lifecycle import Lifecycle
from itsm.core.practice import Practice
from itsm.core.record import SYSTEM, Record, derived_id, opened

HELD, RELEASED, DISCARDED = "held", "released", "discarded"
GROUP = "service-desk"

PRACTICE = Practice(
    name="submission",
    prefix="SUB",
    lifecycle=Lifecycle(
        initial=HELD,
        moves={HELD: frozenset({RELEASED, DISCARDED}), RELEASED: frozenset({HELD}), DISCARDED: frozenset({HELD})},
        met=frozenset({RELEASED, DISCARDED}),
    ),
    steps={},
    process=lambda record: "",
)
"""A held submission has no process: it is released (read again, as a ticket), or discarded, which can be taken back.
A released one that still cannot be read goes back to being held."""


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
