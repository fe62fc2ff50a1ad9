"""The data flow of JSONPath states: InputPath, Parameters, ResultSelector, ResultPath, OutputPath, Assign."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.states.errors import RUNTIME, StateError
from sandbox.states.intrinsics import IntrinsicError, evaluate, parse_call
from sandbox.states.paths import PathError, parse_path, put

INTRINSIC = "States.IntrinsicFailure"
RESULT = "States.ResultPathMatchFailure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the paths of one state see."""

    context: dict[str, Any]
    variables: Mapping[str, Any]
    rng: random.Random
    ids: Callable[[], str]

    def find(self, path: str, data: Any) -> Any:
        """The value of `path` in `data`, the context object (`$$`) or a variable (`$name`). Raises PathError."""
        parsed = parse_path(path)
        if parsed.root == "$":
            return parsed.find(data)
        if parsed.root == "$$":
            return parsed.find(self.context)
        name = parsed.root[1:]
        if name not in self.variables:
            raise PathError(f"Variable '{name}' is not defined")
        return parsed.find(self.variables[name])

    def field(self, path: str | None, data: Any, field: str) -> Any:
        """The value of a field that is a path; null stands for an empty object. Raises StateError."""
        if path is None:
            return {}
        try:
            return self.find(path, data)
        except PathError as error:
            raise StateError(RUNTIME, f"Invalid path '{path}' in '{field}': {error}") from error

    def fill(self, template: Any, data: Any) -> Any:
        """A payload template with its `.$` fields filled. Raises StateError."""
        if isinstance(template, list):
            return [self.fill(item, data) for item in template]
        if not isinstance(template, dict):
            return template
        return dict(self._entry(key, value, data) for key, value in template.items())

    def _entry(self, key: str, value: Any, data: Any) -> tuple[str, Any]:
        if not key.endswith(".$"):
            return key, self.fill(value, data)
        try:
            if value.startswith("States."):
                return key[:-2], evaluate(parse_call(value), lambda path: self.find(path, data), self.rng, self.ids)
            return key[:-2], self.find(value, data)
        except PathError as error:
            cause = f"The JSONPath '{value}' specified for the field '{key}' could not be found in the input: {error}"
            raise StateError(RUNTIME, cause) from error
        except IntrinsicError as error:
            raise StateError(INTRINSIC, f"The function '{value}' failed: {error}") from error


def effective(scope: Scope, state: Mapping[str, Any], data: Any) -> Any:
    """What the state works on: its input through InputPath and Parameters."""
    chosen = scope.field(state.get("InputPath", "$"), data, "InputPath")
    return scope.fill(state["Parameters"], chosen) if "Parameters" in state else chosen


def placed(scope: Scope, spec: Mapping[str, Any], data: Any, result: Any) -> Any:
    """The state's input with `result` put where ResultPath says; null discards it. Raises StateError."""
    selected = scope.fill(spec["ResultSelector"], result) if "ResultSelector" in spec else result
    where = spec.get("ResultPath", "$")
    if where is None:
        return data
    try:
        return put(data, parse_path(where), selected)
    except PathError as error:
        raise StateError(RESULT, f"Unable to apply ResultPath '{where}': {error}") from error


def shaped(
    scope: Scope,
    state: Mapping[str, Any],
    spec: Mapping[str, Any],
    data: Any,
    states: Mapping[str, Any],
) -> tuple[Any, dict[str, Any]]:
    """(output, assigned) of a state that is left; `spec` is the state, a Choice rule or a Catcher. Raises StateError.

    `states` holds the `result` of a Task, Parallel or Map, or the `errorOutput` of a caught failure.
    """
    if "errorOutput" in states:
        error = states["errorOutput"]
        return placed(scope, {"ResultPath": spec.get("ResultPath", "$")}, data, error), _assigned(scope, spec, error)
    if state["Type"] == "Pass":
        result = effective(scope, state, data)
        result = state.get("Result", result)
        output, seen = placed(scope, state, data, result), result
    elif "result" in states:
        result = states["result"]
        output, seen = placed(scope, state, data, result), result
    else:
        output = seen = scope.field(state.get("InputPath", "$"), data, "InputPath")
    return scope.field(state.get("OutputPath", "$"), output, "OutputPath"), _assigned(scope, spec, seen)


def _assigned(scope: Scope, spec: Mapping[str, Any], seen: Any) -> dict[str, Any]:
    filled: dict[str, Any] = scope.fill(spec.get("Assign", {}), seen)
    return filled
