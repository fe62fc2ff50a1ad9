"""What service_level.toml may set: agreements, their targets, and the levels at which something is done."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from itsm.core import rules
from itsm.core.calendar import Calendars, calendar_problems
from itsm.core.duration import Duration, in_service_time, parse
from itsm.core.errors import NotFoundError, PolicyError
from itsm.core.events import Json
from itsm.core.organisation import Groups, Services
from itsm.core.priority import Priorities
from itsm.core.service_time import Calendar

RESPONSE, NEXT_REPLY, RESOLUTION = "response", "next_reply", "resolution"
METRICS = (RESPONSE, NEXT_REPLY, RESOLUTION)
ACTIONS = frozenset({"note", "mail-group", "mail-lead", "mark-issue"})
BREACH = 100
FACTS = (*rules.FACTS, "service.criticality")
_HIGHEST_LEVEL = 1000
_ROW = re.compile(r"P[1-9]\d*", re.ASCII)
_A_MONDAY = 1_767_600_000
"""Monday 2026-01-05 08:00 UTC: two durations of one promise are compared from the same ordinary morning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is promised at one priority: durations like "15m", "4h", "2 business_days"; "" promises nothing."""

    response: str = ""
    next_reply: str = ""
    resolution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """An escalation level: what to do when `at` percent of a target's service time is used; 100 is the breach.

    `metrics` limits it to some targets; none named means all.
    """

    at: int
    actions: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A service level agreement. The first whose `when` holds is the record's; the `default` one takes what is left.

    `targets` has a row for each priority, "P1" the highest. `calendar` replaces the service hours of the support
    group. `hold_pauses` names the targets whose clocks stand still on hold. A `retroactive` clock runs from the
    record's opening, another from the moment it is attached.
    """

    name: str
    targets: Mapping[str, Target]
    when: Mapping[str, Json] = field(default_factory=dict)
    default: bool = False
    calendar: str = ""
    hold_pauses: tuple[str, ...] = (NEXT_REPLY, RESOLUTION)
    retroactive: bool = True
    levels: tuple[Level, ...] = ()

    def promised(self, priority: int, metric: str) -> Duration | None:
        """What it promises at a priority, None for nothing. Raises PolicyError for a target that is no duration."""
        target = self.targets.get(f"P{priority}")
        text: str = getattr(target, metric) if target else ""
        return parse(text) if text else None

    def plan(self, metric: str) -> tuple[Level, ...]:
        """The levels of a target in the order they are reached; the breach is always one of them."""
        levels = [level for level in self.levels if metric in level.metrics or not level.metrics]
        if all(level.at != BREACH for level in levels):
            levels.append(Level(at=BREACH))
        return tuple(sorted(levels, key=lambda level: level.at))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """service_level.toml. `calendar` is for records whose group has none; the rest stands in the files of its name."""

    calendar: str
    agreement: tuple[Agreement, ...]
    calendars: Calendars = field(metadata={"from": "calendars"})
    groups: Groups = field(metadata={"from": "groups"})
    services: Services = field(metadata={"from": "services"})
    priorities: Priorities = field(metadata={"from": "priorities"})

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


type Problems = list[tuple[str, str]]


def problems(policy: ServiceLevels) -> Problems:
    """What is wrong with service_level.toml, as (key, reason)."""
    known = policy.calendars.calendars
    found = [] if policy.calendar in known else [("calendar", _no_calendar(policy.calendar, known))]
    defaults = [agreement.name for agreement in policy.agreement if agreement.default]
    if len(defaults) != 1:
        found.append(("agreement", f"exactly one must be the default, not {', '.join(defaults) or 'none'}"))
    names = [agreement.name for agreement in policy.agreement]
    found += [("agreement", f"{name!r} is there twice") for name in sorted({n for n in names if names.count(n) > 1})]
    for n, agreement in enumerate(policy.agreement):
        found += [(f"agreement.{n}.{key}", reason) for key, reason in _agreement_problems(agreement, policy)]
    return found


def _agreement_problems(agreement: Agreement, policy: ServiceLevels) -> Problems:
    found = [(f"when.{key}", reason) for key, reason in rules.problems(agreement.when, FACTS)]
    if agreement.default and agreement.when:
        found.append(("when", "the default agreement takes what no other does; it has no condition"))
    if not agreement.default and not agreement.when:
        found.append(("when", "without a condition it would hide every agreement after it; say default = true for one"))
    if agreement.calendar and agreement.calendar not in policy.calendars.calendars:
        found.append(("calendar", _no_calendar(agreement.calendar, policy.calendars.calendars)))
    found += [("hold_pauses", _no_metric(name)) for name in agreement.hold_pauses if name not in METRICS]
    for name, target in agreement.targets.items():
        if not _ROW.fullmatch(name):
            found.append((f"targets.{name}", "a priority is written P1, P2 and so on"))
        found += [(f"targets.{name}.{key}", reason) for key, reason in _target_problems(target, agreement, policy)]
    found += _holes(agreement, policy.priorities.lowest)
    for n, level in enumerate(agreement.levels):
        found += [(f"levels.{n}.{key}", reason) for key, reason in _level_problems(level)]
    for metric in METRICS:
        points = [level.at for level in agreement.plan(metric)]
        twice = sorted({at for at in points if points.count(at) > 1})
        found += [("levels", f"two levels of {metric} are at {at} %") for at in twice]
    return found


def _holes(agreement: Agreement, lowest: int) -> Problems:
    """Targets that a ticket would lose, or not have, when its priority changes."""
    rows = {f"P{priority}": agreement.targets.get(f"P{priority}") for priority in range(1, lowest + 1)}
    found = [(f"targets.{name}", "there is no row for this priority") for name, target in rows.items() if not target]
    given = {name: target for name, target in rows.items() if target}
    for metric in METRICS:
        empty = [name for name, target in given.items() if not getattr(target, metric)]
        if empty and len(empty) < len(given):
            found += [(f"targets.{name}", f"{metric} is promised at other priorities, but not here") for name in empty]
    if all(not getattr(target, metric) for target in given.values() for metric in METRICS):
        found.append(("targets", "an agreement that promises nothing measures nothing"))
    return found


def _target_problems(target: Target, agreement: Agreement, policy: ServiceLevels) -> Problems:
    found: Problems = []
    promised: dict[str, Duration] = {}
    for metric in METRICS:
        text = getattr(target, metric)
        try:
            promised |= {metric: parse(text)} if text else {}
        except PolicyError as error:
            found.append((metric, str(error)))
    resolution = promised.get(RESOLUTION)
    for metric in (RESPONSE, NEXT_REPLY):
        if resolution and metric in promised and _longer(promised[metric], resolution, agreement, policy):
            found.append(
                (metric, f"{getattr(target, metric)} is longer than the resolution target {target.resolution}")
            )
    return found


def _longer(first: Duration, second: Duration, agreement: Agreement, policy: ServiceLevels) -> bool:
    """Whether a duration is longer, in any of the calendars the agreement may run in."""
    if bool(first.business_days) == bool(second.business_days):
        return (first.business_days, first.seconds) > (second.business_days, second.seconds)
    groups = {group.calendar for group in policy.groups.groups.values()}
    names = {agreement.calendar} if agreement.calendar else groups | {policy.calendar}
    # a calendar that is missing or wrong is reported where it stands
    sound = [
        name for name, hours in policy.calendars.calendars.items() if name in names and not calendar_problems(hours)
    ]
    return any(_is_longer(policy.calendars.named(name), first, second) for name in sound)


def _is_longer(calendar: Calendar, first: Duration, second: Duration) -> bool:
    return in_service_time(calendar, _A_MONDAY, first) > in_service_time(calendar, _A_MONDAY, second)


def _level_problems(level: Level) -> Problems:
    found = (
        [] if 1 <= level.at <= _HIGHEST_LEVEL else [("at", f"{level.at} is no percentage of a target from 1 to 1000")]
    )
    found += [("metrics", _no_metric(name)) for name in level.metrics if name not in METRICS]
    known = ", ".join(sorted(ACTIONS))
    return found + [("actions", f"{name!r} is none of {known}") for name in level.actions if name not in ACTIONS]


def _no_metric(name: str) -> str:
    return f"{name!r} is none of {', '.join(METRICS)}"


def _no_calendar(name: str, known: Mapping[str, object]) -> str:
    return f"no calendar is called {name!r}; known are {', '.join(sorted(known))}"
