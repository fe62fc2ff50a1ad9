"""Task states: calls, retries, catches, time limits, tokens."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from sandbox.states.errors import ApiError, TaskFailed
from sandbox.states.resources import Delayed, lambda_failure, lambda_result

from tests.infra.local.states.world import INVOKE, World, failing, machine, task, wait_for_token

ALL = ["States.ALL"]


def scheduled(world: World, arn: str) -> list[float]:
    """Seconds from the start to each attempt."""
    begun = world.engine.execution(arn).started
    return [event.timestamp - begun for event in world.history(arn) if event.type == "TaskScheduled"]


def test_a_lambda_invoke_task_has_the_response_of_lambda_as_its_result(world: World) -> None:
    state = task(payload={"n": "{% $states.input.n %}"}, Output="{% $states.result %}")
    result = world.output(machine(("T", state)), {"n": 1})
    assert (result["Payload"], result["StatusCode"], result["ExecutedVersion"]) == ({"n": 1}, 200, "$LATEST")


def test_a_task_without_arguments_gets_its_input(world: World) -> None:
    arn = "arn:aws:lambda:us-east-1:111111111111:function:f"
    world.functions[arn] = lambda event: {"got": event}
    state = {"Type": "Task", "Resource": arn}
    run = world.run(machine(("T", state)), {"n": 1})
    assert json.loads(run.output or "") == {"got": {"n": 1}}
    assert world.types(run.arn)[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]


def test_an_sdk_task_goes_to_the_generic_hook_with_its_own_name(world: World) -> None:
    resource = "arn:aws:states:::aws-sdk:scheduler:deleteSchedule"
    state = {"Type": "Task", "Resource": resource, "Arguments": {"Name": "n"}}
    run = world.run(machine(("T", state)))
    assert world.events == [("aws-sdk:scheduler:deleteSchedule", {"Name": "n"})]
    shown = next(event.details for event in world.history(run.arn) if event.type == "TaskScheduled")
    assert (shown["resourceType"], shown["resource"]) == ("aws-sdk:scheduler", "deleteSchedule")


def test_an_exception_of_the_function_is_known_by_its_class(world: World) -> None:
    def broken(_: Any) -> Any:
        raise lambda_failure("ZeroDivisionError", "division by zero", "request")

    world.functions["f"] = broken
    catch = [
        {
            "ErrorEquals": ["ZeroDivisionError"],
            "Next": "C",
            "Output": "{% $parse($states.errorOutput.Cause).errorMessage %}",
        }
    ]
    assert world.output(machine(("T", task(Catch=catch, Next="C")), ("C", {"Type": "Pass"}))) == "division by zero"


def test_a_response_of_lambda_is_its_result_or_its_error() -> None:
    assert lambda_result(b'{"a": 1}', None) == {"a": 1}
    assert lambda_result("", None) is None
    with pytest.raises(TaskFailed) as caught:
        lambda_result('{"errorType": "KeyError", "errorMessage": "k"}', "Unhandled")
    assert (caught.value.error, caught.value.cause) == ("KeyError", '{"errorType":"KeyError","errorMessage":"k"}')
    with pytest.raises(TaskFailed, match=r"Lambda\.Unknown"):
        lambda_result('"Task timed out"', "Unhandled")


def test_a_resource_that_breaks_ends_its_execution_with_a_runtime_error(world: World) -> None:
    def broken(_: Any) -> Any:
        raise KeyError("nobody caught me")

    world.functions["f"] = broken
    run = world.run(machine(("T", task(Retry=[{"ErrorEquals": ALL}]))))
    assert run.error == "States.Runtime"
    assert "nobody caught me" in (run.cause or "")


def test_retries_wait_by_backoff_up_to_a_cap(world: World) -> None:
    world.functions["f"] = failing("E", "E", "E", "E")
    rule = {"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 4, "MaxDelaySeconds": 10}
    run = world.run(machine(("T", task(Retry=[rule]))))
    assert run.status == "SUCCEEDED"
    assert scheduled(world, run.arn) == [0, 2, 8, 18, 28]


def test_retries_have_the_languages_defaults(world: World) -> None:
    world.functions["f"] = failing("E", "E", "E", "E")
    run = world.run(machine(("T", task(Retry=[{"ErrorEquals": ALL}]))))
    assert (run.status, run.error, scheduled(world, run.arn)) == ("FAILED", "E", [0, 1, 3, 7])


def test_full_jitter_draws_the_delay_between_nothing_and_the_backoff(world: World) -> None:
    world.functions["f"] = failing("E", "E", "E")
    rule = {"ErrorEquals": ["E"], "IntervalSeconds": 100, "BackoffRate": 1, "JitterStrategy": "FULL"}
    run = world.run(machine(("T", task(Retry=[rule]))))
    instants = scheduled(world, run.arn)
    delays = [after - before for before, after in pairwise(instants)]
    assert all(0 <= delay <= 100 for delay in delays)
    assert len(set(delays)) == 3


def test_each_retrier_counts_for_itself(world: World) -> None:
    world.functions["f"] = failing("A", "B", "A", "B", "A")
    rules = [{"ErrorEquals": [name], "MaxAttempts": 2, "IntervalSeconds": 1, "BackoffRate": 1} for name in ("A", "B")]
    run = world.run(machine(("T", task(Retry=rules))))
    assert (run.status, run.error, len(scheduled(world, run.arn))) == ("FAILED", "A", 5)


def test_an_exhausted_retrier_does_not_pass_its_error_to_the_next_one(world: World) -> None:
    world.functions["f"] = failing("A", "A", "A")
    rules = [{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ALL, "MaxAttempts": 9}]
    run = world.run(machine(("T", task(Retry=rules))))
    assert len(scheduled(world, run.arn)) == 2
    assert run.error == "A"


def test_counters_begin_anew_at_every_visit(world: World) -> None:
    world.functions["f"] = failing("E", None, "E", None, then="end")
    state = task(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}])
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 'end' %}", "Next": "S"}], "Default": "T"}
    definition = machine(("T", state), ("U", choice), ("S", {"Type": "Succeed"}))
    assert world.output(definition) == "end"


@pytest.mark.parametrize(
    ("names", "error", "caught"),
    [
        (["States.TaskFailed"], "Own", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.Runtime"], "States.Runtime", False),
        (["Other", "Own"], "Own", True),
        (["Other"], "Own", False),
    ],
)
def test_which_names_catch_which_errors(world: World, names: list[str], error: str, caught: bool) -> None:
    world.functions["f"] = failing(error)
    run = world.run(
        machine(("T", task(Catch=[{"ErrorEquals": names, "Next": "C"}], Next="C")), ("C", {"Type": "Pass"}))
    )
    assert (run.status == "SUCCEEDED") is caught
    if caught:
        assert json.loads(run.output or "") == {"Error": error, "Cause": f"{error} it was"}


def test_a_catcher_may_assign_and_shape_its_output(world: World) -> None:
    world.functions["f"] = failing("E")
    catcher = {
        "ErrorEquals": ALL,
        "Next": "C",
        "Assign": {"why": "{% $states.errorOutput.Error %}"},
        "Output": "{% $states.input %}",
    }
    states = (
        ("T", task(Catch=[catcher], Next="C")),
        ("C", {"Type": "Pass", "Output": "{% [$why, $states.input.k] %}"}),
    )
    assert world.output(machine(*states), {"k": 1}) == ["E", 1]


def test_a_broken_expression_can_be_caught_like_any_error(world: World) -> None:
    state = task(
        payload="{% $nowhere %}", Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "C"}], Next="C"
    )
    assert world.output(machine(("T", state), ("C", {"Type": "Pass", "Output": "saved"}))) == "saved"


@pytest.mark.parametrize("limit", [5, "{% $states.input.limit %}"])
def test_a_task_that_takes_too_long_times_out(world: World, limit: Any) -> None:
    world.functions["f"] = lambda _: Delayed(seconds=60, value="late")
    run = world.run(machine(("T", task(TimeoutSeconds=limit))), {"limit": 5})
    assert (run.status, run.error) == ("FAILED", "States.Timeout")
    assert run.stopped == run.started + 5
    assert "TaskTimedOut" in world.types(run.arn)


def test_a_late_answer_of_a_timed_out_attempt_is_not_taken_for_the_next_one(world: World) -> None:
    answers = [Delayed(seconds=8, value="first"), Delayed(seconds=4, value="second")]
    world.functions["f"] = lambda _: answers.pop(0)
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1}]
    assert world.output(machine(("T", task(TimeoutSeconds=5, Retry=retry)))) == "second"


def test_an_execution_has_a_time_limit_of_its_own(world: World) -> None:
    run = world.run(machine(("T", wait_for_token()), TimeoutSeconds=100))
    assert (run.status, run.stopped) == ("TIMED_OUT", run.started + 100)
    assert world.types(run.arn)[-1] == "ExecutionTimedOut"
    with pytest.raises(ApiError, match="TaskTimedOut"):
        world.engine.send_task_success(world.tokens[0], 1)


def test_a_token_brings_the_result_of_the_task(world: World) -> None:
    arn = world.start(machine(("T", wait_for_token())))
    world.clock.advance(86_400)
    world.engine.send_task_success(world.tokens[0], {"done": True})
    world.clock.advance(0)
    assert world.engine.execution(arn).output == '{"done":true}'
    assert world.types(arn)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_token_may_be_answered_before_its_call_returns(world: World) -> None:
    world.functions["f"] = lambda event: world.engine.send_task_success(event["token"], "at once")
    assert world.output(machine(("T", wait_for_token()))) == "at once"


def test_a_token_brings_the_failure_of_the_task(world: World) -> None:
    arn = world.start(
        machine(
            ("T", wait_for_token(Catch=[{"ErrorEquals": ["Refused"], "Next": "C"}], Next="C")), ("C", {"Type": "Pass"})
        )
    )
    world.clock.advance(1)
    world.engine.send_task_failure(world.tokens[0], "Refused", "by the board")
    world.clock.advance(0)
    assert json.loads(world.engine.execution(arn).output or "") == {"Error": "Refused", "Cause": "by the board"}


def test_a_call_that_fails_fails_the_waiting_task_at_once(world: World) -> None:
    world.functions["f"] = failing("E")
    run = world.run(machine(("T", wait_for_token())))
    assert (run.error, run.stopped) == ("E", run.started)


def test_a_token_counts_once_and_an_unknown_one_never(world: World) -> None:
    world.start(machine(("T", wait_for_token()), ("W", {"Type": "Wait", "Seconds": 60})))
    world.clock.advance(1)
    world.engine.send_task_success(world.tokens[0], 1)
    with pytest.raises(ApiError, match="TaskTimedOut"):
        world.engine.send_task_success(world.tokens[0], 2)
    with pytest.raises(ApiError, match="InvalidToken"):
        world.engine.send_task_success("nonsense", 1)


def test_every_attempt_has_a_token_of_its_own(world: World) -> None:
    arn = world.start(
        machine(("T", wait_for_token(TimeoutSeconds=10, Retry=[{"ErrorEquals": ALL, "IntervalSeconds": 1}])))
    )
    world.clock.advance(12)
    first, second = world.tokens
    with pytest.raises(ApiError, match="TaskTimedOut"):
        world.engine.send_task_success(first, "old")
    world.engine.send_task_success(second, "new")
    world.clock.advance(0)
    assert world.engine.execution(arn).output == '"new"'


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout"])
def test_a_missed_heartbeat_fails_the_task_under_either_name(world: World, name: str) -> None:
    state = wait_for_token(
        HeartbeatSeconds=10, TimeoutSeconds=600, Catch=[{"ErrorEquals": [name], "Next": "C"}], Next="C"
    )
    arn = world.start(machine(("T", state), ("C", {"Type": "Pass"})))
    for _ in range(3):
        world.clock.advance(9)
        world.engine.send_task_heartbeat(world.tokens[0])
    world.clock.advance(9)
    assert world.engine.execution(arn).status == "RUNNING"
    world.clock.advance(1)
    assert world.engine.execution(arn).status == "SUCCEEDED"


def test_context_shows_the_retry_count(world: World) -> None:
    world.functions["f"] = failing("E", "E")
    state = task(payload="{% {'n': $states.context.State.RetryCount} %}", Retry=[{"ErrorEquals": ALL}])
    world.run(machine(("T", state)))
    assert [event["n"] for _, event in world.events] == [0, 1, 2]


def test_a_string_payload_is_the_request_body_itself(world: World) -> None:
    state = {"Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "f", "Payload": '{"a": 1}'}}
    world.run(machine(("T", state)))
    assert world.events == [("f", {"a": 1})]


def test_a_failure_without_a_name_is_a_failure(world: World) -> None:
    arn = world.start(machine(("T", wait_for_token())))
    world.clock.advance(1)
    world.engine.send_task_failure(world.tokens[0])
    world.clock.advance(0)
    run = world.engine.execution(arn)
    assert (run.status, run.error, run.cause) == ("FAILED", None, None)
