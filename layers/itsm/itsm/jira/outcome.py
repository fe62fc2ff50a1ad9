"""Outcome: what a worker does after it has looked at one record and its issue."""

from dataclasses import dataclass

DONE, AGAIN, PARKED = "done", "again", "parked"
LATER, OUTAGE = 60, 300
"""Seconds to wait when Jira is not to be had, and when it refuses our credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`done`: both sides agree. `again`: nudge once more in `seconds`. `parked`: a person has to act on `reason`.

    A parked link is tried again by every later nudge. `writes` counts what was written to Jira.
    """

    state: str
    seconds: int = 0
    reason: str = ""
    writes: int = 0


def done(writes: int = 0) -> Outcome:
    """Both sides agree."""
    return Outcome(state=DONE, writes=writes)


def again(seconds: int, reason: str, writes: int = 0) -> Outcome:
    """Not now; at least a second from now."""
    return Outcome(state=AGAIN, seconds=max(1, seconds), reason=reason, writes=writes)


def parked(reason: str, writes: int = 0) -> Outcome:
    """Not without a person."""
    return Outcome(state=PARKED, reason=reason, writes=writes)
