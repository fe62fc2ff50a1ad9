"""Time: the system's, or one that tests move by hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the engine reads the time, in seconds since 1970 UTC."""

    def now(self) -> float: ...


class Driven(Protocol):
    """Something with work to do and instants to wait for; a virtual clock drives it."""

    def next_deadline(self) -> float | None:
        """The next instant at which there is something to do, if nobody else acts."""

    def run_until_idle(self) -> bool:
        """Do all that can be done now. False when there was nothing."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()


class VirtualClock:
    """A clock that stands still until it is advanced; a year of waiting costs nothing."""

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._now = start
        self._driven: list[Driven] = []

    def now(self) -> float:
        return self._now

    def drive(self, driven: Driven) -> None:
        """Let `driven` work whenever this clock comes to one of its deadlines."""
        self._driven.append(driven)

    def release(self, driven: Driven) -> None:
        """Stop driving `driven`."""
        self._driven.remove(driven)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, halting at every deadline on the way, in order."""
        self.advance_to(self._now + seconds)

    def advance_to(self, instant: float) -> None:
        """Move on to `instant`, halting at every deadline on the way, in order."""
        self._settle()
        while (deadline := self._next()) is not None and deadline <= instant:
            self._now = max(self._now, deadline)
            self._settle()
        self._now = max(self._now, instant)
        self._settle()

    def run_out(self, horizon: float = 400 * 86400.0) -> None:
        """Move on from deadline to deadline until none is left within `horizon` seconds."""
        end = self._now + horizon
        self._settle()
        while (deadline := self._next()) is not None and deadline <= end:
            self._now = max(self._now, deadline)
            self._settle()

    def _next(self) -> float | None:
        return min((d for driven in self._driven if (d := driven.next_deadline()) is not None), default=None)

    def _settle(self) -> None:
        # What one does may give another something to do.
        worked = True
        while worked:
            worked = False
            for driven in self._driven:
                worked = driven.run_until_idle() or worked


def iso(instant: float) -> str:
    """`instant` as AWS writes it in the context object: UTC with milliseconds."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
