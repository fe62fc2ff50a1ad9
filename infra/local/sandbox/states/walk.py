"""One frame at its state: what every kind of state needs to look, to note, to leave and to fail."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Protocol

from sandbox.states.clock import Clock, iso
from sandbox.states.definition import Definition
from sandbox.states.errors import ALL, DATA_LIMIT, QUERY, RUNTIME, TASK_FAILED, TIMEOUT, QueryError, StateError
from sandbox.states.expressions import Evaluator
from sandbox.states.frames import Event, Frame, Phase, Run
from sandbox.states.history import EVENT_LIMIT
from sandbox.states.queries import JsonataQuery, PathQuery, Query
from sandbox.states.resources import Resource, ResourceTable

PAYLOAD_LIMIT = 262_144  # bytes of UTF-8 JSON; Step Functions quotas, "Maximum input or output size"
CONTAINERS = ("Parallel", "Map")
RETRYABLE = ("Task", "Parallel", "Map")


class Host(Protocol):
    """What a walk asks of the engine. Nothing here leaves the process before the step is in the journal."""

    clock: Clock
    rng: random.Random
    ids: Callable[[], str]
    evaluator: Evaluator
    resources: ResourceTable

    def ready(self, run: Run, frame: Frame, *, first: bool = False) -> None: ...

    def invoke(self, run: Run, frame: Frame, resource: Resource) -> None: ...

    def issue_token(self, run: Run, frame: Frame) -> str: ...

    def end_token(self, token: str) -> None: ...

    def start_nested(self, run: Run, frame: Frame, resource: Resource) -> dict[str, Any]: ...

    def stop_nested(self, arn: str) -> None: ...

    def close(self, run: Run, status: str) -> None: ...


def dumps(value: Any) -> str:
    """JSON as AWS writes it in histories and outputs: no blanks, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Walk:
    """One frame of one run, at the state it stands at."""

    __slots__ = ("definition", "frame", "host", "kind", "query", "run", "state")

    def __init__(self, host: Host, run: Run, frame: Frame, definition: Definition) -> None:
        self.host = host
        self.run = run
        self.frame = frame
        self.definition = definition
        self.state: dict[str, Any] = definition.state(frame.scope, frame.state)
        self.kind: str = self.state["Type"]
        self.query: Query = PathQuery(self) if definition.by_path(self.state) else JsonataQuery(self)

    def event(self, type_: str, *, previous: int | None = None, moves: bool = True, **details: Any) -> int:
        """Note an event; it follows the frame's last one unless `previous` says otherwise. Returns its id."""
        if self.frame.silent:
            return self.frame.last_event
        after = self.frame.last_event if previous is None else previous
        number = note(self.host, self.run, type_, after, details)
        if moves:
            self.frame.last_event = number
        return number

    def enter(self) -> None:
        """Note that the state is entered, and start its counters anew."""
        frame = self.frame
        frame.rest()
        frame.retries = [0] * len(self.state.get("Retry", ()))
        frame.entered_at = self.host.clock.now()
        # AWS counts the start of an execution as nothing before the first state.
        frame.entered_after = 0 if frame.last_event == 1 else frame.last_event
        frame.entered_event = self.event(
            f"{self.kind}StateEntered", previous=frame.entered_after, name=frame.state, input=dumps(frame.input)
        )

    def variables(self) -> dict[str, Any]:
        """All variables in sight: those of the scopes around, and the frame's own."""
        chain = [self.frame]
        while (parent := chain[-1].parent) is not None:
            chain.append(self.run.frames[parent])
        seen: dict[str, Any] = {}
        for frame in reversed(chain):
            seen.update(frame.variables)
        return seen

    def context(self, item: dict[str, Any] | None = None) -> dict[str, Any]:
        """The context object; `item` is the Map item when it is not the frame's own."""
        run, frame = self.run, self.frame
        state: dict[str, Any] = {"EnteredTime": iso(frame.entered_at), "Name": frame.state}
        if self.kind in RETRYABLE:
            state["RetryCount"] = sum(frame.retries)
        shown: dict[str, Any] = {
            "Execution": {
                "Id": run.arn,
                "Input": json.loads(run.input),
                "Name": run.name,
                "RoleArn": run.role,
                "StartTime": iso(run.started),
                "RedriveCount": run.redrives,
            },
            "StateMachine": {"Id": run.machine, "Name": run.machine_name},
            "State": state,
        }
        if frame.token is not None:
            shown["Task"] = {"Token": frame.token}
        if (here := item or frame.item) is not None:
            shown["Map"] = {"Item": here}
        return shown

    def complete(self, plain: Any, **states: Any) -> None:
        """Leave the state through its Output and Assign; without an Output, with `plain`."""
        self.leave(self.state, plain, self.state.get("Next"), **states)

    def leave(
        self, spec: dict[str, Any], plain: Any, following: str | None, *, prefix: str = "", **states: Any
    ) -> None:
        """Leave the state: `spec` holds Output and Assign (a state, a Choice rule or a Catcher)."""
        frame = self.frame
        # Assign and Output both see the variables as they were (AWS, "Evaluation order in an assign field").
        output, assigned = self.query.shaped(spec, plain, prefix, states)
        text = dumps(output)
        self.limit(text, f"The state/task '{frame.state}' returned a result")
        # The check at creation has seen that none of these belongs to a scope around.
        frame.variables.update(assigned)
        shown = {name: dumps(value) for name, value in assigned.items()} or None
        if frame.token is not None:
            self.host.end_token(frame.token)
        self.event(f"{self.kind}StateExited", name=frame.state, output=text, assignedVariables=shown)
        frame.rest()
        if following is None:
            end_scope(self.host, self.run, frame, {"output": output}, text)
            return
        frame.state, frame.input, frame.phase = following, output, Phase.ENTER
        self.host.ready(self.run, frame)

    def limit(self, text: str, what: str) -> None:
        """Raise States.DataLimitExceeded when `text` is larger than a payload may be."""
        if len(text) > PAYLOAD_LIMIT // 4 and len(text.encode()) > PAYLOAD_LIMIT:
            cause = f"{what} with a size exceeding the maximum number of bytes service limit."
            raise StateError(DATA_LIMIT, cause)

    def query_failure(self, error: QueryError) -> StateError:
        """The state's failure for an expression without a value; JSONPath has no name of its own for it."""
        cause = (
            f"An error occurred while executing the state '{self.frame.state}' "
            f"(entered at the event id #{self.frame.entered_event}). {error.detail}"
        )
        if isinstance(self.query, PathQuery):
            return StateError(RUNTIME, cause)
        return StateError(QUERY, cause, query=error)


def note(host: Host, run: Run, type_: str, previous: int, details: dict[str, Any]) -> int:
    """Add an event to a run's history. Returns its id."""
    number = run.next_event
    run.next_event += 1
    said = {name: value for name, value in details.items() if value is not None}
    run.fresh.append(Event(id=number, previous=previous, timestamp=host.clock.now(), type=type_, details=said))
    return number


def end_scope(host: Host, run: Run, frame: Frame, outcome: dict[str, Any], text: str | None = None) -> None:
    """The frame's thread of control is over: tell its parent, or end the execution."""
    frame.phase, frame.outcome = Phase.ENDED, outcome
    if frame.parent is not None:
        host.ready(run, run.frames[frame.parent], first=True)
    elif "output" in outcome:
        run.output = dumps(outcome["output"]) if text is None else text
        note(host, run, "ExecutionSucceeded", frame.last_event, {"output": run.output})
        host.close(run, "SUCCEEDED")
    else:
        run.error, run.cause = outcome["error"], outcome["cause"]
        note(host, run, "ExecutionFailed", frame.last_event, {"error": run.error, "cause": run.cause})
        host.close(run, "FAILED")


def overflowing(run: Run) -> bool:
    """Has the execution written all the history it may."""
    return run.next_event > EVENT_LIMIT


def matches(names: list[str], failure: StateError) -> bool:
    """Do ErrorEquals `names` cover `failure`.

    States.TaskFailed covers all but timeouts; States.ALL covers all; neither covers States.Runtime, which always
    ends the execution (AWS, "Handling errors in Step Functions workflows"). AWS's recordings let States.ALL catch
    States.DataLimitExceeded, against that page; the recordings win.
    """
    if failure.error == RUNTIME:
        return False
    known = {failure.error, *failure.also}
    if known & set(names) or ALL in names:
        return True
    return TASK_FAILED in names and TIMEOUT not in known
