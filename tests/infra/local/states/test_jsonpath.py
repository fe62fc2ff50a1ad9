"""JSONPath states: where their fields find values, and what they make of them."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox.states.comparisons import holds
from sandbox.states.errors import ApiError
from sandbox.states.paths import PathError, parse_path, put

from tests.infra.local.states.world import INVOKE, World, failing

DATA = {"a": {"b": [1, 2, {"c": 3}]}, "list": [{"n": 1, "k": "x"}, {"n": 2, "k": "y"}], "odd key": 5}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DATA),
        ("$.a.b[0]", 1),
        ("$.a.b[-1].c", 3),
        ("$['odd key']", 5),
        ('$["a"]["b"][1]', 2),
        ("$.list[*].n", [1, 2]),
        ("$.list[1:].k", ["y"]),
        ("$.list[?(@.n == 2)].k", ["y"]),
        ("$.list[?(@.k == 'x')].n", [1]),
        ("$.list[?(@.n > 1)].n", [2]),
        ("$.list[?(@.none)]", []),
        ("$..n", [1, 2]),
    ],
)
def test_a_path_finds_its_value(path: str, value: Any) -> None:
    assert parse_path(path).find(DATA) == value


@pytest.mark.parametrize("path", ["$.none", "$.a.b[9]", "$.a.c.d"])
def test_a_path_to_nothing_is_an_error(path: str) -> None:
    with pytest.raises(PathError):
        parse_path(path).find(DATA)


@pytest.mark.parametrize("path", ["a.b", "$.", "$.a[", "$[?(@.n == nonsense)]", "$ .a"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        parse_path(path)


def test_a_value_is_put_beside_what_is_there_and_the_original_stays() -> None:
    before = {"a": {"b": 1}}
    assert put(before, parse_path("$.a.c.d"), 2) == {"a": {"b": 1, "c": {"d": 2}}}
    assert before == {"a": {"b": 1}}
    with pytest.raises(PathError):
        put({"a": 1}, parse_path("$.a.b"), 2)


@pytest.mark.parametrize(
    ("rule", "true"),
    [
        ({"Variable": "$.n", "NumericEquals": 1}, True),
        ({"Variable": "$.n", "NumericGreaterThanPath": "$.m"}, False),
        ({"Variable": "$.s", "StringMatches": "INC-*"}, True),
        ({"Variable": "$.s", "StringMatches": "INC-?"}, False),
        ({"Variable": "$.t", "TimestampLessThan": "2026-01-01T00:00:01Z"}, True),
        ({"Variable": "$.none", "IsPresent": False}, True),
        ({"Variable": "$.s", "NumericEquals": 1}, False),
        ({"And": [{"Variable": "$.n", "IsNumeric": True}, {"Not": {"Variable": "$.s", "IsNull": True}}]}, True),
        ({"Or": [{"Variable": "$.n", "IsNull": True}, {"Variable": "$.s", "StringEquals": "no"}]}, False),
    ],
)
def test_choice_rules(rule: dict[str, Any], true: bool) -> None:
    data = {"n": 1, "m": 2, "s": "INC-1", "t": "2026-01-01T00:00:00Z"}
    assert holds(rule, lambda path: parse_path(path).find(data)) is true


def machine(*states: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"StartAt": states[0][0], "States": dict(states)}


def test_a_task_picks_shapes_and_places(world: World) -> None:
    state = {
        "Type": "Task",
        "Resource": INVOKE,
        "InputPath": "$.in",
        "Parameters": {"FunctionName": "f", "Payload": {"n.$": "$.n", "who.$": "$$.Execution.Name", "v.$": "$v"}},
        "ResultSelector": {"got.$": "$.Payload.n"},
        "ResultPath": "$.result",
        "OutputPath": "$.result",
        "End": True,
    }
    first = {"Type": "Pass", "Assign": {"v.$": "$.in.n"}, "Next": "T"}
    assert world.output(machine(("A", first), ("T", state)), {"in": {"n": 4}}) == {"got": 4}
    assert world.events[0][1]["v"] == 4


def test_a_caught_error_is_put_at_the_result_path(world: World) -> None:
    world.functions["f"] = failing("E")
    catch = [{"ErrorEquals": ["E"], "ResultPath": "$.error", "Next": "C"}]
    state = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}, "Catch": catch, "End": True}
    definition = machine(("T", state), ("C", {"Type": "Pass", "End": True}))
    assert world.output(definition, {"k": 1}) == {"k": 1, "error": {"Error": "E", "Cause": "E it was"}}


@pytest.mark.parametrize("value", ["$.", "States.Nonsense()", "plain", "States.Format('\\\"')"])
def test_a_template_field_must_be_a_path_or_a_function(world: World, value: str) -> None:
    with pytest.raises(ApiError, match=r"must be a valid JSONPath or a valid intrinsic function call"):
        world.start(machine(("P", {"Type": "Pass", "Parameters": {"x.$": value}, "End": True})))


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("States.Format('{} of \\{\\}', $.n)", "3 of {}"),
        ("States.ArrayGetItem(States.Array(1, 'b', null), 1)", "b"),
        ("States.JsonMerge($.one, $.two, false)", {"a": 1, "b": 2}),
        ("States.StringSplit('a,b;c', ',;')", ["a", "b", "c"]),
        ("States.ArrayUnique($.many)", [1, True, 2]),
        ("States.Base64Decode(States.Base64Encode('text'))", "text"),
        ("States.MathAdd($.n, -1)", 2),
    ],
)
def test_intrinsic_functions(world: World, call: str, value: Any) -> None:
    data = {"n": 3, "one": {"a": 1}, "two": {"b": 2}, "many": [1, True, 2, 1]}
    definition = machine(("P", {"Type": "Pass", "Parameters": {"x.$": call}, "End": True}))
    assert world.output(definition, data) == {"x": value}


def test_a_function_that_cannot_take_its_arguments_fails_the_state(world: World) -> None:
    state = {"Type": "Pass", "Parameters": {"x.$": "States.ArrayGetItem($.n, 0)"}, "End": True}
    assert world.run(machine(("P", state)), {"n": 3}).error == "States.IntrinsicFailure"
