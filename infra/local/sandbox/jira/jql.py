"""JQL, the part a two-way sync uses; what it does not know it refuses, as Jira does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.jira.messages import Refusal

TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>!=|!~|>=|<=|[=~<>(),])|(?P<word>[^\s"'=~<>(),!]+))"""
)
RESERVED = {"and", "or", "not", "in", "is", "empty", "null", "order", "by", "asc", "desc"}

SIGNS = {"!=", "!~", ">=", "<=", "=", "~", "<", ">", "(", ")", ","}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """``field operator values``; ``IS EMPTY`` has no values."""

    field: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """All of these hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """One of these holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neither:
    """This does not hold."""

    part: Condition


type Condition = Clause | Both | Either | Neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One sort key."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A parsed query; ``condition`` is None when it restricts nothing."""

    condition: Condition | None
    order: tuple[Order, ...]


def parse(text: str) -> Search:
    """Read a query. Raises Refusal (400) where it cannot be read."""
    return _Reader(text).search()


def holds(condition: Condition, test: Callable[[Clause], bool]) -> bool:
    """Whether a condition holds, given what holds of single clauses."""
    match condition:
        case Both(parts=parts):
            return all(holds(part, test) for part in parts)
        case Either(parts=parts):
            return any(holds(part, test) for part in parts)
        case Neither(part=part):
            return not holds(part, test)
        case Clause():
            return test(condition)


def clauses(condition: Condition) -> list[Clause]:
    """Every clause of a condition, so that each can be checked before any issue is looked at."""
    match condition:
        case Both(parts=parts) | Either(parts=parts):
            return [clause for part in parts for clause in clauses(part)]
        case Neither(part=part):
            return clauses(part)
        case Clause():
            return [condition]


class _Reader:
    """Recursive descent: OR binds weakest, then AND, then NOT."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, bool, int]] = []
        position = 0
        while text[position:].strip():
            found = TOKEN.match(text, position)
            if found is None:
                raise Refusal(400, f"Error in the JQL Query: The character at position {position} is not understood.")
            quoted = found["quoted"]
            value = re.sub(r"\\(.)", r"\1", quoted[1:-1]) if quoted else found["sign"] or found["word"]
            self.tokens.append((value, bool(quoted), found.end()))
            position = found.end()
        self.at = 0

    def search(self) -> Search:
        condition = None if not self.tokens or self._is("order") else self._either()
        order = self._order() if self._take("order") else ()
        if self.at < len(self.tokens):
            raise self._error()
        return Search(condition=condition, order=order)

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take("or", "||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(parts=tuple(parts))

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._take("and", "&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(parts=tuple(parts))

    def _one(self) -> Condition:
        if self._take("not"):
            return Neither(part=self._one())
        if self._take("("):
            inside = self._either()
            if not self._take(")"):
                raise self._error()
            return inside
        return self._clause()

    def _clause(self) -> Clause:
        field = self._word().lower()
        if self._take("is"):
            operator = "is not" if self._take("not") else "is"
            if not self._take("empty", "null"):
                raise self._error()
            return Clause(field=field, operator=operator)
        if self._take("not"):
            if not self._take("in"):
                raise self._error()
            return Clause(field=field, operator="not in", values=self._list())
        if self._take("in"):
            return Clause(field=field, operator="in", values=self._list())
        for operator in ("=", "!=", "~", "!~", ">=", "<=", ">", "<"):
            if self._take(operator):
                return Clause(field=field, operator=operator, values=(self._word(),))
        raise self._error()

    def _list(self) -> tuple[str, ...]:
        if not self._take("("):
            raise self._error()
        values = [self._word()]
        while self._take(","):
            values.append(self._word())
        if not self._take(")"):
            raise self._error()
        return tuple(values)

    def _order(self) -> tuple[Order, ...]:
        if not self._take("by"):
            raise self._error()
        keys: list[Order] = []
        while not keys or self._take(","):
            field = self._word().lower()
            descending = self._take("desc")
            if not descending:
                self._take("asc")
            keys.append(Order(field=field, descending=descending))
        return tuple(keys)

    def _is(self, *words: str) -> bool:
        if self.at >= len(self.tokens):
            return False
        value, quoted, _ = self.tokens[self.at]
        return not quoted and value.lower() in words

    def _take(self, *words: str) -> bool:
        found = self._is(*words)
        self.at += found
        return found

    def _word(self) -> str:
        if self.at < len(self.tokens):
            value, quoted, _ = self.tokens[self.at]
            if quoted or (value.lower() not in RESERVED and value not in SIGNS):
                self.at += 1
                return value
        raise self._error()

    def _error(self) -> Refusal:
        if self.at >= len(self.tokens):
            return Refusal(400, "Error in the JQL Query: The query ends where more was expected.")
        value, _, end = self.tokens[self.at]
        return Refusal(400, f"Error in the JQL Query: Expecting something else but got '{value}'. (character {end})")
