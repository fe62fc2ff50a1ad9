"""Waiting and waking, in every order their calls can fall: no process sleeps through its wake-up."""

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from itsm.core.record import Record
from itsm.runtime import changes, desk
from itsm.runtime.door import StepCall

from tests.builders import NOON, an_incident
from tests.fakes import FakePorts
from tests.support.turns import Actor, Port

CALLS = 6
"""The most calls one of the two makes; each order of two times as many is played."""


class Stage:
    """Two actors, and whose turn it is: the n-th call is made by the n-th of `order`, while both have calls to make."""

    def __init__(self, order: tuple[int, ...]) -> None:
        self.turn, self.surprises, self.order = threading.Semaphore(0), list[BaseException](), order
        self.actors: list[Actor] = []
        self.current = 0

    def step(self, call: Callable[[], Any]) -> Any:
        """A call of a port, when it is its actor's turn."""
        self.actors[self.current].pause()
        return call()

    def play(self, *works: Callable[[], None]) -> None:
        """All of it."""
        self.actors = [Actor(self, work) for work in works]
        order: Iterator[int] = itertools.chain(self.order, itertools.cycle((0, 1)))
        while not all(actor.done for actor in self.actors):
            self.current = next(who for who in order if not self.actors[who].done)
            self.actors[self.current].run()
        for surprise in self.surprises:
            raise surprise


def ready() -> tuple[FakePorts, Record]:
    """A ticket somebody works on."""
    ports = FakePorts()
    return ports, ports.records.create(an_incident(state="in_progress")).record


def played(order: tuple[int, ...], states: tuple[str, ...]) -> tuple[FakePorts, Record]:
    """A process that begins to wait for the resolution while the record goes through states, each followed."""
    ports, record = ready()
    records, processes = ports.records, ports.processes
    stage = Stage(order)
    ports.records = Port(stage, records)  # type: ignore[assignment]  # the same port, step by step
    ports.processes = Port(stage, processes)  # type: ignore[assignment]

    def await_it() -> None:
        call = StepCall(step="await", record=record.id, token="t", arguments={"wait": "w", "until": ["resolved"]})
        desk.await_states(call, ports)

    def move_it() -> None:
        for state in states:
            moved = ports.records.get(record.id).changed("StateChanged", by="a", origin="r", at=NOON, state=state)
            changes.follow(ports.records.save(moved), ports)

    stage.play(await_it, move_it)
    ports.records, ports.processes = records, processes
    return ports, record


ORDERS = sorted({order for order in itertools.product((0, 1), repeat=2 * CALLS) if sum(order) == CALLS})


def test_a_process_that_waits_for_where_the_record_goes_is_woken_in_every_order() -> None:
    for order in ORDERS:
        ports, record = played(order, ("resolved",))
        assert ports.processes.answered["t"]["state"] == "resolved", order
        assert ports.records.waits(record.id) == (), order


def test_a_process_is_woken_in_every_order_however_the_record_came_there() -> None:
    for order in ORDERS:
        ports, record = played(order, ("resolved", "in_progress", "resolved"))
        assert ports.processes.answered["t"]["state"] == "resolved", order
        assert ports.records.waits(record.id) == (), order


def test_a_process_is_never_woken_for_where_the_record_was_before_it_waited() -> None:
    for order in ORDERS:
        ports, _ = played(order, ("on_hold", "in_progress"))
        assert not ports.processes.answered, order


@pytest.mark.parametrize("times", [2, 5])
def test_a_wait_asked_for_again_is_answered_by_its_newest_token(times: int) -> None:
    ports, record = ready()
    for at in range(times):
        call = StepCall(step="await", record=record.id, token=f"t{at}", arguments={"wait": "w", "until": ["resolved"]})
        desk.await_states(call, ports)
    moved = record.changed("StateChanged", by="a", origin="r", at=NOON, state="resolved")
    changes.follow(ports.records.save(moved), ports)
    assert set(ports.processes.answered) == {f"t{times - 1}"}
