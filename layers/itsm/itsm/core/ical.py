"""iCal: the whole days a calendar feed closes (RFC 5545); whatever of it cannot be read is left out and named."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

LAST_YEAR = 2100
"""Rules without an end are followed up to here."""
MOST_DAYS = 20_000
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_DAYS = re.compile(r"\+?P(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a feed says: the closed days (ordinals), and what of it was left out, in words."""

    days: frozenset[int] = frozenset()
    skipped: tuple[str, ...] = ()


@dataclass(slots=True)
class _Event:
    lines: list[tuple[str, Mapping[str, str], str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """Every value of a property that is written as dates."""
        return [value for key, _, text in self.lines if key == name for value in text.split(",") if value]

    def first(self, name: str) -> str:
        return next((text for key, _, text in self.lines if key == name), "")


def read(text: str) -> Feed:
    """The days that a feed's all-day events cover, their yearly repetitions included.

    Events with a clock time, cancelled ones, and rules other than yearly ones (3.3.10) are left out. An event that
    replaces one repetition (RECURRENCE-ID, 3.8.4.4) takes its place. Nothing in a feed raises an error.
    """
    days: dict[str, set[int]] = {}
    replaced: list[tuple[str, int]] = []
    skipped: list[str] = []
    for number, event in enumerate(_events(text)):
        name = event.first("SUMMARY") or event.first("UID") or "an event"
        uid = event.first("UID") or f"#{number}"
        try:
            if event.first("RECURRENCE-ID"):
                replaced.append((uid, _day(event.first("RECURRENCE-ID"))))
                uid = f"{uid}#{number}"
            if event.first("STATUS").upper() != "CANCELLED":
                days.setdefault(uid, set()).update(_days(event))
        except ValueError as error:
            skipped.append(f"{name}: {error}")
    for uid, day in replaced:
        days.get(uid, set()).discard(day)
    return Feed(days=frozenset(day for some in days.values() for day in some), skipped=tuple(skipped))


@lru_cache(maxsize=64)
def closed(text: str) -> frozenset[int]:
    """The days of a feed (ordinals), read once a copy."""
    return read(text).days


def _events(text: str) -> Iterator[_Event]:
    event: _Event | None = None
    depth = 0
    for line in _unfolded(text):
        key, parameters, value = _property(line)
        if key == "BEGIN":
            depth += event is not None
            if value.upper() == "VEVENT" and event is None:
                event = _Event()
        elif key == "END" and event is not None:
            if depth == 0:
                yield event
                event = None
            depth = max(0, depth - 1)
        elif event is not None and depth == 0:
            event.lines.append((key, parameters, value))


def _unfolded(text: str) -> list[str]:
    """Content lines, folded ones joined (3.1)."""
    return re.sub(r"\r?\n[ \t]", "", text.removeprefix("\ufeff")).splitlines()


def _property(line: str) -> tuple[str, Mapping[str, str], str]:
    found = re.match(r"""([A-Za-z0-9-]+)((?:;[^:"]*(?:"[^"]*"[^:"]*)*)?):(.*)""", line)
    if not found:
        return "", {}, ""
    pairs = (part.partition("=") for part in found[2].split(";") if part)
    return found[1].upper(), {name.upper(): value for name, _, value in pairs}, found[3].strip()


def _day(text: str) -> int:
    if not re.fullmatch(r"\d{8}", text):
        raise ValueError(f"{text[:20]!r} is no whole day")
    return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()


def _days(event: _Event) -> Iterator[int]:
    start = _day(event.first("DTSTART"))
    length = _length(event, start)
    starts = {start, *_repeated(event.first("RRULE"), date.fromordinal(start))}
    starts |= {_day(text) for text in event.values("RDATE")}
    starts -= {_day(text[:8]) for text in event.values("EXDATE")}
    for n, first in enumerate(sorted(starts)):
        if (n + 1) * length > MOST_DAYS:
            raise ValueError("covers more days than a calendar has")
        yield from range(first, first + length)


def _length(event: _Event, start: int) -> int:
    """Days an event lasts; its end is not part of it (3.6.1), without one it is a single day."""
    if event.first("DTEND"):
        return max(1, _day(event.first("DTEND")) - start)
    lasting = event.first("DURATION")
    found = _DAYS.fullmatch(lasting) if lasting else None
    return max(1, int(found[1] or 0) * 7 + int(found[2] or 0)) if found else 1


def _repeated(rule: str, first: date) -> Iterator[int]:
    """The days a yearly rule comes to, from the first on."""
    if not rule:
        return
    parts = {name.upper(): value.upper() for name, _, value in (part.partition("=") for part in rule.split(";"))}
    strange = sorted(parts.keys() - _KNOWN)
    if parts.get("FREQ") != "YEARLY" or strange:
        raise ValueError(f"the rule {rule[:60]!r} is not followed here")
    until = _day(parts["UNTIL"][:8]) if "UNTIL" in parts else date(LAST_YEAR, 12, 31).toordinal()
    left = int(parts.get("COUNT", MOST_DAYS))
    for year in range(first.year, LAST_YEAR + 1, max(1, int(parts.get("INTERVAL", 1)))):
        for day in sorted(_in_year(year, parts, first)):
            if day < first.toordinal():
                continue
            if day > until or left <= 0:
                return
            left -= 1
            yield day


def _in_year(year: int, parts: Mapping[str, str], first: date) -> set[int]:
    months = [int(one) for one in parts["BYMONTH"].split(",")] if "BYMONTH" in parts else []
    month_days = [int(one) for one in parts["BYMONTHDAY"].split(",")] if "BYMONTHDAY" in parts else []
    if "BYDAY" not in parts:
        wanted = month_days or [first.day]
        in_months = months or (range(1, 13) if month_days else [first.month])
        return {day for month in in_months for one in wanted for day in _of_month(year, month, one)}
    found: set[int] = set()
    for text in parts["BYDAY"].split(","):
        word = _BY_DAY.fullmatch(text)
        if not word:
            raise ValueError(f"{text!r} is no weekday")
        periods = [_month(year, month) for month in months] or [_year(year)]
        for period in periods:
            found.update(_weekdays(period, _WEEKDAYS.index(word[2]), int(word[1] or 0)))
    if month_days:
        found &= {day for month in months or range(1, 13) for one in month_days for day in _of_month(year, month, one)}
    return found


def _of_month(year: int, month: int, day: int) -> Sequence[int]:
    """The day of a month, counted from its end if negative; none in a month that has no such day."""
    days = _month(year, month)
    place = day - 1 if day > 0 else len(days) + day
    return [days[place]] if 0 <= place < len(days) and day else []


def _weekdays(period: range, weekday: int, nth: int) -> Sequence[int]:
    """All days of a weekday in a period, or the nth of them, from the end if negative."""
    days = [day for day in period if (day - 1) % 7 == weekday]
    if not nth:
        return days
    place = nth - 1 if nth > 0 else len(days) + nth
    return [days[place]] if 0 <= place < len(days) else []


def _month(year: int, month: int) -> range:
    begin = date(year, month, 1)
    end = (begin + timedelta(days=32)).replace(day=1)
    return range(begin.toordinal(), end.toordinal())


def _year(year: int) -> range:
    return range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
