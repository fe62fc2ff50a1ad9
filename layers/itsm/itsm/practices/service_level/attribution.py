"""Attribution: a clock as segments, each in the hours of the group that held the ticket; and who held the time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from itsm.core.clock import CANCELLED, PAUSED, RUNNING, STOPPED, Clock
from itsm.core.record import Record
from itsm.core.service_time import elapsed
from itsm.practices.service_level.policy import HOLD, ServiceLevels

type Moment = tuple[Record, tuple[Clock, ...]]
"""A version of a record, and its clocks from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a clock between two changes of its record: who held the ticket, in which state and service hours.

    `seconds` of service time passed in it; on hold (`paused`) they count for nobody's target.
    """

    kind: str
    agreement: str
    metric: str
    generation: int
    begin: int
    end: int
    state: str
    group: str
    calendar: str
    seconds: int
    paused: bool = False


def segments(story: Sequence[Moment], until: int, policy: ServiceLevels) -> Iterator[Segment]:
    """Every stretch in which a clock of the record ran or stood still, up to an instant, oldest first."""
    ends = [record.updated_at for record, _ in story[1:]] + [until] * bool(story)
    for (record, clocks), end in zip(story, ends, strict=True):
        for clock in clocks:
            if clock.state not in (RUNNING, PAUSED) or clock.kind == HOLD:
                continue
            begin = max(clock.since, record.updated_at)
            if begin < end:
                yield Segment(
                    kind=clock.kind, agreement=clock.agreement, metric=clock.metric, generation=clock.generation,
                    begin=begin, end=end, state=record.state, group=record.group, calendar=clock.calendar,
                    seconds=elapsed(policy.hours(clock.calendar), begin, end), paused=clock.state == PAUSED,
                )  # fmt: skip


def held(stretches: Iterable[Segment], metric: str, kind: str = "sla") -> dict[tuple[str, str], int]:
    """The service time of a target by the (state, group) that held it, most first; time on hold counts as held too."""
    sums: Counter[tuple[str, str]] = Counter()
    for one in stretches:
        if (one.metric, one.kind) == (metric, kind):
            sums[one.state, one.group] += one.seconds
    return dict(sums.most_common())


def holder(stretches: Iterable[Segment], clock: Clock) -> tuple[str, str]:
    """The (state, group) a clock's target ran out in; ("", "") if it did not."""
    at = clock.breached_at
    for one in stretches:
        same = (one.kind, one.metric) == (clock.kind, clock.metric) and not one.paused
        if at is not None and same and one.begin < at <= one.end:
            return one.state, one.group
    return "", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one generation of a clock came to. `met` is None while that is open; `at` is when it was known.

    `state` and `group` are where the target ran out, or where the clock ended.
    """

    number: str
    practice: str
    service: str
    priority: int
    group: str
    state: str
    kind: str
    agreement: str
    metric: str
    met: bool | None
    at: int
    target: int


def results(story: Sequence[Moment], until: int, policy: ServiceLevels) -> Iterator[Result]:
    """What every clock of a record came to, each reply of its own; cancelled ones were promised nothing."""
    stretches = list(segments(story, until, policy))
    for record, clock in _ended(story):
        if clock.kind == HOLD or clock.state == CANCELLED:
            continue
        late = clock.breached_at is not None or (clock.due is not None and clock.due <= until)
        open_still = clock.state != STOPPED and not late
        state, group = holder(stretches, clock)
        yield Result(
            number=record.number, practice=record.practice, service=record.service, priority=record.priority,
            group=group or record.group, state=state or record.state, kind=clock.kind, agreement=clock.agreement,
            metric=clock.metric, met=None if open_still else not late, target=clock.target,
            at=_known_at(clock, until),
        )  # fmt: skip


def _known_at(clock: Clock, until: int) -> int:
    if clock.breached_at is not None:
        return clock.breached_at
    if clock.due is not None:
        return min(clock.due, until)
    return clock.since if clock.state == STOPPED else until


def _ended(story: Sequence[Moment]) -> Iterator[tuple[Record, Clock]]:
    """The last sight of every run of a clock: what a new promise takes over is the same run, an answer ends one."""
    for (record, clocks), (_, following) in pairwise(story):
        later = {_key(clock): clock for clock in following}
        for clock in clocks:
            now = later.get(_key(clock))
            if now is not None and now.started_at != clock.started_at:
                yield record, clock
    for record, clocks in story[-1:]:
        yield from ((record, clock) for clock in clocks)


def _key(clock: Clock) -> tuple[str, str, str]:
    return (clock.kind, clock.metric, "" if clock.kind == "sla" else clock.agreement)
