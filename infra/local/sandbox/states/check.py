"""Is a definition one that can run: everything AWS would refuse at CreateStateMachine, as diagnostics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.states.definition import inner_scopes
from sandbox.states.fields import NEUTRAL, Finding, check_assign, check_fields, check_template
from sandbox.states.fields_path import check_path_fields
from sandbox.states.resources import Resource, ResourceTable, parse_resource

SIZE_LIMIT = 1_048_576  # bytes; Step Functions quotas, "Maximum state machine definition size"
SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
DUPLICATE = "DUPLICATE_STATE_NAME"
JSON_TEXT = "INVALID_JSON_DESCRIPTION"

_MACHINE_FIELDS = {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"}
_RETRIER_FIELDS = {
    "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment",
}  # fmt: skip
_INNER_FIELDS = {"Comment", "StartAt", "States", "ProcessorConfig", "QueryLanguage"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing wrong with a definition; `location` is a path into it."""

    code: str
    message: str
    location: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" at {self.location}" if self.location else "")


def check_definition(text: str, resources: ResourceTable, kind: str = "STANDARD") -> list[Diagnostic]:
    """All that is wrong with a definition; an empty list means that it can run."""
    if len(text.encode()) > SIZE_LIMIT:
        return [Diagnostic(code=SCHEMA, message=f"Definition must not be larger than {SIZE_LIMIT} bytes")]
    if not text.strip():
        return [Diagnostic(code=SCHEMA, message="Definition must be a valid JSON object")]
    try:
        body = json.loads(text)
    except ValueError as error:
        return [Diagnostic(code=JSON_TEXT, message=str(error))]
    if not isinstance(body, dict):
        return [Diagnostic(code=SCHEMA, message="Definition must be a valid JSON object")]
    check = _Check(body, resources, kind)
    return list(check.machine("", body))


class _Check:
    def __init__(self, body: dict[str, Any], resources: ResourceTable, kind: str) -> None:
        self._language = body.get("QueryLanguage", "JSONPath")
        self._resources = resources
        self._kind = kind
        self._names: set[str] = set()

    def machine(self, path: str, machine: Any, outer: frozenset[str] = frozenset()) -> Iterator[Diagnostic]:
        """The machine at `path`; `outer` are the variables of the scopes around it."""
        at = path or "/"
        if not isinstance(machine, dict):
            yield Diagnostic(code=SCHEMA, message="Expected an object", location=at)
            return
        for name in sorted(set(machine) - (_INNER_FIELDS if path else _MACHINE_FIELDS)):
            yield Diagnostic(code=SCHEMA, message=f"The field '{name}' is not supported", location=f"{path}/{name}")
        missing = [name for name in ("States", "StartAt") if name not in machine]
        if missing:
            yield Diagnostic(code=SCHEMA, message=f"These fields are required: [{', '.join(missing)}]", location=at)
            return
        states = machine["States"]
        if not isinstance(states, dict) or not states or not all(isinstance(state, dict) for state in states.values()):
            message = "States must be a non-empty object of objects"
            yield Diagnostic(code=SCHEMA, message=message, location=f"{path}/States")
            return
        if not path:
            yield from self._head(machine)
        whole = True
        for name, state in states.items():
            for found in self._state(f"{path}/States/{name}", name, state):
                whole = False
                yield found
        if whole:
            # Targets, reach and scopes only make sense between states that are well formed.
            yield from self._graph(path, machine, outer)

    def _head(self, machine: dict[str, Any]) -> Iterator[Diagnostic]:
        if self._language not in ("JSONata", "JSONPath"):
            message = "QueryLanguage must be one of: [JSONPath, JSONata]"
            yield Diagnostic(code=SCHEMA, message=message, location="/QueryLanguage")
        timeout = machine.get("TimeoutSeconds", 1)
        if isinstance(timeout, bool) or not isinstance(timeout, int) or timeout < 1:
            message = "TimeoutSeconds must be a positive integer"
            yield Diagnostic(code=SCHEMA, message=message, location="/TimeoutSeconds")

    def _state(self, path: str, name: str, state: dict[str, Any]) -> Iterator[Diagnostic]:
        if name in self._names:
            yield Diagnostic(code=DUPLICATE, message=f"Duplicate State name: {name}", location=path)
        self._names.add(name)
        if len(name) > 80:
            yield Diagnostic(code=SCHEMA, message="A state name may have at most 80 characters", location=path)
        kind = state.get("Type")
        if kind not in NEUTRAL:
            message = f"Type must be one of: [{', '.join(sorted(NEUTRAL))}]"
            yield Diagnostic(code=SCHEMA, message=message, location=f"{path}/Type")
            return
        for message, inner in self._findings(state, kind):
            yield Diagnostic(code=SCHEMA, message=message, location=f"{path}{inner}")

    def _findings(self, state: dict[str, Any], kind: str) -> Iterator[Finding]:
        language = state.get("QueryLanguage", self._language)
        if self._language == "JSONata" and language == "JSONPath":
            yield "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", ""
        elif language == "JSONata":
            yield from check_fields(state, kind)
        else:
            yield from check_path_fields(state, kind)
        yield from _check_flow(state, kind)
        yield from _check_rescue(state, language)
        if kind == "Task" and "Resource" in state:
            yield from self._check_resource(state["Resource"])

    def _check_resource(self, arn: Any) -> Iterator[Finding]:
        resource: Resource | None = parse_resource(arn) if isinstance(arn, str) else None
        if resource is None or not self._resources.knows(resource):
            yield (
                (
                    f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, "
                    "or the resource is not available in this region."
                ),
                "/Resource",
            )
        elif self._kind == "EXPRESS" and resource.pattern:
            yield f"Express state machine does not support '{resource.pattern}' service integration", "/Resource"

    def _graph(self, path: str, machine: dict[str, Any], outer: frozenset[str]) -> Iterator[Diagnostic]:
        states, start = machine["States"], machine["StartAt"]
        if start not in states:
            yield Diagnostic(code=TARGET, message=f"Missing 'StartAt' target: {start}", location=f"{path}/StartAt")
            return
        edges = {name: list(_targets(state)) for name, state in states.items()}
        broken = False
        for name, targets in edges.items():
            for inner, target in targets:
                if target not in states:
                    broken = True
                    where = f"{path}/States/{name}{inner}"
                    yield Diagnostic(code=TARGET, message=f"Missing 'Next' target: {target}", location=where)
        if broken:
            return
        following = {name: {target for _, target in targets} for name, targets in edges.items()}
        reached = _reach(start, following)
        for name in states:
            if name not in reached:
                where = f"{path}/States/{name}"
                yield Diagnostic(code=TARGET, message=f'State "{name}" is not reachable.', location=where)
        if not any(_terminal(states[name]) for name in reached):
            yield Diagnostic(code=SCHEMA, message="No terminal state can be reached from StartAt", location=path or "/")
        yield from self._inner(path, states, following, outer)

    def _inner(
        self, path: str, states: dict[str, Any], following: dict[str, set[str]], outer: frozenset[str]
    ) -> Iterator[Diagnostic]:
        own = {name: _assigned(state) for name, state in states.items()}
        for name, names in own.items():
            for variable in sorted(names & outer):
                message = f"The variable '{variable}' is assigned in an outer scope and cannot be assigned here"
                yield Diagnostic(code=SCHEMA, message=message, location=f"{path}/States/{name}")
        for name, state in states.items():
            scopes = list(inner_scopes(name, state))
            earlier = [other for other in states if scopes and name in _reach(other, following, self_too=False)]
            before = frozenset(variable for other in earlier for variable in own[other])
            for _, inner, nested in scopes:
                yield from self.machine(f"{path}/States/{name}/{inner}", nested, outer | before)


def _check_flow(state: dict[str, Any], kind: str) -> Iterator[Finding]:
    if kind in ("Choice", "Succeed", "Fail"):
        return
    if ("Next" in state) == (state.get("End") is True):
        yield "A state must have exactly one of the fields: [Next, End]", ""
    if kind == "Parallel" and not (isinstance(state.get("Branches", [0]), list) and state.get("Branches", [0])):
        yield "Branches must be a non-empty array", "/Branches"


def _check_rescue(state: dict[str, Any], language: str) -> Iterator[Finding]:
    for field in ("Retry", "Catch"):
        rules = state.get(field, [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            yield f"{field} must be an array of objects", f"/{field}"
            continue
        for index, rule in enumerate(rules):
            path, last = f"/{field}[{index}]", index == len(rules) - 1
            yield from _check_errors(rule.get("ErrorEquals"), path, last)
            yield from _check_retrier(rule, path) if field == "Retry" else _check_catcher(rule, path, language)


def _check_errors(names: Any, path: str, last: bool) -> Iterator[Finding]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        yield "ErrorEquals must be a non-empty array of strings", f"{path}/ErrorEquals"
    elif "States.ALL" in names and (len(names) > 1 or not last):
        yield "States.ALL must appear alone, and in the last rule", f"{path}/ErrorEquals"


def _check_retrier(rule: dict[str, Any], path: str) -> Iterator[Finding]:
    for name in sorted(set(rule) - _RETRIER_FIELDS):
        yield f"The field '{name}' is not supported", f"{path}/{name}"
    for name, low, kinds in (
        ("IntervalSeconds", 1, (int,)),
        ("MaxAttempts", 0, (int,)),
        ("BackoffRate", 1, (int, float)),
        ("MaxDelaySeconds", 1, (int,)),
    ):
        value = rule.get(name, low)
        if isinstance(value, bool) or not isinstance(value, kinds) or value < low:
            yield f"{name} must be a number of at least {low}", f"{path}/{name}"
    if "MaxDelaySeconds" in rule and rule["MaxDelaySeconds"] <= rule.get("IntervalSeconds", 1):
        yield "MaxDelaySeconds must be greater than IntervalSeconds", f"{path}/MaxDelaySeconds"
    if rule.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
        yield "JitterStrategy must be one of: [FULL, NONE]", f"{path}/JitterStrategy"


def _check_catcher(rule: dict[str, Any], path: str, language: str) -> Iterator[Finding]:
    own = {"Output"} if language == "JSONata" else {"ResultPath"}
    for name in sorted(set(rule) - own - {"ErrorEquals", "Next", "Comment", "Assign"}):
        yield f"The field '{name}' is not supported in a Catcher whose QueryLanguage is {language}", f"{path}/{name}"
    if "Next" not in rule:
        yield "These fields are required: [Next]", path
    if language == "JSONata":
        for name in ("Output", "Assign"):
            yield from check_template(rule.get(name), f"{path}/{name}")
    names = {name.removesuffix(".$"): None for name in rule.get("Assign", {})}
    yield from check_assign(names, f"{path}/Assign")


def _targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "Next" in state:
        yield "/Next", state["Next"]
    if "Default" in state:
        yield "/Default", state["Default"]
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field, ())):
            yield f"/{field}[{index}]/Next", rule["Next"]


def _terminal(state: dict[str, Any]) -> bool:
    return state["Type"] in ("Succeed", "Fail") or state.get("End") is True


def _reach(start: str, following: dict[str, set[str]], *, self_too: bool = True) -> set[str]:
    reached, edge = set(), [start] if self_too else list(following[start])
    while edge:
        name = edge.pop()
        if name not in reached:
            reached.add(name)
            edge.extend(following[name])
    return reached


def _assigned(state: dict[str, Any]) -> set[str]:
    rules = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return {name.removesuffix(".$") for rule in rules for name in rule.get("Assign", {})}
