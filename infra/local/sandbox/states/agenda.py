"""What is to be done, in memory only: frames whose turn it is, calls to make, instants to wait for."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable

Action = Callable[[], None]
Workers = Callable[[Action], None]


class Agenda:
    """Turns in order of arrival, timers in order of time, and calls for the workers or for `call_one`."""

    def __init__(self, workers: Workers | None) -> None:
        self._workers = workers
        self._turns: deque[tuple[str, int]] = deque()
        self._calls: deque[Action] = deque()
        self._timers: list[tuple[float, int, Action]] = []
        self._order = itertools.count()

    def turn(self, arn: str, frame: int, *, first: bool = False) -> None:
        """It is the frame's turn; before all others when `first`."""
        (self._turns.appendleft if first else self._turns.append)((arn, frame))

    def next_turn(self) -> tuple[str, int] | None:
        return self._turns.popleft() if self._turns else None

    def call(self, work: Action) -> None:
        """Have `work` done outside: by the workers, or by whoever drives the engine."""
        if self._workers is None:
            self._calls.append(work)
        else:
            self._workers(work)

    def call_one(self) -> bool:
        """Do one waiting call here. False when there is none."""
        if not self._calls:
            return False
        self._calls.popleft()()
        return True

    def at(self, instant: float, action: Action) -> None:
        """Do `action` at `instant`."""
        heapq.heappush(self._timers, (instant, next(self._order), action))

    def next_instant(self) -> float | None:
        return self._timers[0][0] if self._timers else None

    def due(self, now: float) -> list[Action]:
        """Take out what is due, in order."""
        found = []
        while self._timers and self._timers[0][0] <= now:
            found.append(heapq.heappop(self._timers)[2])
        return found
