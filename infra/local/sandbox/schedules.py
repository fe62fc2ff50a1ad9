"""Schedules: rate and cron rules, fired on the minute."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox import seams

log = logging.getLogger(__name__)
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A rule's expression and what it wakes."""

    arn: str
    expression: str
    targets: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        """The rule's own name."""
        return self.arn.rsplit("/", 1)[1]

    def due(self, after: float, now: float) -> bool:
        """Whether an instant of it lies in (after, now], in seconds since 1970 UTC. Raises ValueError.

        AWS counts a rate from the rule's creation, to the second it does not promise; here it falls on whole multiples.
        """
        rate = _RATE.fullmatch(self.expression)
        if rate is None:
            return seams.cron_due(self.expression, after, now)
        every = int(rate[1]) * _SECONDS[rate[2]]
        return int(now // every) > int(after // every)


class Schedules:
    """All schedules. `clock` gives seconds since 1970; `call` runs a delivery where the bus lives."""

    def __init__(self, clock: Callable[[], float], call: Callable[[Callable[[], None]], None]) -> None:
        self._clock, self._call = clock, call
        self._known: dict[str, Schedule] = {}
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen = clock()

    def add(self, arn: str, expression: str, targets: Sequence[Mapping[str, Any]]) -> None:
        """Take a rule. Raises ValueError for an expression that cannot be read."""
        schedule = Schedule(arn=arn, expression=expression, targets=tuple(targets))
        schedule.due(self._seen, self._seen)
        self._known[schedule.name] = schedule

    def all(self) -> list[Schedule]:
        """Every schedule, by name."""
        return [self._known[name] for name in sorted(self._known)]

    def fire(self, name: str) -> None:
        """Wake a rule's targets now. Raises KeyError."""
        schedule = self._known[name]
        self._call(lambda: seams.fire_targets(schedule.arn, schedule.targets))

    def tick(self) -> None:
        """Fire what came due since the last look, each once."""
        after, self._seen = self._seen, self._clock()
        for schedule in self.all():
            if schedule.due(after, self._seen):
                self.fire(schedule.name)

    def start(self) -> None:
        """Tick by itself from now on, on every whole minute of the clock."""
        self._seen = self._clock()
        self._thread = threading.Thread(target=self._work, name="schedules", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop ticking."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        # Half a second at most, so that a clock that is set is followed.
        while not self._closing.wait(min(0.5, max(0.01, 60 - self._clock() % 60))):
            try:
                self.tick()
            except (LookupError, ValueError):
                log.exception("a schedule could not be fired")
