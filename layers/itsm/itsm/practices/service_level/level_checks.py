"""Level checks: what is wrong with escalation levels and with what happens on hold, as (key, reason)."""

from itertools import pairwise

from itsm.core import rules
from itsm.core.calendar_checks import sound
from itsm.core.duration import Duration, in_service_time, parse
from itsm.core.errors import PolicyError
from itsm.core.service_time import Calendar
from itsm.practices.service_level.hold import OURS, REASONS
from itsm.practices.service_level.policy import (
    ACTIONS,
    INCIDENT,
    MARK,
    METRICS,
    OPEN_PROBLEM,
    Agreement,
    Hold,
    Level,
    ServiceLevels,
)

_HIGHEST_LEVEL = 1000
_LONGEST_LABEL = 255
_A_MONDAY = 1_767_600_000
"""Monday 2026-01-05 08:00 UTC: two durations of one promise are compared from the same ordinary morning."""

type Problems = list[tuple[str, str]]


def level_problems(agreement: Agreement, policy: ServiceLevels) -> Problems:
    """What is wrong with an agreement's levels: unreachable, at the same point, or naming nobody."""
    found: Problems = []
    for n, level in enumerate(agreement.levels):
        faults = _level(level, policy) or _no_incident(level, agreement)
        faults = faults or _too_early(level, agreement, policy.priorities.lowest)
        found += [(f"levels.{n}.{key}", reason) for key, reason in faults]
    if found:
        return found
    for metric in METRICS:
        names = [level.name for level in agreement.plan(metric)]
        twice = sorted({name for name in names if names.count(name) > 1})
        found += [("levels", f"two levels of {metric} are at {name}") for name in twice]
    return found


def _level(level: Level, policy: ServiceLevels) -> Problems:
    found: Problems = []
    points = [name for name in ("at", "before", "after") if getattr(level, name)]
    if len(points) > 1:
        found.append((points[1], f"a level stands at one point, not at {' and '.join(points)}"))
    elif points in ([], ["at"]) and not 1 <= level.at <= _HIGHEST_LEVEL:
        found.append(("at", f"{level.at} is no percentage of a target from 1 to 1000"))
    for name in ("before", "after"):
        found += [(name, reason) for reason in _offset(getattr(level, name))]
    if level.at and not level.service_hours:
        found.append(("service_hours", "a percentage is one of service time; by the wall clock write before or after"))
    found += [("metrics", f"{name!r} is none of {', '.join(METRICS)}") for name in level.metrics if name not in METRICS]
    known = ", ".join(sorted(ACTIONS))
    found += [("actions", f"{name!r} is none of {known}") for name in level.actions if name not in ACTIONS]
    found += [("mark", reason) for reason in _mark(level)]
    groups = policy.groups.groups
    if level.reassign and level.reassign not in groups:
        found.append(("reassign", f"no group is called {level.reassign!r}"))
    for name in ("watch", "tell"):
        for person in getattr(level, name):
            lead = person.removeprefix("lead:")
            if "@" not in person and person != "owner" and not (lead != person and lead in groups):
                found.append((name, f"{person!r} is nobody; write an address, lead:<group> or owner"))
    return found


def _mark(level: Level) -> list[str]:
    if level.mark and MARK not in level.actions:
        return [f"does nothing without the action {MARK}"]
    if level.mark.startswith("itsm-") or any(sign.isspace() for sign in level.mark) or len(level.mark) > _LONGEST_LABEL:
        return [f"{level.mark!r} is no label of Jira's that is free: no blanks, 255 characters, not itsm-"]
    return []


def _offset(text: str) -> list[str]:
    try:
        days = bool(text) and parse(text).business_days > 0
    except PolicyError as error:
        return [str(error)]
    return ["a level stands hours or minutes from the due instant, not business days"] if days else []


def _no_incident(level: Level, agreement: Agreement) -> Problems:
    """A level that opens a problem in an agreement that no incident can come under."""
    asked = {key: wanted for key, wanted in agreement.when.items() if key == "practice"}
    if OPEN_PROBLEM not in level.actions or rules.matches(asked, {"practice": INCIDENT}):
        return []
    return [("actions", f"{OPEN_PROBLEM!r} is for incidents; this agreement holds for {asked['practice']!r}")]


def _too_early(level: Level, agreement: Agreement, lowest: int) -> Problems:
    """A level that stands before its clock has even begun."""
    if not level.before or not level.service_hours:
        return []
    short: list[str] = []
    for priority in range(1, lowest + 1):
        for metric in level.metrics or METRICS:
            try:
                duration = agreement.promised(priority, metric)
            except PolicyError:
                continue  # reported where the target stands
            if duration and duration.seconds and duration.seconds + level.offset <= 0:
                short.append(f"the {metric} target of P{priority}")
    return (
        [("before", f"{level.before} is not less than {short[0]}: the level could never be reached")] if short else []
    )


def hold_problems(policy: ServiceLevels) -> Problems:
    """What is wrong with the tables of hold."""
    found: Problems = []
    reasons = [hold.reason for hold in policy.hold]
    for n, hold in enumerate(policy.hold):
        found += [(f"hold.{n}.{key}", reason) for key, reason in _hold(hold, policy)]
        if hold.reason in reasons[:n]:
            found.append((f"hold.{n}.reason", f"{hold.reason!r} is there twice"))
    return found


def _hold(hold: Hold, policy: ServiceLevels) -> Problems:
    found: Problems = []
    if hold.reason not in (*REASONS, ""):
        found.append(("reason", f"{hold.reason!r} is none of {', '.join(REASONS)}"))
    if hold.reason in OURS and hold.resolve:
        found.append(("resolve", f"nobody was asked who could answer; a {hold.reason} is waited for until it is there"))
    durations: list[Duration] = []
    for key, text in [
        *(("follow_up", one) for one in hold.follow_up),
        *([("resolve", hold.resolve)] if hold.resolve else []),
    ]:
        try:
            durations.append(parse(text))
        except PolicyError as error:
            found.append((key, str(error)))
    if not hold.follow_up and not hold.resolve:
        found.append(("follow_up", "nothing happens on this hold; name follow_up or resolve"))
    if not found and any(one == other or longer(one, other, policy) for one, other in pairwise(durations)):
        found.append(("follow_up", "reminders come one after the other, and before the end"))
    return found


def longer(first: Duration, second: Duration, policy: ServiceLevels, calendar: str = "") -> bool:
    """Whether a duration is longer, in the calendar named or in any that a group works by."""
    if bool(first.business_days) == bool(second.business_days):
        return (first.business_days, first.seconds) > (second.business_days, second.seconds)
    groups = {group.calendar for group in policy.groups.groups.values()}
    names = {calendar} if calendar else groups | {policy.calendar}
    # a calendar that is missing or wrong is reported where it stands
    usable = [name for name in sorted(names) if sound(name, policy.calendars)]
    return any(_is_longer(policy.calendars.named(name), first, second) for name in usable)


def _is_longer(calendar: Calendar, first: Duration, second: Duration) -> bool:
    return in_service_time(calendar, _A_MONDAY, first) > in_service_time(calendar, _A_MONDAY, second)
