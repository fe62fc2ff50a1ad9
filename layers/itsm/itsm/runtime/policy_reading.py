"""Policy reading: one TOML file into its owner's frozen dataclass, strictly by the dataclass's own types."""

import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, time
from typing import Any

from itsm.core.errors import PolicyError
from itsm.core.events import Json

PLAIN: Mapping[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "text"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
    datetime: ((datetime,), "a date and time"),
    date: ((date,), "a date"),
    time: ((time,), "a time of day"),
}
FROM = "from"
"""A field with this metadata is another file's policy, which is put there; the file itself does not hold it."""
CALLED = "called"
"""A field with this metadata has another name in the file: one that Python keeps for itself."""


class UnreadablePolicyError(PolicyError):
    """A policy file that does not fit its owner's types; `faults` are (key, reason)."""

    def __init__(self, file: str, faults: list[tuple[str, str]]) -> None:
        self.file, self.faults = file, faults
        lines = "; ".join(f"{file}: {key}: {reason}" if key else f"{file}: {reason}" for key, reason in faults)
        super().__init__(lines)


class Shelf[V](Mapping[str, V]):
    """What is read by name, each at its first use and once."""

    def __init__(self, names: Iterable[str], read: Callable[[str], V]) -> None:
        self._names, self._read, self._kept = tuple(names), read, dict[str, V]()

    def __getitem__(self, name: str) -> V:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._kept:
            self._kept[name] = self._read(name)
        return self._kept[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Reader:
    """Makes values of one file; whatever does not fit is added to `faults` as (dotted key, reason)."""

    def __init__(self, other: Callable[[str], Any]) -> None:
        self._other = other
        self.faults: list[tuple[str, str]] = []

    def value(self, wanted: Any, given: Any, key: str) -> Any:
        """`given` as the type `wanted`, None where it does not fit."""
        if wanted is Json:
            return self._json(given, key)
        if wanted in PLAIN:
            return self._plain(wanted, given, key)
        if is_dataclass(wanted) and isinstance(wanted, type):
            return self.table(wanted, given, key)
        return self._generic(wanted, given, key)

    def table(self, wanted: type[Any], given: Any, key: str = "") -> Any:
        """A table as a dataclass: no key too many, none missing, each of its field's type."""
        if not isinstance(given, Mapping):
            return self._fault(key, f"is a table, not {_named(given)}")
        hints, own = typing.get_type_hints(wanted), [one for one in fields(wanted) if one.init]
        known = {_key(one) for one in own if FROM not in one.metadata}
        before = len(self.faults)
        for name in given:
            if name not in known:
                self._fault(_below(key, name), f"is unknown here; known are {', '.join(sorted(known))}")
        new = {}
        for one in own:
            if FROM in one.metadata:
                new[one.name] = self._other(one.metadata[FROM])
            elif (name := _key(one)) in given:
                new[one.name] = self.value(hints[one.name], given[name], _below(key, name))
            elif _required(one):
                self._fault(_below(key, name), "is missing")
        return None if len(self.faults) > before else wanted(**new)

    def _generic(self, wanted: Any, given: Any, key: str) -> Any:
        origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
        if origin in (typing.Union, types.UnionType):
            (one,) = (each for each in inner if each is not type(None))
            return self.value(one, given, key)
        if origin is tuple:
            if not isinstance(given, list):
                return self._fault(key, f"is a list, not {_named(given)}")
            return tuple(self.value(inner[0], each, f"{key}.{at}") for at, each in enumerate(given))
        if origin is not None and issubclass(origin, Mapping):
            if not isinstance(given, Mapping):
                return self._fault(key, f"is a table, not {_named(given)}")
            return {name: self.value(inner[1], each, _below(key, name)) for name, each in given.items()}
        raise TypeError(f"{key}: policy dataclasses may not hold {wanted!r}")

    def _plain(self, wanted: Any, given: Any, key: str) -> Any:
        allowed, words = PLAIN[wanted]
        # bool is an int and datetime a date in Python; in a policy they are not
        confused = (isinstance(given, bool) and wanted is not bool) or (isinstance(given, datetime) and wanted is date)
        if confused or not isinstance(given, allowed):
            return self._fault(key, f"is {words}, not {_named(given)}")
        return given

    def _json(self, given: Any, key: str) -> Any:
        if isinstance(given, Mapping):
            return {name: self._json(each, _below(key, name)) for name, each in given.items()}
        if isinstance(given, list):
            return [self._json(each, f"{key}.{at}") for at, each in enumerate(given)]
        if isinstance(given, str | int | float):
            return given
        return self._fault(key, f"{_named(given)} cannot be compared with a fact; write text, a number or true")

    def _fault(self, key: str, reason: str) -> None:
        self.faults.append((key, reason))


def _key(one: Field[Any]) -> str:
    return str(one.metadata.get(CALLED, one.name))


def _required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _named(given: Any) -> str:
    if isinstance(given, Mapping):
        return "a table"
    if isinstance(given, list):
        return "a list"
    return "text" if isinstance(given, str) else str(given).lower() if isinstance(given, bool) else str(given)
