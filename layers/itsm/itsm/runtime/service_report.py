"""Service report: what agreements attained, what may still be missed, what is owed, and who held the time."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from itsm.core.errors import ItsmError
from itsm.core.practice import load
from itsm.practices.service_level.attainment import NAMES, PERIODS, attainment, report
from itsm.practices.service_level.attribution import Result, held, results, segments
from itsm.practices.service_level.policy import METRICS
from itsm.practices.service_level.replay import story
from itsm.runtime.policies import Policies
from itsm.runtime.verify_audit import add_deployment
from itsm.runtime.what_if import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from itsm.practices.service_level.policy import ServiceLevels
    from itsm.runtime.stories import Story

HOUR = 3600


@dataclass(slots=True)
class Gathered:
    """The results of a period, and the service time that each state and group held of the targets that were missed."""

    results: list[Result] = field(default_factory=list)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)


def gathered(stories: Iterable[Story], policy: ServiceLevels, begin: int, end: int, until: int) -> Gathered:
    """What was known in a period of every promise, measured by the policy from the events of its record.

    A promise counts once, in the period in which it was met or missed, whenever its ticket was opened; one that is open
    still counts as such where its ticket was opened. So no period is judged, or paid for, by a part of it.
    """
    found = Gathered()
    for one in stories:
        if one.record.opened_at >= end or one.record.practice == "submission":
            continue
        moments = story(one.record, one.events, one.comments, load(one.record.practice).lifecycle, policy)
        opened = one.record.opened_at
        some = [
            result
            for result in results(moments, until, policy)
            if begin <= (opened if result.met is None else result.at) < end
        ]
        found.results += some
        stretches = list(segments(moments, until, policy))
        for metric in METRICS:
            if any(result.metric == metric and result.kind == "sla" and result.met is False for result in some):
                found.held.update(held(stretches, metric))
    return found


def lines(found: Gathered, policy: ServiceLevels, by: Sequence[str], period: str) -> list[str]:
    """The report as text."""
    zone = policy.hours(policy.calendar).zone
    shown = [f"{'agreement':<24} {period:<10} {'attained':>10} {'of':>6} {'may miss':>9} {'penalty':>8}"]
    shown += [
        f"{line.agreement:<24} {line.period:<10} {line.attained.percent:>10} {line.attained.known:>6} "
        f"{line.allowance:>9} {line.penalty:>8}"
        for line in report(found.results, policy, period)
    ]
    shown += ["", f"{' / '.join(by):<46} {'attained':>10} {'met':>6} {'missed':>6} {'open':>6}"]
    shown += [
        f"{' / '.join(key):<46} {one.percent:>10} {one.met:>6} {one.missed:>6} {one.open:>6}"
        for key, one in attainment(found.results, by, zone, period).items()
    ]
    shown += ["", f"{'who held the service time of what was missed':<46} {'hours':>10}"]
    shown += [
        f"{f'{group or NOBODY}, {state}':<46} {f'{seconds // HOUR}.{seconds % HOUR * 10 // HOUR}':>10}"
        for (state, group), seconds in found.held.most_common()
    ]
    return shown


NOBODY = "(no group)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report of a period; 2 when nothing can be read."""
    parser = argparse.ArgumentParser(prog="service-report", description=__doc__)
    parser.add_argument("--from", dest="begin", type=date.fromisoformat, required=True, help="first day of opening")
    parser.add_argument("--to", dest="end", type=date.fromisoformat, required=True, help="the day after the last one")
    parser.add_argument("--by", nargs="+", choices=NAMES, default=["service", "priority", "metric"])
    parser.add_argument("--period", choices=PERIODS, default="month")
    parser.add_argument("--events", type=Path, help="an export to read instead of a deployment")
    parser.add_argument("--export", type=Path, help="write what was read from the deployment, one record a line")
    add_deployment(parser)
    options = parser.parse_args(arguments)
    if options.end <= options.begin:
        parser.error("--to is the day after the last one: it comes after --from")
    policy = Policies().service_level
    hours = policy.hours(policy.calendar)
    begin, end = (hours.instant(day.toordinal(), 0) for day in (options.begin, options.end))
    try:
        found = gathered(told(options), policy, begin, end, int(time.time()))
    except (ItsmError, OSError) as error:
        print(error)
        return 2
    print("\n".join(lines(found, policy, options.by, options.period)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
