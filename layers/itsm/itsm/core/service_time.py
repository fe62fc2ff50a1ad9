"""Service time: arithmetic in service hours; the only room that knows zones and daylight saving."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from itsm.core.errors import PolicyError
from itsm.core.spans import Spans, clip, common, length, union, without

DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_EMPTY_WEEKS = 530
"""After ten years without an open second a calendar counts as closed for good."""
_LAST_WEEK = date(9998, 12, 1).toordinal() // 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """Service hours: when a support group works, by its own wall clock.

    `weekly` holds the spans of Monday to Sunday; `dates` replaces them on a date (none: closed), `breaks` is taken off
    a date, `yearly` closes a (month, day) every year. `beside` narrows it to what another calendar has open as well.
    `rotation` are the weeks that take turns with `weekly`, which has the turn in the week of the day `turn`.

    A wall-clock time that the zone skips is read with the offset before the gap, one that comes twice is its first
    occurrence (RFC 5545, 3.3.5; PEP 495 with fold=0). Days divide all of time: one ends where the next begins.
    """

    name: str
    zone: tzinfo
    weekly: tuple[Spans, ...]
    dates: Mapping[int, Spans] = field(default_factory=dict)
    breaks: Mapping[int, Spans] = field(default_factory=dict)
    yearly: frozenset[tuple[int, int]] = frozenset()
    beside: "Calendar | None" = None
    rotation: tuple[tuple[Spans, ...], ...] = ()
    turn: int = 1
    _spans: dict[int, Spans] = field(default_factory=dict, init=False, repr=False)
    _days: dict[int, Spans] = field(default_factory=dict, init=False, repr=False)
    _totals: dict[int, int] = field(default_factory=dict, init=False, repr=False)
    _starts: dict[int, int] = field(default_factory=dict, init=False, repr=False)
    _working: dict[int, int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Raise PolicyError for a calendar that is never open: no arithmetic in it could end."""
        if not any(map(any, (self.weekly, *self.rotation))) and not any(self.dates.values()):
            raise PolicyError(f"calendar {self.name!r} has no open time; give at least one weekday hours")

    def instant(self, day: int, second: int) -> int:
        """The epoch second at which the wall clock of a day (an ordinal) shows `second`."""
        wall = datetime.fromordinal(day) + timedelta(seconds=second)
        offset = self.zone.utcoffset(wall.replace(tzinfo=self.zone))
        return (day - _EPOCH) * DAY + second - _seconds(offset)

    def day_of(self, at: int) -> int:
        """The day (an ordinal) an instant belongs to."""
        day = (at + self._offset_at(at)) // DAY + _EPOCH
        # a day that is entered twice, when clocks are turned back over midnight, ends where the next one first began
        while at >= self.instant(day + 1, 0):
            day += 1
        while at < self.instant(day, 0):
            day -= 1
        return day

    def wall_clock(self, at: int) -> int:
        """The second of the day that the wall clock shows at an instant."""
        return (at + self._offset_at(at)) % DAY

    def day(self, day: int) -> Spans:
        """The open spans of a day in epoch seconds, in order, apart from each other; computed at their first use."""
        spans = self._days.get(day)
        if spans is None:
            spans = self._days[day] = self._day(day)
        return spans

    def _day(self, day: int) -> Spans:
        begin, end = self.instant(day, 0), self.instant(day + 1, 0)
        raw = ((self.instant(day, a), self.instant(day, b)) for a, b in self._hours(day))
        # a gap in the wall clock can push one span into the next
        spans = union(tuple((max(a, begin), min(b, end)) for a, b in raw if max(a, begin) < min(b, end)))
        return self._narrowed(spans)

    def spans(self, number: int) -> Spans:
        """The open spans of a week in epoch seconds; computed at their first use."""
        spans = self._spans.get(number)
        if spans is None:
            if self._is_plain(number):
                start, week = self.week_start(number), self._week(number)
                spans = tuple((start + n * DAY + a, start + n * DAY + b) for n in range(7) for a, b in week[n])
            else:
                spans = tuple(span for day in range(number * 7 + 1, number * 7 + 8) for span in self.day(day))
            self._spans[number] = spans
        return spans

    def total(self, number: int) -> int:
        """The seconds of service time in a week."""
        total = self._totals.get(number)
        if total is None:
            plain = self._is_plain(number)
            total = sum(map(length, self._week(number))) if plain else length(self.spans(number))
            self._totals[number] = total
        return total

    def working_days(self, number: int) -> int:
        """How many days of a week have open time at all."""
        if number not in self._working:
            plain = self._is_plain(number)
            days = self._week(number) if plain else map(self.day, range(number * 7 + 1, number * 7 + 8))
            self._working[number] = sum(map(bool, days))
        return self._working[number]

    def week_start(self, number: int) -> int:
        """The epoch second a week (the days number * 7 + 1 to number * 7 + 7) begins at."""
        start = self._starts.get(number)
        if start is None:
            if not 0 <= number <= _LAST_WEEK:
                raise PolicyError(f"calendar {self.name!r}: the instant lies outside the years 1 to 9998")
            start = self._starts[number] = self.instant(number * 7 + 1, 0)
        return start

    def week_of(self, at: int) -> int:
        """The number of the week an instant belongs to."""
        number = ((at + self._offset_at(at)) // DAY + _EPOCH - 1) // 7
        if at >= self.week_start(number + 1):
            return number + 1
        return number if at >= self.week_start(number) else number - 1

    def _is_plain(self, number: int) -> bool:
        """Whether a week is the weekly hours and nothing else: no zone changes its offset twice within one."""
        if self.beside is not None or self.week_start(number + 1) - self.week_start(number) != 7 * DAY:
            return False
        first = number * 7 + 1
        week = frozenset(range(first, first + 7))
        if not (week.isdisjoint(self.dates) and week.isdisjoint(self.breaks)):
            return False
        low, high = _month_day(first), _month_day(first + 6)
        if low <= high:
            return not any(low <= holiday <= high for holiday in self.yearly)
        return not any(holiday >= low or holiday <= high for holiday in self.yearly)

    def _week(self, number: int) -> tuple[Spans, ...]:
        """The hours of the week that has the turn."""
        if not self.rotation:
            return self.weekly
        return (self.weekly, *self.rotation)[(number - (self.turn - 1) // 7) % (len(self.rotation) + 1)]

    def _hours(self, day: int) -> Spans:
        if self.yearly and _month_day(day) in self.yearly:
            return ()
        hours = self.dates.get(day, self._week((day - 1) // 7)[(day - 1) % 7])
        return without(hours, self.breaks[day]) if day in self.breaks else hours

    def _narrowed(self, spans: Spans) -> Spans:
        if self.beside is None or not spans:
            return spans
        return common(spans, open_spans(self.beside, spans[0][0], spans[-1][1]))

    def _offset_at(self, at: int) -> int:
        try:
            return _seconds(datetime.fromtimestamp(at, UTC).astimezone(self.zone).utcoffset())
        except (OverflowError, ValueError, OSError) as error:
            raise PolicyError(f"calendar {self.name!r}: the instant {at} lies outside the years 1 to 9998") from error


def due(calendar: Calendar, start: int, seconds: int) -> int:
    """The instant at which `seconds` of service time have passed since `start`; negative seconds count backward.

    Time that runs out exactly at closing is due at the closing instant. No seconds at all are over at the next open
    instant. Raises PolicyError if the calendar stays closed for ten years.
    """
    if seconds < 0:
        return before(calendar, start, -seconds)
    left, empty, number = seconds, 0, calendar.week_of(start)
    spans = clip(calendar.spans(number), start, None)
    while True:
        for opens, closes in spans:
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        number, left = _skipped(calendar, number + 1, left, 1)
        spans = calendar.spans(number)
        empty = 0 if spans else _still_closed(calendar, empty)


def before(calendar: Calendar, end: int, seconds: int) -> int:
    """The latest instant from which `seconds` of service time are left until `end`; the mirror of `due`."""
    left, empty, number = seconds, 0, calendar.week_of(end)
    spans = clip(calendar.spans(number), None, end)
    while True:
        for opens, closes in reversed(spans):
            if left <= closes - opens:
                return closes - left
            left -= closes - opens
        number, left = _skipped(calendar, number - 1, left, -1)
        spans = calendar.spans(number)
        empty = 0 if spans else _still_closed(calendar, empty)


def elapsed(calendar: Calendar, start: int, end: int) -> int:
    """The seconds of service time from `start` up to `end`; none if `end` is not later."""
    if end <= start:
        return 0
    first, last = calendar.week_of(start), calendar.week_of(end)
    if first == last:
        return length(clip(calendar.spans(first), start, end))
    between = sum(calendar.total(number) for number in range(first + 1, last))
    head = length(clip(calendar.spans(first), start, None))
    return head + between + length(clip(calendar.spans(last), None, end))


def is_open(calendar: Calendar, at: int) -> bool:
    """Whether the instant is within service hours; the opening instant is, the closing one is not."""
    return any(opens <= at < closes for opens, closes in calendar.spans(calendar.week_of(at)))


def next_opening(calendar: Calendar, at: int) -> int:
    """The first open instant from `at` on: `at` itself within service hours."""
    return due(calendar, at, 0)


def open_spans(calendar: Calendar, start: int, end: int) -> Spans:
    """The open spans between two instants, clipped to them; spans that touch are one."""
    if end <= start:
        return ()
    weeks = range(calendar.week_of(start), calendar.week_of(end) + 1)
    return union(clip(tuple(span for number in weeks for span in calendar.spans(number)), start, end))


def intersection(left: Calendar, right: Calendar) -> Calendar:
    """The calendar that is open when both are; its days are those of `left`, narrowed to `right`."""
    beside = right if left.beside is None else intersection(left.beside, right)
    return Calendar(
        name=f"{left.name} and {right.name}", zone=left.zone, weekly=left.weekly, dates=left.dates,
        breaks=left.breaks, yearly=left.yearly, beside=beside, rotation=left.rotation, turn=left.turn,
    )  # fmt: skip


def is_working_day(calendar: Calendar, day: int) -> bool:
    """Whether a day (an ordinal) has open time at all."""
    return bool(calendar.day(day))


def business_days(calendar: Calendar, start: int, days: int, end_of_day: bool = False) -> int:
    """The same clock time on the nth working day after the day of `start` (before it, if negative).

    A result outside service hours moves on to the next opening (back to the last closing, if negative); a result at a
    closing instant stays. With `end_of_day` it is the closing instant of that day. Raises PolicyError as `due` does.
    """
    day = nth_working_day(calendar, calendar.day_of(start), days)
    if end_of_day:
        return calendar.day(day)[-1][1]
    at = calendar.instant(day, calendar.wall_clock(start)) if days else start
    if any(opens <= at <= closes for opens, closes in calendar.day(day)):
        return at
    return before(calendar, at, 0) if days < 0 else due(calendar, at, 0)


def nth_working_day(calendar: Calendar, day: int, days: int) -> int:
    """The nth working day after a day (before it, if negative), both as ordinals; with 0 the first from `day` on."""
    step, left, closed = (-1 if days < 0 else 1), abs(days) or 1, 0
    day = day if days else day - 1
    while left:
        if left > 7 and (day if step > 0 else day - 1) % 7 == 0:
            day, left, closed = _weeks_skipped(calendar, day, left, step, closed)
        day += step
        left, closed = (left - 1, 0) if is_working_day(calendar, day) else (left, closed + 1)
        if closed > _EMPTY_WEEKS * 7:
            _still_closed(calendar, _EMPTY_WEEKS)
    return day


def _weeks_skipped(calendar: Calendar, day: int, left: int, step: int, closed: int) -> tuple[int, int, int]:
    """From the edge of a week (day 7n, or 7n + 1 going back) over all weeks that need not be looked into day by day."""
    while left > 7 and closed < _EMPTY_WEEKS * 7:
        number = day // 7 if step > 0 else (day - 1) // 7 - 1
        working = calendar.working_days(number)
        day, left, closed = day + 7 * step, left - working, 0 if working else closed + 7
    return day, left, closed


def _skipped(calendar: Calendar, number: int, left: int, step: int) -> tuple[int, int]:
    """The first week from `number` on that is closed or has at least `left` seconds, and what is left then."""
    while 0 < (total := calendar.total(number)) < left:
        number, left = number + step, left - total
    return number, left


def _still_closed(calendar: Calendar, empty: int) -> int:
    if empty >= _EMPTY_WEEKS:
        raise PolicyError(f"calendar {calendar.name!r} has no open time within ten years; look at its holidays")
    return empty + 1


def _month_day(day: int) -> tuple[int, int]:
    on = date.fromordinal(day)
    return on.month, on.day


def _seconds(offset: timedelta | None) -> int:
    return 0 if offset is None else offset.days * DAY + offset.seconds
