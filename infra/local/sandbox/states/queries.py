"""How a state's fields get their values: the one interface of the two query languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.states.comparisons import holds
from sandbox.states.errors import RUNTIME, QueryError, StateError
from sandbox.states.expressions import is_expression, wrong_type
from sandbox.states.intrinsics import IntrinsicError, evaluate, parse_call
from sandbox.states.paths import PathError
from sandbox.states.payload import INTRINSIC, Scope, effective, shaped

if TYPE_CHECKING:
    from sandbox.states.walk import Walk

Item = dict[str, Any]
Number = int | float
LONGEST = 99_999_999  # seconds or items; the largest number that a field may hold


class Query(Protocol):
    """The values of one state's fields. Every method raises QueryError or StateError."""

    def given(self) -> Any:
        """What a Task or Parallel works on."""

    def items(self) -> list[Any]:
        """What a Map iterates over."""

    def selected(self, item: Item) -> Any:
        """The input of one iteration."""

    def number(self, field: str, *, low: int = 0, high: int = LONGEST, whole: bool = True) -> Number | None:
        """A numeric field, `whole` or not, or None when the state has none."""

    def text(self, field: str) -> Any:
        """A field that should be a text, or None when the state has none."""

    def holds(self, rule: Item, location: str) -> bool:
        """Is a Choice rule true."""

    def shaped(self, spec: Item, plain: Any, prefix: str, states: Item) -> tuple[Any, Item]:
        """(output, assigned variables) of the state that is left."""


def _checked(value: Any, template: Any, field: str, low: int, high: int, whole: bool) -> Number:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong_type(template, field, "number", value)
    if (whole and not isinstance(value, int)) or not low <= value <= high:
        kind = "an integer" if whole else "a number"
        raise QueryError(f"The field '{field}' must be {kind} from {low} to {high}, but was {value}", field)
    return value


class JsonataQuery:
    """Fields of a JSONata state: every string may be an expression."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._state = walk.state

    def value(self, template: Any, location: str, item: Item | None = None, states: Mapping[str, Any] = {}) -> Any:
        """`template` evaluated; `states` are `result` or `errorOutput`. Raises QueryError."""
        if not isinstance(template, (str, dict, list)) or (isinstance(template, str) and not is_expression(template)):
            return template
        walk = self._walk
        reserved = {"input": walk.frame.input, "context": walk.context(item), **states}
        return walk.host.evaluator.resolve(template, {**walk.variables(), "states": reserved}, location)

    def given(self) -> Any:
        return (
            self.value(self._state["Arguments"], "Arguments") if "Arguments" in self._state else self._walk.frame.input
        )

    def items(self) -> list[Any]:
        template = self._state.get("Items", self._walk.frame.input)
        items = self.value(self._state["Items"], "Items") if "Items" in self._state else template
        if not isinstance(items, list):
            raise wrong_type(template, "Items", "array", items)
        return items

    def selected(self, item: Item) -> Any:
        if "ItemSelector" not in self._state:
            return item["Value"]
        return self.value(self._state["ItemSelector"], "ItemSelector", item)

    def number(self, field: str, *, low: int = 0, high: int = LONGEST, whole: bool = True) -> Number | None:
        if field not in self._state:
            return None
        return _checked(self.value(self._state[field], field), self._state[field], field, low, high, whole)

    def text(self, field: str) -> Any:
        return self.value(self._state.get(field), field)

    def holds(self, rule: Item, location: str) -> bool:
        location = f"{location}/Condition"
        value = self.value(rule["Condition"], location)
        if not isinstance(value, bool):
            raise wrong_type(rule["Condition"], location, "boolean", value)
        return value

    def shaped(self, spec: Item, plain: Any, prefix: str, states: Item) -> tuple[Any, Item]:
        output = self.value(spec["Output"], f"{prefix}Output", states=states) if "Output" in spec else plain
        assigned = spec.get("Assign", {})
        return output, {name: self.value(v, f"{prefix}Assign/{name}", states=states) for name, v in assigned.items()}


class PathQuery:
    """Fields of a JSONPath state: those named `...Path` and `....$` are looked up, all others are as they stand."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._state = walk.state

    def _scope(self, item: Item | None = None) -> Scope:
        walk = self._walk
        return Scope(context=walk.context(item), variables=walk.variables(), rng=walk.host.rng, ids=walk.host.ids)

    def given(self) -> Any:
        return effective(self._scope(), self._state, self._walk.frame.input)

    def _chosen(self, scope: Scope) -> Any:
        return scope.field(self._state.get("InputPath", "$"), self._walk.frame.input, "InputPath")

    def items(self) -> list[Any]:
        scope = self._scope()
        items = scope.field(self._state.get("ItemsPath", "$"), self._chosen(scope), "ItemsPath")
        if not isinstance(items, list):
            raise StateError(RUNTIME, "Reference path in 'ItemsPath' must point to array.")
        return items

    def selected(self, item: Item) -> Any:
        scope = self._scope(item)
        template = self._state.get("ItemSelector", self._state.get("Parameters"))
        return item["Value"] if template is None else scope.fill(template, self._chosen(scope))

    def number(self, field: str, *, low: int = 0, high: int = LONGEST, whole: bool = True) -> Number | None:
        path = self._state.get(f"{field}Path")
        if path is None:
            value = self._state.get(field)
        else:
            scope = self._scope()
            value = scope.field(path, self._chosen(scope), f"{field}Path")
        if value is None and path is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit():
            # AWS takes a number in a text here.
            value = int(value)
        return _checked(value, None, field, low, high, whole)

    def text(self, field: str) -> Any:
        path = self._state.get(f"{field}Path")
        if path is None:
            return self._state.get(field)
        scope = self._scope()
        data = self._chosen(scope)
        if not path.startswith("States."):
            return scope.field(path, data, f"{field}Path")
        try:
            return evaluate(parse_call(path), lambda text: scope.find(text, data), scope.rng, scope.ids)
        except (IntrinsicError, PathError) as error:
            raise StateError(INTRINSIC, f"The function '{path}' failed: {error}") from error

    def holds(self, rule: Item, location: str) -> bool:
        scope = self._scope()
        data = self._chosen(scope)
        try:
            return holds(rule, lambda path: scope.find(path, data))
        except PathError as error:
            raise StateError(RUNTIME, f"Invalid path in the rule {location}: {error}") from error

    def shaped(self, spec: Item, plain: Any, prefix: str, states: Item) -> tuple[Any, Item]:
        return shaped(self._scope(), self._state, spec, self._walk.frame.input, states)
