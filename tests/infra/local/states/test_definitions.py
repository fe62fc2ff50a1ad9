"""A definition that cannot run is refused when it is created, with the place of every fault."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from sandbox.states.check import check_definition
from sandbox.states.resources import ResourceTable

from tests.infra.local.states.world import AWAIT, inner, machine, task

Change = Callable[[dict[str, Any]], Any]

RESOURCES = ResourceTable(
    {"lambda": lambda call: None, "lambda:invoke": lambda call: None, "aws-sdk:*": lambda call: None}
)
GOOD = machine(
    ("A", {"Type": "Pass", "Assign": {"x": 1}}),
    (
        "T",
        task(
            Retry=[{"ErrorEquals": ["E"]}, {"ErrorEquals": ["States.ALL"]}],
            Catch=[{"ErrorEquals": ["States.ALL"], "Next": "S"}],
        ),
    ),
    ("C", {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "W"}], "Default": "A"}),
    ("W", {"Type": "Wait", "Seconds": 1}),
    ("P", {"Type": "Parallel", "Branches": [inner(("B", {"Type": "Pass"}))]}),
    ("M", {"Type": "Map", "ItemProcessor": inner(("I", {"Type": "Pass"}))}),
    ("S", {"Type": "Succeed"}),
)


def faults(definition: Any, kind: str = "STANDARD") -> list[str]:
    return [str(found) for found in check_definition(json.dumps(definition), RESOURCES, kind)]


def changed(change: Change) -> dict[str, Any]:
    definition = copy.deepcopy(GOOD)
    change(definition)
    return definition


def state(name: str, **fields: Any) -> Change:
    """The change that gives state `name` these fields."""
    return lambda definition: definition["States"][name].update(fields)


def without(name: str, field: str) -> Change:
    return lambda definition: definition["States"][name].pop(field)


def test_a_good_definition_has_no_fault() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("StartAt"), "These fields are required: [StartAt] at /"),
        (lambda d: d.update(StartAt="Z"), "Missing 'StartAt' target: Z at /StartAt"),
        (lambda d: d.update(QueryLanguage="Cobol"), "QueryLanguage must be one of: [JSONPath, JSONata]"),
        (lambda d: d.update(Extra=1), "The field 'Extra' is not supported at /Extra"),
        (lambda d: d.update(TimeoutSeconds=0), "TimeoutSeconds must be a positive integer"),
        (lambda d: d["States"].update(Z={"Type": "Succeed"}), '"Z" is not reachable. at /States/Z'),
        (state("A", Next="Z"), "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/A/Next"),
        (state("A", End=True), "exactly one of the fields: [Next, End] at /States/A"),
        (without("A", "Next"), "exactly one of the fields: [Next, End] at /States/A"),
        (state("A", Type="Pause"), "Type must be one of"),
        (state("A", Parameters={}), "'Parameters' is not supported in a Pass state whose QueryLanguage"),
        (state("A", Output="{% 1 + %}"), "cannot be parsed"),
        (state("A", Output={"a": ["{% ( %}"]}), "at /States/A/Output/a[0]"),
        (state("A", Output="{% 1"), "must end with '%}'"),
        (state("A", Assign={"states": 1}), "'states' is not a valid variable name"),
        (state("A", Assign={"1x": 1}), "'1x' is not a valid variable name"),
        (without("T", "Resource"), "These fields are required: [Resource] at /States/T"),
        (state("T", Resource="arn:aws:states:::sqs:sendMessage"), "is not recognized"),
        (state("T", Resource="${FunctionArn}"), "The resource provided ${FunctionArn} is not recognized"),
        (state("T", TimeoutSeconds=5, HeartbeatSeconds=5), "HeartbeatSeconds must be smaller than TimeoutSeconds"),
        (state("T", TimeoutSeconds=0), "TimeoutSeconds must be an integer of at least 1"),
        (state("T", Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]), "States.ALL must appear alone"),
        (state("T", Retry=[{"ErrorEquals": ["States.ALL", "E"]}]), "States.ALL must appear alone"),
        (state("T", Retry=[{"ErrorEquals": []}]), "ErrorEquals must be a non-empty array"),
        (state("T", Retry=[{"ErrorEquals": ["E"], "BackoffRate": 0.5}]), "BackoffRate must be a number of at least 1"),
        (state("T", Retry=[{"ErrorEquals": ["E"], "MaxDelaySeconds": 1}]), "MaxDelaySeconds must be greater"),
        (state("T", Retry=[{"ErrorEquals": ["E"], "JitterStrategy": "SOME"}]), "JitterStrategy must be one of"),
        (state("T", Catch=[{"ErrorEquals": ["E"], "Next": "Z"}]), "target: Z at /States/T/Catch[0]/Next"),
        (state("T", Catch=[{"ErrorEquals": ["E"], "Next": "S", "ResultPath": "$.e"}]), "The field 'ResultPath'"),
        (state("C", Choices=[]), "Choices must be a non-empty array"),
        (state("C", Choices=[{"Next": "W"}]), "These fields are required: [Condition] at /States/C/Choices[0]"),
        (state("C", Choices=[{"Variable": "$.x", "IsNull": True, "Next": "W"}]), "The field 'IsNull' is not supported"),
        (state("C", Next="S"), "The field 'Next' is not supported in a Choice state"),
        (state("W", Timestamp="2026-01-01T00:00:00Z"), "exactly one of the fields: [Seconds, Timestamp]"),
        (state("W", Seconds=-1), "Seconds must be an integer of at least 0"),
        (state("W", Seconds=1.5), "Seconds must be an integer of at least 0"),
        (state("P", Branches=[]), "Branches must be a non-empty array"),
        (state("P", Branches=[inner(("A", {"Type": "Pass"}))]), "DUPLICATE_STATE_NAME: Duplicate State name: A"),
        (state("P", Branches=[inner(("B", {"Type": "Pass", "Assign": {"x": 2}}))]), "'x' is assigned in an outer"),
        (state("M", ItemProcessor={"StartAt": "I"}), "required: [States] at /States/M/ItemProcessor"),
        (state("M", ItemReader={}), "The field 'ItemReader' is not supported by this interpreter"),
        (state("M", Items=3), "Items must be an array or a JSONata expression"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place(change: Change, said: str) -> None:
    found = faults(changed(change))
    assert any(said in fault for fault in found), found


def test_every_fault_is_told_at_once() -> None:
    found = faults(changed(lambda d: (state("A", Type="Pause")(d), state("W", Seconds=-1)(d))))
    assert len(found) == 2


def test_a_machine_must_be_able_to_end() -> None:
    definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}
    assert faults(definition) == ["SCHEMA_VALIDATION_FAILED: No terminal state can be reached from StartAt at /"]


def test_an_express_machine_cannot_wait_for_tokens() -> None:
    waiting = machine(("T", task(Resource=AWAIT)))
    assert faults(waiting) == []
    assert "Express state machine does not support '.waitForTaskToken'" in faults(waiting, "EXPRESS")[0]


def test_a_variable_assigned_only_after_a_branch_may_be_assigned_inside_it() -> None:
    branch = inner(("B", {"Type": "Pass", "Assign": {"y": 1}}))
    after = machine(("P", {"Type": "Parallel", "Branches": [branch]}), ("A", {"Type": "Pass", "Assign": {"y": 2}}))
    assert faults(after) == []


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '"x"', "null"])
def test_what_is_no_json_object_is_no_definition(text: str) -> None:
    assert check_definition(text, RESOURCES) != []
