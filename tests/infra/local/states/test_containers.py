"""Parallel, Map and nested executions: what runs inside, and what one failure does to the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sandbox.states.errors import ApiError
from sandbox.states.resources import Delayed

from tests.infra.local.states.world import NEST, World, failing, inner, machine, task, wait_for_token

ALL = ["States.ALL"]
FAIL = inner(("Bad", {"Type": "Fail", "Error": "Boom", "Cause": "it broke"}))


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": list(branches), **fields}


def each(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": processor, **fields}


def test_branches_run_at_the_same_time_and_results_keep_their_order(world: World) -> None:
    branches = [
        inner((f"W{n}", {"Type": "Wait", "Seconds": 4 - n}), (f"P{n}", {"Type": "Pass", "Output": n}))
        for n in (1, 2, 3)
    ]
    run = world.run(machine(("P", parallel(*branches))))
    assert (run.output, run.stopped) == ("[1,2,3]", run.started + 3)


def test_a_parallel_state_shapes_its_arguments_output_and_variables(world: World) -> None:
    branch = inner(("B", {"Type": "Pass", "Output": "{% $states.input.n * 2 %}"}))
    fields = {
        "Arguments": {"n": "{% $states.input.k %}"},
        "Assign": {"r": "{% $states.result[0] %}"},
        "Output": "{% $states.result %}",
    }
    definition = machine(
        ("P", parallel(branch, **fields)),
        ("Z", {"Type": "Pass", "Output": {"r": "{% $r %}", "in": "{% $states.input %}"}}),
    )
    assert world.output(definition, {"k": 4}) == {"r": 8, "in": [8]}


def test_of_two_failing_branches_the_first_to_fail_names_the_error(world: World) -> None:
    late = inner(("P", {"Type": "Pass"}), ("F", {"Type": "Fail", "Error": "Late"}))
    early = inner(("G", {"Type": "Fail", "Error": "Early"}))
    assert world.run(machine(("X", parallel(late, early)))).error == "Early"


def test_a_failing_branch_ends_its_siblings_at_once_and_kills_their_tokens(world: World) -> None:
    late = inner(("L", {"Type": "Wait", "Seconds": 5}), ("Bad", {"Type": "Fail", "Error": "Boom"}))
    arn = world.start(
        machine(("P", parallel(inner(("T", wait_for_token())), inner(("W", {"Type": "Wait", "Seconds": 99})), late)))
    )
    world.clock.advance(5)
    run = world.engine.execution(arn)
    assert (run.status, run.error, run.stopped) == ("FAILED", "Boom", run.started + 5)
    assert world.types(arn)[-4:] == ["TaskStateAborted", "WaitStateAborted", "ParallelStateFailed", "ExecutionFailed"]
    with pytest.raises(ApiError, match="TaskTimedOut"):
        world.engine.send_task_success(world.tokens[0], 1)


def test_a_parallel_state_is_retried_as_a_whole_and_then_caught(world: World) -> None:
    world.functions["f"] = failing("E", "E", then="ok")
    rescue = {"Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}], "Catch": [{"ErrorEquals": ["E"], "Next": "C"}]}
    state = parallel(inner(("T", task())), inner(("S", {"Type": "Pass"})), **rescue, Next="C")
    run = world.run(machine(("P", state), ("C", {"Type": "Pass"})))
    assert json.loads(run.output or "") == {"Error": "E", "Cause": "E it was"}
    assert world.types(run.arn).count("ParallelStateStarted") == 2


def test_the_error_of_an_inner_state_is_caught_by_the_nearest_catch(world: World) -> None:
    within = parallel(FAIL, Catch=[{"ErrorEquals": ["Boom"], "Next": "Mended"}])
    outer = parallel(
        inner(("In", within), ("Mended", {"Type": "Pass", "Output": "mended"})),
        Catch=[{"ErrorEquals": ALL, "Next": "Z"}],
    )
    assert world.output(machine(("Out", outer), ("Z", {"Type": "Pass"}))) == ["mended"]


def test_a_map_gives_each_item_with_its_index(world: World) -> None:
    step = inner(
        (
            "I",
            {
                "Type": "Pass",
                "Output": "{% [$states.input, $states.context.Map.Item.Index, $states.context.Map.Item.Value] %}",
            },
        )
    )
    selector = {"n": "{% $states.context.Map.Item.Value * 10 %}"}
    definition = machine(("M", each(step, Items="{% $states.input.list %}", ItemSelector=selector)))
    assert world.output(definition, {"list": [1, 2]}) == [[{"n": 10}, 0, 1], [{"n": 20}, 1, 2]]


def test_a_map_without_items_takes_its_input(world: World) -> None:
    step = inner(("I", {"Type": "Pass", "Output": "{% $states.input + 1 %}"}))
    assert world.output(machine(("M", each(step))), [1, 2, 3]) == [2, 3, 4]
    assert world.output(machine(("M", each(step))), []) == []


@pytest.mark.parametrize("limit", [2, "{% $count($states.input) - 2 %}"])
def test_no_more_iterations_run_than_max_concurrency(world: World, limit: Any) -> None:
    step = inner(("W", {"Type": "Wait", "Seconds": 1}))
    run = world.run(machine(("M", each(step, MaxConcurrency=limit))), [1, 2, 3, 4])
    assert run.stopped == run.started + 2


def test_an_inline_map_runs_at_most_forty_iterations_at_once(world: World) -> None:
    run = world.run(machine(("M", each(inner(("W", {"Type": "Wait", "Seconds": 1}))))), list(range(41)))
    assert run.stopped == run.started + 2


def test_a_failing_iteration_ends_the_map(world: World) -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 2 %}", "Next": "Bad"}], "Default": "W"}
    step = inner(("C", choice), ("Bad", {"Type": "Fail", "Error": "Two"}), ("W", {"Type": "Wait", "Seconds": 60}))
    run = world.run(machine(("M", each(step))), [1, 2, 3])
    assert (run.error, run.stopped) == ("Two", run.started)
    assert "MapIterationAborted" in world.types(run.arn)


@pytest.mark.parametrize(
    ("tolerance", "error"),
    [
        ({"ToleratedFailureCount": 1}, None),
        ({"ToleratedFailureCount": 0}, "States.ExceedToleratedFailureThreshold"),
        ({"ToleratedFailurePercentage": 25}, None),
        ({"ToleratedFailurePercentage": "{% 24 %}"}, "States.ExceedToleratedFailureThreshold"),
        ({}, "Two"),
    ],
)
def test_a_map_tolerates_as_many_failures_as_it_says(
    world: World, tolerance: dict[str, Any], error: str | None
) -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 2 %}", "Next": "Bad"}], "Default": "Good"}
    step = inner(("C", choice), ("Bad", {"Type": "Fail", "Error": "Two"}), ("Good", {"Type": "Succeed"}))
    run = world.run(machine(("M", each(step, **tolerance))), [1, 2, 3, 4])
    assert (run.error, run.output) == (error, None if error else "[1,3,4]")


def test_a_distributed_map_tolerates_nothing_unsaid_and_keeps_its_iterations_out_of_the_history(world: World) -> None:
    step = inner(("W", {"Type": "Wait", "Seconds": "{% $states.input %}"}), ("S", {"Type": "Succeed"}))
    good = world.run(machine(("M", each({**step, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}))), [1, 2])
    assert world.types(good.arn)[2:5] == ["MapStateStarted", "MapRunStarted", "MapRunSucceeded"]
    bad = world.run(machine(("M", each({**FAIL, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}))), [1, 2])
    assert bad.error == "States.ExceedToleratedFailureThreshold"


def test_maps_nest_and_the_innermost_item_is_seen(world: World) -> None:
    leaf = inner(("L", {"Type": "Pass", "Output": "{% $states.context.Map.Item.Value %}"}))
    assert world.output(machine(("M", each(inner(("N", each(leaf)))))), [[1, 2], [3]]) == [[1, 2], [3]]


def test_assigning_an_outer_variable_from_inside_is_refused(world: World) -> None:
    branch = inner(("B", {"Type": "Pass", "Assign": {"x": 2}}))
    definition = machine(("A", {"Type": "Pass", "Assign": {"x": 1}}), ("P", parallel(branch)))
    with pytest.raises(ApiError, match="'x' is assigned in an outer scope"):
        world.start(definition)


CHILD = machine(
    ("W", {"Type": "Wait", "Seconds": 30}), ("P", {"Type": "Pass", "Output": {"got": "{% $states.input %}"}})
)


def nest(pattern: str, **fields: Any) -> dict[str, Any]:
    arguments = {
        "StateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:child",
        "Input": {"k": 1},
        "Name": "kid",
    }
    return {"Type": "Task", "Resource": f"{NEST}{pattern}", "Arguments": arguments, **fields}


KID = "arn:aws:states:us-east-1:111111111111:execution:child:kid"


@pytest.mark.parametrize(("pattern", "output"), [(".sync", '{"got":{"k":1}}'), (".sync:2", {"got": {"k": 1}})])
def test_a_nested_execution_is_waited_for(world: World, pattern: str, output: Any) -> None:
    world.engine.create_state_machine("child", CHILD)
    run = world.run(machine(("N", nest(pattern))))
    assert run.stopped == run.started + 30
    result = json.loads(run.output or "")
    assert (result["Status"], result["Output"], result["ExecutionArn"]) == ("SUCCEEDED", output, KID)


def test_a_nested_execution_is_only_started_without_sync(world: World) -> None:
    world.engine.create_state_machine("child", CHILD)
    run = world.run(machine(("N", nest(""))))
    assert run.stopped == run.started
    assert world.engine.execution(KID).status == "SUCCEEDED"


def test_the_failure_of_a_nested_execution_fails_its_task_with_a_json_cause(world: World) -> None:
    world.engine.create_state_machine("child", machine(("F", {"Type": "Fail", "Error": "Own", "Cause": "why"})))
    catch = [
        {"ErrorEquals": ["States.TaskFailed"], "Next": "C", "Output": "{% $parse($states.errorOutput.Cause).Error %}"}
    ]
    assert world.output(machine(("N", nest(".sync:2", Catch=catch, Next="C")), ("C", {"Type": "Pass"}))) == "Own"


def test_a_nested_execution_is_stopped_with_its_parent_or_when_its_task_times_out(world: World) -> None:
    world.engine.create_state_machine("child", CHILD)
    arn = world.start(machine(("N", nest(".sync:2"))))
    world.clock.advance(1)
    world.engine.stop_execution(arn)
    assert world.engine.execution(KID).status == "ABORTED"
    timed = machine(
        ("N", {**nest(".sync:2", TimeoutSeconds=5), "Arguments": {**nest("")["Arguments"], "Name": "late"}})
    )
    world.run(timed)
    assert world.engine.execution(KID.replace("kid", "late")).status == "ABORTED"


def test_a_nested_execution_stopped_by_a_time_limit_does_not_fail_the_next_attempt(world: World) -> None:
    world.engine.create_state_machine("child", CHILD)
    arguments = {"StateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:child"}
    limit = "{% $states.context.State.RetryCount = 0 ? 5 : 60 %}"
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1}]
    state = {**nest(".sync:2", TimeoutSeconds=limit, Retry=retry), "Arguments": arguments}
    run = world.run(machine(("N", state)))
    assert (run.status, run.stopped) == ("SUCCEEDED", run.started + 5 + 1 + 30)


def test_a_nested_execution_goes_on_when_its_task_is_answered_by_token(world: World) -> None:
    world.engine.create_state_machine("child", CHILD)
    nested = nest(".sync")
    nested["Arguments"]["Input"] = {"token": "{% $states.context.Task.Token %}"}
    arn = world.start(machine(("N", nested), ("W", {"Type": "Wait", "Seconds": 60})))
    world.clock.advance(1)
    world.engine.send_task_success(json.loads(world.engine.execution(KID).input)["token"], "answered")
    world.clock.run_out()
    assert (world.engine.execution(arn).output, world.engine.execution(KID).status) == ('"answered"', "SUCCEEDED")


def test_an_unknown_nested_machine_fails_its_task(world: World) -> None:
    run = world.run(machine(("N", nest(".sync:2"))))
    assert run.error == "StepFunctions.StateMachineDoesNotExistException"


def test_a_slow_branch_does_not_hold_up_the_others(world: World) -> None:
    world.functions["slow"] = lambda _: Delayed(seconds=100, value="slow")
    quick = inner(("Q", task()), ("W", {"Type": "Wait", "Seconds": 1}), ("Q2", task(payload={"end": True})))
    run = world.run(machine(("P", parallel(inner(("S", task("slow"))), quick))))
    times = {
        name: event.timestamp - run.started for event in world.history(run.arn) if (name := event.details.get("name"))
    }
    assert (times["Q2"], times["S"]) == (1, 100)
