"""A deadline's message comes at its second or just before, and what is left until then is waited out, once a batch."""

from collections.abc import Iterator
from typing import Any

import pytest
from itsm.core.ports import SHARDS, Timer
from itsm.runtime.changes import LATE, LONGEST_DELAY, NEAR, held_back
from itsm.runtime.deployment import Deployment

from functions.sla_timers.app import fire, start, sweep
from tests.builders import an_incident
from tests.fakes import FakePorts, FakeRecords, sqs


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.39, 0.41, 0.7, 0.99])
def test_a_message_comes_a_little_late_or_less_than_a_second_early(fraction: float) -> None:
    sent = 1_000 + fraction
    seen = sent + held_back(1_030, sent)
    assert LATE - 1 <= seen - 1_030 <= LATE


def test_what_is_overdue_is_not_held_back_and_what_is_far_as_long_as_a_queue_can() -> None:
    assert held_back(1_000, 2_000.5) == 0
    assert held_back(1_000, 1_000.0) == 0
    assert held_back(10_000, 1_000.0) == LONGEST_DELAY


def test_a_function_waits_for_the_instant_and_never_longer_than_a_second() -> None:
    slept = list[float]()
    ports = Deployment({}, now=lambda: 1_000.25, sleep=slept.append)
    for until in (1_001, 1_000, 5_000):
        ports.wait(until)
    assert slept == [0.75, 0.0, 1.0]
    assert (ports.now(), ports.moment()) == (1_000, 1_000.25)


class Watched(FakePorts):
    """Says what was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = list[int]()

    def wait(self, until: int) -> None:
        """Noted."""
        self.waits.append(until - self.time)
        super().wait(until)


def running(ports: FakePorts, key: str, opened: int = 0) -> tuple[str, int]:
    """A ticket under its clocks: its id, and its next deadline."""
    record = ports.records.create(an_incident(key, group="on-call", priority=1, at=ports.now() + opened)).record
    start.on({"step": "clocks", "record": record.id}, ports)
    return record.id, ports.records.get(record.id).next_timer or 0


def batch(*messages: dict[str, Any]) -> dict[str, Any]:
    """Several in one event."""
    records = [sqs(message)["Records"][0] | {"messageId": f"m{at}"} for at, message in enumerate(messages)]
    return {"Records": records}


def test_the_rest_of_the_second_is_waited_for_and_the_level_fires_in_it() -> None:
    ports = Watched()
    record, due = running(ports, "1")
    ports.time = due - 1
    fire.on(sqs({"record": record, "due": due}), ports)
    assert ports.waits == [1]
    assert ports.records.get(record).version == 3
    assert ports.records.get(record).event.at == due


def test_what_comes_earlier_than_that_is_sent_again_and_not_waited_for() -> None:
    ports = Watched()
    record, due = running(ports, "1")
    ports.time = due - 2
    fire.on(sqs({"record": record, "due": due}), ports)
    assert not ports.waits
    assert ports.timers.sent == [({"record": record, "due": due}, 2)]


def test_a_batch_takes_what_is_due_first_and_waits_once() -> None:
    ports = Watched()
    (late, late_due), (near, near_due), (also, also_due) = (
        running(ports, "1", -1),
        running(ports, "2"),
        running(ports, "3"),
    )
    assert late_due + 1 == near_due == also_due
    ports.time = late_due
    poison = {"nothing": 1}
    messages: list[dict[str, Any]] = [
        {"record": near, "due": near_due},
        poison,
        {"record": late, "due": late_due},
        {"record": also, "due": also_due},
    ]
    assert fire.on(batch(*messages), ports) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert ports.waits == [1]
    assert [ports.records.get(one).event.at for one in (late, near, also)] == [late_due, near_due, near_due]


class Asked(FakeRecords):
    """Says which shards it is asked for, and how far ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = list[tuple[int, int]]()

    def due(self, shard: int, before: int) -> Iterator[Timer]:
        """Noted."""
        self.asked.append((shard, before))
        return iter(())


def test_a_sweeper_takes_its_own_shards_and_without_any_all_of_them() -> None:
    ports = FakePorts()
    for event, shards in (({"shards": [3, 19]}, [3, 19]), ({}, range(SHARDS))):
        ports.records = asked = Asked()
        sweep.on(event, ports)
        assert asked.asked == [(shard, ports.now() + NEAR) for shard in shards]
