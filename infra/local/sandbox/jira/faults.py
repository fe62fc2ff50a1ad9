"""Misbehaviour on request: which call or which webhook goes wrong next, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from threading import Lock

from sandbox.jira.messages import Json, Refusal, Response

CALL_KINDS = {"drop_before", "drop_after", "429", "status", "delay", "html_200", "truncated_json"}
HOOK_KINDS = {"duplicate", "reorder", "drop", "delay_webhook"}
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "kind": str,
    "method": str,
    "path": str,
    "event": str,
    "nth": int,
    "times": int,
    "status": int,
    "after": bool,
    "seconds": (int, float),
    "retry_after": (int, str),
    "reason": str,
    "new_identifier": bool,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One scripted fault.

    It strikes the calls that match ``method`` and ``path`` (globs), from the ``nth`` match on, ``times`` times
    (0: for ever). Kinds for calls:

    * ``drop_before``: the connection breaks and nothing was done; ``drop_after``: it breaks after all was done;
    * ``429``: throttled, with ``retry_after`` (seconds, or text such as an HTTP date; none: no header) and ``reason``;
    * ``status``: answers ``status``; with ``after`` the work was done all the same;
    * ``delay``: the work is done and the answer comes ``seconds`` later;
    * ``html_200``: an HTML page with status 200 (with ``after``: the work was done);
    * ``truncated_json``: the work is done and half the answer comes.

    Kinds for webhooks whose ``event`` matches: ``duplicate`` (``new_identifier``: as a delivery of its own),
    ``reorder`` (overtaken by what is raised in the next seconds), ``drop``, ``delay_webhook`` by ``seconds``.
    """

    id: str
    kind: str
    method: str = "*"
    path: str = "*"
    event: str = "*"
    nth: int = 1
    times: int = 1
    status: int = 503
    after: bool = False
    seconds: float = 1.0
    retry_after: int | str | None = None
    reason: str | None = None
    new_identifier: bool = False

    @property
    def commits(self) -> bool:
        """Whether the call is carried out in spite of the fault."""
        return self.kind in ("drop_after", "delay", "truncated_json") or self.after


class Faults:
    """The faults in force, with how often each has matched."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: dict[str, Fault] = {}
        self._seen: dict[str, int] = {}
        self._made = 0

    def add(self, spec: Mapping[str, Json]) -> Fault:
        """Script a fault. Raises Refusal (400) for a key or a kind that does not exist."""
        spec = dict(spec)
        if spec.get("kind") == "delay" and "event" in spec:
            spec["kind"] = "delay_webhook"
        for key, value in spec.items():
            if key not in TYPES or not isinstance(value, TYPES[key]):
                raise Refusal(400, f"A fault has no '{key}' of this form; it may have: {', '.join(TYPES)}.")
        if spec.get("kind") not in CALL_KINDS | HOOK_KINDS:
            raise Refusal(400, f"A fault's kind is one of: {', '.join(sorted(CALL_KINDS | HOOK_KINDS))}.")
        with self._lock:
            self._made += 1
            fault = Fault(id=str(self._made), **spec)
            self._faults[fault.id] = fault
            self._seen[fault.id] = 0
        return fault

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._faults.clear()

    def shown(self) -> list[dict[str, Json]]:
        """The faults in force and how many calls or webhooks each has matched so far."""
        with self._lock:
            return [{**asdict(fault), "matched": self._seen[fault.id]} for fault in self._faults.values()]

    def for_call(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this call, if any; counts the match."""
        with self._lock:
            return self._strike(
                [
                    fault
                    for fault in self._faults.values()
                    if fault.kind in CALL_KINDS and fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path)
                ]
            )

    def for_webhook(self, event: str) -> Fault | None:
        """The fault that strikes this delivery, if any; counts the match."""
        with self._lock:
            hit = [f for f in self._faults.values() if f.kind in HOOK_KINDS and fnmatchcase(event, f.event)]
            return self._strike(hit)

    def _strike(self, matching: list[Fault]) -> Fault | None:
        struck = None
        for fault in matching:
            self._seen[fault.id] += 1
            turn = self._seen[fault.id] - fault.nth
            if struck is None and turn >= 0 and (fault.times == 0 or turn < fault.times):
                struck = fault
        return struck


def spoiled(fault: Fault, answer: Response | None) -> Response:
    """What the caller gets instead; ``answer`` is the true one when the call was carried out."""
    match fault.kind:
        case "drop_before" | "drop_after":
            return Response(status=0, fault=fault.kind, drop=True)
        case "429":
            headers = {"Content-Type": "application/json;charset=UTF-8"}
            if fault.retry_after is not None:
                headers["Retry-After"] = str(fault.retry_after)
            if fault.reason:
                headers["RateLimit-Reason"] = fault.reason
            body = b'{"errorMessages":["Rate limit exceeded."],"errors":{}}'
            return Response(status=429, headers=headers, body=body, fault=fault.kind)
        case "html_200":
            page = b"<!doctype html><title>Log in</title><p>Please log in to continue."
            return Response(status=200, headers={"Content-Type": "text/html"}, body=page, fault=fault.kind)
        case "status":
            headers = {"Content-Type": "text/html"}
            if fault.retry_after is not None:
                headers["Retry-After"] = str(fault.retry_after)
            page = f"<html><body><h1>{fault.status}</h1></body></html>".encode()
            return Response(status=fault.status, headers=headers, body=page, fault=fault.kind)
        case _:
            if answer is None:
                raise ValueError(f"fault {fault.kind} needs the true answer")
            body = answer.body[: len(answer.body) // 2] if fault.kind == "truncated_json" else answer.body
            return Response(status=answer.status, headers=answer.headers, body=body, fault=fault.kind)
