"""Task states: one attempt from its scheduling to its answer."""

from __future__ import annotations

import json
from typing import Any

from sandbox.states.errors import DATA_LIMIT, HEARTBEAT_TIMEOUT, RUNTIME, TASK_FAILED, TIMEOUT, StateError, TaskFailed
from sandbox.states.frames import Phase, Run
from sandbox.states.history import task_details, task_event
from sandbox.states.resources import Resource, parse_resource
from sandbox.states.walk import Walk, dumps


def resource_of(walk: Walk) -> Resource:
    """The Resource of the walk's Task. Raises StateError for one that the check at creation would have refused."""
    resource = parse_resource(walk.state["Resource"])
    if resource is None:
        raise StateError(RUNTIME, f"The resource provided {walk.state['Resource']} is not recognized")
    return resource


def schedule(walk: Walk) -> None:
    """Begin an attempt: its arguments, its limits, a token of its own."""
    frame, resource = walk.frame, resource_of(walk)
    frame.attempt += 1
    if resource.has_token:
        frame.token = walk.host.issue_token(walk.run, frame)
    arguments = walk.query.given()
    timeout, heartbeat = walk.query.number("TimeoutSeconds", low=1), walk.query.number("HeartbeatSeconds", low=1)
    text = dumps(arguments)
    walk.limit(text, f"The state/task '{frame.state}' has arguments")
    limits = {"timeoutInSeconds": timeout, "heartbeatInSeconds": heartbeat}
    if resource.direct:
        walk.event("LambdaFunctionScheduled", resource=resource.arn, input=text, timeoutInSeconds=timeout)
    else:
        walk.event(
            "TaskScheduled", **task_details(resource, region=walk.run.arn.split(":")[3], parameters=text, **limits)
        )
    now = walk.host.clock.now()
    frame.arguments = arguments
    frame.timeout_at = None if timeout is None else now + timeout
    frame.heartbeat = heartbeat
    frame.heartbeat_at = None if heartbeat is None else now + heartbeat
    frame.phase = Phase.SCHEDULED
    walk.host.ready(walk.run, frame)


def begin(walk: Walk) -> None:
    """Hand the attempt to its resource."""
    frame, resource = walk.frame, resource_of(walk)
    walk.event(task_event(resource, "Started"), **task_details(resource))
    if not resource.nested:
        frame.phase = Phase.INVOKING
        walk.host.invoke(walk.run, frame, resource)
        return
    try:
        started = walk.host.start_nested(walk.run, frame, resource)
    except TaskFailed as failure:
        raise failed(walk, failure) from failure
    if resource.pattern == "":
        succeed(walk, started)
    else:
        submitted(walk, started)


def answered(walk: Walk, result: Any) -> None:
    """The resource has answered: that is the result, or, with a token, only the receipt."""
    if resource_of(walk).pattern == ".waitForTaskToken":
        submitted(walk, result)
    else:
        succeed(walk, result)


def submitted(walk: Walk, receipt: Any) -> None:
    """The work is under way elsewhere; wait for its token or its end."""
    resource = resource_of(walk)
    walk.event(task_event(resource, "Submitted"), **task_details(resource, output=dumps(receipt)))
    walk.frame.phase = Phase.SUBMITTED


def succeed(walk: Walk, result: Any) -> None:
    """The attempt has its result."""
    resource = resource_of(walk)
    text = dumps(result)
    try:
        walk.limit(text, f"The state/task '{resource.type if not resource.direct else resource.arn}' returned a result")
    except StateError as failure:
        raise failed(walk, TaskFailed(DATA_LIMIT, failure.cause)) from None
    walk.event(task_event(resource, "Succeeded"), **task_details(resource, output=text))
    walk.complete(result, result=result)


def failed(walk: Walk, failure: TaskFailed) -> StateError:
    """Note that the attempt failed; the caller raises what is returned."""
    resource = resource_of(walk)
    walk.event(task_event(resource, "Failed"), **task_details(resource, error=failure.error, cause=failure.cause))
    return StateError(failure.error, failure.cause)


def expired(walk: Walk, *, heartbeat: bool) -> StateError:
    """Note that the attempt's time is over; the caller raises what is returned.

    A missed heartbeat is recorded by AWS as States.Timeout too; States.HeartbeatTimeout is its name in Retry and Catch.
    """
    resource = resource_of(walk)
    walk.event(task_event(resource, "TimedOut"), **task_details(resource, error=TIMEOUT))
    return StateError(TIMEOUT, also=(HEARTBEAT_TIMEOUT,) if heartbeat else ())


def nested_ended(walk: Walk, child: Run) -> None:
    """The nested execution that a `.sync` task waits for has ended."""
    shown = describe_nested(child)
    if child.status == "SUCCEEDED":
        if resource_of(walk).pattern == ".sync:2":
            shown["Input"], shown["Output"] = json.loads(child.input), json.loads(child.output or "null")
        walk.frame.child = None
        succeed(walk, shown)
        return
    walk.frame.child = None
    raise failed(walk, TaskFailed(TASK_FAILED, dumps(shown)))


def describe_nested(child: Run) -> dict[str, Any]:
    """A closed execution as `.sync` reports it; absent parts are left out, names in alphabetical order."""
    included = {"Included": True}
    parts = {
        "Cause": child.cause,
        "Error": child.error,
        "ExecutionArn": child.arn,
        "Input": child.input,
        "InputDetails": included,
        "Name": child.name,
        "Output": child.output,
        "OutputDetails": None if child.output is None else included,
        "StartDate": round(child.started * 1000),
        "StateMachineArn": child.machine,
        "Status": child.status,
        "StopDate": None if child.stopped is None else round(child.stopped * 1000),
    }
    return {name: part for name, part in parts.items() if part is not None}
