"""What a process loses when it dies: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Container
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.states.engine import Engine
from sandbox.states.errors import StepCrashedError, TaskFailed
from sandbox.states.journal import Journal
from sandbox.states.resources import Delayed, lambda_resources

from tests.infra.local.states.world import World, inner, machine, task, wait_for_token

RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5}]
NEST = {
    "Type": "Task",
    "Resource": "arn:aws:states:::states:startExecution.sync:2",
    "Arguments": {"StateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:child", "Input": 5},
    "Output": "{% $states.result.Output %}",
}
CHILD = machine(("W", {"Type": "Wait", "Seconds": 3}), ("D", {"Type": "Pass", "Output": "{% $states.input * 2 %}"}))
ASK = task(payload="{% {'n': $states.input, 'tried': $states.context.State.RetryCount} %}", Retry=RETRY)
EACH = inner(("I", ASK), ("J", {"Type": "Wait", "Seconds": 2}))
WHOLE = machine(
    ("A", {"Type": "Pass", "Assign": {"seen": "{% $states.input.n %}"}}),
    (
        "P",
        {
            "Type": "Parallel",
            "Branches": [
                inner(("T", wait_for_token("ask"))),
                inner(("M", {"Type": "Map", "Items": "{% [1..4] %}", "MaxConcurrency": 2, "ItemProcessor": EACH})),
                inner(("N", NEST)),
            ],
        },
    ),
    ("W", {"Type": "Wait", "Seconds": 10}),
    ("Z", {"Type": "Pass", "Output": {"seen": "{% $seen %}", "got": "{% $states.input %}"}}),
)


def answer(event: Any) -> Any:
    """The item; odd ones fail until the third attempt. Asked twice for one attempt, it says the same."""
    if event["n"] % 2 and event["tried"] < 2:
        raise TaskFailed("Odd", str(event))
    return event["n"]


def play(deaths: Container[int]) -> tuple[str, str | None, float, Counter[str]]:
    """Run WHOLE to its end, the process dying before each of these steps; somebody answers the token at second 20."""
    world = World({"f": answer, "ask": lambda event: "asked"}, driven=False)
    world.engine.create_state_machine("child", CHILD)
    arn = world.start(WHOLE, {"n": 7})
    begun, steps, told = world.clock.now(), 0, False
    while world.engine.execution(arn).status == "RUNNING":
        if steps in deaths:
            world.restart()
        steps += 1
        if world.engine.step():
            continue
        due = world.engine.next_deadline()
        if not told and (due is None or due >= begun + 20):
            told = True
            world.clock.advance_to(begun + 20)
            world.engine.send_task_success(world.tokens[-1], "yes")
        elif due is not None:
            world.clock.advance_to(due)
    run = world.engine.execution(arn)
    return run.status, run.output, (run.stopped or 0) - run.started, Counter(world.types(arn))


class Steps:
    """Dies at none of the steps, but counts them."""

    def __init__(self) -> None:
        self.last = 0

    def __contains__(self, step: object) -> bool:
        assert isinstance(step, int)
        self.last = step
        return False


_COUNTED = Steps()
UNDISTURBED = play(_COUNTED)
STEPS = _COUNTED.last


def test_the_undisturbed_run_is_as_expected() -> None:
    status, output, seconds, _ = UNDISTURBED
    assert (status, json.loads(output or ""), seconds) == (
        "SUCCEEDED",
        {"seen": 7, "got": ["yes", [1, 2, 3, 4], 10]},
        30,
    )


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, STEPS), max_size=12))
def test_dying_after_any_steps_changes_nothing_of_the_result(deaths: set[int]) -> None:
    assert play(deaths) == UNDISTURBED


def test_dying_after_every_step_changes_nothing_of_the_result() -> None:
    assert play(range(1000)) == UNDISTURBED


def test_a_waiting_execution_goes_on_with_its_token_and_its_deadline(world: World) -> None:
    arn = world.start(machine(("T", wait_for_token(TimeoutSeconds=100)), ("W", {"Type": "Wait", "Seconds": 50})))
    world.clock.advance(30)
    world.restart()
    world.clock.advance(60)
    world.engine.send_task_success(world.tokens[0], "kept")
    world.clock.advance(10)
    world.restart()
    world.clock.run_out()
    run = world.engine.execution(arn)
    assert (run.output, run.stopped) == ('"kept"', run.started + 90 + 50)


def test_a_deadline_that_passed_while_nobody_ran_fires_at_the_start(world: World) -> None:
    arn = world.start(machine(("T", wait_for_token(TimeoutSeconds=100))))
    world.clock.advance(30)
    world.clock.release(world.engine)
    world.clock.advance(1000)
    world.engine = world.open()
    world.clock.advance(0)
    assert world.engine.execution(arn).error == "States.Timeout"


def test_a_call_in_flight_is_made_again(world: World) -> None:
    calls: list[Any] = []

    def slow(event: Any) -> Delayed:
        calls.append(event)
        return Delayed(seconds=10, value=len(calls))

    world.functions["f"] = slow
    arn = world.start(machine(("T", task(payload={"k": 1}))))
    world.clock.advance(5)
    world.restart()
    world.clock.run_out()
    assert calls == [{"k": 1}, {"k": 1}]
    assert world.engine.execution(arn).output == "2"


def test_a_step_at_which_the_interpreter_fails_leaves_no_trace(world: World) -> None:
    arn = world.start(machine(("A", {"Type": "Pass"})))
    before = world.types(arn)
    definition = world.engine.kernel.definition(world.engine.execution(arn).definition)
    definition.body["States"]["A"] = {"Type": "Pass", "Output": object(), "End": True}
    with pytest.raises(StepCrashedError):
        world.engine.step()
    assert world.types(arn) == before
    world.engine.condemn(arn, "why")
    assert (world.engine.execution(arn).status, world.engine.execution(arn).cause) == ("FAILED", "why")


def test_a_timer_that_breaks_the_interpreter_does_not_lose_the_others_of_its_instant(world: World) -> None:
    broken = world.start(machine(("W", {"Type": "Wait", "Seconds": 5, "Output": {"a": "b"}})))
    whole = world.start(machine(("V", {"Type": "Wait", "Seconds": 5})))
    world.clock.advance(1)
    definition = world.engine.kernel.definition(world.engine.execution(broken).definition)
    definition.body["States"]["W"]["Output"] = {"a": object()}
    with pytest.raises(StepCrashedError):
        world.clock.advance(10)
    world.engine.condemn(broken, "why")
    world.clock.advance(0)
    assert world.engine.execution(whole).status == "SUCCEEDED"


def test_a_journal_has_one_engine_at_a_time(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "journal.db"))
    with pytest.raises(BlockingIOError, match="in use by another engine"):
        Journal(str(tmp_path / "journal.db"))
    journal.close()
    Journal(str(tmp_path / "journal.db")).close()


_VICTIM = """
import sys, threading
from sandbox.states.clock import SystemClock
from sandbox.states.engine import Engine
from sandbox.states.journal import Journal
from sandbox.states.resources import lambda_resources
from sandbox.states.runner import Runner
from tests.infra.local.states.world import machine, wait_for_token

def tell(_, event):
    print(event["token"], flush=True)

resources = lambda_resources(tell, lambda: "id")
runner = Runner(lambda workers: Engine(resources, journal=Journal(sys.argv[1]), workers=workers))
runner.start()
arn = runner.engine.create_state_machine("m", machine(("T", wait_for_token())))
runner.engine.start_execution(arn, name="e")
threading.Event().wait()
"""


def test_a_killed_process_is_taken_up_by_the_next_one(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    victim = subprocess.Popen([sys.executable, "-c", _VICTIM, path], stdout=subprocess.PIPE, text=True, env=environment)
    assert victim.stdout is not None
    token = victim.stdout.readline().strip()
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    engine = Engine(lambda_resources(lambda name, event: None, lambda: "id"), journal=Journal(path))
    engine.run_until_idle()
    engine.send_task_success(token, "still here")
    engine.run_until_idle()
    arn = "arn:aws:states:us-east-1:111111111111:execution:m:e"
    assert (engine.execution(arn).status, engine.execution(arn).output) == ("SUCCEEDED", '"still here"')
    engine.close()
