"""Step Functions for one process: state machines, executions, task tokens; everything behind the API."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.states import states
from sandbox.states.agenda import Workers
from sandbox.states.clock import Clock, SystemClock
from sandbox.states.errors import RUNTIME, ApiError, TaskFailed
from sandbox.states.frames import Event, Frame, Phase, Run
from sandbox.states.journal import Journal
from sandbox.states.kernel import Kernel
from sandbox.states.machines import Machines, Target
from sandbox.states.resources import Resource, ResourceTable, TaskResource, http_metadata
from sandbox.states.walk import PAYLOAD_LIMIT, dumps, note

ROLE = "arn:aws:iam::111111111111:role/states"  # no role is enforced here
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class Engine:
    """The interpreter's API. Every method is safe to call from any thread.

    `resources`: see ResourceTable. `workers` runs a task's call away from the engine; without it calls are made in
    `run_until_idle`. `on_status` is told of every execution that starts or ends, off the engine's lock.
    Open a journal a second time, and every running execution goes on where it stood.
    """

    def __init__(
        self,
        resources: Mapping[str, TaskResource],
        *,
        journal: Journal | None = None,
        clock: Clock | None = None,
        ids: Callable[[], str] = lambda: str(uuid.uuid4()),
        rng: random.Random | None = None,
        workers: Workers | None = None,
        on_status: Callable[[Run], None] | None = None,
        region: str = "us-east-1",
        account: str = "111111111111",
    ) -> None:
        self.journal = journal or Journal()
        self.clock: Clock = clock or SystemClock()
        self._ids = ids
        self._prefix = f"arn:aws:states:{region}:{account}"
        table, chance = ResourceTable(resources), rng or random.Random()  # noqa: S311  # jitter and alias weights, no secrets
        self.kernel = Kernel(
            journal=self.journal, clock=self.clock, resources=table, ids=ids, rng=chance, workers=workers,
            on_status=on_status,
        )  # fmt: skip
        self.kernel.start_nested = self._start_nested
        self.machines = Machines(self.journal, self.clock, table, ids, chance, self._prefix)
        self.kernel.load()

    # --- driving (VirtualClock.drive(engine), or a Runner)

    def next_deadline(self) -> float | None:
        """The next instant at which the engine has something to do by itself."""
        return self.kernel.next_deadline()

    def run_until_idle(self) -> bool:
        """Do all that can be done at this instant of the clock. False when there was nothing."""
        return self.kernel.run_until_idle()

    def step(self) -> bool:
        """Do one thing; False when there is nothing to do at this instant."""
        return self.kernel.fire() or self.kernel.step()

    def close(self) -> None:
        """Let go of the journal; a later engine on it goes on."""
        self.journal.close()

    # --- state machines; the rest of their calls are on `machines`, inside `transaction()`

    def transaction(self) -> Any:
        """The context for calls of `machines`."""
        return self.kernel.atomically()

    def create_state_machine(
        self, name: str, definition: str | Mapping[str, Any], role: str = ROLE, kind: str = "STANDARD"
    ) -> str:
        """Create a machine. Returns its ARN. Raises ApiError (InvalidDefinition with every diagnostic, ...)."""
        text = definition if isinstance(definition, str) else dumps(definition)
        with self.transaction():
            return str(self.machines.create(name, text, role, kind, {})["arn"])

    def put_state_machine(
        self, name: str, definition: str | Mapping[str, Any], role: str = ROLE, kind: str = "STANDARD"
    ) -> str:
        """Create a machine, or give the one of this name this definition. Returns its ARN. Raises ApiError."""
        text = definition if isinstance(definition, str) else dumps(definition)
        arn = f"{self._prefix}:stateMachine:{name}"
        with self.transaction():
            if all(machine["arn"] != arn for machine in self.machines.all()):
                return str(self.machines.create(name, text, role, kind, {})["arn"])
            known = self.machines.machine(arn)
            if (self.machines.definition(known["definition"]), known["role"]) != (text, role):
                self.machines.update(arn, text, role)
            return arn

    def update_state_machine(self, arn: str, definition: str | Mapping[str, Any]) -> None:
        """Give a machine another definition. Raises ApiError."""
        text = definition if isinstance(definition, str) else dumps(definition)
        with self.transaction():
            self.machines.update(arn, text, None)

    # --- executions

    def start_execution(self, arn: str, data: Any = None, name: str | None = None) -> Run:
        """Start `arn` (machine, version or alias) on a JSON value.

        The same name and input while that execution runs is the same execution. Raises ApiError.
        """
        return self.start_with_text(arn, dumps({} if data is None else data), name)

    def start_with_text(self, arn: str, text: str, name: str | None = None) -> Run:
        """`start_execution` on the input's JSON text, as the API has it."""
        if len(text.encode()) > PAYLOAD_LIMIT:
            raise ApiError("ValidationException", f"Input exceeds {PAYLOAD_LIMIT} bytes")
        try:
            json.loads(text)
        except ValueError as error:
            raise ApiError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error
        with self.kernel.atomically():
            return self._start(self.machines.resolve(arn), text, name)

    def stop_execution(self, arn: str, error: str | None = None, cause: str | None = None) -> Run:
        """Abort a running execution; a closed one stays as it is. Raises ApiError."""
        with self.kernel.atomically():
            run = self.kernel.runs.get(arn)
            if run is None:
                return self.execution(arn)
            self.kernel.end(run, "ABORTED", "ExecutionAborted", error, cause)
            return run

    def condemn(self, arn: str, cause: str) -> None:
        """End an execution at which the interpreter itself failed."""
        with self.kernel.atomically():
            run = self.kernel.runs.get(arn)
            if run is not None:
                self.kernel.end(run, "FAILED", "ExecutionFailed", RUNTIME, cause)

    def execution(self, arn: str) -> Run:
        """An execution as it stands. Raises ApiError."""
        with self.kernel.lock:
            run = self.kernel.runs.get(arn) or self.journal.run(arn)
        if run is None:
            raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return run

    def executions(self, machine: str, status: str | None = None, *, offset: int = 0, limit: int = 1000) -> list[Run]:
        """Executions of a machine, newest first. Raises ApiError."""
        with self.kernel.lock:
            self.machines.machine(machine)
            return self.journal.runs(machine, status, offset, limit)

    def history(self, arn: str, *, offset: int = 0, limit: int = 100_000, reverse: bool = False) -> list[Event]:
        """An execution's events. Raises ApiError."""
        with self.kernel.lock:
            self.execution(arn)
            return self.journal.events(arn, offset, limit, reverse=reverse)

    def redrive_execution(self, arn: str) -> Run:
        """Run an unhappily closed execution again from the outermost state at which it ended.

        AWS keeps the branches of a Parallel and the iterations of a Map that had succeeded; here they run again.
        Raises ApiError.
        """
        with self.kernel.atomically():
            run = self.execution(arn)
            if run.status not in ("FAILED", "ABORTED", "TIMED_OUT"):
                raise ApiError("ExecutionNotRedrivable", f"Execution cannot be redriven: its status is {run.status}")
            now = self.clock.now()
            root = run.frames[min(run.frames)]
            limit = self.kernel.definition(run.definition).timeout
            run.status, run.stopped, run.error, run.cause = "RUNNING", None, None, None
            run.redrives, run.redriven, run.deadline = run.redrives + 1, now, None if limit is None else now + limit
            root.rest()
            root.phase, root.outcome = Phase.ENTER, None
            about = {"redriveCount": run.redrives}
            root.last_event = note(self.kernel, run, "ExecutionRedriven", root.last_event, about)
            self.kernel.adopt(run)
            self.kernel.ready(run, root)
            return run

    # --- task tokens

    def send_task_success(self, token: str, output: Any) -> None:
        """Give a token's task its result, a JSON value. Raises ApiError (InvalidToken, TaskTimedOut)."""
        with self.kernel.atomically():
            run, frame = self._waiting(token)
            self.kernel.walk(run, frame, lambda walk: states.told(walk, output))

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """Fail a token's task. Raises ApiError (InvalidToken, TaskTimedOut)."""
        with self.kernel.atomically():
            run, frame = self._waiting(token)
            self.kernel.walk(run, frame, lambda walk: states.told(walk, TaskFailed(error, cause)))

    def send_task_heartbeat(self, token: str) -> None:
        """Say that a token's task is alive. Raises ApiError (InvalidToken, TaskTimedOut)."""
        with self.kernel.atomically():
            run, frame = self._waiting(token)
            if frame.heartbeat is not None:
                frame.heartbeat_at = self.clock.now() + frame.heartbeat
                self.kernel.walk(run, frame, lambda walk: run.changed.add(frame.id))

    # --- inside

    def _waiting(self, token: str) -> tuple[Run, Frame]:
        known = self.journal.token(token)
        if known is None:
            raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'")
        arn, number, live = known
        run = self.kernel.runs.get(arn)
        frame = None if run is None else run.frames.get(number)
        if not live or run is None or frame is None or frame.token != token:
            raise ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return run, frame

    def _start(self, target: Target, text: str, name: str | None, parent: list[Any] | None = None) -> Run:
        machine = target.machine
        called = name or self._ids()
        if not _NAME.fullmatch(called):
            raise ApiError("InvalidName", f"Invalid Name: '{called}'")
        express = machine["type"] == "EXPRESS"
        path = f"{machine['name']}:{called}"
        arn = f"{self._prefix}:express:{path}:{self._ids()}" if express else f"{self._prefix}:execution:{path}"
        known = self.kernel.runs.get(arn) or self.journal.run(arn)
        if known is not None:
            if known.status == "RUNNING" and known.input == text and parent is None:
                return known
            raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        now = self.clock.now()
        definition = self.kernel.definition(target.definition)
        run = Run(
            arn=arn, name=called, machine=machine["arn"], machine_name=machine["name"], role=target.role,
            kind=machine["type"], definition=target.definition, input=text, started=now, version=target.version,
            alias=target.alias, parent=parent,
            deadline=None if definition.timeout is None else now + definition.timeout,
        )  # fmt: skip
        about: dict[str, str | None] = {"input": text, "roleArn": target.role}
        about |= {"stateMachineVersionArn": target.version, "stateMachineAliasArn": target.alias}
        started = note(self.kernel, run, "ExecutionStarted", 0, about)
        root = run.frame(
            parent=None, scope="", index=0, state=definition.start(""), input=json.loads(text), last_event=started
        )
        self.kernel.adopt(run)
        self.kernel.ready(run, root)
        return run

    def _start_nested(self, run: Run, frame: Frame, resource: Resource) -> dict[str, Any]:
        """`states:startExecution` from inside a walk. Raises StateError by way of `tasks.failed`."""
        arguments = frame.arguments if isinstance(frame.arguments, dict) else {}
        arn, given = arguments.get("StateMachineArn"), arguments.get("Input")
        text = given if isinstance(given, str) else dumps({} if given is None else given)
        waits = resource.pattern.startswith(".sync")
        try:
            target = self.machines.resolve(str(arn))
            waiter = [run.arn, frame.id, frame.attempt] if waits else None
            child = self._start(target, text, arguments.get("Name"), waiter)
        except ApiError as error:
            raise TaskFailed(f"StepFunctions.{error.code}Exception", error.message) from error
        if waits:
            frame.child = child.arn
        started = {"ExecutionArn": child.arn, "StartDate": round(child.started * 1000)}
        return {**started, **http_metadata(self._ids(), **{"Content-Type": "application/x-amz-json-1.0"})}
