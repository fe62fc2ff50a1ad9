"""Timers: what one costs in calls and money, and how late a crowd of them fires, by simulation."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from itsm.aws.models import tables
from itsm.aws.numbers import Numbers
from itsm.aws.records import Records
from itsm.core.ports import SHARDS
from itsm.runtime import timers
from itsm.runtime.policies import Policies
from moto import mock_aws

from tests.builders import an_incident
from tests.fakes import FakePorts
from tests.support.cloud import make_tables
from tests.support.timer_storm import Outcome, Storm, simulate
from tests.support.units import Meter, metered

TIMERS, REGION = 50, "eu-central-1"
PRICED = "us-east-1, list prices of November 2026"
WRITE, READ, REQUEST, CALL, GIGABYTE_SECOND = 0.625, 0.125, 0.40, 0.20, 13.3334
"""US dollars for a million: write units, read units, SQS requests, invocations, gigabyte-seconds on arm64."""
FIRE_GIGABYTES, SWEEP_GIGABYTES = 0.5, 1.0
SWEEPERS, SWEEP_SECONDS, MINUTES = 16, 0.05, 43_200
"""What an empty sweep takes: four queries one after the other; and the minutes of a month."""
LAMBDAS_OWN = 5
ORDINARY = Storm(open=30_000, due=3_000, window=600, standing=LAMBDAS_OWN)
STORMS = {
    "300 due in a minute": ORDINARY,
    "20,000 due in a minute": Storm(open=20_000, due=20_000, standing=LAMBDAS_OWN),
    "100,000 due in a minute": Storm(open=100_000, due=100_000, standing=LAMBDAS_OWN),
    "100,000 due in a minute, 100 pollers": Storm(open=100_000, due=100_000),
    "20,000 due in one second, 100 pollers": Storm(open=20_000, due=20_000, window=1),
    "20,000 overdue, no sweeper for 30 minutes": Storm(open=20_000, due=20_000, window=1_700, down=1_800),
}
MILLIONS = {
    "a million due in a minute, 100 pollers": Storm(open=1_000_000, due=1_000_000),
    "a million due in a minute": Storm(open=1_000_000, due=1_000_000, standing=LAMBDAS_OWN),
    "a million overdue, no sweeper for 30 minutes": Storm(open=1_000_000, due=1_000_000, window=1_700, down=1_800),
}
"""Minutes each: `ARGS=--millions`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The calls and write units of one fired timer, of a message too many, and what a hold and its end add."""

    calls: dict[str, float]
    units: float
    passed: list[str]
    pause_calls: list[str]


def run(millions: bool = False) -> list[str]:
    """The tables' lines."""
    cost, ordinary = measured(), simulate(ORDINARY)
    lines = ["one timer that fires                     calls"]
    lines += [f"{name:<40} {count:>5.2f}" for name, count in cost.calls.items()]
    lines.append(
        f"a message too many: {', '.join(cost.passed)}; a hold and its end add: {cost.pause_calls[1:] or 'none'}"
    )
    lines += ["", f"dollars for a million timers that fire, 300 a minute ({PRICED})"]
    priced = dollars(cost, ordinary)
    lines += [f"{name:<40} {value:>5.2f}" for name, value in priced.items()]
    lines.append(f"{'together':<40} {sum(priced.values()):>5.2f}")
    lines.append(f"{'sweeps, a month, however many timers':<40} {monthly():>5.2f}")
    lines += [
        "",
        f"{'simulated, seconds late by a stopwatch':<45}   p50    p99  p99.9    max  drained  early lost twice",
    ]
    storms = {**STORMS, **MILLIONS} if millions else STORMS
    lines += [_line(name, simulate(storm), storm) for name, storm in storms.items()]
    return lines


def dollars(cost: Cost, found: Outcome) -> dict[str, float]:
    """A million fired timers, from the calls of one and how many messages, batches and waits a timer came to."""
    count = len(found.late)
    sent, delivered, batches = (each / count for each in (found.sent, found.delivered, found.batches))
    busy = Storm(open=0, due=0)
    worked = busy.fire_seconds + (delivered - 1) * busy.pass_seconds
    return {
        "writes": cost.units * WRITE,
        "reads": delivered * READ,
        "sent by tens, received, deleted": (sent / 10 + 2 * batches) * REQUEST,
        "invocations": batches * CALL,
        "their work": worked * FIRE_GIGABYTES * GIGABYTE_SECOND,
        f"their waiting, {found.waited / count:.2f} s a timer": found.waited / count * FIRE_GIGABYTES * GIGABYTE_SECOND,
    }


def monthly() -> float:
    """Dollars a month for sweeps that find nothing."""
    sweeps = SWEEPERS * MINUTES / 1e6
    compute = SWEEP_SECONDS * SWEEP_GIGABYTES * GIGABYTE_SECOND
    return sweeps * (CALL + compute) + SHARDS * 0.5 * MINUTES / 1e6 * READ


def _line(name: str, found: Outcome, storm: Storm) -> str:
    twice = sum(count > 1 for count in found.fired.values())
    late = " ".join(f"{found.at(share):>6.2f}" for share in (0.5, 0.99, 0.999, 1))
    return f"{name:<45} {late} {found.drained - storm.down:>6.0f} s  {found.early:>5} {found.lost:>4} {twice:>5}"


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
        sent = [(str(body["record"]), ports.time) for body, _ in ports.timers.sent]
        for record_id, due in sent:
            timers.fire(record_id, ports, due)
        calls, units = meter.take()
        timers.fire(sent[0][0], ports)
        passed, _ = meter.take()
        held = records.get(made[0].id)
        meter.take()
        records.save(held.changed("StateChanged", by="a", origin="r", at=ports.time, state="on_hold"))
        pause, _ = meter.take()
    counts = {f"sweep: Query, {SHARDS} shards a minute for all": float(len(swept))}
    counts["sweep: SendMessageBatch, by tens"] = 0.1
    counts |= {f"fire: {name}": calls.count(name) / TIMERS for name in dict.fromkeys(calls)}
    return Cost(counts, units / TIMERS, passed, pause)


@contextmanager
def _store() -> Iterator[tuple[Records, Meter]]:
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    with mock_aws(), metered("records") as meter:
        make_tables(boto3.client("dynamodb", region_name=REGION))
        tables.cache_clear()
        bound = tables(records="records", audit="audit", ephemeral="ephemeral", region=REGION)
        yield Records(bound, REGION, Numbers(bound)), meter
    tables.cache_clear()
