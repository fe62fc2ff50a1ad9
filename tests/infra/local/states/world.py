"""An engine on a clock that stands still, with functions and queues that a test scripts."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.states.clock import VirtualClock
from sandbox.states.engine import Engine
from sandbox.states.errors import TaskFailed
from sandbox.states.frames import Event, Run
from sandbox.states.journal import Journal
from sandbox.states.resources import TaskCall, lambda_resources

INVOKE = "arn:aws:states:::lambda:invoke"
AWAIT = f"{INVOKE}.waitForTaskToken"
NEST = "arn:aws:states:::states:startExecution"


class World:
    """Lambda functions by name, an engine that calls them, and what it called."""

    def __init__(self, functions: Mapping[str, Callable[[Any], Any]] | None = None, *, driven: bool = True) -> None:
        self.clock = VirtualClock()
        self.functions = dict(functions or {})
        self.events: list[tuple[str, Any]] = []
        self.tokens: list[str] = []
        self.statuses: list[tuple[str, str]] = []
        self.journal = Journal()
        self._numbers = itertools.count(1)
        self._driven = driven
        self.engine = self.open()

    def open(self) -> Engine:
        """Another engine on the same journal, as after a restart."""
        resources = {**lambda_resources(self._invoke, self._id), "sqs:sendMessage": self._send, "aws-sdk:*": self._send}
        engine = Engine(
            resources, journal=self.journal, clock=self.clock, ids=self._id, rng=random.Random(1),
            on_status=lambda run: self.statuses.append((run.name, run.status)),
        )  # fmt: skip
        if self._driven:
            self.clock.drive(engine)
        return engine

    def restart(self) -> None:
        """The process dies and another one takes the journal up."""
        if self._driven:
            self.clock.release(self.engine)
        self.engine = self.open()

    def start(self, definition: Mapping[str, Any], data: Any = None, **options: Any) -> str:
        """Create a machine of this definition and start it. Returns the execution's ARN."""
        machine = self.engine.create_state_machine(f"m{self._id()[-4:]}", definition, **options)
        return self.engine.start_execution(machine, data).arn

    def run(self, definition: Mapping[str, Any], data: Any = None) -> Run:
        """Start it and let time pass until nothing more happens."""
        arn = self.start(definition, data)
        self.clock.run_out()
        return self.engine.execution(arn)

    def output(self, definition: Mapping[str, Any], data: Any = None) -> Any:
        """The output of an execution that must succeed."""
        run = self.run(definition, data)
        assert run.status == "SUCCEEDED", (run.error, run.cause)
        return json.loads(run.output or "null")

    def history(self, arn: str) -> list[Event]:
        return self.engine.history(arn)

    def types(self, arn: str) -> list[str]:
        return [event.type for event in self.engine.history(arn)]

    def _id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._numbers):012d}"

    def _invoke(self, function: str, event: Any) -> Any:
        self.events.append((function, event))
        if isinstance(event, dict) and "token" in event:
            self.tokens.append(event["token"])
        if function not in self.functions:
            raise TaskFailed("Lambda.ResourceNotFoundException", f"Function not found: {function}")
        return self.functions[function](event)

    def _send(self, call: TaskCall) -> Any:
        self.events.append((call.resource.key, call.arguments))
        return {"MessageId": "1"}


def machine(*states: tuple[str, dict[str, Any]], **top: Any) -> dict[str, Any]:
    """A JSONata machine; each state without Next, End or an end of its own goes on to the one after it."""
    laid: dict[str, Any] = {}
    for index, (name, state) in enumerate(states):
        ends = state["Type"] in ("Choice", "Succeed", "Fail") or "Next" in state or "End" in state
        last = index == len(states) - 1
        flow = {} if ends else {"End": True} if last else {"Next": states[index + 1][0]}
        laid[name] = {**state, **flow}
    return {"QueryLanguage": "JSONata", "StartAt": states[0][0], "States": laid, **top}


def inner(*states: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A machine inside a Parallel or Map."""
    made = machine(*states)
    del made["QueryLanguage"]
    return made


def task(function: str = "f", payload: Any = None, **fields: Any) -> dict[str, Any]:
    """A lambda:invoke Task whose output is the function's result."""
    arguments = {"FunctionName": function, "Payload": {} if payload is None else payload}
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": arguments,
        "Output": "{% $states.result.Payload %}",
        **fields,
    }


def wait_for_token(function: str = "f", **fields: Any) -> dict[str, Any]:
    """A Task that hands its token to a function and waits."""
    payload = {"token": "{% $states.context.Task.Token %}"}
    arguments = {"FunctionName": function, "Payload": payload}
    return {"Type": "Task", "Resource": AWAIT, "Arguments": arguments, **fields}


def failing(*errors: str | None, then: Any = "done") -> Callable[[Any], Any]:
    """A function that fails with each of `errors` in turn (None: succeeds), and answers `then` ever after."""
    left = list(errors)

    def function(_: Any) -> Any:
        error = left.pop(0) if left else None
        if error is not None:
            raise TaskFailed(error, f"{error} it was")
        return then

    return function
