"""A state machine's definition, laid out so that a frame finds its state at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def branch_scope(state: str, index: int) -> str:
    """The scope of branch `index` of the Parallel `state`; state names are unique, so this is too."""
    return f"{state}#{index}"


def iterator_scope(state: str) -> str:
    """The scope of the iterations of the Map `state`."""
    return f"{state}#"


def inner_scopes(name: str, state: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(scope, path inside the state, machine) of every machine inside `state`."""
    if state.get("Type") == "Parallel":
        for index, branch in enumerate(state.get("Branches", ())):
            yield branch_scope(name, index), f"Branches[{index}]", branch
    elif state.get("Type") == "Map" and (field := processor_field(state)) in state:
        yield iterator_scope(name), field, state[field]


def processor_field(state: dict[str, Any]) -> str:
    """The field of a Map that holds its processor; `Iterator` is its old name."""
    return "Iterator" if "Iterator" in state else "ItemProcessor"


class Definition:
    """A checked definition."""

    def __init__(self, text: str) -> None:
        self.body: dict[str, Any] = json.loads(text)
        self._scopes: dict[str, dict[str, Any]] = {}
        self._lay_out("", self.body)

    def _lay_out(self, scope: str, machine: dict[str, Any]) -> None:
        self._scopes[scope] = machine
        for name, state in machine["States"].items():
            for inner, _, nested in inner_scopes(name, state):
                self._lay_out(inner, nested)

    @property
    def timeout(self) -> float | None:
        """The execution's TimeoutSeconds."""
        value: float | None = self.body.get("TimeoutSeconds")
        return value

    def by_path(self, state: dict[str, Any]) -> bool:
        """Is the state written in JSONPath."""
        return bool(state.get("QueryLanguage", self.body.get("QueryLanguage", "JSONPath")) == "JSONPath")

    def state(self, scope: str, name: str) -> dict[str, Any]:
        state: dict[str, Any] = self._scopes[scope]["States"][name]
        return state

    def start(self, scope: str) -> str:
        name: str = self._scopes[scope]["StartAt"]
        return name
