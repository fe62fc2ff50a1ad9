"""An execution's history in the words of GetExecutionHistory."""

from __future__ import annotations

import re
from typing import Any

from sandbox.states.frames import Event
from sandbox.states.resources import Resource

# AWS ends an execution that writes more (Step Functions quotas, "Maximum execution history size").
EVENT_LIMIT = 25_000

_ENTERED = re.compile(r"[A-Z][a-z]+StateEntered")
_EXITED = re.compile(r"[A-Z][a-z]+StateExited")


def details_key(type_: str) -> str:
    """The field of a HistoryEvent that holds the details of an event of this type."""
    if _ENTERED.fullmatch(type_):
        return "stateEnteredEventDetails"
    if _EXITED.fullmatch(type_):
        return "stateExitedEventDetails"
    return f"{type_[0].lower()}{type_[1:]}EventDetails"


def as_api(event: Event, include_data: bool = True) -> dict[str, Any]:
    """`event` as a HistoryEvent; `include_data` as GetExecutionHistory's includeExecutionData."""
    shown: dict[str, Any] = {
        "timestamp": event.timestamp,
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous,
    }
    details: dict[str, Any] = {}
    for name, value in event.details.items():
        if value is None:
            continue
        if name in ("input", "output", "assignedVariables"):
            if not include_data:
                continue
            details[f"{name}Details"] = {"truncated": False}
        details[name] = value
    if details:
        shown[details_key(event.type)] = details
    return shown


def task_event(resource: Resource, what: str) -> str:
    """The event type of a task's `what`: Scheduled, Started, Submitted, Succeeded, Failed or TimedOut."""
    return f"LambdaFunction{what}" if resource.direct else f"Task{what}"


def task_details(resource: Resource, **details: Any) -> dict[str, Any]:
    """The details of a task's event: an optimised or SDK integration names its resource in each of them."""
    return details if resource.direct else {"resourceType": resource.type, "resource": resource.name, **details}
