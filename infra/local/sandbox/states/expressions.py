"""JSONata in a state machine: `{% ... %}` strings to values, with AWS's own functions beside the standard ones."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jsonata import Functions, JException, Jsonata, Utils

from sandbox.states.clock import Clock
from sandbox.states.errors import QueryError
from sandbox.states.functions import extras

# One evaluation may take this many steps. AWS stops a runaway expression by time; a count is the same on every machine.
STEP_BUDGET = 500_000


def is_expression(value: object) -> bool:
    """Is `value` a JSONata string: begins with `{%` and ends with `%}`, no blanks outside (ASL, "JSONata strings")."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}")


def source_of(value: str) -> str:
    """The JSONata inside the brackets."""
    return value[2:-2].strip()


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Jsonata:
    expression = Jsonata(source)
    expression.set_validate_input(False)
    expression.set_output_convert_nulls(False)
    return expression


def parse_error(source: str) -> str | None:
    """Why `source` is not JSONata, or None when it is."""
    try:
        _compiled(source)
    except (JException, ValueError, IndexError, AttributeError, RecursionError) as error:
        return str(error)
    return None


class _UnsupportedError(Exception):
    """A value that JSON cannot hold."""


def _plain(value: Any) -> Any:
    """The library's value as JSON data: its own list class, null marker and whole floats go."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _UnsupportedError
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    raise _UnsupportedError


def kind_of(value: Any) -> str:
    """The name of a JSON value's type as AWS words it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


class Evaluator:
    """Computes JSONata values; time, randomness and ids come from outside."""

    def __init__(self, clock: Clock, rng: random.Random, ids: Callable[[], str]) -> None:
        self._clock = clock
        self._functions = {name: Jsonata.JLambda(call) for name, call in extras(rng, ids, Utils.NULL_VALUE).items()}
        # $eval would run text as code; AWS does not offer it.
        self._functions["eval"] = None

    def resolve(self, template: Any, bindings: Mapping[str, Any], location: str) -> Any:
        """`template` with every JSONata string in it replaced by its value.

        Raises QueryError, naming the field by its path, for an expression that fails or has no value.
        """
        if isinstance(template, str):
            return self.evaluate(template, bindings, location) if is_expression(template) else template
        if isinstance(template, dict):
            return {key: self.resolve(item, bindings, f"{location}/{key}") for key, item in template.items()}
        if isinstance(template, list):
            return [self.resolve(item, bindings, f"{location}[{index}]") for index, item in enumerate(template)]
        return template

    def evaluate(self, text: str, bindings: Mapping[str, Any], location: str) -> Any:
        """The value of one JSONata string. Raises QueryError."""
        source = source_of(text)
        said = f"The JSONata expression '{source}' specified for the field '{location}'"
        try:
            value = _compiled(source).evaluate(None, self._environment(bindings))
        except JException as error:
            raise QueryError(f"{said} threw an error during evaluation. {error.error}: {error}", location) from error
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            # The library lets Python's own errors through for values its functions cannot take.
            raise QueryError(f"{said} threw an error during evaluation. {error}", location) from error
        if value is None:
            raise QueryError(f"{said} returned nothing (undefined).", location)
        try:
            return _plain(value)
        except _UnsupportedError:
            raise QueryError(f"{said} returned an unsupported result type.", location) from None

    def _environment(self, bindings: Mapping[str, Any]) -> dict[str, Any]:
        now = round(self._clock.now() * 1000)
        left = [STEP_BUDGET]

        def count(*_: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise JException("D1012", -1, STEP_BUDGET)

        def text_of_now(picture: str | None = None, zone: str | None = None) -> Any:
            return Functions.datetime_from_millis(now, picture, zone)

        return {
            **self._functions,
            "now": Jsonata.JLambda(text_of_now),
            "millis": Jsonata.JLambda(lambda: now),
            **{name: Utils.NULL_VALUE if value is None else value for name, value in bindings.items()},
            "__evaluate_entry": count,
        }


def wrong_type(template: Any, location: str, expected: str, value: Any) -> QueryError:
    """The error for a field whose value is not of the `expected` JSON type."""
    subject = f"The field '{location}' has an unexpected type."
    if is_expression(template):
        said = f"The JSONata expression '{source_of(template)}' specified for the field '{location}'"
        subject = f"{said} returned an unexpected result type."
    shown = json.dumps(value, ensure_ascii=False)
    return QueryError(f"{subject} Expected '{expected}', but was '{kind_of(value)}' for value: {shown}", location)
