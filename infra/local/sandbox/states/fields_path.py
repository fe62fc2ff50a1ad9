"""Which fields a JSONPath state may have, and what each must look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.states.comparisons import OPERATORS
from sandbox.states.fields import NEUTRAL, Finding, check_assign, check_values, missing_fields
from sandbox.states.intrinsics import IntrinsicError, parse_call
from sandbox.states.paths import PathError, parse_path

_INOUT = {"InputPath", "OutputPath"}
_RESULT = {"Parameters", "ResultPath", "ResultSelector", "Assign"}
_TOLERATED = {"ToleratedFailureCountPath", "ToleratedFailurePercentagePath"}

_OWN: dict[str, set[str]] = {
    "Pass": _INOUT | {"Parameters", "Result", "ResultPath", "Assign"},
    "Task": _INOUT | _RESULT | {"TimeoutSecondsPath", "HeartbeatSecondsPath"},
    "Choice": _INOUT | {"Assign"},
    "Wait": _INOUT | {"SecondsPath", "TimestampPath", "Assign"},
    "Succeed": _INOUT,
    "Fail": {"ErrorPath", "CausePath"},
    "Parallel": _INOUT | _RESULT,
    "Map": _INOUT | _RESULT | _TOLERATED | {"ItemsPath", "ItemSelector", "Iterator", "MaxConcurrencyPath"},
}
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign")


def check_path_fields(state: dict[str, Any], kind: str) -> Iterator[Finding]:
    """What is wrong with the fields of one JSONPath state, each by itself."""
    for name in sorted(set(state) - NEUTRAL[kind] - _OWN[kind]):
        yield f"The field '{name}' is not supported in a {kind} state whose QueryLanguage is JSONPath", f"/{name}"
    yield from missing_fields(state, kind)
    for name in sorted(name for name in state if name.endswith("Path")):
        yield from _check_path(state[name], name, f"/{name}")
    for name in _TEMPLATES:
        yield from _check_payload(state.get(name), f"/{name}")
    yield from check_assign({name.removesuffix(".$"): None for name in state.get("Assign", {})}, "/Assign")
    yield from check_values(state, kind)
    for index, rule in enumerate(state.get("Choices", ())):
        yield from _check_rule(rule, f"/Choices[{index}]", top=True)


def _check_path(path: Any, name: str, where: str) -> Iterator[Finding]:
    if path is None:
        return
    if isinstance(path, str) and path.startswith("States.") and name in ("ErrorPath", "CausePath"):
        if not _is_call(path):
            yield f"The value for the field '{name}' must be a valid intrinsic function call", where
    elif not _is_path(path):
        yield f"The value for the field '{name}' must be a valid JSONPath", where


def _is_path(path: Any) -> bool:
    try:
        parse_path(path)
    except (PathError, TypeError):
        return False
    return True


def _is_call(text: str) -> bool:
    try:
        parse_call(text)
    except IntrinsicError:
        return False
    return True


def _check_payload(template: Any, where: str) -> Iterator[Finding]:
    if isinstance(template, list):
        for item in template:
            yield from _check_payload(item, where)
    elif isinstance(template, dict):
        for key, value in template.items():
            if not key.endswith(".$"):
                yield from _check_payload(value, where)
            elif not isinstance(value, str) or not (
                _is_call(value) if value.startswith("States.") else _is_path(value)
            ):
                yield (
                    f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call",
                    where,
                )


def _check_rule(rule: Any, where: str, *, top: bool) -> Iterator[Finding]:
    if not isinstance(rule, dict):
        yield "A Choice rule must be an object", where
        return
    if top and "Next" not in rule:
        yield "These fields are required: [Next]", where
    kinds = [name for name in rule if name in ("And", "Or", "Not") or OPERATORS.fullmatch(name)]
    known = {"Variable", "Comment", *kinds} | ({"Next", "Assign"} if top else set())
    for name in sorted(set(rule) - known):
        yield f"The field '{name}' is not supported in a Choice rule whose QueryLanguage is JSONPath", f"{where}/{name}"
    if len(kinds) != 1:
        yield "A Choice rule must have exactly one comparison", where
    elif kinds[0] in ("And", "Or", "Not"):
        inner = rule[kinds[0]]
        for part in inner if isinstance(inner, list) else [inner]:
            yield from _check_rule(part, f"{where}/{kinds[0]}", top=False)
    elif not _is_path(rule.get("Variable")):
        yield "The value for the field 'Variable' must be a valid JSONPath", f"{where}/Variable"
