"""The JSONata functions that Step Functions adds to the language."""

# Source: AWS, "Transforming data with JSONata in Step Functions", section "Additional JSONata functions".

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from typing import Any

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_RANGE_LIMIT = 1000


def _integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or int(value) != value:
        raise ValueError(f"{name} must be an integer, not {value!r}")
    return int(value)


def _partition(array: Any = None, size: Any = None) -> Any:
    """`array` cut into arrays of `size`, the last one shorter."""
    if not isinstance(array, list):
        raise ValueError("The first argument of $partition must be an array")
    step = _integer("The chunk size of $partition", size)
    if step <= 0:
        raise ValueError("The chunk size of $partition must be positive")
    return [list(array[start : start + step]) for start in range(0, len(array), step)]


def _range(first: Any = None, last: Any = None, delta: Any = None) -> list[int]:
    """Whole numbers from `first` to `last` inclusive, `delta` apart."""
    start, end, step = (_integer("An argument of $range", value) for value in (first, last, delta))
    if step == 0:
        raise ValueError("The step of $range must not be zero")
    numbers = range(start, end + (1 if step > 0 else -1), step)
    if len(numbers) > _RANGE_LIMIT:
        raise ValueError(f"$range may have at most {_RANGE_LIMIT} elements")
    return list(numbers)


def _hash(content: Any = None, algorithm: Any = None) -> str:
    """The hexadecimal digest of a text."""
    if not isinstance(content, str):
        raise ValueError("The first argument of $hash must be a string")
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"The algorithm of $hash must be one of {', '.join(_ALGORITHMS)}")
    return hashlib.new(_ALGORITHMS[algorithm], content.encode(), usedforsecurity=False).hexdigest()


def extras(rng: random.Random, ids: Callable[[], str], null: object) -> dict[str, Callable[..., Any]]:
    """The added functions by name; `null` is the JSONata library's marker for JSON null."""

    def parse(text: Any = None) -> Any:
        if not isinstance(text, str):
            raise ValueError("The argument of $parse must be a string")
        value = json.loads(text)
        return null if value is None else value

    def from_random(seed: Any = None) -> float:
        if seed is None:
            return rng.random()
        return random.Random(_integer("The seed of $random", seed)).random()  # noqa: S311  # the language's $random

    return {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "random": from_random,
        "uuid": ids,
        "parse": parse,
    }
