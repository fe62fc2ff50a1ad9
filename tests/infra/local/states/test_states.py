"""What each kind of state does, one rule a test."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.infra.local.states.world import World, inner, machine, task


def test_a_pass_state_without_output_hands_its_input_on(world: World) -> None:
    assert world.output(machine(("A", {"Type": "Pass"})), {"x": [1, None]}) == {"x": [1, None]}


def test_output_is_a_template_whose_expressions_alone_are_evaluated(world: World) -> None:
    state = {
        "Type": "Pass",
        "Output": {"a": "{% $states.input.x + 1 %}", "b": ["{% $states.input %}", "plain {% 1 %}"]},
    }
    assert world.output(machine(("A", state)), {"x": 1}) == {"a": 2, "b": [{"x": 1}, "plain {% 1 %}"]}


def test_output_sees_variables_as_they_were_before_assign(world: World) -> None:
    states = (
        ("A", {"Type": "Pass", "Assign": {"n": 1}}),
        ("B", {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}"}),
        ("C", {"Type": "Pass", "Output": {"before": "{% $states.input %}", "after": "{% $n %}"}}),
    )
    assert world.output(machine(*states)) == {"before": 1, "after": 2}


def test_a_null_variable_is_null_and_not_missing(world: World) -> None:
    states = (
        ("A", {"Type": "Pass", "Assign": {"n": None}}),
        ("B", {"Type": "Pass", "Output": {"n": "{% $n %}", "there": "{% $exists($n) %}"}}),
    )
    assert world.output(machine(*states)) == {"n": None, "there": True}


def test_an_expression_without_a_value_fails_the_execution_and_names_the_field(world: World) -> None:
    run = world.run(machine(("A", {"Type": "Pass", "Output": {"deep": "{% $nowhere %}"}})))
    assert (run.status, run.error) == ("FAILED", "States.QueryEvaluationError")
    assert run.cause is not None
    assert "'Output/deep' returned nothing (undefined)" in run.cause
    assert "EvaluationFailed" in world.types(run.arn)


@pytest.mark.parametrize("source", ["1 + 'a'", "$number('x')", "$error('no')", "$eval('1')", "$f := function($x){$x}"])
def test_an_expression_that_fails_or_is_no_json_is_a_query_evaluation_error(world: World, source: str) -> None:
    run = world.run(machine(("A", {"Type": "Pass", "Output": f"{{% {source} %}}"})))
    assert run.error == "States.QueryEvaluationError"


@pytest.mark.parametrize(
    "source", ["($f := function($n){ $f($n) }; $f(1))", "($f := function($n){ 1 + $f($n) }; $f(1))"]
)
def test_an_expression_that_never_ends_is_stopped(world: World, source: str) -> None:
    assert (
        world.run(machine(("A", {"Type": "Pass", "Output": f"{{% {source} %}}"}))).error
        == "States.QueryEvaluationError"
    )


def test_a_choice_takes_the_first_true_rule_with_its_own_output_and_assign(world: World) -> None:
    rules = [
        {"Condition": "{% $states.input.n > 5 %}", "Next": "End", "Output": "big", "Assign": {"by": "rule 0"}},
        {"Condition": "{% $states.input.n > 1 %}", "Next": "End", "Output": "some", "Assign": {"by": "rule 1"}},
    ]
    choice = {"Type": "Choice", "Choices": rules, "Default": "End", "Output": "few", "Assign": {"by": "default"}}
    definition = machine(("C", choice), ("End", {"Type": "Pass", "Output": "{% [$states.input, $by] %}"}))
    assert world.output(definition, {"n": 9}) == ["big", "rule 0"]
    assert world.output(definition, {"n": 2}) == ["some", "rule 1"]
    assert world.output(definition, {"n": 0}) == ["few", "default"]


def test_a_choice_with_no_true_rule_and_no_default_fails(world: World) -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "End"}]}
    assert world.run(machine(("C", choice), ("End", {"Type": "Succeed"}))).error == "States.NoChoiceMatched"


def test_a_condition_must_be_true_or_false(world: World) -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "End"}], "Default": "End"}
    run = world.run(machine(("C", choice), ("End", {"Type": "Succeed"})))
    assert run.error == "States.QueryEvaluationError"
    assert run.cause is not None
    assert "Expected 'boolean', but was 'number'" in run.cause


@pytest.mark.parametrize(
    ("field", "value", "seconds"),
    [
        ("Seconds", 90, 90),
        ("Seconds", "{% $states.input.s %}", 30),
        ("Timestamp", "2026-01-01T00:01:00Z", 60),
        ("Timestamp", "{% $states.input.t %}", 3600),
        ("Timestamp", "2000-01-01T00:00:00Z", 0),
    ],
)
def test_a_wait_lasts_until_its_instant(world: World, field: str, value: Any, seconds: int) -> None:
    begun = world.clock.now()
    run = world.run(machine(("W", {"Type": "Wait", field: value})), {"s": 30, "t": "2026-01-01T02:00:00+01:00"})
    assert run.status == "SUCCEEDED"
    assert run.stopped == begun + seconds


def test_a_year_of_waiting_ends_on_the_second(world: World) -> None:
    arn = world.start(machine(("W", {"Type": "Wait", "Seconds": 31_536_000})))
    world.clock.advance(31_535_999)
    assert world.engine.execution(arn).status == "RUNNING"
    world.clock.advance(1)
    assert world.engine.execution(arn).status == "SUCCEEDED"


def test_timers_of_many_executions_fire_in_order(world: World) -> None:
    definition = machine(("W", {"Type": "Wait", "Seconds": "{% $states.input %}"}))
    arn = world.engine.create_state_machine("waits", definition)
    for seconds in (30, 10, 20):
        world.engine.start_execution(arn, seconds, f"after-{seconds}")
    world.clock.advance(100)
    ended = [name for name, status in world.statuses if status == "SUCCEEDED"]
    assert ended == ["after-10", "after-20", "after-30"]


def test_a_fail_state_computes_its_error_and_cause(world: World) -> None:
    state = {"Type": "Fail", "Error": "{% 'E' & $states.input.n %}", "Cause": "{% $states.input.why %}"}
    run = world.run(machine(("F", state)), {"n": 7, "why": "because"})
    assert (run.status, run.error, run.cause) == ("FAILED", "E7", "because")


def test_a_succeed_state_may_have_an_output(world: World) -> None:
    assert world.output(machine(("S", {"Type": "Succeed", "Output": {"n": "{% $states.input.n %}"}})), {"n": 1}) == {
        "n": 1
    }


def test_the_context_object_says_who_runs(world: World) -> None:
    arn = world.engine.create_state_machine("ctx", machine(("A", {"Type": "Pass", "Output": "{% $states.context %}"})))
    run = world.engine.start_execution(arn, {"k": 1}, "name")
    world.clock.run_out()
    context = json.loads(world.engine.execution(run.arn).output or "")
    assert context["Execution"] == {
        "Id": run.arn, "Input": {"k": 1}, "Name": "name", "RoleArn": run.role, "StartTime": "2026-01-01T00:00:00.000Z",
        "RedriveCount": 0,
    }  # fmt: skip
    assert context["StateMachine"] == {"Id": arn, "Name": "ctx"}
    assert context["State"] == {"EnteredTime": "2026-01-01T00:00:00.000Z", "Name": "A"}


def test_now_and_millis_read_the_engines_clock(world: World) -> None:
    states = (
        ("W", {"Type": "Wait", "Seconds": 60}),
        ("A", {"Type": "Pass", "Output": {"now": "{% $now() %}", "ms": "{% $millis() %}", "day": "{% $now('[Y]') %}"}}),
    )
    assert world.output(machine(*states)) == {"now": "2026-01-01T00:01:00.000Z", "ms": 1767225660000, "day": "2026"}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$hash('text', 'SHA-256')", hashlib.sha256(b"text").hexdigest()),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$random(7) = $random(7)", True),
        ("$random() < 1", True),
        ("$length($uuid())", 36),
    ],
)
def test_step_functions_own_functions(world: World, source: str, value: Any) -> None:
    assert world.output(machine(("A", {"Type": "Pass", "Output": f"{{% {source} %}}"}))) == value


@pytest.mark.parametrize(
    "source", ["$partition([1], 0)", "$range(1, 2, 0)", "$hash('x', 'CRC')", "$parse('{')", "$range(1, 2000, 1)"]
)
def test_step_functions_own_functions_refuse_nonsense(world: World, source: str) -> None:
    assert (
        world.run(machine(("A", {"Type": "Pass", "Output": f"{{% {source} %}}"}))).error
        == "States.QueryEvaluationError"
    )


def test_a_payload_above_256_kib_is_refused(world: World) -> None:
    world.functions["f"] = lambda _: "x" * 262_144
    run = world.run(machine(("T", task())))
    assert (run.status, run.error) == ("FAILED", "States.DataLimitExceeded")
    grown = {"Type": "Pass", "Output": "{% $join([$states.input, $states.input]) %}"}
    assert world.run(machine(("P", grown)), "x" * 140_000).error == "States.DataLimitExceeded"


def test_the_history_ends_an_execution_that_never_would(world: World) -> None:
    definition = machine(
        ("A", {"Type": "Pass"}),
        ("C", {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "S"}], "Default": "A"}),
        ("S", {"Type": "Succeed"}),
    )
    run = world.run(definition)
    assert (run.status, run.error) == ("FAILED", "States.Runtime")
    assert len(world.history(run.arn)) in range(25_000, 25_010)


def test_a_jsonata_state_runs_in_a_machine_of_the_other_language(world: World) -> None:
    states = {"A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 + 1 %}", "End": True}}
    assert world.output({"StartAt": "A", "States": states}) == 2


def test_inner_states_see_outer_variables_and_theirs_do_not_leak(world: World) -> None:
    branch = inner(
        ("In", {"Type": "Pass", "Assign": {"mine": 2}}), ("Out", {"Type": "Pass", "Output": "{% $outer + $mine %}"})
    )
    definition = machine(
        ("A", {"Type": "Pass", "Assign": {"outer": 1}}),
        ("P", {"Type": "Parallel", "Branches": [branch]}),
        ("Z", {"Type": "Pass", "Output": {"sum": "{% $states.input %}", "leaks": "{% $exists($mine) %}"}}),
    )
    assert world.output(definition) == {"sum": [3], "leaks": False}
