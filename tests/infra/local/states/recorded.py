"""Plays a case of AWS-recorded behaviour on the engine and compares what comes out."""

from __future__ import annotations

import heapq
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.states.clock import VirtualClock
from sandbox.states.engine import Engine
from sandbox.states.errors import ApiError, TaskFailed
from sandbox.states.frames import Event
from sandbox.states.resources import Delayed, TaskCall, http_metadata, lambda_failure, lambda_resources

Case = dict[str, Any]

# Words that the recordings put in place of a value that differs from run to run.
_WORDS = {
    "date", "timestamp", "start-time", "entered-time", "start-date", "stop-date", "RequestId", "x-amzn-RequestId",
    "snf_role_arn", "sfn_role_arn", "RandomNumberGenerated", "generated-uuid",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"<[A-Za-z_]+:?\d*[A-Za-z]*>|<[A-Za-z]+_\d+idx>")
_NOISE = {"SdkHttpMetadata", "SdkResponseMetadata"}


class Later:
    """Things that somebody outside does at later instants."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._clock.now() + seconds, next(self._order), action))

    def next_deadline(self) -> float | None:
        return self._due[0][0] if self._due else None

    def run_until_idle(self) -> bool:
        worked = False
        while self._due and self._due[0][0] <= self._clock.now():
            heapq.heappop(self._due)[2]()
            worked = True
        return worked


class Play:
    """One case on an engine of its own."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.clock = VirtualClock()
        self.later = Later(self.clock)
        numbers = itertools.count(1)
        self.ids: Callable[[], str] = lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"
        resources = {**lambda_resources(self._call, self.ids), "sqs:sendMessage": self._send}
        self.engine = Engine(resources, clock=self.clock, ids=self.ids)
        self.clock.drive(self.engine)
        self.clock.drive(self.later)

    def run(self) -> list[str]:
        """What differs from the recording; nothing when all agrees."""
        case, expect = self.case, self.case["expect"]
        if case["needs"] in ("invalid", "valid"):
            return list(self._refused())
        for arn, stub in case["stubs"].items():
            if "stateMachine" in stub:
                self.engine.create_state_machine(arn.rsplit(":", 1)[1], stub["stateMachine"])
        try:
            machine = self.engine.create_state_machine("machine", case["definition"], kind=case["type"])
        except ApiError as error:
            return [str(error)]
        arn = self.engine.start_execution(machine, case["input"]).arn
        self.clock.run_out()
        run = self.engine.execution(arn)
        if run.status != expect["status"]:
            return [f"status {run.status} ({run.error}: {run.cause}), recorded {expect['status']}"]
        found = []
        if run.status == "SUCCEEDED":
            output = json.loads(run.output or "null")
            found += differences(expect.get("output"), output, expect.get("output_wild", ()), "")
        elif run.error != expect.get("error"):
            found.append(f"error {run.error}: {run.cause}, recorded {expect.get('error')}")
        if "events" in expect:
            found += compare_events(
                expect["events"], self.engine.history(arn), "events_normalised" in case or "events_normalised" in expect
            )
        return found

    def _refused(self) -> Iterator[str]:
        case, expect = self.case, self.case["expect"]
        text = case["definition_text"] if case.get("definition") is None else json.dumps(case["definition"])
        found = self.engine.machines.check(text, case["type"])
        if bool(found) != (expect["status"] == "REJECTED"):
            yield f"diagnostics {found}, recorded {expect['status']}"
        for diagnostic in expect.get("diagnostics") or ():
            # Words and places of a JSON parser are its own.
            if diagnostic["code"] != "INVALID_JSON_DESCRIPTION":
                wanted = (diagnostic["code"], diagnostic["message"], diagnostic.get("location", ""))
                if wanted not in [(d.code, d.message, d.location) for d in found]:
                    yield f"missing {wanted}, found {found}"

    def _call(self, function: str, event: Any) -> Any:
        stub = self._stub(function)
        value: Any
        if stub["lambda"] == "missing":
            raise TaskFailed("Lambda.ResourceNotFoundException", f"Function not found: {function}")
        if stub["lambda"] == "raise":
            value = lambda_failure(stub["errorType"], stub["errorMessage"], self.ids())
        else:
            value = self._value(stub, event)
        if "delay_seconds" in stub:
            return Delayed(seconds=stub["delay_seconds"], value=value)
        if isinstance(value, TaskFailed):
            raise value
        return value

    def _value(self, stub: dict[str, Any], event: Any) -> Any:
        kind = stub["lambda"]
        if kind == "echo":
            return event
        if kind == "return":
            return stub["value"]
        if kind == "return_repeat":
            return stub["text"] * stub["count"]
        return f"{stub['prefix']}{event if isinstance(event, str) else json.dumps(event)}"

    def _stub(self, function: str) -> dict[str, Any]:
        stubs: dict[str, dict[str, Any]] = self.case["stubs"]
        for name in (function, function.split(":function:")[-1], function.split(":function:")[-1].split(":")[0]):
            if name in stubs:
                return stubs[name]
        return {"lambda": "missing"}

    def _send(self, call: TaskCall) -> Any:
        stub = self.case["stubs"].get("*token", {"token": "success", "output_from": "message.Message"})
        body = call.arguments["MessageBody"]
        token = body.get("TaskToken") if isinstance(body, dict) else None
        engine = self.engine
        if token is not None and stub["token"] == "failure":
            self.later.after(1, lambda: engine.send_task_failure(token, stub.get("error"), stub.get("cause")))
        elif token is not None and stub["token"] in ("success", "heartbeat_then_success"):
            output = body if stub["output_from"] == "message" else body["Message"]
            pause = stub.get("delay_seconds", 1)
            beats = stub.get("heartbeats", 0)
            for beat in range(beats):
                self.later.after(pause * (beat + 1), lambda: engine.send_task_heartbeat(token))
            self.later.after(pause * (beats + 1), lambda: engine.send_task_success(token, output))
        return {"MD5OfMessageBody": "md5", "MessageId": self.ids(), **http_metadata(self.ids())}


def differences(expected: Any, actual: Any, wild: Any, path: str) -> list[str]:
    """Where two JSON values differ, but for the recording's placeholders and what only HTTP knows."""
    if path in wild or path.rsplit("/", 1)[-1] in _NOISE:
        return []
    if isinstance(expected, str) and (expected in _WORDS or _PLACEHOLDER.search(expected)):
        return []
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = [key for key in {**expected, **actual} if key not in _NOISE]
        missing = object()
        return [
            problem
            for key in keys
            for problem in differences(expected.get(key, missing), actual.get(key, missing), wild, f"{path}/{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [problem for index, (a, b) in pairs for problem in differences(a, b, wild, f"{path}/{index}")]
    same = expected == actual and isinstance(expected, bool) == isinstance(actual, bool)
    return [] if same else [f"{path or '/'}: {actual!r}, recorded {expected!r}"]


def compare_events(recorded: list[dict[str, Any]], events: list[Event], normalised: bool) -> list[str]:
    """Types, names and order of the history, and how its entries follow each other.

    Where the recording was sorted (parallel branches) the kinds are compared as a multiset, and those it left out are
    ignored.
    """
    expected = [(entry["type"], entry.get("name")) for entry in recorded]
    actual = [(event.type, event.details.get("name")) for event in events]
    if normalised:
        left = Counter(expected) - Counter(actual)
        return [f"events missing: {dict(left)}"] if left else []
    if expected != actual:
        return [f"events {[t for t, _ in actual]}, recorded {[t for t, _ in expected]}"]
    pairs = zip(recorded, events, strict=True)
    # After a distributed Map AWS's MapStateExited follows the run's start or its end, not always the same one.
    loose = {"MapStateExited"} if "MapRunStarted" in {entry["type"] for entry in recorded} else set()
    wrong = [
        (e.id, e.type, e.previous, r["prev"])
        for r, e in pairs
        if "prev" in r and e.type not in loose and (r["id"], r["prev"]) != (e.id, e.previous)
    ]
    return [f"previousEventId of (id, type, is, recorded): {wrong}"] if wrong else []
