"""The intrinsic functions of JSONPath states: `States.Format('{}', $.a)` and its kin."""

# Source: https://states-language.net/spec.html#appendix-b

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
from collections.abc import Callable
from typing import Any

from sandbox.states.paths import PathError, parse_path

_CALL = re.compile(r"\s*States\.(\w+)\s*\(")
_STRING = re.compile(r"\s*'((?:[^'\\]|\\['\\{}])*)'")
_PLAIN = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)")
_PATH = re.compile(r"\s*(\$(?:[^,()\s\[\]]|\[(?:[^\]'\"]|'[^']*'|\"[^\"]*\")*\])*)")
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_TEXT_LIMIT = 10_000

Find = Callable[[str], Any]


class IntrinsicError(Exception):
    """A function does not take these arguments, or the text is no call (States.IntrinsicFailure)."""


# A parsed call: (function's name, its arguments); an argument is a call, ("path", text) or ("value", value).
Call = tuple[str, list[Any]]


def parse_call(text: str) -> Call:
    """Raises IntrinsicError for what is no call of a known function."""
    call, end = _parse(text, 0)
    if text[end:].strip():
        raise IntrinsicError(f"Unexpected '{text[end:]}'")
    return call


def _parse(text: str, at: int) -> tuple[Call, int]:
    head = _CALL.match(text, at)
    if head is None or head[1] not in _FUNCTIONS:
        raise IntrinsicError(f"'{text[at:]}' is not a call of an intrinsic function")
    arguments: list[Any] = []
    at = head.end()
    while not (close := re.compile(r"\s*\)").match(text, at)):
        if arguments:
            comma = re.compile(r"\s*,").match(text, at)
            if comma is None:
                raise IntrinsicError(f"Expected ',' or ')' at '{text[at:]}'")
            at = comma.end()
        argument, at = _argument(text, at)
        arguments.append(argument)
    return (head[1], arguments), close.end()


def _argument(text: str, at: int) -> tuple[Any, int]:
    if _CALL.match(text, at):
        return _parse(text, at)
    if match := _STRING.match(text, at):
        # Escaped braces stay escaped: they are Format's to read.
        return ("value", re.sub(r"\\([^{}])", r"\1", match[1])), match.end()
    if match := _PLAIN.match(text, at):
        return ("value", json.loads(match[1])), match.end()
    if match := _PATH.match(text, at):
        try:
            parse_path(match[1])
        except PathError as error:
            raise IntrinsicError(str(error)) from error
        return ("path", match[1]), match.end()
    raise IntrinsicError(f"'{text[at:]}' is not an argument")


def evaluate(call: Call, find: Find, rng: random.Random, ids: Callable[[], str]) -> Any:
    """The value of a call; `find` gives the value of a path. Raises IntrinsicError and whatever `find` raises."""
    name, parsed = call
    arguments = []
    for kind, value in parsed:
        if kind == "value":
            arguments.append(value)
        elif kind == "path":
            arguments.append(find(value))
        else:
            arguments.append(evaluate((kind, value), find, rng, ids))
    if name == "UUID":
        return ids()
    if name == "MathRandom":
        return _random(rng, *arguments)
    try:
        return _FUNCTIONS[name](*arguments)
    except IntrinsicError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise IntrinsicError(f"Invalid arguments in States.{name}: {error}") from error


def _need(held: bool, rule: str) -> None:
    if not held:
        raise IntrinsicError(rule)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise IntrinsicError(f"{value!r} is not a number")
    # Halves go up, as Java's Math.round has them.
    return math.floor(value + 0.5)


def _format(template: Any, *arguments: Any) -> str:
    _need(isinstance(template, str), "The template must be a string")
    parts = re.split(r"(\\[{}]|\{\})", template)
    left = list(arguments)
    _need(parts.count("{}") == len(left), "The number of {} differs from the number of arguments")
    shown = [_text(left.pop(0)) if part == "{}" else part[1:] if part.startswith("\\") else part for part in parts]
    return "".join(shown)


def _text(value: Any) -> str:
    """A value inside a text: objects and arrays look as Java prints them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def _partition(array: Any, size: Any) -> list[Any]:
    step = _whole(size)
    _need(isinstance(array, list) and step > 0, "States.ArrayPartition takes an array and a positive size")
    return [array[at : at + step] for at in range(0, len(array), step)]


def _range(first: Any, last: Any, delta: Any) -> list[int]:
    start, end, step = _whole(first), _whole(last), _whole(delta)
    numbers = range(start, end + (1 if step > 0 else -1), step)
    _need(len(numbers) <= 1000, "States.ArrayRange makes at most 1000 elements")
    return list(numbers)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _unique(array: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in array:
        if not any(_same(item, known) for known in found):
            found.append(item)
    return found


def _hash(data: Any, algorithm: Any) -> str:
    _need(algorithm in _HASHES, f"The algorithm must be one of {', '.join(_HASHES)}")
    return hashlib.new(_HASHES[algorithm], _text(data).encode(), usedforsecurity=False).hexdigest()


def _merge(one: Any, other: Any, deep: Any) -> dict[str, Any]:
    _need(
        isinstance(one, dict) and isinstance(other, dict) and deep is False,
        "States.JsonMerge takes two objects and false",
    )
    return {**one, **other}


def _split(text: str, marks: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(marks)}]", text) if part] if marks else [text]


def _base64(text: Any) -> str:
    _need(isinstance(text, str) and len(text) <= _TEXT_LIMIT, f"A string of at most {_TEXT_LIMIT} characters is needed")
    return base64.b64encode(text.encode()).decode()


def _get(array: Any, index: Any) -> Any:
    at = _whole(index)
    _need(isinstance(array, list) and 0 <= at < len(array), "The index is outside of the array")
    return array[at]


def _listed(array: Any) -> list[Any]:
    _need(isinstance(array, list), "An array is needed")
    return list(array)


def _random(rng: random.Random, first: Any, last: Any, seed: Any = None) -> int:
    # "The start number is inclusive and the end number exclusive".
    source = rng if seed is None else random.Random(_whole(seed))  # noqa: S311  # the language's own random number
    return source.randrange(_whole(first), _whole(last))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Format": _format,
    "StringToJson": lambda text: json.loads(text) if text.strip() else None,
    "JsonToString": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "Array": lambda *items: list(items),
    "ArrayPartition": _partition,
    "ArrayContains": lambda array, item: any(_same(item, known) for known in _listed(array)),
    "ArrayRange": _range,
    "ArrayGetItem": _get,
    "ArrayLength": lambda array: len(_listed(array)),
    "ArrayUnique": lambda array: _unique(_listed(array)),
    "Base64Encode": _base64,
    "Base64Decode": lambda text: base64.b64decode(text, validate=True).decode(),
    "Hash": _hash,
    "JsonMerge": _merge,
    "MathRandom": _random,
    "MathAdd": lambda one, other: _whole(one) + _whole(other),
    "StringSplit": _split,
    "UUID": str,
}
