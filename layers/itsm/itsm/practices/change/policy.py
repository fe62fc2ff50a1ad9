"""Policy: what the owner of change management sets in change.toml."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from itsm.core.approvals import Approvals, approval_problems
from itsm.core.calendar import Calendars
from itsm.core.organisation import Services
from itsm.core.rules import FACTS
from itsm.practices.change.record import EMERGENCY, TYPES

LEVELS = ("low", "medium", "high")
PROBABILITIES = ("high", "medium", "low")
CHANGE_FACTS = (*FACTS, "type", "risk", "template", "service.criticality", "service.group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A time in which nothing is changed, for some services or (none named) all; `exempt` types go on."""

    name: str
    start: datetime
    end: datetime
    services: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ("emergency",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """The calendar in whose open hours alone some services may be changed; `exempt` types are not bound to it."""

    services: tuple[str, ...]
    calendar: str
    exempt: tuple[str, ...] = ("emergency",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A standard change that is approved in advance: for one service, within so many minutes, until it is revoked."""

    title: str
    service: str
    risk: str = "low"
    max_minutes: int = 60
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The risk engines; the highest level any of them gives is the change's risk.

    `impact` maps impact 1..5 to success probability to level; `criticality` maps a service's 1..4 to a level. A team
    whose success score is below `score_below` makes a change `score_level`; a collision makes it `collision_level`.
    """

    impact: Mapping[str, Mapping[str, str]]
    criticality: Mapping[str, str]
    score_below: int = 0
    score_level: str = "high"
    collision_level: str = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePolicy:
    """change.toml. `review_days` is how long a done change waits for its review before it closes unreviewed."""

    approval: Approvals
    risk: Risk
    review_days: int = 14
    freezes: tuple[Freeze, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    templates: Mapping[str, Template] = field(default_factory=dict)
    services: Services = field(default_factory=Services, metadata={"from": "services"})
    calendars: Calendars = field(default_factory=lambda: Calendars(calendars={}), metadata={"from": "calendars"})


def problems(policy: ChangePolicy) -> list[tuple[str, str]]:
    """What is wrong in change.toml beyond its types, as (key, reason)."""
    found = approval_problems(policy.approval, CHANGE_FACTS, prefix="approval.")
    if not policy.approval.rules or policy.approval.rules[-1].when:
        found.append(("approval.rules", "the last rule must hold for every change: give it when = {}"))
    found += [
        (f"approval.rules.{at}.after", 'only an emergency is approved afterwards: add type = "emergency" to its when')
        for at, rule in enumerate(policy.approval.rules)
        if rule.after and rule.when.get("type") != EMERGENCY
    ]
    return found + _risk_problems(policy.risk) + _window_problems(policy) + _template_problems(policy)


def _risk_problems(risk: Risk) -> list[tuple[str, str]]:
    found = []
    for impact in map(str, range(1, 6)):
        row = risk.impact.get(impact, {})
        found += [
            (f"risk.impact.{impact}", f"says nothing for success probability {missing}")
            for missing in PROBABILITIES
            if missing not in row
        ]
    levels = [(f"risk.impact.{impact}", level) for impact, row in risk.impact.items() for level in row.values()]
    levels += [(f"risk.criticality.{name}", level) for name, level in risk.criticality.items()]
    levels += [("risk.score_level", risk.score_level), ("risk.collision_level", risk.collision_level)]
    known = f"it is one of {', '.join(LEVELS)}"
    return found + [(key, f"{level!r} is no risk; {known}") for key, level in levels if level not in LEVELS]


def _window_problems(policy: ChangePolicy) -> list[tuple[str, str]]:
    found = []
    for at, freeze in enumerate(policy.freezes):
        key = f"freezes.{at}"
        if freeze.start.tzinfo is None or freeze.end.tzinfo is None:
            found.append((key, f"{freeze.name}: start and end need an offset from UTC, like 2026-12-19T00:00:00+01:00"))
        elif freeze.end <= freeze.start:
            found.append((f"{key}.end", f"{freeze.name}: ends before it starts"))
        found += _names(f"{key}.services", freeze.services, policy.services.services, "service")
        found += _names(f"{key}.exempt", freeze.exempt, TYPES, "type of change")
    for at, window in enumerate(policy.maintenance):
        key = f"maintenance.{at}"
        found += _names(f"{key}.services", window.services, policy.services.services, "service")
        found += _names(f"{key}.calendar", (window.calendar,), policy.calendars.calendars, "calendar")
        found += _names(f"{key}.exempt", window.exempt, TYPES, "type of change")
    return found


def _template_problems(policy: ChangePolicy) -> list[tuple[str, str]]:
    found = []
    for name, template in policy.templates.items():
        found += _names(f"templates.{name}.service", (template.service,), policy.services.services, "service")
        found += _names(f"templates.{name}.risk", (template.risk,), LEVELS, "risk")
    return found


def _names(key: str, named: Collection[str], known: Collection[str], what: str) -> list[tuple[str, str]]:
    all_known = ", ".join(sorted(known)) or "none"
    return [(key, f"no {what} is called {name!r}; known: {all_known}") for name in named if name not in known]
