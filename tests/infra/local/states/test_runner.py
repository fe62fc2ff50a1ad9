"""The engine on real time: threads for calls, none for waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sandbox.states.engine import Engine
from sandbox.states.resources import lambda_resources
from sandbox.states.runner import Runner

from tests.infra.local.states.world import machine, task, wait_for_token

PATIENCE = 20.0  # seconds until a test gives up; none of them waits that long when it passes


class Stage:
    """A runner whose functions are events in the test's hands."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.tokens: list[str] = []
        self.ended: dict[str, threading.Event] = {}
        resources = lambda_resources(self._invoke, lambda: "id")
        self.runner = Runner(lambda workers: Engine(resources, workers=workers, on_status=self._told))
        self.engine = self.runner.engine
        self.runner.start()

    def start(self, definition: dict[str, Any], name: str) -> threading.Event:
        """Start it. The event is set when it has ended."""
        ended = self.ended.setdefault(name, threading.Event())
        self.engine.start_execution(self.engine.create_state_machine(f"m-{name}", definition), name=name)
        return ended

    def _told(self, run: Any) -> None:
        if run.status != "RUNNING":
            self.ended[run.name].set()

    def _invoke(self, function: str, event: Any) -> Any:
        if function == "slow":
            assert self.gate.wait(PATIENCE)
        if isinstance(event, dict) and "token" in event:
            self.tokens.append(event["token"])
        return function


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.gate.set()
    made.runner.close()


def test_a_slow_function_blocks_nobody_else(stage: Stage) -> None:
    slow = stage.start(machine(("T", task("slow"))), "slow")
    quick = stage.start(machine(("T", task("quick"))), "quick")
    assert quick.wait(PATIENCE)
    assert not slow.is_set()
    stage.gate.set()
    assert slow.wait(PATIENCE)


def test_a_wait_ends_by_itself(stage: Stage) -> None:
    soon = {"Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 50) %}"}
    assert stage.start(machine(("W", soon)), "w").wait(PATIENCE)


def test_three_hundred_waiting_executions_hold_no_threads() -> None:
    runner = Runner(lambda workers: Engine({}, workers=workers))
    runner.start()
    engine, before = runner.engine, threading.active_count()
    arn = engine.create_state_machine("waits", machine(("W", {"Type": "Wait", "Seconds": 3600})))
    runs = [engine.start_execution(arn) for _ in range(300)]
    assert threading.active_count() == before
    assert {engine.execution(run.arn).status for run in runs} == {"RUNNING"}
    runner.close()


def test_an_execution_that_breaks_the_interpreter_fails_alone(stage: Stage) -> None:
    arn = stage.engine.create_state_machine("m-broken", machine(("P", {"Type": "Pass", "Output": {"a": "b"}})))
    number = stage.engine.machines.machine(arn)["definition"]
    stage.engine.kernel.definition(number).body["States"]["P"]["Output"] = {"a": object()}
    ended = stage.ended["broken"] = threading.Event()
    broken = stage.engine.start_execution(arn, name="broken").arn
    assert ended.wait(PATIENCE)
    run = stage.engine.execution(broken)
    assert (run.status, run.error) == ("FAILED", "States.Runtime")
    assert stage.start(machine(("P", {"Type": "Pass"})), "next").wait(PATIENCE)


def test_a_token_is_answered_from_another_thread(stage: Stage) -> None:
    ended = stage.start(machine(("T", wait_for_token())), "t")
    limit = time.monotonic() + PATIENCE
    while not stage.tokens and time.monotonic() < limit:
        threading.Event().wait(0.001)
    stage.engine.send_task_success(stage.tokens[0], 1)
    assert ended.wait(PATIENCE)


def test_an_expression_that_recurses_for_ever_ends_its_execution_only(stage: Stage) -> None:
    deep = {"Type": "Pass", "Output": "{% ($f := function($n){ 1 + $f($n) }; $f(1)) %}"}
    assert stage.start(machine(("P", deep)), "deep").wait(PATIENCE)
    assert stage.start(machine(("P", {"Type": "Pass"})), "after").wait(PATIENCE)


def test_an_endless_machine_does_not_keep_the_api_from_answering(stage: Stage) -> None:
    stage.ended["loop"] = threading.Event()
    endless = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "S"}], "Default": "C"}
    stage.start(machine(("C", endless), ("S", {"Type": "Succeed"})), "loop")
    assert stage.start(machine(("P", {"Type": "Pass"})), "pass").wait(PATIENCE)


def loop(limit: int) -> dict[str, Any]:
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": f"{{% $states.input.n >= {limit} %}}", "Next": "S"}],
        "Default": "P",
    }
    step: dict[str, Any] = {"Type": "Pass", "Output": "{% {'n': $states.input.n + 1} %}"}
    return machine(("P", step), ("C", choice), ("S", {"Type": "Succeed"}))


def test_a_thousand_transitions_take_less_than_a_second_of_work() -> None:
    engine = Engine({})
    arn = engine.create_state_machine("loop", loop(1000))
    run = engine.start_execution(arn, {"n": 0})
    # Process time: what else runs on the machine does not count.
    spent: Callable[[], float] = time.process_time
    begun = spent()
    engine.run_until_idle()
    assert engine.execution(run.arn).status == "SUCCEEDED"
    assert 2000 / (spent() - begun) > 1000
