"""Reading: files of cases as they are written down, their calendars as ours, and the quirks their README names."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from itsm.core.calendar import WEEKDAYS, CalendarPolicy, WeeklyHours, build
from itsm.core.service_time import Calendar

type Case = Mapping[str, Any]
PASSED, FAILED, QUIRK, WORDS = "passed", "failed", "quirk", "in words"


class InWordsError(Exception):
    """A row that states a rule in words, or something there is no number for; nobody can compute whether it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one row: passed, failed, failed as its README says it must (a quirk), or stated in words."""

    row: str
    verdict: str
    said: str = ""


@dataclass(slots=True)
class Book:
    """One file of cases, the other files beside it, and the quirks its README names."""

    folder: Path
    name: str
    _read: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def table(self, name: str = "") -> Mapping[str, Any]:
        """The content of a file beside this one (none named: this one); {} when it is not there."""
        name = name or self.name
        if name not in self._read:
            path = self.folder / name
            found = json.loads(path.read_text("utf-8")) if path.exists() else {}
            if not isinstance(found, dict):
                raise TypeError("a file of cases is an object that holds tables of rows")
            self._read[name] = found
        return self._read[name]

    def rows(self) -> Iterator[Case]:
        """The rows of every file of the folder that can be read; what is wrong with another is said where it is run."""
        for path in sorted(self.folder.glob("*.json")):
            with suppress(ValueError, TypeError):
                yield from (row for row in self.table(path.name).get("cases", ()) if isinstance(row, Mapping))

    def policy(self, name: str) -> CalendarPolicy:
        """A calendar of the file as our policy has it; the peers' naive times are run in UTC, as the README says."""
        given = self.table()["calendars"][name]
        hours = {day: spans(given.get("hours", {}).get(day, ())) for day in WEEKDAYS}
        ranges = tuple(f"{first}..{last}" for first, last in given.get("holiday_ranges", ()))
        holidays = (*given.get("holidays", ()), *given.get("annual_holidays", ()), *ranges)
        closed = {on for on in given.get("date_shifts", {}) | given.get("breaks", {}) if _closed(on, holidays)}
        # a holiday wins over what else is said of its date; said together they are a contradiction our check refuses
        return CalendarPolicy(
            zone=given.get("tz") or "UTC",
            hours=WeeklyHours(**hours),
            holidays=holidays,
            overrides={on: spans(some) for on, some in given.get("date_shifts", {}).items() if on not in closed},
            breaks={on: spans(some) for on, some in given.get("breaks", {}).items() if on not in closed},
        )

    def calendar(self, name: str) -> Calendar:
        """A calendar of the file, built."""
        return build(f"{self.name}:{name}", self.policy(name))


def spans(given: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Spans of a day as our policy writes them, in whole seconds: a peer's 23:59:59.64 is a fraction of an hour.

    What closes no later than it opens does so on the day after; at 00:00 that is the end of the day.
    """
    whole = ((opens.partition(".")[0], closes.partition(".")[0]) for opens, closes in given)
    return tuple(
        f"{opens}-24:00" if closes == "00:00" else f"{opens}-{closes}{'+1' if closes <= opens else ''}"
        for opens, closes in whole
    )


def _closed(on: str, holidays: Sequence[str]) -> bool:
    ranges = (one.partition("..") for one in holidays if ".." in one)
    return on in holidays or on[5:] in holidays or any(first <= on <= last for first, _, last in ranges)


def instant(text: str, calendar: Calendar) -> int:
    """Epoch seconds; a text without Z is the calendar's local time."""
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=calendar.zone)).timestamp())


def local(like: str, at: int, calendar: Calendar) -> str:
    """An instant written the way another text is: UTC with Z, or local without."""
    if like.endswith("Z"):
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return datetime.fromtimestamp(at, calendar.zone).strftime("%Y-%m-%dT%H:%M:%S")


def compared(what: str, ours: object, theirs: object) -> list[str]:
    """The difference in words, none when there is none."""
    return [] if ours == theirs else [f"{what}: {ours}, the case says {theirs}"]


_TOKEN = re.compile(r"`([^`\s]+)`")
_SECTION = re.compile(r"^#+[^\n]*quirk[^\n]*$(.*?)(?=^#+ |\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)


def quirks(readme: str) -> list[tuple[str, str]]:
    """The rows a README's section on quirks names, as (pattern of ids, what it says).

    `a-10`, `-11` is a-10 and a-11; `a-15..17` is a-15 to a-17; `a-*` is a pattern.
    """
    found: list[tuple[str, str]] = []
    for section in _SECTION.findall(readme):
        for item in re.split(r"^\s*(?:\d+\.|[-*])\s+", section, flags=re.MULTILINE):
            said = " ".join(item.split())
            found += [(pattern, said) for pattern in _patterns(_TOKEN.findall(item))]
    return found


def _patterns(tokens: Sequence[str]) -> Iterator[str]:
    stem = ""
    for token in tokens:
        name = stem + token[1:] if token.startswith("-") and stem else token
        stem = re.sub(r"[^-]*$", "", name)
        numbers = re.fullmatch(r"(.*?)(\d+)\.\.(\d+)", name)
        if numbers:
            width = len(numbers[2])
            yield from (f"{numbers[1]}{n:0{width}}" for n in range(int(numbers[2]), int(numbers[3]) + 1))
        else:
            yield name


def named_quirk(case: Case, known: Sequence[tuple[str, str]]) -> str:
    """What the README says of a row among its quirks, "" for nothing; "with value 1" is for such answers only."""
    for pattern, said in known:
        value = re.search(r"with value (\d+)", said)
        expect = case.get("expect")
        answers = expect.values() if isinstance(expect, Mapping) else [expect]
        if fnmatchcase(str(case.get("id")), pattern) and (value is None or int(value[1]) in answers):
            return said
    return ""
