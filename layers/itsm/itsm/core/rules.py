"""Rules: when/then, the one small language of every policy file; no expressions, no eval."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from itsm.core.events import Json
from itsm.core.record import Record

FACTS = (
    "practice", "state", "title", "source", "requester", "requester_domain", "requester_name", "service", "impact",
    "urgency", "priority", "group", "assignee", "participants", "generation", "details.*",
)  # fmt: skip
"""What `facts` knows of any record; `details.*` stands for whatever a practice keeps there."""

_MISSING = object()


class Rule(Protocol):
    """Anything with a condition: a line of routing, an agreement, an approval policy."""

    @property
    def when(self) -> Mapping[str, Json]:
        """The condition; an empty one always holds."""


def facts(record: Record, beside: Mapping[str, Json] | None = None) -> Mapping[str, Json]:
    """What a policy rule may ask of a record; `beside` adds what only the caller knows, like `service.criticality`."""
    return {
        "practice": record.practice,
        "state": record.state,
        "title": record.title,
        "source": record.source,
        "requester": record.requester,
        "requester_domain": record.requester.rpartition("@")[2],
        "requester_name": record.requester_name,
        "service": record.service,
        "impact": record.impact,
        "urgency": record.urgency,
        "priority": record.priority,
        "group": record.group,
        "assignee": record.assignee,
        "participants": list(record.participants),
        "generation": record.generation,
        "details": record.details,
        **(beside or {}),
    }


def first[R: Rule](rules: Iterable[R], known: Mapping[str, Json]) -> R | None:
    """The first rule whose condition holds, None when none does."""
    return next((rule for rule in rules if matches(rule.when, known)), None)


def matches(when: Mapping[str, Json], known: Mapping[str, Json]) -> bool:
    """Whether every line of a condition holds.

    A plain value asks for equality, a list for membership, a table for its operators: `at_least` and `at_most`
    (numbers), `starts_with` and `contains` (text in any case; `contains` also an element of a list), `not` (the
    opposite of any of these). A dotted key walks into a table. A fact that is missing fulfils nothing but `not`.
    """
    return all(_holds(wanted, _fact(key, known)) for key, wanted in when.items())


def _fact(key: str, known: Mapping[str, Json]) -> object:
    if key in known:
        return known[key]
    head, _, rest = key.partition(".")
    below = known.get(head)
    return _fact(rest, below) if rest and isinstance(below, Mapping) else _MISSING


def _holds(wanted: object, fact: object) -> bool:
    if isinstance(wanted, Mapping):
        return bool(wanted) and all(name in _OPERATORS and _OPERATORS[name](fact, to) for name, to in wanted.items())
    if isinstance(wanted, list | tuple):
        return any(_same(one, fact) for one in wanted)
    return _same(wanted, fact)


def _same(wanted: object, fact: object) -> bool:
    # True == 1 in Python; in a policy a number is never an answer to a yes-or-no question
    return wanted == fact and isinstance(wanted, bool) == isinstance(fact, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at_least(fact: object, bound: object) -> bool:
    return isinstance(fact, int | float) and isinstance(bound, int | float) and _number(fact) and fact >= bound


def _at_most(fact: object, bound: object) -> bool:
    return isinstance(fact, int | float) and isinstance(bound, int | float) and _number(fact) and fact <= bound


def _starts_with(fact: object, text: object) -> bool:
    return isinstance(fact, str) and isinstance(text, str) and fact.casefold().startswith(text.casefold())


def _contains(fact: object, part: object) -> bool:
    if isinstance(fact, str):
        return isinstance(part, str) and part.casefold() in fact.casefold()
    return isinstance(fact, list | tuple) and any(_same(part, one) for one in fact)


def _not(fact: object, wanted: object) -> bool:
    return not _holds(wanted, fact)


_OPERATORS: Mapping[str, Callable[[object, object], bool]] = {
    "at_least": _at_least,
    "at_most": _at_most,
    "not": _not,
    "starts_with": _starts_with,
    "contains": _contains,
}


def problems(when: Mapping[str, Json], known_facts: Collection[str] = FACTS) -> list[tuple[str, str]]:
    """What is wrong with a condition, as (key, reason); a fact `name.*` in `known_facts` allows all below `name`."""
    found = []
    for key, wanted in when.items():
        if not _is_known(key, known_facts):
            found.append((key, f"no record has such a fact; known are {', '.join(sorted(known_facts))}"))
        found += [(key, reason) for reason in _faults(wanted)]
    return found


def _is_known(key: str, known_facts: Collection[str]) -> bool:
    parts = key.split(".")
    return key in known_facts or any(".".join(parts[:n]) + ".*" in known_facts for n in range(1, len(parts)))


def _faults(wanted: object) -> list[str]:
    if isinstance(wanted, Mapping):
        if not wanted:
            return ["an empty table fulfils nothing; write an operator or leave the key out"]
        return [fault for name, operand in wanted.items() for fault in _operator_faults(name, operand)]
    if isinstance(wanted, list | tuple):
        if not wanted:
            return ["an empty list fulfils nothing; name at least one value"]
        return ["a list holds plain values only"] if any(isinstance(one, Mapping | list) for one in wanted) else []
    if not isinstance(wanted, str | int | float):
        return [f"{type(wanted).__name__} cannot be compared; write text, a number, a yes-or-no, a list or a table"]
    return []


def _operator_faults(name: str, operand: object) -> list[str]:
    if name not in _OPERATORS:
        return [f"unknown operator {name!r}; known are {', '.join(sorted(_OPERATORS))}"]
    if name in ("at_least", "at_most") and not _number(operand):
        return [f"{name} takes a number, not {operand!r}"]
    if name == "starts_with" and not isinstance(operand, str):
        return [f"starts_with takes text, not {operand!r}"]
    if name == "contains" and not isinstance(operand, str | int | float):
        return [f"contains takes one plain value, not {operand!r}"]
    return _faults(operand) if name == "not" else []
