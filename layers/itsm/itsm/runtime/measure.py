"""Measure: what a change of a record does to its service level clocks; computed in the same write as the change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from itsm.core.clock import MEASURED
from itsm.core.practice import load

if TYPE_CHECKING:
    from itsm.core.clock import Clock
    from itsm.core.record import Comment, Record
    from itsm.runtime.policies import Policies


def measured(before: Record, after: Record, comment: Comment | None, policies: Policies) -> Record:
    """The next version with its clocks: paused, resumed, answered, stopped or counted anew, as the change demands."""
    if not after.measured or after.clocks != before.clocks:
        return after
    from itsm.practices.service_level import rules

    lifecycle = load(after.practice).lifecycle
    return replace(after, clocks=rules.measured(before, after, comment, lifecycle, policies.service_level))


def under(record: Record, clocks: tuple[Clock, ...]) -> dict[str, Any]:
    """What puts a record under its clocks; where none runs yet it says so, that one may begin later."""
    return {"clocks": clocks} | ({} if clocks else {"details": {**record.details, MEASURED: True}})


def remaining(record: Record, now: int, policies: Policies) -> dict[str, int]:
    """The service time left of every promise to the requester, in seconds, by metric; negative when it has run out."""
    if not record.clocks:
        return {}
    from itsm.practices.service_level import rules

    levels = policies.service_level
    return {one.metric: rules.remaining(one, now, levels) for one in record.clocks if one.kind == "sla"}


def marks(record: Record, policies: Policies) -> tuple[str, ...]:
    """The labels that escalation levels give the record's issue in Jira; none before a level was reached."""
    if not any(clock.fired or clock.fired_wall for clock in record.clocks):
        return ()
    from itsm.practices.service_level import escalation

    return escalation.marks(record, policies.service_level)
