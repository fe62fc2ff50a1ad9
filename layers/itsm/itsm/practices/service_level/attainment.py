"""Attainment: how many promises were kept, by agreement, service, priority, group and period; and what it costs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from itsm.practices.service_level.attribution import Result
from itsm.practices.service_level.policy import Agreement, ServiceLevels

NAMES = ("agreement", "kind", "metric", "service", "priority", "group", "state", "practice", "period")
"""What results may be counted by."""
PERIODS = ("week", "month", "quarter", "year")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attainment:
    """How many of the promises were met and missed; those still open are not counted yet."""

    met: int = 0
    missed: int = 0
    open: int = 0

    @property
    def known(self) -> int:
        """How many have an answer."""
        return self.met + self.missed

    @property
    def hundredths(self) -> int:
        """The percentage met, in hundredths, always rounded down: 99.999 % is not 100 %."""
        return self.met * 10_000 // self.known if self.known else 10_000

    @property
    def percent(self) -> str:
        """As people read it: "99.95 %", and "-" where nothing is known."""
        return f"{self.hundredths // 100}.{self.hundredths % 100:02} %" if self.known else "-"

    def allowance(self, goal: int) -> int:
        """How many more may be missed before less than `goal` percent are met; negative once it is overdrawn."""
        return self.known * (100 - goal) // 100 - self.missed

    def penalty(self, agreement: Agreement) -> int:
        """What an agreement owes for a period with these results: the highest amount whose bound was not reached."""
        owed = [one.amount for one in agreement.penalties if self.met * 100 < one.below * self.known]
        return max(owed, default=0)


def attainment(
    results: Iterable[Result], by: Sequence[str], zone: tzinfo = UTC, period: str = "month"
) -> Mapping[tuple[str, ...], Attainment]:
    """The results counted by some of NAMES, in order. Raises KeyError for another name or period."""
    counted: dict[tuple[str, ...], list[Result]] = defaultdict(list)
    for one in results:
        counted[tuple(_value(one, name, zone, period) for name in by)].append(one)
    return {key: _sum(some) for key, some in sorted(counted.items())}


def _sum(some: Iterable[Result]) -> Attainment:
    found = [one.met for one in some]
    return Attainment(met=found.count(True), missed=found.count(False), open=found.count(None))


def _value(one: Result, name: str, zone: tzinfo, period: str) -> str:
    if name not in NAMES:
        raise KeyError(f"nothing is counted by {name!r}; known are {', '.join(NAMES)}")
    return period_of(one.at, zone, period) if name == "period" else str(getattr(one, name))


def period_of(at: int, zone: tzinfo, period: str) -> str:
    """The week, month, quarter or year an instant belongs to in a zone, as text that sorts. Raises KeyError."""
    on = datetime.fromtimestamp(at, zone)
    if period not in PERIODS:
        raise KeyError(f"{period!r} is none of {', '.join(PERIODS)}")
    year, week, _ = on.isocalendar()
    return {
        "week": f"{year}-W{week:02}",
        "month": f"{on.year}-{on.month:02}",
        "quarter": f"{on.year}-Q{(on.month + 2) // 3}",
        "year": str(on.year),
    }[period]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One agreement in one period: what it attained, what it may still miss, and what it owes."""

    agreement: str
    period: str
    attained: Attainment
    allowance: int
    penalty: int


def report(results: Iterable[Result], policy: ServiceLevels, period: str = "month") -> list[Line]:
    """Every agreement's periods; a period is one by the clock of the fallback calendar."""
    zone = policy.hours(policy.calendar).zone
    known = {agreement.name: agreement for agreement in policy.agreement}
    found = attainment(results, ("agreement", "period"), zone, period)
    return [
        Line(agreement=name, period=when, attained=attained, allowance=attained.allowance(known[name].goal),
             penalty=attained.penalty(known[name]))
        for (name, when), attained in found.items()
        if name in known
    ]  # fmt: skip
