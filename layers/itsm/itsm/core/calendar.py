"""Calendars as the organisation writes them: weekly hours, holidays and exceptions, made into service hours."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from itsm.core import ical
from itsm.core.errors import NotFoundError, PolicyError
from itsm.core.service_time import DAY, Calendar, intersection
from itsm.core.spans import Span, Spans, common, union

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d\d):(\d\d)(?::(\d\d))?-(\d\d):(\d\d)(?::(\d\d))?(\+1)?", re.ASCII)
_YEARLY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LONGEST_RANGE = 3660

type Problems = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyHours:
    """Spans like "08:00-12:00" for each weekday; "22:00-06:00+1" ends on the next, "24:00" is the end of the day."""

    mon: tuple[str, ...] = ()
    tue: tuple[str, ...] = ()
    wed: tuple[str, ...] = ()
    thu: tuple[str, ...] = ()
    fri: tuple[str, ...] = ()
    sat: tuple[str, ...] = ()
    sun: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalendarPolicy:
    """One calendar of calendars.toml.

    `zone` is an IANA name. `always` opens it around the clock (then `hours` stays out). `holidays` close whole local
    days: "2026-04-03", "12-25" (every year) or "2026-12-24..2027-01-01" (both days included). `overrides` replace the
    hours of a date, an empty list closes it; `breaks` are taken off a date. A holiday wins over an override.
    Weeks that take turns stand in `rotation` instead of `hours`; the first of them is that of the day `rotation_from`.
    `ical` names a feed of `[feeds]` whose days are holidays too; `beside` a calendar that has to be open as well.
    """

    zone: str = "UTC"
    always: bool = False
    hours: WeeklyHours = field(default_factory=WeeklyHours)
    holidays: tuple[str, ...] = ()
    overrides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    breaks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rotation: tuple[WeeklyHours, ...] = ()
    rotation_from: date | None = None
    ical: str = ""
    beside: str = ""


type Newer = Callable[[str], frozenset[int] | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copies:
    """The last good copy of every feed, by its name, as it came with the policy; `newer` knows what was fetched since.

    `newer` gives the days (ordinals) a feed closes, None where it knows nothing of it, and raises nothing.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    newer: Newer = lambda feed: None

    def days(self, feed: str) -> frozenset[int]:
        """The days a feed closes; none for no feed."""
        found = self.newer(feed) if feed else None
        return ical.closed(self.texts.get(feed, "")) if found is None else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendars:
    """calendars.toml: the service hours of the organisation by name, and where its feeds of holidays are fetched.

    A feed is fetched when the policy is built and each day after that, never by a clock; of one that fails the last
    good copy holds, and one that never had any closes no day.
    """

    calendars: Mapping[str, CalendarPolicy]
    feeds: Mapping[str, str] = field(default_factory=dict)
    copies: Copies = field(default_factory=Copies, metadata={"from": "copies"})

    def named(self, name: str) -> Calendar:
        """The calendar of that name, built once. Raises NotFoundError, and PolicyError for one that is wrong."""
        if name not in self.calendars:
            raise NotFoundError(f"no calendar is called {name!r}; known are {', '.join(sorted(self.calendars))}")
        policy = self.calendars[name]
        own = build(name, policy, self.copies.days(policy.ical))
        return _narrowed(name, own, self.named(policy.beside)) if policy.beside else own


@lru_cache(maxsize=256)
def _narrowed(name: str, own: Calendar, other: Calendar) -> Calendar:
    return replace(intersection(own, other), name=name)


@lru_cache(maxsize=256)
def build(name: str, policy: CalendarPolicy, closed: frozenset[int] = frozenset()) -> Calendar:
    """The service hours a policy describes, closed on the days (ordinals) of a feed as well.

    Raises PolicyError with everything that is wrong with the policy.
    """
    found = calendar_problems(policy)
    if found:
        raise PolicyError(f"calendar {name!r}: " + "; ".join(f"{key}: {reason}" for key, reason in found))
    fixed, yearly = _holidays(policy.holidays)
    overrides = {_day(on): _on_date(spans) for on, spans in policy.overrides.items()}
    weekly, *others = _weeks(policy)
    return Calendar(
        name=name,
        zone=_zone(policy.zone),
        weekly=weekly,
        rotation=tuple(others),
        turn=policy.rotation_from.toordinal() if policy.rotation_from else 1,
        # an override says what holds on its very date, whatever a feed of others knows
        dates=dict.fromkeys(closed, ()) | overrides | dict.fromkeys(fixed, ()),
        breaks={_day(on): _on_date(spans) for on, spans in policy.breaks.items()},
        yearly=yearly,
    )


def calendar_problems(policy: CalendarPolicy) -> Problems:
    """What is wrong with one calendar, as (key below it, reason)."""
    found = [("zone", reason) for reason in _fault(_zone, policy.zone)]
    for key, week in _written_weeks(policy):
        for weekday in WEEKDAYS:
            spans = getattr(week, weekday)
            found += [(f"{key}.{weekday}", reason) for reason in _span_faults(spans, overnight=True)]
            if policy.always and spans:
                found.append((f"{key}.{weekday}", "a calendar that is always open has no weekly hours"))
    if bool(policy.rotation) != bool(policy.rotation_from):
        found.append(("rotation_from", "weeks that take turns need the first day of one: give both, or neither"))
    if policy.rotation and policy.hours != WeeklyHours():
        found.append(("hours", "stand beside weeks that take turns; put them among these"))
    found += [("holidays", reason) for text in policy.holidays for reason in _fault(_holiday, text)]
    for table, dates in (("overrides", policy.overrides), ("breaks", policy.breaks)):
        for on, spans in dates.items():
            faults = _fault(_day, on) + _span_faults(spans, overnight=False)
            found += [(f"{table}.{on}", reason) for reason in faults]
    return found or _contradictions(policy)


def _contradictions(policy: CalendarPolicy) -> Problems:
    fixed, yearly = _holidays(policy.holidays)
    found: Problems = []
    for table, dates in (("overrides", policy.overrides), ("breaks", policy.breaks)):
        for on in dates:
            day = date.fromisoformat(on)
            if day.toordinal() in fixed or (day.month, day.day) in yearly:
                found.append((f"{table}.{on}", "the date is also a holiday, and a holiday is closed"))
    for key, week in _written_weeks(policy):
        for weekday in WEEKDAYS:
            own = [_span(text) for text in getattr(week, weekday)]
            if any(common((left,), tuple(own[n + 1 :])) for n, left in enumerate(own)):
                found.append((f"{key}.{weekday}", "two spans overlap"))
    if not any(map(any, _weeks(policy))) and not any(policy.overrides.values()):
        found.append(("hours", "there is no open time; give at least one weekday hours, or say always = true"))
    return found


def _written_weeks(policy: CalendarPolicy) -> list[tuple[str, WeeklyHours]]:
    """The weeks as they are written, with the key of each."""
    return [(f"rotation.{n}", week) for n, week in enumerate(policy.rotation)] or [("hours", policy.hours)]


def _weeks(policy: CalendarPolicy) -> list[tuple[Spans, ...]]:
    """Every week that takes its turn; what goes over midnight on Sunday is of the Monday of the next."""
    if policy.always:
        return [(((0, DAY),),) * 7]
    written = [week for _, week in _written_weeks(policy)]
    days: list[list[Span]] = [[] for _ in range(7 * len(written))]
    for n, day in enumerate((week, weekday) for week in written for weekday in WEEKDAYS):
        for opens, closes in map(_span, getattr(*day)):
            days[n].append((opens, min(closes, DAY)))
            if closes > DAY:
                days[(n + 1) % len(days)].append((0, closes - DAY))
    spans = [union(tuple(some)) for some in days]
    return [tuple(spans[n : n + 7]) for n in range(0, len(spans), 7)]


def _on_date(spans: tuple[str, ...]) -> Spans:
    return union(tuple(map(_span, spans)))


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if not found:
        raise PolicyError(f'{text!r} is no span; write it like "08:00-17:30", "22:00-06:00+1" or "18:00-24:00"')
    numbers = [int(part or 0) for part in found.groups()[:6]]
    opens, closes = (hour * 3600 + minute * 60 + second for hour, minute, second in (numbers[:3], numbers[3:]))
    if max(numbers[1], numbers[2], numbers[4], numbers[5]) > 59 or opens >= DAY or closes > DAY:
        raise PolicyError(f"{text!r} names a time no clock shows; a day goes from 00:00 to 24:00")
    if found[7] and 0 < closes <= opens:
        return opens, closes + DAY
    if found[7]:
        raise PolicyError(f"{text!r} lasts more than a day, or nothing of the next; leave +1 out or end it earlier")
    if closes <= opens:
        raise PolicyError(f"{text!r} ends before it starts; if it ends on the day after, write {text}+1")
    return opens, closes


def _span_faults(spans: tuple[str, ...], *, overnight: bool) -> list[str]:
    found = [reason for text in spans for reason in _fault(_span, text)]
    if not overnight:
        found += [
            f"{text!r} of a date must end on that date; give the next one its own" for text in spans if "+1" in text
        ]
    return found


def _holidays(texts: tuple[str, ...]) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    parsed = list(map(_holiday, texts))
    fixed = frozenset(day for days in parsed if isinstance(days, range) for day in days)
    return fixed, frozenset(days for days in parsed if not isinstance(days, range))


def _holiday(text: str) -> range | tuple[int, int]:
    yearly = _YEARLY.fullmatch(text)
    if yearly:
        return _yearly(text, int(yearly[1]), int(yearly[2]))
    first, dots, last = text.partition("..")
    begin = _day(first)
    end = _day(last) if dots else begin
    if not begin <= end < begin + _LONGEST_RANGE:
        raise PolicyError(f"{text!r} ends before it starts, or lasts more than ten years")
    return range(begin, end + 1)


def _yearly(text: str, month: int, day: int) -> tuple[int, int]:
    try:
        date(2000, month, day)
    except ValueError as error:
        raise PolicyError(f"{text!r} is no day of any year; write MM-DD") from error
    return month, day


def _day(text: str) -> int:
    wrong = f"{text!r} is no date; write YYYY-MM-DD"
    if not _DATE.fullmatch(text):  # ISO 8601 has more ways to write one, and week numbers are easily misread
        raise PolicyError(wrong)
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError as error:
        raise PolicyError(wrong) from error


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PolicyError(f'{name!r} is no time zone; use an IANA name like "Europe/Berlin"') from error


def _fault(read: Callable[[str], object], text: str) -> list[str]:
    try:
        read(text)
    except PolicyError as error:
        return [str(error)]
    return []
