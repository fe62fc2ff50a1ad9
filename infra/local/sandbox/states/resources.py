"""What a Task may call: the table of task resources, and how a Resource ARN finds its entry."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.states.errors import RUNTIME, TaskFailed

log = logging.getLogger(__name__)

_LAMBDA = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?")
_SERVICE = re.compile(
    r"arn:aws[a-z-]*:states:::(?P<service>(aws-sdk:)?[A-Za-z0-9-]+):(?P<action>[A-Za-z0-9]+)"
    r"(?P<pattern>\.sync:2|\.sync|\.waitForTaskToken)?"
)
NESTED = "states:startExecution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A Task's Resource, taken apart: `key` finds the callee, `pattern` says how its answer comes."""

    arn: str
    key: str  # "lambda" for a bare function ARN, else "<service>:<action>"
    type: str  # resourceType in the history
    name: str  # resource in the history
    pattern: str  # "", ".sync", ".sync:2" or ".waitForTaskToken"

    @property
    def direct(self) -> bool:
        """A bare function ARN; its history entries are LambdaFunction..., not Task..."""
        return self.key == "lambda"

    @property
    def nested(self) -> bool:
        return self.key == NESTED

    @property
    def has_token(self) -> bool:
        """Does the attempt carry a task token (AWS gives one to `.sync` tasks too)."""
        return self.pattern != ""


def parse_resource(arn: str) -> Resource | None:
    """The parts of a Resource ARN, or None when it is none that a state machine can call."""
    if _LAMBDA.fullmatch(arn):
        return Resource(arn=arn, key="lambda", type="lambda", name=arn, pattern="")
    match = _SERVICE.fullmatch(arn)
    if match is None:
        return None
    service, action, pattern = match["service"], match["action"], match["pattern"] or ""
    return Resource(arn=arn, key=f"{service}:{action}", type=service, name=f"{action}{pattern}", pattern=pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCall:
    """One attempt of one Task, as its resource sees it."""

    resource: Resource
    arguments: Any
    token: str | None
    execution: str
    state: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delayed:
    """An answer that comes `seconds` later by the engine's clock: how a slow task is played on a virtual clock."""

    seconds: float
    value: Any  # the result, or a TaskFailed


TaskResource = Callable[[TaskCall], Any]
LambdaInvoker = Callable[[str, Any], Any]


class ResourceTable:
    """Task resources by key.

    A key is `lambda`, `<service>:<action>`, the same with `.sync` or `.sync:2` for a callee that blocks until the
    job is done, or ends in `*`: the longest one that fits wins. `states:startExecution` is the engine's own.
    """

    def __init__(self, resources: Mapping[str, TaskResource]) -> None:
        self._resources = dict(resources)

    def find(self, resource: Resource) -> TaskResource | None:
        """The callee of `resource`, or None."""
        blocking = resource.pattern.startswith(".sync")
        name = resource.key + (resource.pattern if blocking else "")
        if name in self._resources:
            return self._resources[name]
        stems = [key[:-1] for key in self._resources if key.endswith("*")]
        stem = max((stem for stem in stems if name.startswith(stem)), key=len, default=None)
        return None if stem is None or blocking else self._resources[f"{stem}*"]

    def knows(self, resource: Resource) -> bool:
        """Can a definition use `resource` here."""
        if resource.nested:
            return True
        return self.find(resource) is not None


def outcome_of(callee: TaskResource | None, call: TaskCall) -> Any:
    """What a call comes to: its result, or a TaskFailed as a value."""
    if callee is None:
        return TaskFailed(RUNTIME, f"No task resource for {call.resource.arn}")
    try:
        return callee(call)
    except TaskFailed as failure:
        return failure
    except Exception as error:  # a broken resource ends its execution, visibly, and not the engine
        log.exception("Task resource %s failed", call.resource.arn)
        return TaskFailed(RUNTIME, repr(error))


def lambda_failure(error: str, message: str, request_id: str = "", trace: tuple[str, ...] = ()) -> TaskFailed:
    """A function's exception as Lambda reports it: its class is the error's name, the cause is a JSON text."""
    body = {"errorMessage": message, "errorType": error, "requestId": request_id, "stackTrace": list(trace)}
    return TaskFailed(error, json.dumps(body, separators=(",", ":")))


def lambda_result(payload: str | bytes, function_error: str | None) -> Any:
    """The result in a response of Lambda's Invoke: its Payload and FunctionError. Raises TaskFailed for an error."""
    body = json.loads(payload or "null")
    if function_error is None:
        return body
    error = body.get("errorType") if isinstance(body, dict) else None
    raise TaskFailed(error or "Lambda.Unknown", json.dumps(body, separators=(",", ":"), ensure_ascii=False))


def http_metadata(request_id: str, **headers: str) -> dict[str, Any]:
    """The two fields that the optimised integrations add to a service's response."""
    names = {"Content-Type": "application/json", "x-amzn-RequestId": request_id, **headers}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in names.items()},
            "HttpHeaders": names,
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def _payload(arguments: Mapping[str, Any]) -> Any:
    payload = arguments.get("Payload")
    if payload is None:
        return {}
    if isinstance(payload, str):
        # The text is the request body itself, as in the API of Lambda.
        try:
            return json.loads(payload)
        except ValueError as error:
            cause = f"Could not parse request body into json: {error}"
            raise TaskFailed("Lambda.InvalidRequestContentException", cause) from error
    return payload


def lambda_resources(invoke: LambdaInvoker, ids: Callable[[], str]) -> dict[str, TaskResource]:
    """The two ways to call a function, over `invoke(name or ARN, event) -> result`, which may raise TaskFailed."""

    def direct(call: TaskCall) -> Any:
        return invoke(call.resource.arn, call.arguments)

    def optimised(call: TaskCall) -> Any:
        arguments = call.arguments if isinstance(call.arguments, dict) else {}
        function = arguments.get("FunctionName")
        if not isinstance(function, str):
            raise TaskFailed("States.Runtime", "The field 'FunctionName' is required but was missing")
        qualifier = arguments.get("Qualifier")
        result = invoke(f"{function}:{qualifier}" if qualifier else function, _payload(arguments))
        if isinstance(result, Delayed):
            return Delayed(seconds=result.seconds, value=wrap(result.value))
        return wrap(result)

    def wrap(result: Any) -> Any:
        if isinstance(result, TaskFailed):
            return result
        request = ids()
        shown = http_metadata(request, **{"X-Amz-Executed-Version": "$LATEST"})
        return {"ExecutedVersion": "$LATEST", "Payload": result, **shown, "StatusCode": 200}

    return {"lambda": direct, "lambda:invoke": optimised}
