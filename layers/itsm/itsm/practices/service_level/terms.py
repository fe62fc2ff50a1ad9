"""Terms: which agreement holds for a record, in which service hours, and what its clocks are measured by."""

from collections.abc import Mapping
from dataclasses import dataclass

from itsm.core import rules
from itsm.core.clock import PROMISE, Clock
from itsm.core.duration import in_service_time, parse
from itsm.core.events import Json
from itsm.core.record import Record
from itsm.core.service_time import Calendar
from itsm.practices.service_level.clock import Basis
from itsm.practices.service_level.policy import (
    FOLLOW_UP,
    HOLD,
    RESOLUTION,
    RESOLVE,
    SLA,
    Agreement,
    Hold,
    Level,
    ServiceLevels,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a record is measured by: its agreement, the service hours, and its priority.

    A task whose plan promises a time of its `own` is promised that, and nothing else.
    """

    agreement: Agreement
    calendar: Calendar
    priority: int
    own: str = ""

    def target(self, metric: str, start: int) -> int | None:
        """The target in seconds of service time, for a clock that starts at an instant; None if nothing is promised.

        Business days come to the service time they span from there, so that hold and hand-over can move them.
        """
        if self.own:
            duration = parse(self.own) if metric == RESOLUTION else None
        else:
            duration = self.agreement.promised(self.priority, metric)
        return in_service_time(self.calendar, start, duration) if duration else None

    def basis(self, metric: str) -> Basis:
        """What a clock of that metric is measured by."""
        return Basis(calendar=self.calendar, plan=self.agreement.plan(metric))


def known(policy: ServiceLevels, record: Record) -> Mapping[str, Json]:
    """What a condition of service_level.toml may ask of a record."""
    service = {"service.criticality": policy.services.criticality(record.service)}
    return rules.facts(record, {**service, **policy.configuration.facts(record.details)})


def choose(policy: ServiceLevels, record: Record) -> Agreement:
    """The first service level agreement in force whose condition holds for the record, else the default one."""
    others = (one for one in policy.agreement if one.kind == SLA and not one.default)
    chosen = rules.first((one for one in others if policy.in_force(one, record.opened_at)), known(policy, record))
    return chosen or policy.default


def terms(policy: ServiceLevels, record: Record) -> Terms:
    """What the record is measured by as it is now."""
    return under(policy, record, choose(policy, record))


def under(policy: ServiceLevels, record: Record, agreement: Agreement) -> Terms:
    """What the record is measured by under an agreement; a group's OLA runs in that group's hours."""
    group = agreement.group or (record.group if agreement.kind != "uc" else "")
    hours = policy.hours(agreement.calendar or policy.group_hours(group))
    return Terms(agreement=agreement, calendar=hours, priority=record.priority, own=own_promise(record, agreement))


def own_promise(record: Record, agreement: Agreement) -> str:
    """What the plan a task belongs to promises in place of its agreement, "" for nothing."""
    return str(record.details.get(PROMISE, "")) if record.practice == "task" and agreement.kind == SLA else ""


def basis(clock: Clock, policy: ServiceLevels) -> Basis:
    """What a clock is measured by, as it was attached."""
    calendar = policy.hours(clock.calendar)
    if clock.kind == HOLD:
        return Basis(calendar=calendar, plan=hold_plan(hold_of(policy, clock.agreement), calendar, clock.started_at))
    return Basis(calendar=calendar, plan=policy.named(clock.agreement).plan(clock.metric))


def hold_of(policy: ServiceLevels, reason: str) -> Hold:
    """What the policy lets happen on hold for a reason: its own table, else the one for any other, else nothing."""
    tables = {one.reason: one for one in policy.hold}
    return tables.get(reason) or tables.get("") or Hold()


def hold_plan(hold: Hold, calendar: Calendar, start: int) -> tuple[Level, ...]:
    """The levels of a hold that began at an instant: a reminder after each time, and at the end the ticket is done."""
    seconds, target = hold_seconds(hold, calendar, start), hold_target(hold, calendar, start)
    levels = [Level(at=100, actions=(RESOLVE,) if hold.resolve else (FOLLOW_UP,))]
    # the last of several is the breach of this clock, the others stand before it
    levels += [Level(before=f"{target - each}s", actions=(FOLLOW_UP,)) for each in sorted(seconds) if each < target]
    return tuple(levels)


def hold_target(hold: Hold, calendar: Calendar, start: int) -> int:
    """The service time after which a hold is over: when the ticket is done, else at the last reminder; 0 for never."""
    seconds = hold_seconds(hold, calendar, start)
    return seconds[-1] if hold.resolve else max(seconds, default=0)


def hold_seconds(hold: Hold, calendar: Calendar, start: int) -> list[int]:
    """The service time each of a hold's durations comes to, from its beginning."""
    texts = [*hold.follow_up, *([hold.resolve] if hold.resolve else [])]
    return [in_service_time(calendar, start, parse(text)) for text in texts]
