"""Clock: the measure of one target while it runs, stands still, is over, and is taken up again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from itsm.core.clock import CANCELLED, PAUSED, RUNNING, STOPPED, Clock
from itsm.core.service_time import Calendar, before, due, elapsed
from itsm.practices.service_level.policy import BREACH, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a clock is measured by: the service hours, and the levels of its agreement."""

    calendar: Calendar
    plan: tuple[Level, ...]

    def in_service(self, target: int) -> tuple[Level, ...]:
        """The levels that go by service time, in the order a target of so many seconds reaches them."""
        levels = [level for level in self.plan if level.service_hours]
        return tuple(sorted(levels, key=lambda level: level.need(target)))

    def by_the_wall(self) -> tuple[Level, ...]:
        """The levels that go by the wall clock, in order."""
        return tuple(sorted((level for level in self.plan if not level.service_hours), key=lambda level: level.offset))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A level that was reached: of which clock, which one ("75 %"), what the agreement wants done, and when it was.

    `breached` says that the target itself ran out with it; `wants` is the level as its policy has it.
    """

    clock: Clock
    level: str
    actions: tuple[str, ...]
    at: int
    breached: bool
    wants: Level


def begun(clock: Clock, basis: Basis) -> Clock:
    """A clock that runs from `since` on, with its due instant and the next one at which something fires."""
    clock = replace(clock, state=RUNNING, due=None, next_at=None)
    clock = replace(clock, due=_reached_at(clock, basis, Level(at=BREACH)))
    return replace(clock, next_at=_next(clock, basis))


def halted(clock: Clock, basis: Basis, at: int, state: str) -> Clock:
    """The clock paused, stopped or cancelled at an instant.

    A breach that nobody noticed yet is recorded at its due instant and still fires, unless the clock is cancelled.
    """
    if clock.state in (STOPPED, CANCELLED) or clock.state == state:
        return clock
    clock = settled(clock, basis, at)
    owed = clock.breached_at if state != CANCELLED and _breach_is_owed(clock, basis) else None
    return replace(clock, state=state, since=max(at, clock.since), due=None, next_at=owed)


def resumed(clock: Clock, basis: Basis, at: int) -> Clock:
    """A paused clock running again; what was left of its service time is left still."""
    return begun(replace(clock, since=max(at, clock.since)), basis) if clock.state == PAUSED else clock


def reopened(clock: Clock, basis: Basis, at: int) -> Clock:
    """A stopped clock in its next generation: it goes on where it stopped and repeats no level that it had passed."""
    if clock.state != STOPPED:
        return clock
    owed = _breach_is_owed(clock, basis)
    clock = replace(clock, since=max(at, clock.since), generation=clock.generation + 1)
    return begun(clock if owed else passed(clock, basis), basis)


def passed(clock: Clock, basis: Basis) -> Clock:
    """The clock with every level it has gone by counted as fired: it will not fire those again."""
    gone = sum(level.need(clock.target) <= clock.used for level in basis.in_service(clock.target))
    return replace(clock, fired=gone)


def restarted(clock: Clock, basis: Basis, at: int, target: int) -> Clock:
    """A clock that is over in its next generation, from nothing: somebody asked anew."""
    if clock.state not in (STOPPED, CANCELLED):
        return clock
    fresh = replace(clock, target=target, started_at=at, since=at, used=0, fired=0, fired_wall=0, breached_at=None)
    return begun(replace(fresh, generation=clock.generation + 1), basis)


def settled(clock: Clock, basis: Basis, at: int) -> Clock:
    """The clock with its service time counted up to an instant, and its breach recorded if that has come."""
    if clock.state != RUNNING or at < clock.since:
        return clock
    late = clock.breached_at is None and clock.due is not None and clock.due <= at
    used = clock.used + elapsed(basis.calendar, clock.since, at)
    return replace(clock, used=used, since=at, breached_at=clock.due if late else clock.breached_at)


def handed_over(clock: Clock, basis: Basis, new: Basis, at: int) -> Clock:
    """The clock going on in other service hours: the service time that was left is left in them."""
    clock = replace(settled(clock, basis, at), calendar=new.calendar.name)
    return begun(clock, new) if clock.state == RUNNING else clock


def retargeted(clock: Clock, basis: Basis, new: Basis, at: int, agreement: str, target: int) -> Clock:
    """The clock under another promise, in its next generation: the used service time counts towards the new target.

    If that is more than the new target gives, the breach was when it ran out, not now.
    """
    clock = settled(clock, basis, at)
    clock = replace(
        clock, agreement=agreement, calendar=new.calendar.name, target=target, fired=0, fired_wall=0,
        breached_at=None, generation=clock.generation + 1,
    )  # fmt: skip
    if clock.state == RUNNING:
        return begun(clock, new)
    overdue = clock.used - clock.target
    breached = before(new.calendar, clock.since, overdue) if overdue >= 0 else None
    return replace(clock, breached_at=breached, next_at=breached)


def fired(clock: Clock, basis: Basis, now: int) -> tuple[Clock, tuple[Fired, ...]]:
    """The clock with all levels fired whose instant has come, and those levels; never early, each once a generation."""
    if clock.next_at is None or now < clock.next_at:
        return clock, ()
    by_service, by_wall = tuple(_reached(clock, basis, now)), tuple(_reached_by_wall(clock, basis, now))
    breach = next((at for level, at in by_service if level.at == BREACH), clock.breached_at)
    after = replace(clock, breached_at=breach, fired=clock.fired + len(by_service),
                    fired_wall=clock.fired_wall + len(by_wall))  # fmt: skip
    after = replace(after, next_at=_next(after, basis) if after.state == RUNNING else None)
    reached = sorted((*by_service, *by_wall), key=lambda one: one[1])
    return after, tuple(
        Fired(clock=after, level=level.name, actions=level.actions, at=at, breached=level.at == BREACH, wants=level)
        for level, at in reached
    )


def left(clock: Clock, calendar: Calendar, now: int) -> int:
    """The seconds of service time left at an instant; negative when the target has run out."""
    running = elapsed(calendar, clock.since, now) if clock.state == RUNNING else 0
    return clock.target - clock.used - running


def _reached(clock: Clock, basis: Basis, now: int) -> Iterator[tuple[Level, int]]:
    for level in basis.in_service(clock.target)[clock.fired :]:
        if clock.state == RUNNING:
            at = _reached_at(clock, basis, level)
            if at > now:
                return
            yield level, at
        elif level.need(clock.target) <= clock.used:
            # the clock stood still before this was noticed; of those instants only the breach is on record
            yield level, clock.next_at or now


def _reached_by_wall(clock: Clock, basis: Basis, now: int) -> Iterator[tuple[Level, int]]:
    if clock.state != RUNNING or clock.due is None:
        return
    for level in basis.by_the_wall()[clock.fired_wall :]:
        at = _wall_instant(clock, level)
        if at > now:
            return
        yield level, at


def _next(clock: Clock, basis: Basis) -> int | None:
    by_service, by_wall = basis.in_service(clock.target)[clock.fired :], basis.by_the_wall()[clock.fired_wall :]
    instants = [_reached_at(clock, basis, level) for level in by_service[:1]]
    instants += [_wall_instant(clock, level) for level in by_wall[:1]]
    return min(instants, default=None)


def _wall_instant(clock: Clock, level: Level) -> int:
    return max(clock.started_at, (clock.due or clock.since) + level.offset)


def _reached_at(clock: Clock, basis: Basis, level: Level) -> int:
    if level.at == BREACH and clock.breached_at is not None:
        return clock.breached_at
    return due(basis.calendar, clock.since, level.need(clock.target) - clock.used)


def _breach_is_owed(clock: Clock, basis: Basis) -> bool:
    levels = [level.at for level in basis.in_service(clock.target)]
    return clock.breached_at is not None and clock.fired <= levels.index(BREACH)
