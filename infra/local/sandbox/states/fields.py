"""Which fields a state may have, and what each must look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sandbox.states.definition import processor_field
from sandbox.states.expressions import is_expression, parse_error, source_of

_ANY = {"Type", "Comment", "QueryLanguage"}
_FLOW = {"Next", "End"}
_RESCUE = {"Retry", "Catch"}
_LIMITS = {"TimeoutSeconds", "HeartbeatSeconds"}
_MAP = {"ItemProcessor", "MaxConcurrency", "ToleratedFailurePercentage", "ToleratedFailureCount", "Label"}

# https://states-language.net/spec.html#state-type-table
NEUTRAL: dict[str, set[str]] = {
    "Pass": _ANY | _FLOW,
    "Task": _ANY | _FLOW | _RESCUE | _LIMITS | {"Resource", "Credentials"},
    "Choice": _ANY | {"Choices", "Default"},
    "Wait": _ANY | _FLOW | {"Seconds", "Timestamp"},
    "Succeed": _ANY,
    "Fail": _ANY | {"Error", "Cause"},
    "Parallel": _ANY | _FLOW | _RESCUE | {"Branches"},
    "Map": _ANY | _FLOW | _RESCUE | _MAP,
}
_JSONATA: dict[str, set[str]] = {
    "Pass": {"Output", "Assign"},
    "Task": {"Arguments", "Output", "Assign"},
    "Choice": {"Output", "Assign"},
    "Wait": {"Output", "Assign"},
    "Succeed": {"Output"},
    "Fail": set(),
    "Parallel": {"Arguments", "Output", "Assign"},
    "Map": {"Items", "ItemSelector", "Output", "Assign"},
}
_REQUIRED: dict[str, set[str]] = {
    "Task": {"Resource"}, "Choice": {"Choices"}, "Parallel": {"Branches"},
}  # fmt: skip
# Fields whose strings may be JSONata; in all others `{% %}` is an error.
EVALUATED = {
    "Output", "Assign", "Arguments", "Items", "ItemSelector", "Condition", "Seconds", "Timestamp", "Error", "Cause",
    "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency", "ToleratedFailurePercentage", "ToleratedFailureCount",
    "Credentials",
}  # fmt: skip
# Of AWS's language, but not of this interpreter.
UNSUPPORTED = {"ItemReader", "ItemBatcher", "ResultWriter"}

_IDENTIFIER = re.compile(r"[^\W\d]\w{0,79}")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

Finding = tuple[str, str]  # (message, path inside the state)


def allowed(kind: str) -> set[str]:
    """The fields of a JSONata state of this kind."""
    return NEUTRAL[kind] | _JSONATA[kind]


def check_fields(state: dict[str, Any], kind: str) -> Iterator[Finding]:
    """What is wrong with the fields of one JSONata state, each by itself."""
    for name in sorted(state):
        if name in UNSUPPORTED:
            yield f"The field '{name}' is not supported by this interpreter", f"/{name}"
        elif name not in allowed(kind):
            yield f"The field '{name}' is not supported in a {kind} state whose QueryLanguage is JSONata", f"/{name}"
    yield from missing_fields(state, kind)
    for name in sorted(EVALUATED & set(state)):
        yield from check_template(state[name], f"/{name}")
    yield from check_assign(state.get("Assign", {}), "/Assign")
    yield from check_values(state, kind)
    for index, rule in enumerate(state.get("Choices", ())):
        yield from _check_rule(rule, f"/Choices[{index}]")


def missing_fields(state: dict[str, Any], kind: str) -> Iterator[Finding]:
    """The required fields that the state lacks."""
    required = {processor_field(state)} if kind == "Map" else _REQUIRED.get(kind, set())
    if missing := sorted(required - set(state)):
        yield f"These fields are required: [{', '.join(missing)}]", ""


def check_template(value: Any, path: str) -> Iterator[Finding]:
    """Every JSONata string inside `value` must parse."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from check_template(item, f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from check_template(item, f"{path}[{index}]")
    elif is_expression(value):
        if problem := parse_error(source_of(value)):
            yield f"The JSONata expression '{source_of(value)}' cannot be parsed: {problem}", path
    elif isinstance(value, str) and value.startswith("{%"):
        yield "A JSONata expression must end with '%}'", path


def check_assign(assign: Any, path: str) -> Iterator[Finding]:
    """Variable names are identifiers, and `states` is taken."""
    if not isinstance(assign, dict):
        yield "Assign must be an object", path
        return
    for name in assign:
        if name == "states" or not _IDENTIFIER.fullmatch(name):
            yield f"'{name}' is not a valid variable name", f"{path}/{name}"


def _check_rule(rule: Any, path: str) -> Iterator[Finding]:
    if not isinstance(rule, dict):
        yield "A Choice rule must be an object", path
        return
    for name in sorted(set(rule) - {"Condition", "Next", "Assign", "Output", "Comment"}):
        yield f"The field '{name}' is not supported in a Choice rule whose QueryLanguage is JSONata", f"{path}/{name}"
    missing = sorted({"Condition", "Next"} - set(rule))
    if missing:
        yield f"These fields are required: [{', '.join(missing)}]", path
    condition = rule.get("Condition", True)
    if not isinstance(condition, bool) and not is_expression(condition):
        yield "Condition must be a JSONata expression or a boolean", f"{path}/Condition"
    for name in ("Condition", "Output", "Assign"):
        yield from check_template(rule.get(name), f"{path}/{name}")
    yield from check_assign(rule.get("Assign", {}), f"{path}/Assign")


def check_values(state: dict[str, Any], kind: str) -> Iterator[Finding]:
    """Numbers, texts and arrays must be such, or an expression for one."""
    bounds = {
        "TimeoutSeconds": 1, "HeartbeatSeconds": 1, "Seconds": 0, "MaxConcurrency": 0,
        "ToleratedFailureCount": 0,
    }  # fmt: skip
    for name, low in bounds.items():
        value = state.get(name, low)
        if not is_expression(value) and (isinstance(value, bool) or not isinstance(value, int) or value < low):
            yield f"{name} must be an integer of at least {low} or a JSONata expression", f"/{name}"
    share = state.get("ToleratedFailurePercentage", 0)
    if not is_expression(share) and not (isinstance(share, (int, float)) and 0 <= share <= 100):
        yield "ToleratedFailurePercentage must be from 0 to 100", "/ToleratedFailurePercentage"
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, (int, float)) and isinstance(heartbeat, (int, float)) and heartbeat >= timeout:
        yield "HeartbeatSeconds must be smaller than TimeoutSeconds", "/HeartbeatSeconds"
    if kind == "Wait":
        yield from _check_wait(state)
    if kind == "Choice" and not (isinstance(state.get("Choices", [0]), list) and state.get("Choices", [0])):
        yield "Choices must be a non-empty array", "/Choices"
    items = state.get("Items", [])
    if not isinstance(items, list) and not is_expression(items):
        yield "Items must be an array or a JSONata expression", "/Items"
    for name in ("Error", "Cause"):
        if not isinstance(state.get(name, ""), str):
            yield f"{name} must be a string", f"/{name}"


def _check_wait(state: dict[str, Any]) -> Iterator[Finding]:
    if len({"Seconds", "Timestamp", "SecondsPath", "TimestampPath"} & set(state)) != 1:
        yield "A Wait state must have exactly one of the fields: [Seconds, Timestamp]", ""
    timestamp = state.get("Timestamp")
    if timestamp is not None and not is_expression(timestamp) and not is_timestamp(timestamp):
        yield "String does not match RFC3339 timestamp", "/Timestamp"


def is_timestamp(text: Any) -> bool:
    """Is `text` an instant in RFC 3339's form."""
    if not isinstance(text, str) or not _TIMESTAMP.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return False
    return True
