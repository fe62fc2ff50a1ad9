"""Checks: what is wrong with service_level.toml, as (key, reason); a policy that contradicts itself is refused."""

import re
from collections.abc import Collection, Mapping

from itsm.core import rules
from itsm.core.duration import Duration, parse
from itsm.core.errors import PolicyError
from itsm.core.events import Json
from itsm.core.organisation import ITEM_FACTS
from itsm.practices.service_level.level_checks import hold_problems, level_problems, longer
from itsm.practices.service_level.policy import (
    CONDITIONS,
    EVERY_METRIC,
    KINDS,
    METRICS,
    NEXT_REPLY,
    OLA,
    RESOLUTION,
    RESPONSE,
    SLA,
    Agreement,
    ServiceLevels,
    Target,
)
from itsm.practices.service_level.ruled import AGENT, REQUESTER
from itsm.practices.service_level.ruled import FACTS as CHANGE_FACTS
from itsm.practices.service_level.support import support_problems

SPEAKERS = (AGENT, REQUESTER)
FACTS = (*rules.FACTS, "service.criticality", *ITEM_FACTS)
_ROW = re.compile(r"P[1-9]\d*", re.ASCII)

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
    found += _hidden(policy) + hold_problems(policy)
    # what does not even read cannot be compared with what it supports
    return found or support_problems(policy)


def _hidden(policy: ServiceLevels) -> Problems:
    """Agreements that no ticket can come to, since one before them asks the same and holds at all times."""
    found: Problems = []
    seen: list[Agreement] = []
    for n, agreement in enumerate(policy.agreement):
        if agreement.kind != SLA or not agreement.when:
            continue
        first = next((one.name for one in seen if one.when == agreement.when), "")
        if first:
            found.append((f"agreement.{n}.when", f"{first!r} stands before it and asks the same: it would never hold"))
        if not (agreement.valid_from or agreement.valid_until):
            seen.append(agreement)
    return found


def _agreement_problems(agreement: Agreement, policy: ServiceLevels) -> Problems:
    found = [(f"when.{key}", reason) for key, reason in rules.problems(agreement.when, FACTS)]
    found += _class_problems(agreement.when, policy.configuration.classes)
    found += _kind_problems(agreement, policy) + _condition_problems(agreement)
    if agreement.calendar and agreement.calendar not in policy.calendars.calendars:
        found.append(("calendar", _no_calendar(agreement.calendar, policy.calendars.calendars)))
    found += [("hold_pauses", _no_metric(name)) for name in agreement.hold_pauses if name not in METRICS]
    for name, target in agreement.targets.items():
        if not _ROW.fullmatch(name):
            found.append((f"targets.{name}", "a priority is written P1, P2 and so on"))
        found += [(f"targets.{name}.{key}", reason) for key, reason in _target_problems(target, agreement, policy)]
    found += _holes(agreement, policy.priorities.lowest)
    return found + level_problems(agreement, policy)


def _class_problems(when: Mapping[str, Json], classes: Collection[str]) -> Problems:
    """Classes of configuration items that no item is of: such a condition would never hold."""
    known = ", ".join(classes) or "none"
    return [("when.ci_class", f"{name!r} is no class of configuration.toml: {known}")
            for name in _names(when.get("ci_class")) if name not in classes]  # fmt: skip


def _names(asked: Json) -> list[Json]:
    """What a condition names: one, several, or what it must not be."""
    given = asked.get("not") if isinstance(asked, Mapping) else asked
    return given if isinstance(given, list) else [given] if isinstance(given, str) else []


def _kind_problems(agreement: Agreement, policy: ServiceLevels) -> Problems:
    if agreement.kind not in KINDS:
        return [("kind", f"{agreement.kind!r} is none of {', '.join(KINDS)}")]
    found = _default_problems(agreement)
    if agreement.valid_from and agreement.valid_until and agreement.valid_from > agreement.valid_until:
        found.append(("valid_until", "is before valid_from: it would never hold"))
    if agreement.kind == OLA and agreement.group not in policy.groups.groups:
        found.append(("group", f"an OLA is a support group's own; no group is called {agreement.group!r}"))
    if agreement.kind != OLA and agreement.group:
        found.append(("group", "only an OLA belongs to a support group; write a condition on it in `when`"))
    supported = {one.name for one in policy.agreement if one.kind == SLA}
    if agreement.kind != SLA and agreement.supports not in supported:
        found.append(("supports", f"names the agreement it helps to keep, one of {', '.join(sorted(supported))}"))
    if not 0 <= agreement.goal <= 100:
        found.append(("goal", f"is {agreement.goal} percent; it goes from 0 to 100"))
    return found + [
        (f"penalties.{n}.below", f"is {one.below} percent; it goes from 1 to 100")
        for n, one in enumerate(agreement.penalties)
        if not 1 <= one.below <= 100
    ]


def _default_problems(agreement: Agreement) -> Problems:
    found: Problems = []
    if agreement.default and agreement.kind != SLA:
        found.append(("default", "only a service level agreement takes what no other does"))
    if agreement.default and agreement.when:
        found.append(("when", "the default agreement takes what no other does; it has no condition"))
    if agreement.kind == SLA and not agreement.default and not agreement.when:
        found.append(("when", "without a condition it would hide every agreement after it; say default = true for one"))
    if agreement.default and (agreement.valid_from or agreement.valid_until):
        found.append(("valid_until", "the default agreement holds always; give the dates to another"))
    return found


def _condition_problems(agreement: Agreement) -> Problems:
    found: Problems = []
    for metric, conditions in agreement.conditions.items():
        if metric not in (*METRICS, EVERY_METRIC):
            found.append((f"conditions.{metric}", f"{_no_metric(metric)} or {EVERY_METRIC}"))
        for name in CONDITIONS:
            faults = rules.problems(getattr(conditions, name), CHANGE_FACTS)
            found += [(f"conditions.{metric}.{name}.{key}", reason) for key, reason in faults]
            strangers = [one for one in _names(getattr(conditions, name).get("said")) if one not in (*SPEAKERS, "")]
            found += [(f"conditions.{metric}.{name}.said", f"{one!r} is none of {', '.join(SPEAKERS)}")
                      for one in strangers]  # fmt: skip
        if conditions.stop and conditions.stop == conditions.start:
            found.append((f"conditions.{metric}.stop", "stops the clock with what starts it: it would never run"))
        if conditions.pause and conditions.pause == conditions.resume:
            found.append((f"conditions.{metric}.resume", "resumes the clock with what pauses it"))
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
        if resolution and metric in promised and longer(promised[metric], resolution, policy, agreement.calendar):
            found.append(
                (metric, f"{getattr(target, metric)} is longer than the resolution target {target.resolution}")
            )
    return found


def _no_metric(name: str) -> str:
    return f"{name!r} is none of {', '.join(METRICS)}"


def _no_calendar(name: str, known: Mapping[str, object]) -> str:
    return f"no calendar is called {name!r}; known are {', '.join(sorted(known))}"
