"""Whatever a machine looks like, a process that dies on the way changes nothing of how it ends."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.states.errors import TaskFailed

from tests.infra.local.states.world import World, inner, machine, task

# A drawn machine, as plain data: a list of steps; each step is (kind, parameters, steps inside).
Step = tuple[str, int, list[Any]]
State = tuple[str, dict[str, Any]]

_LEAF: st.SearchStrategy[Step] = st.tuples(
    st.sampled_from(["pass", "wait", "task", "assign"]), st.integers(0, 4), st.just([])
)
_STEPS = st.recursive(
    st.lists(_LEAF, min_size=1, max_size=3),
    lambda steps: st.lists(
        _LEAF
        | st.tuples(st.just("parallel"), st.integers(0, 2), st.lists(steps, min_size=1, max_size=3))
        | st.tuples(st.just("map"), st.integers(0, 3), st.lists(steps, min_size=1, max_size=1)),
        min_size=1,
        max_size=3,
    ),
    max_leaves=8,
)


def laid_out(steps: list[Step], numbers: Iterator[int]) -> list[State]:
    """The states of drawn steps; each takes a number and gives one on."""
    return [(f"{kind}{next(numbers)}", _state(kind, amount, within, numbers)) for kind, amount, within in steps]


def _state(kind: str, amount: int, within: list[Any], numbers: Iterator[int]) -> dict[str, Any]:
    if kind == "pass":
        return {"Type": "Pass", "Output": f"{{% $states.input + {amount} %}}"}
    if kind == "assign":
        name = f"v{next(numbers)}"
        return {"Type": "Pass", "Assign": {name: "{% $states.input %}"}}
    if kind == "wait":
        return {"Type": "Wait", "Seconds": amount}
    if kind == "task":
        payload = f"{{% {{'n': $states.input, 'tried': $states.context.State.RetryCount, 'fails': {amount}}} %}}"
        retry = [{"ErrorEquals": ["Flaky"], "MaxAttempts": 3, "IntervalSeconds": 1}]
        return task(payload=payload, Retry=retry)
    if kind == "parallel":
        branches = [inner(*laid_out(steps, numbers)) for steps in within]
        return {"Type": "Parallel", "Branches": branches, "Output": "{% $sum($states.result) %}"}
    step = inner(*laid_out(within[0], numbers))
    fields = {"MaxConcurrency": amount, "Output": "{% $sum($states.result) %}"}
    return {"Type": "Map", "Items": "{% [$states.input, 1, 2] %}", "ItemProcessor": step, **fields}


def answer(event: Any) -> Any:
    """Twice the number, unless this attempt is one of those that fail."""
    if event["tried"] < event["fails"]:
        raise TaskFailed("Flaky", "not yet")
    return event["n"] * 2


def ending(definition: dict[str, Any], deaths: set[int]) -> tuple[str, Any, str | None, float]:
    """(status, output, error, seconds) of the machine run on 1, the process dying before each of these steps."""
    world = World({"f": answer}, driven=False)
    arn = world.start(definition, 1)
    for step in itertools.count():
        if step in deaths:
            world.restart()
        if world.engine.step():
            continue
        due = world.engine.next_deadline()
        if due is None:
            break
        world.clock.advance_to(due)
    run = world.engine.execution(arn)
    assert run.status in ("SUCCEEDED", "FAILED")
    return run.status, json.loads(run.output or "null"), run.error, (run.stopped or 0) - run.started


@settings(max_examples=80, deadline=None)
@given(_STEPS, st.sets(st.integers(0, 80), max_size=8))
def test_dying_on_the_way_changes_nothing(steps: list[Step], deaths: set[int]) -> None:
    definition = machine(*laid_out(steps, itertools.count()))
    assert ending(definition, deaths) == ending(definition, set())
