"""Clock: the running measure of one service level target, as stored with its record."""

from dataclasses import dataclass

RUNNING, PAUSED, STOPPED, CANCELLED = "running", "paused", "stopped", "cancelled"
PROMISE = "promise"
"""The detail of a task that holds what its plan promises: the time until it is done, as a duration of policy."""
MEASURED = "measured"
"""The detail of a record that was put under its clocks when nothing was promised yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A cache of what the engine in practices/service_level computes from the events.

    Instants are whole seconds since the epoch (UTC), durations whole seconds of service time. While running,
    `due` is when the target runs out and `next_at` the next instant something fires (a warning level or the breach);
    both are None while paused or stopped. `used` is the service time spent up to `since`. `fired` counts the levels
    fired in this `generation`, `fired_wall` those that go by the wall clock. `breached_at` is the due instant, once
    breached, however late it was noticed. `kind` is that of its agreement: sla, ola, uc, or hold for a time-out.
    """

    metric: str
    agreement: str
    calendar: str
    target: int
    state: str
    started_at: int
    since: int
    used: int = 0
    due: int | None = None
    next_at: int | None = None
    fired: int = 0
    breached_at: int | None = None
    generation: int = 1
    kind: str = "sla"
    fired_wall: int = 0
