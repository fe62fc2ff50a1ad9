"""What service_level.toml may set: agreements, their targets, and the levels at which something is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from itsm.core.calendar import Calendars
from itsm.core.duration import Duration, parse
from itsm.core.errors import NotFoundError, PolicyError
from itsm.core.events import Json
from itsm.core.organisation import Configuration, Groups, Services
from itsm.core.priority import Priorities
from itsm.core.service_time import Calendar

RESPONSE, NEXT_REPLY, RESOLUTION = "response", "next_reply", "resolution"
METRICS = (RESPONSE, NEXT_REPLY, RESOLUTION)
SLA, OLA, UC, HOLD = "sla", "ola", "uc", "hold"
KINDS = (SLA, OLA, UC)
"""Promises to the customer, between support groups, and of a supplier (ITIL v3, Service Design 4.3)."""
RAISE, FOLLOW_UP, RESOLVE = "raise-priority", "follow-up", "resolve"
MARK, OPEN_PROBLEM = "mark-issue", "open-problem"
ACTIONS = frozenset({"note", "mail-group", "mail-lead", "mail-owner", MARK, OPEN_PROBLEM, RAISE})
INCIDENT = "incident"
"""The practice whose records have a problem behind them."""
BREACH = 100
EVERY_METRIC = "all"
CONDITIONS = ("start", "pause", "resume", "stop", "cancel", "reset")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is promised at one priority: durations like "15m", "4h", "2 business_days"; "" promises nothing."""

    response: str = ""
    next_reply: str = ""
    resolution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """When a clock starts, pauses, resumes, stops, is cancelled or counts anew; a rule each, over the changed record.

    One left out is what its kind of agreement does by itself. A clock pauses while `pause` holds, and resumes when it
    no longer does, or once `resume` holds. `reset` begins a new generation from nothing at the change that fulfils it.
    """

    start: Mapping[str, Json] = field(default_factory=dict)
    pause: Mapping[str, Json] = field(default_factory=dict)
    resume: Mapping[str, Json] = field(default_factory=dict)
    stop: Mapping[str, Json] = field(default_factory=dict)
    cancel: Mapping[str, Json] = field(default_factory=dict)
    reset: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """An escalation level: what to do when `at` percent of a target's service time is used; 100 is the breach.

    Instead of a percentage it may stand so long `before` or `after` the due instant: in service hours, or by the wall
    clock with `service_hours = false`. `metrics` limits it to some targets; none named means all. Beside its `actions`
    it may `reassign` the ticket to another group, add people who `watch` it, and `tell` others by mail: addresses,
    "lead:<group>" or "owner" (of the service); levels one after the other make a chain of command. `mark` is the label
    that mark-issue gives the ticket's issue in Jira; without one it says itself which level of which target it was.
    """

    at: int = 0
    before: str = ""
    after: str = ""
    service_hours: bool = True
    actions: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    reassign: str = ""
    watch: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()
    mark: str = ""

    @property
    def name(self) -> str:
        """As people read it: "75 %", "30m before due", "2h after due by the wall clock"."""
        if self.at:
            return f"{self.at} %"
        side = f"{self.before} before" if self.before else f"{self.after} after"
        return f"{side} due" + ("" if self.service_hours else " by the wall clock")

    def label(self, kind: str, metric: str) -> str:
        """The label of an issue whose clock has reached it: "sla-resolution-75", "ola-response-30m-before-due"."""
        return self.mark or f"{kind}-{metric}-{self.name.removesuffix(' %')}".replace(" ", "-").replace("_", "-")

    @property
    def offset(self) -> int:
        """Seconds from the due instant on; negative before it, 0 for a percentage."""
        if self.before:
            return -parse(self.before).seconds
        return parse(self.after).seconds if self.after else 0

    def need(self, target: int) -> int:
        """The service time used when it is reached, up to the next whole second: a level is never early."""
        return -(-target * self.at // 100) if self.at else max(0, target + self.offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What is owed for a period in which less than `below` percent of an agreement's clocks were met."""

    below: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An agreement: to the customer (`sla`), between support groups (`ola`), or of a supplier (`uc`).

    The first service level agreement whose `when` holds is the record's; the `default` one takes what is left. Of the
    others all hold whose `when` does: an OLA while its `group` has the ticket, a UC while the ticket is on hold for the
    supplier; `supports` names the agreement whose targets theirs must fit in. `targets` has a row for each priority,
    "P1" the highest. `calendar` replaces the service hours of the support group. `hold_pauses` names the targets whose
    clocks stand still on hold. A `retroactive` clock runs from the record's opening, another from the moment it is
    attached, as OLA and UC always do. `conditions` by target ("all": every one) replace what starts and stops clocks.
    It is for tickets opened from `valid_from` to `valid_until`. `goal` percent of its clocks are to be met in a period.
    """

    name: str
    targets: Mapping[str, Target]
    kind: str = SLA
    when: Mapping[str, Json] = field(default_factory=dict)
    default: bool = False
    group: str = ""
    supports: str = ""
    calendar: str = ""
    hold_pauses: tuple[str, ...] = (NEXT_REPLY, RESOLUTION)
    retroactive: bool = True
    conditions: Mapping[str, Conditions] = field(default_factory=dict)
    valid_from: date | None = None
    valid_until: date | None = None
    levels: tuple[Level, ...] = ()
    goal: int = 95
    penalties: tuple[Penalty, ...] = ()

    def promised(self, priority: int, metric: str) -> Duration | None:
        """What it promises at a priority, None for nothing. Raises PolicyError for a target that is no duration."""
        target = self.targets.get(f"P{priority}")
        text: str = getattr(target, metric) if target else ""
        return parse(text) if text else None

    def plan(self, metric: str) -> tuple[Level, ...]:
        """The levels of a target, percentages in the order they are reached; the breach is always one of them."""
        levels = [level for level in self.levels if metric in level.metrics or not level.metrics]
        if all(level.at != BREACH for level in levels):
            levels.append(Level(at=BREACH))
        return tuple(sorted(levels, key=lambda level: level.at))

    def ruled(self, metric: str) -> Conditions | None:
        """The conditions of a target's clock, None where a service level agreement leaves them to the lifecycle."""
        given = self.conditions.get(metric) or self.conditions.get(EVERY_METRIC)
        return given or (None if self.kind == SLA else Conditions())


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What happens by itself while a ticket is on hold for a `reason`, in the service hours of its group.

    The reasons are requester, supplier, change and problem ("" stands for any other). After each time of `follow_up`
    the requester is asked again, on hold for another of the reasons the group that has the ticket is told to ask there.
    After `resolve` the ticket is done for want of the requester's answer. Durations from the beginning of the hold.
    """

    reason: str = ""
    follow_up: tuple[str, ...] = ()
    resolve: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """service_level.toml. `calendar` is for records whose group has none; the rest stands in the files of its name."""

    calendar: str
    agreement: tuple[Agreement, ...]
    calendars: Calendars = field(metadata={"from": "calendars"})
    groups: Groups = field(metadata={"from": "groups"})
    services: Services = field(metadata={"from": "services"})
    priorities: Priorities = field(metadata={"from": "priorities"})
    hold: tuple[Hold, ...] = ()
    configuration: Configuration = field(default_factory=Configuration, metadata={"from": "configuration"})

    @property
    def default(self) -> Agreement:
        """The agreement that takes what no other does."""
        for agreement in self.agreement:
            if agreement.default:
                return agreement
        raise PolicyError("service_level.toml: no agreement is the default one; give one default = true")

    def named(self, name: str) -> Agreement:
        """The agreement of that name; the default one takes over the clocks of an agreement that is gone."""
        return next((agreement for agreement in self.agreement if agreement.name == name), self.default)

    def hours(self, name: str) -> Calendar:
        """The calendar of that name; for one that is gone the fallback, so that open tickets can be saved."""
        try:
            return self.calendars.named(name)
        except NotFoundError:
            return self.calendars.named(self.calendar)

    def group_hours(self, group: str) -> str:
        """The name of the calendar a support group works by."""
        known = self.groups.groups.get(group)
        return known.calendar if known else self.calendar

    def in_force(self, agreement: Agreement, opened_at: int) -> bool:
        """Whether an agreement is valid for what was opened at an instant; days are those of the fallback calendar."""
        day = date.fromordinal(self.calendars.named(self.calendar).day_of(opened_at))
        return (agreement.valid_from or day) <= day <= (agreement.valid_until or day)
