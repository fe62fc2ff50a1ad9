"""Timers: what one costs in calls and money, and how late a crowd of them fires, by simulation."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from itsm.aws.models import tables
from itsm.aws.numbers import Numbers
from itsm.aws.records import Records
from itsm.runtime import timers
from itsm.runtime.policies import Policies
from moto import mock_aws

from tests.builders import an_incident
from tests.fakes import FakePorts
from tests.support.cloud import make_tables
from tests.support.timer_storm import Outcome, Storm, simulate
from tests.support.units import Meter, metered

TIMERS, REGION = 50, "eu-central-1"
WRITE, READ, MESSAGE, CALL, SECOND = 0.625, 0.125, 0.40, 0.20, 0.5 * 13.3334
"""US dollars for a million: write units, read units, SQS requests, invocations, seconds of 512 MB on arm64."""
STORMS = {
    "100,000 due in one minute, 16 sweepers": Storm(open=200_000, due=100_000),
    "50,000 overdue, no sweeper for half an hour": Storm(open=50_000, due=50_000, window=1_700, down=1_800, paused=0),
    "50,000 due in one minute, one sweeper": Storm(open=50_000, due=50_000, sweepers=1, paused=0),
    "50,000 due in the same second": Storm(open=50_000, due=50_000, window=1, paused=0),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """The calls and write units of one fired timer, and what holding a ticket and taking it up again adds."""

    calls: dict[str, float]
    units: float
    pause_calls: list[str]


def run(storms: bool = True) -> list[str]:
    """The tables' lines."""
    cost = measured()
    dollars = (
        cost.units * WRITE
        + READ  # the record is read once
        + MESSAGE * (0.1 + 0.1 + 0.1)  # sent, received and deleted by tens
        + CALL / 10
        + SECOND * 0.015
    )
    lines = ["one timer that fires                   calls"]
    lines += [f"{name:<38} {count:>5.2f}" for name, count in cost.calls.items()]
    lines.append(f"write units {cost.units:.1f}; about {dollars:.2f} $ a million, list prices of us-east-1")
    lines.append(f"a hold and its end add no call of their own: {', '.join(cost.pause_calls)}")
    if storms:
        lines += [
            "",
            f"{'simulated':<45} {'p50':>6} {'p99':>6} {'p99 whole s':>12} {'drained after':>14}  early lost twice",
        ]
        lines += [_line(name, simulate(storm)) for name, storm in STORMS.items()]
    return lines


def _line(name: str, found: Outcome) -> str:
    twice = sum(count > 1 for count in found.fired.values())
    return (
        f"{name:<45} {found.at(0.5):>6.2f} {found.at(0.99):>6.2f} {found.on_the_clock(0.99):>12} "
        f"{found.drained:>12.0f} s  {found.early:>5} {found.lost:>4} {twice:>5}"
    )


def measured() -> Cost:
    """Calls of the real adapters, answered in memory, for timers that are swept, sent and fired."""
    with _store() as (records, meter):
        ports = FakePorts(policies=Policies())
        ports.records = records  # type: ignore[assignment]  # the real store in the fakes' place
        made = [records.create(an_incident(f"{n}", group="on-call", priority=1)).record for n in range(TIMERS)]
        for record in made:
            timers.start(record.id, ports)
        ports.time = max(records.get(record.id).next_timer or 0 for record in made)
        meter.take()
        timers.sweep(ports)
        swept, _ = meter.take()
        for body, _delay in ports.timers.sent:
            timers.fire(str(body["record"]), ports)
        calls, units = meter.take()
        held = records.get(made[0].id)
        meter.take()
        records.save(held.changed("StateChanged", by="a", origin="r", at=ports.time, state="on_hold"))
        pause, _ = meter.take()
    counts = {"sweep, 16 shards each minute for all": float(len(swept))}
    counts |= {f"fire: {name}": calls.count(name) / TIMERS for name in dict.fromkeys(calls)}
    counts["SendMessageBatch (ten timers a call)"] = 0.1
    return Cost(counts, units / TIMERS, pause)


@contextmanager
def _store() -> Iterator[tuple[Records, Meter]]:
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    with mock_aws(), metered("records") as meter:
        make_tables(boto3.client("dynamodb", region_name=REGION))
        tables.cache_clear()
        bound = tables(records="records", audit="audit", ephemeral="ephemeral", region=REGION)
        yield Records(bound, REGION, Numbers(bound)), meter
    tables.cache_clear()
