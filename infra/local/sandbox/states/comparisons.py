"""Choice rules of JSONPath states: And, Or, Not, and the comparisons of a Variable."""

# Source: https://states-language.net/spec.html#choice-state

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.states.fields import is_timestamp
from sandbox.states.paths import PathError

Find = Callable[[str], Any]

_COMPARISON = re.compile(
    r"(String|Numeric|Boolean|Timestamp)(Equals|LessThanEquals|GreaterThanEquals|LessThan|GreaterThan|Matches)(Path)?"
)
_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": is_timestamp,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda one, other: bool(one == other),
    "LessThan": lambda one, other: bool(one < other),
    "LessThanEquals": lambda one, other: bool(one <= other),
    "GreaterThan": lambda one, other: bool(one > other),
    "GreaterThanEquals": lambda one, other: bool(one >= other),
}
OPERATORS = re.compile(f"{_COMPARISON.pattern}|{'|'.join(_TESTS)}|IsPresent")


def holds(rule: dict[str, Any], find: Find) -> bool:
    """Is the rule true; `find` gives the value of a path. Raises PathError for a path without a value."""
    if "And" in rule:
        return all(holds(inner, find) for inner in rule["And"])
    if "Or" in rule:
        return any(holds(inner, find) for inner in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], find)
    operator = next(name for name in rule if OPERATORS.fullmatch(name))
    if operator == "IsPresent":
        return _present(rule["Variable"], find) is rule[operator]
    value = find(rule["Variable"])
    if operator in _TESTS:
        return _TESTS[operator](value) is rule[operator]
    return _compare(operator, value, rule[operator], find)


def _present(path: str, find: Find) -> bool:
    try:
        find(path)
    except PathError:
        return False
    return True


def _compare(operator: str, value: Any, other: Any, find: Find) -> bool:
    match = _COMPARISON.fullmatch(operator)
    if match is None:
        raise PathError(f"'{operator}' is no comparison")
    kind, how, by_path = match.groups()
    if by_path:
        other = find(other)
    test = _TESTS[f"Is{kind}"]
    if not (test(value) and test(other)):
        return False
    if how == "Matches":
        # Only * is special, and \* is a star.
        pattern = re.sub(r"[\[\]?]", lambda special: f"[{special.group()}]", other)
        return fnmatch.fnmatchcase(value, pattern.replace("\\*", "[*]").replace("\\\\", "\\"))
    if kind == "Timestamp":
        value, other = (datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)) for text in (value, other))
    return _ORDER[how](value, other)
