"""Calendar checks: what is wrong with calendars.toml as a whole, as (key, reason)."""

from itsm.core import ical
from itsm.core.calendar import Calendars, Problems, calendar_problems
from itsm.core.errors import PolicyError
from itsm.core.service_time import next_opening

_A_MONDAY = 1_767_571_200
"""Monday 2026-01-05 00:00 UTC: each calendar has to open at some time in the ten years from here on."""


def problems(policy: Calendars) -> Problems:
    """What is wrong with calendars.toml, as (key, reason)."""
    found: Problems = [] if policy.calendars else [("calendars", "there is none; a support group needs service hours")]
    for name, calendar in policy.calendars.items():
        faults = calendar_problems(calendar) + _reference_problems(name, policy)
        found += [(f"calendars.{name}.{key}" if key else f"calendars.{name}", reason) for key, reason in faults]
    for name, address in policy.feeds.items():
        if not address.startswith("https://"):
            found.append((f"feeds.{name}", f"{address!r} is no address of https; what is fetched closes the desk"))
        if policy.copies.texts and not ical.read(policy.copies.texts.get(name, "")).days:
            found.append((f"feeds.{name}", "its copy is missing or names no day; run make feeds"))
    # what does not even read cannot be opened
    return found or [
        (f"calendars.{name}.{key}", reason) for name in policy.calendars for key, reason in _never_open(name, policy)
    ]


def sound(name: str, policy: Calendars) -> bool:
    """Whether time can be measured in a calendar: neither it nor what stands beside it has a fault, and it opens."""
    if name not in policy.calendars or _reference_problems(name, policy):
        return False
    calendar = policy.calendars[name]
    if calendar_problems(calendar) or (calendar.beside and not sound(calendar.beside, policy)):
        return False
    return not _never_open(name, policy)


def _reference_problems(name: str, policy: Calendars) -> Problems:
    found: Problems = []
    calendar = policy.calendars[name]
    if calendar.ical and calendar.ical not in policy.feeds:
        found.append(("ical", f"no feed is called {calendar.ical!r}; give its address under [feeds]"))
    seen, at = {name}, calendar.beside
    while at:
        if at not in policy.calendars:
            return [*found, ("beside", f"no calendar is called {at!r}")]
        if at in seen:
            return [*found, ("beside", f"leads back to {at!r}: a circle")]
        seen.add(at)
        at = policy.calendars[at].beside
    return found


def _never_open(name: str, policy: Calendars) -> Problems:
    """A calendar whose hours are all taken away again: by breaks, holidays, or the calendar that stands beside it."""
    beside = policy.calendars[name].beside
    try:
        next_opening(policy.named(name), _A_MONDAY)
    except PolicyError as error:
        return [("beside", f"never opens together with {beside!r}")] if beside else [("hours", str(error))]
    return []
