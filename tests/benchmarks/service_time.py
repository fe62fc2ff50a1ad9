"""Service time: what a due instant and an elapsed time cost, over a day and over ten years."""

import random
import time
from collections.abc import Callable

from itsm.core import service_time as st
from itsm.core.calendar import build
from itsm.core.service_time import Calendar
from itsm.runtime.policies import Policies

CALLS, TEN_YEARS, NOW = 2_000, 3_653 * 86_400, 1_764_000_000


def run() -> list[str]:
    """The table's lines: microseconds of a call on average, the weeks' hours not yet known, and known."""
    lines = ["service time, office hours of Berlin with holidays    first µs   then µs"]
    for name, act in ACTS.items():
        cold = _average(act, _fresh(), 1)
        warm = _fresh()
        _average(act, warm, 20)
        lines.append(f"{name:<52} {cold:>9.1f} {_average(act, warm, CALLS):>9.1f}")
    return lines


def _fresh() -> Calendar:
    build.cache_clear()
    return Policies().calendars.named("office")


def _average(act: Callable[[Calendar, int], object], calendar: Calendar, calls: int) -> float:
    starts = [NOW + random.Random(n).randrange(365 * 86_400) for n in range(calls)]
    begun = time.perf_counter()
    for start in starts:
        act(calendar, start)
    return (time.perf_counter() - begun) / calls * 1e6


ACTS: dict[str, Callable[[Calendar, int], object]] = {
    "due after 4 hours": lambda calendar, start: st.due(calendar, start, 4 * 3600),
    "elapsed over 3 days": lambda calendar, start: st.elapsed(calendar, start, start + 3 * 86_400),
    "elapsed over ten years": lambda calendar, start: st.elapsed(calendar, start, start + TEN_YEARS),
    "due after ten years' service time": lambda calendar, start: st.due(calendar, start, 20_000 * 3600),
    "20 business days": lambda calendar, start: st.business_days(calendar, start, 20),
}
