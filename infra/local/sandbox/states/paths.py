"""JSONPath as states write it: `$.a[0]`, `$.list[*].x`, `$.list[?(@.n == 0)]`, `$$.Execution.Id`, `$variable.a`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_ROOT = re.compile(r"\$\$|\$[^\W\d]\w*|\$")
_NAME = re.compile(r"\.\.?(?:\*|[^\s.\[\]()?*@,'\"]+)")
_BRACKET = re.compile(r"\[\s*(\*|-?\d+|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*\]")
_SLICE = re.compile(r"\[\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?\]")
_FILTER = re.compile(r"\[\?\(\s*@([^\s=!<>]*)\s*(?:(==|!=|<=|>=|<|>)\s*('[^']*'|\"[^\"]*\"|[-\w.]+)\s*)?\)\]")
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}

Step = Callable[[Any], Iterator[Any]]


class PathError(Exception):
    """The text is no path, or nothing is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A parsed path: where it starts (`$`, `$$` or `$variable`), its steps, and whether it can only name one place."""

    root: str
    steps: tuple[Step, ...]
    keys: tuple[str | int, ...]
    definite: bool

    def find(self, document: Any) -> Any:
        """The value in `document`; a list of values for a path that may name many. Raises PathError."""
        found = [document]
        for step in self.steps:
            found = [inner for outer in found for inner in step(outer)]
        if not self.definite:
            return found
        if not found:
            raise PathError("The path does not exist in the input")
        return found[0]


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """Raises PathError."""
    root = _ROOT.match(text)
    if root is None:
        raise PathError(f"'{text}' is not a path")
    at, steps, keys, definite = root.end(), [], [], True
    while at < len(text):
        step, key, at, single = _step(text, at)
        steps.append(step)
        definite = definite and single
        if key is not None:
            keys.append(key)
    return Path(root=root.group(), steps=tuple(steps), keys=tuple(keys), definite=definite)


def _step(text: str, at: int) -> tuple[Step, str | int | None, int, bool]:
    if match := _NAME.match(text, at):
        name = match.group().lstrip(".")
        if match.group().startswith(".."):
            return _below(name), None, match.end(), False
        return (_all, None, match.end(), False) if name == "*" else (_member(name), name, match.end(), True)
    if match := _BRACKET.match(text, at):
        inside = match[1]
        if inside == "*":
            return _all, None, match.end(), False
        key = re.sub(r"\\(.)", r"\1", inside[1:-1]) if inside[0] in "'\"" else int(inside)
        return _member(key), key, match.end(), True
    if match := _SLICE.match(text, at):
        return _sliced(slice(*(int(part) if part else None for part in match.groups()))), None, match.end(), False
    if match := _FILTER.match(text, at):
        return _filtered(match[1], match[2], match[3]), None, match.end(), False
    raise PathError(f"'{text}' is not a path")


def _all(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _member(key: str | int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        named = isinstance(value, dict) and isinstance(key, str) and key in value
        if named or (isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value)):
            yield value[key]

    return step


def _below(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        yield from _all(value) if name == "*" else _member(name)(value)
        for inner in _all(value):
            yield from step(inner)

    return step


def _sliced(part: slice) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[part]

    return step


def _literal(text: str) -> Any:
    if text[0] in "'\"":
        return text[1:-1]
    if text in _LITERALS:
        return _LITERALS[text]
    try:
        return float(text)
    except ValueError as error:
        raise PathError(f"'{text}' is not a value to compare with") from error


def _filtered(path: str, operator: str | None, literal: str | None) -> Step:
    inner = parse_path(f"${path}")
    wanted: Any = None
    if literal is not None:
        wanted = _literal(literal)

    def holds(item: Any) -> bool:
        try:
            value = inner.find(item)
        except PathError:
            return False
        if operator in (None, "==", "!="):
            return operator is None or (value == wanted) is (operator == "==")
        if (
            type(value) is bool
            or not isinstance(value, (int, float, str))
            or isinstance(value, str) != isinstance(wanted, str)
        ):
            return False
        return bool(
            {"<": value < wanted, "<=": value <= wanted, ">": value > wanted, ">=": value >= wanted}[str(operator)]
        )

    def step(value: Any) -> Iterator[Any]:
        yield from (item for item in _all(value) if holds(item))

    return step


def put(document: Any, path: Path, value: Any) -> Any:
    """`document` with `value` at `path`, places made on the way. Raises PathError where something is in the way."""
    return _put(document, list(path.keys), value)


def _put(document: Any, keys: list[str | int], value: Any) -> Any:
    if not keys:
        return value
    key = keys[0]
    if isinstance(key, int):
        if not isinstance(document, list) or not -len(document) <= key < len(document):
            raise PathError("The path names an element that is not there")
        return [_put(item, keys[1:], value) if at == key else item for at, item in enumerate(document)]
    if not isinstance(document, dict):
        raise PathError("The path goes through a value that is no object")
    return {**document, key: _put(document.get(key, {}), keys[1:], value)}
