"""Alarms at once: however the calls of several doors fall, a fault has one ticket and a storm few."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from itsm.core.errors import OutsideError
from itsm.runtime import alarming
from itsm.runtime.ports import Ports

from tests.builders import NOON
from tests.fakes import FakePorts
from tests.functions.test_intake_alarms import FIRING, OVER, WELL, alarm, at, deliver, named
from tests.functions.test_storms_end import delivered, interrupted
from tests.support.turns import Actor, Port


class Crowd:
    """Actors whose calls of ports fall in an order that a seed decides."""

    def __init__(self, seed: int) -> None:
        self.turn, self.surprises, self.random = threading.Semaphore(0), list[BaseException](), random.Random(seed)
        self.current: Actor | None = None

    def step(self, call: Callable[[], Any]) -> Any:
        """A call of a port, when it is its actor's turn; the call itself is one step."""
        assert self.current is not None
        self.current.pause()
        return call()

    def play(self, works: list[Callable[[], None]]) -> None:
        """All of it; raises what an actor did not expect."""
        waiting = [Actor(self, work) for work in works]
        while waiting:
            self.current = self.random.choice(waiting)
            self.current.run()
            waiting = [one for one in waiting if not one.done]
        for surprise in self.surprises:
            raise surprise


def taken(event: dict[str, Any], ports: Ports) -> Callable[[], None]:
    """A door that takes an event, and takes it again if it was asked to."""

    def work() -> None:
        for _ in range(20):
            try:
                alarming.take_event(event, ports)
            except OutsideError:
                continue
            return
        raise AssertionError("an alarm was never taken")

    return work


def at_once(seed: int, *events: dict[str, Any], ports: FakePorts | None = None) -> FakePorts:
    """These events, each at a door of its own at the same time."""
    bare, doors, crowd = ports or FakePorts(), FakePorts(time=ports.time if ports else NOON), Crowd(seed)
    for name in ("records", "once", "blobs"):
        setattr(doors, name, Port(crowd, getattr(bare, name)))
    crowd.play([taken(event, doors) for event in events])
    return bare


@pytest.mark.parametrize("seed", range(30))
def test_one_alarm_delivered_to_several_doors_at_once_is_one_ticket(seed: int) -> None:
    ports = at_once(seed, FIRING, FIRING, FIRING)
    (ticket,) = ports.records.stored.values()
    assert (ticket.version, ticket.state) == (1, "new")


@pytest.mark.parametrize("seed", range(30))
def test_two_episodes_of_one_fault_at_once_are_one_ticket(seed: int) -> None:
    ports = at_once(seed, FIRING, alarm("ALARM", "OK", at(21), at(20), "again"), FIRING)
    (ticket,) = ports.records.stored.values()
    assert {one.record for one in ports.records.faults.values()} == {ticket.id}


@pytest.mark.parametrize("seed", range(30))
def test_two_episodes_long_after_the_last_at_once_are_one_more_ticket(seed: int) -> None:
    ports = at_once(seed, FIRING)
    ports = at_once(seed, WELL, ports=ports)
    ports.time += 86_400
    first, second = (
        alarm("ALARM", "OK", f"2025-11-25T16:0{minute}:00.000+0000", at(20), f"n{minute}") for minute in (1, 3)
    )
    ports = at_once(seed, first, second, ports=ports)
    assert len(ports.records.stored) == 2


@pytest.mark.parametrize("seed", range(10))
def test_an_alarm_and_its_end_at_once_are_one_resolved_ticket(seed: int) -> None:
    ports = at_once(seed, FIRING, WELL, FIRING, WELL)
    (ticket,) = ports.records.stored.values()
    assert ticket.state == "resolved"


AGAIN, AGAIN_WELL = alarm("ALARM", "OK", at(21), OVER, "again"), alarm("OK", "ALARM", at(25), at(21), "over")


@pytest.mark.parametrize(("event", "meanwhile"), [(WELL, AGAIN), (AGAIN, WELL)])
def test_an_alarm_that_is_back_while_its_end_is_told_leaves_its_ticket_at_work(
    event: dict[str, Any], meanwhile: dict[str, Any]
) -> None:
    for call in range(1, 60):
        ports = FakePorts()
        assert deliver(ports, FIRING)
        if not interrupted(ports, event, call, delivered(ports, meanwhile)):
            break
        (ticket,) = ports.records.stored.values()
        assert ticket.state in ("new", "in_progress"), call
        assert deliver(ports, AGAIN_WELL)
        assert ports.records.get(ticket.id).state == "resolved", call
    assert call > 4


@pytest.mark.parametrize("alarms", [20, 200])
@pytest.mark.parametrize("seed", range(3))
def test_a_storm_at_many_doors_at_once_has_no_more_tickets_for_being_larger(seed: int, alarms: int) -> None:
    ports = at_once(seed, *(named(FIRING, str(number)) for number in range(alarms)))
    storm = ports.policies.sources.alarm.storm
    assert len(ports.records.stored) == storm + 1
    led = [fault for fault in ports.records.faults.values() if fault.opener]
    assert len(led) == alarms
    assert {fault.record for fault in led} == ports.records.stored.keys()
