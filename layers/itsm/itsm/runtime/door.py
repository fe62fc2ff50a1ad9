"""Door: what every function wears; it reads the event, logs, maps errors and shapes the answer."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itsm.core.errors import ItsmError
from itsm.core.ports import SHARDS
from itsm.runtime import http
from itsm.runtime.ports import Ports

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

FRAMES = 6
"""How many of the innermost calls of a failure are logged."""

type Event = Mapping[str, Any]


@cache
def deployed() -> Ports:
    """The ports of the deployment this function runs in; made once per environment."""
    from itsm.runtime.deployment import Deployment

    return Deployment(os.environ)


@cache
def logger() -> Logger:
    """One JSON logger per environment; messages are constant, facts are keys, and no text of a submission is logged."""
    from aws_lambda_powertools import Logger

    return Logger(log_uncaught_exceptions=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """What a process hands to a step: its name, the record's id, arguments, and the task token when it waits."""

    step: str
    record: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""


class Door[W]:
    """A Lambda handler around `work`, which tests call with fakes."""

    def __init__(self, work: W, enter: Callable[[W, Event, Ports], Any]) -> None:
        self.work, self._enter = work, enter

    def __call__(self, event: Event, context: object) -> Any:
        """Run the work on one event of this deployment."""
        return self._enter(self.work, event, deployed())

    def on(self, event: Event, ports: Ports) -> Any:
        """Run the work on one event with other ports."""
        return self._enter(self.work, event, ports)


type HttpWork = Callable[[http.Request, Ports], http.Response]
type StepWork = Callable[[StepCall, Ports], Mapping[str, Any]]
type ItemWork = Callable[[Event, Ports], None]
type TickWork = Callable[[Ports], None]
type SharesWork = Callable[[Sequence[int], Ports], None]


def http_door(work: HttpWork) -> Door[HttpWork]:
    """A door for API Gateway routes; errors become problem details, or a page for a browser."""
    return Door(work, _enter_http)


def _enter_http(work: HttpWork, event: Event, ports: Ports) -> dict[str, Any]:
    try:
        response = work(http.read(event), ports)
    except ItsmError as error:
        response = _problem(error, event, ports)
    except Exception as error:
        logger().error("request failed unexpectedly", extra={"route": event.get("routeKey"), **_trouble(error)})
        response = _problem(error, event, ports)
    facts = {"route": event.get("routeKey"), "status": response.status}
    logger().info("request answered", extra=facts)
    return http.answer(response)


def _problem(error: Exception, event: Event, ports: Ports) -> http.Response:
    if not http.wants_page(event):
        return http.problem(error, wants_page=False)
    # the words of pages are of no use to the doors that programs call
    from itsm.runtime import speaking

    return speaking.trouble(error, event, ports)


def step_door(work: StepWork) -> Door[StepWork]:
    """A door for a process; errors keep their class name, which the process catches by."""
    return Door(work, _enter_step)


def _enter_step(work: StepWork, event: Event, ports: Ports) -> Mapping[str, Any]:
    call = StepCall(
        step=event["step"],
        record=event["record"],
        arguments=event.get("arguments") or {},
        token=event.get("token") or "",
    )
    result = work(call, ports)
    logger().info("step taken", extra={"step": call.step, "record": call.record})
    return result


def queue_door(work: ItemWork) -> Door[ItemWork]:
    """A door for SQS: each message alone, failures reported one by one so that the rest is done."""
    return Door(work, _enter_queue)


def deadline_door(work: ItemWork) -> Door[ItemWork]:
    """A door for SQS whose messages have a `due`: the earliest first, so that none stands behind one that waits."""
    return Door(work, _enter_deadlines)


def _enter_deadlines(work: ItemWork, event: Event, ports: Ports) -> dict[str, Any]:
    return _enter_queue(work, {"Records": sorted(event["Records"], key=_due)}, ports)


def _due(message: Event) -> int:
    try:
        return int(json.loads(message["body"])["due"])
    except (ValueError, TypeError, LookupError):
        return 0  # it fails in its turn, alone


def _enter_queue(work: ItemWork, event: Event, ports: Ports) -> dict[str, Any]:
    def read_and_work(message: Event, ports: Ports) -> None:
        work(json.loads(message["body"]), ports)

    failed = [message["messageId"] for message in event["Records"] if not _done(read_and_work, message, ports)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def stream_door(work: ItemWork) -> Door[ItemWork]:
    """A door for a table stream: in order, and nothing behind a failed change is done before it."""
    return Door(work, _enter_stream)


def _enter_stream(work: ItemWork, event: Event, ports: Ports) -> dict[str, Any]:
    for change in event["Records"]:
        if not _done(work, change, ports):
            return {"batchItemFailures": [{"itemIdentifier": change["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _done(work: ItemWork, item: Event, ports: Ports) -> bool:
    """Whether the work on one item came through; what went wrong is logged and the item is delivered again."""
    try:
        work(item, ports)
    except ItsmError as error:
        logger().warning("item failed", extra=_trouble(error))
        return False
    except Exception as error:
        logger().error("item failed unexpectedly", extra=_trouble(error))
        return False
    return True


def _trouble(error: Exception) -> Mapping[str, Any]:
    """What went wrong and where. Never the message: it may quote what a person wrote, and logs hold no such word."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    cause = type(error.__cause__).__name__ if error.__cause__ else ""
    return {"error": type(error).__name__, "cause": cause, "where": where}


def tick_door(work: TickWork) -> Door[TickWork]:
    """A door for a schedule."""
    return Door(work, _enter_tick)


def _enter_tick(work: TickWork, event: Event, ports: Ports) -> None:
    work(ports)


def shares_door(work: SharesWork) -> Door[SharesWork]:
    """A door for several schedules that share the timers' shards: each says in its input which are its own."""
    return Door(work, _enter_shares)


def _enter_shares(work: SharesWork, event: Event, ports: Ports) -> None:
    work(event.get("shards", range(SHARDS)), ports)
