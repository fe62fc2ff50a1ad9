"""AWSStepFunctions over HTTP: AWS JSON 1.0 requests in, responses and error shapes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.states.engine import Engine
from sandbox.states.errors import ApiError, StepCrashedError
from sandbox.states.frames import Run
from sandbox.states.history import as_api
from sandbox.states.machine_calls import Body, MachineCalls, page

PREFIX = "AWSStepFunctions."


class Front:
    """Answers `X-Amz-Target: AWSStepFunctions.<Operation>` requests on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._machines = engine.machines
        self._operations: dict[str, Callable[[Body], Body]] = {
            **MachineCalls(engine).operations,
            "StartExecution": self._start,
            "StopExecution": self._stop,
            "RedriveExecution": self._redrive,
            "DescribeExecution": self._describe_execution,
            "ListExecutions": self._executions,
            "GetExecutionHistory": self._history,
            "SendTaskSuccess": self._success,
            "SendTaskFailure": self._failure,
            "SendTaskHeartbeat": self._heartbeat,
        }

    def handle(self, target: str, body: bytes | str | Mapping[str, Any]) -> tuple[int, Body]:
        """(HTTP status, response body) of one request; `target` is the X-Amz-Target header. Never raises ApiError."""
        operation = self._operations.get(target.removeprefix(PREFIX))
        try:
            if operation is None:
                raise ApiError("UnknownOperationException", f"{target} is not an operation of this interpreter")
            request = _request(body)
            with self._engine.transaction():
                return 200, operation(request)
        except ApiError as error:
            return _refused(error.code, error.message)
        except StepCrashedError as crash:
            self._engine.condemn(crash.arn, repr(crash.__cause__))
            return 500, {"__type": "InternalFailure", "message": f"{crash}: {crash.__cause__!r}"}

    # --- executions

    def _start(self, request: Body) -> Body:
        text = request.get("input", "{}")
        run = self._engine.start_with_text(request["stateMachineArn"], text, request.get("name"))
        return {"executionArn": run.arn, "startDate": run.started}

    def _stop(self, request: Body) -> Body:
        run = self._engine.stop_execution(request["executionArn"], request.get("error"), request.get("cause"))
        return {"stopDate": run.stopped}

    def _redrive(self, request: Body) -> Body:
        return {"redriveDate": self._engine.redrive_execution(request["executionArn"]).redriven}

    def _describe_execution(self, request: Body) -> Body:
        run = self._engine.execution(request["executionArn"])
        included = {"included": True}
        shown = {
            **summary(run),
            "input": run.input,
            "inputDetails": included,
            "output": run.output,
            "outputDetails": None if run.output is None else included,
            "error": run.error,
            "cause": run.cause,
            "redriveStatus": "REDRIVABLE" if run.status in ("FAILED", "ABORTED", "TIMED_OUT") else "NOT_REDRIVABLE",
        }
        return {name: value for name, value in shown.items() if value is not None}

    def _executions(self, request: Body) -> Body:
        arn, status = request["stateMachineArn"], request.get("statusFilter")
        machine = self._machines.resolve(arn).machine["arn"]

        def rows(offset: int, limit: int) -> list[Body]:
            return [summary(run) for run in self._engine.executions(machine, status, offset=offset, limit=limit)]

        return page(request, "executions", rows)

    def _history(self, request: Body) -> Body:
        arn, reverse = request["executionArn"], bool(request.get("reverseOrder"))
        data = bool(request.get("includeExecutionData", True))

        def rows(offset: int, limit: int) -> list[Body]:
            events = self._engine.history(arn, offset=offset, limit=limit, reverse=reverse)
            return [as_api(event, data) for event in events]

        return page(request, "events", rows)

    # --- task tokens

    def _success(self, request: Body) -> Body:
        token, text = request["taskToken"], request["output"]
        try:
            output = json.loads(text)
        except ValueError as error:
            raise ApiError("InvalidOutput", f"Invalid Output: '{error}'") from error
        self._engine.send_task_success(token, output)
        return {}

    def _failure(self, request: Body) -> Body:
        self._engine.send_task_failure(request["taskToken"], request.get("error"), request.get("cause"))
        return {}

    def _heartbeat(self, request: Body) -> Body:
        self._engine.send_task_heartbeat(request["taskToken"])
        return {}


class _Request(Body):
    """A request's body; a field that must be there and is not is the caller's error."""

    def __missing__(self, field: str) -> Any:
        raise ApiError("ValidationException", f"Value null at '{field}' failed to satisfy constraint: must not be null")


def _request(body: bytes | str | Mapping[str, Any]) -> _Request:
    if isinstance(body, Mapping):
        return _Request(body)
    try:
        return _Request(json.loads(body or "{}"))
    except (TypeError, ValueError) as error:
        raise ApiError("SerializationException", f"The body is not a JSON object: {error}") from error


def summary(run: Run) -> Body:
    """An execution as ListExecutions shows it."""
    shown = {
        "executionArn": run.arn,
        "stateMachineArn": run.machine,
        "name": run.name,
        "status": run.status,
        "startDate": run.started,
        "stopDate": run.stopped,
        "stateMachineVersionArn": run.version,
        "stateMachineAliasArn": run.alias,
        "redriveCount": run.redrives,
        "redriveDate": run.redriven,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _refused(code: str, message: str) -> tuple[int, Body]:
    return 400, {"__type": code, "message": message}
