"""Race: feeds mails to a desk one by one and measures it; what it took is told by the desk's own store."""

import json
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

PATIENCE = 20
"""Seconds a desk may spend on one mail before the mail counts as lost."""
TICKET, OTHER, LOST = "ticket", "other", "lost"


class Desk(Protocol):
    """A desk under measurement."""

    def deliver(self, raw: bytes, at: int) -> None:
        """Put a mail where the desk finds it; not measured."""

    def work(self) -> None:
        """Take that mail; measured."""

    def outcome(self) -> str:
        """What became of it: "ticket", "other" for any outcome that is on record, "lost" for none; not measured."""


class TooSlowError(Exception):
    """A mail took longer than anybody waits."""


@contextmanager
def _patience() -> Iterator[None]:
    def over(*_: object) -> None:
        raise TooSlowError(f"more than {PATIENCE} s for one mail")

    signal.signal(signal.SIGALRM, over)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


def run(desk: Desk) -> None:
    """Take the files named on standard input, a path a line, the first to warm up; print what each came to and cost.

    CPU is user and system time of this process alone; whatever a desk raises is a lost mail and its reason.
    """
    paths = [Path(line) for line in sys.stdin.read().splitlines()]
    desk.deliver(paths[0].read_bytes(), 0)
    desk.work()
    outcomes, spent, reasons = list[str](), list[float](), dict[str, int]()
    for at, path in enumerate(paths[1:], 1):
        desk.deliver(path.read_bytes(), at)
        before = _cpu()
        try:
            with _patience():
                desk.work()
        except Exception as error:  # any failure of a desk is what is counted here
            spent.append(_cpu() - before)
            outcomes.append(LOST)
            reasons[type(error).__name__] = reasons.get(type(error).__name__, 0) + 1
        else:
            spent.append(_cpu() - before)
            outcomes.append(desk.outcome())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"outcomes": outcomes, "cpu": spent, "peak": peak, "reasons": reasons}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
