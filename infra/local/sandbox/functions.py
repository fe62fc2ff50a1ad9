"""Functions: what the templates say of each, and calling one as Lambda does."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.nursery import Nursery
from sandbox.workers import Failure, Invocation, Pool

log = logging.getLogger(__name__)
PAYLOAD_LIMIT = 6 * 1024 * 1024
"""Bytes of one synchronous request or response (AWS Lambda quotas)."""
AT_ONCE = 2
"""Calls of a function that nobody waits for; the others wait their turn, so that a minute's sweeps need few workers."""
MOST_WORKERS = 10
"""Workers of one function without reserved concurrency. AWS's default is 1,000 for the account; this is one machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function as the stack made it; `timeout` in seconds, `layers` the folders its imports come from."""

    name: str
    arn: str
    handler: str
    folder: Path
    layers: tuple[Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 3.0
    memory: int = 128
    reserved: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an invocation came to: the JSON text it returned, or the failure in Lambda's words."""

    payload: bytes
    failure: Failure | None = None

    def value(self) -> Any:
        """The returned value."""
        return json.loads(self.payload or b"null")


class UnknownFunctionError(Exception):
    """No function has this name."""


class PayloadTooLargeError(Exception):
    """The request is over Lambda's limit."""


class Functions:
    """All functions of the stacks. `environment` is what every worker gets besides its function's own variables."""

    def __init__(
        self,
        nursery: Nursery,
        environment: Mapping[str, str],
        *,
        root: Path,
        logs: Path,
        ids: Callable[[], str],
        rewrite: Callable[[str], str] = lambda value: value,
    ) -> None:
        self._nursery, self._environment, self._root, self._logs, self._ids = nursery, environment, root, logs, ids
        self._rewrite = rewrite
        self._known: dict[str, Function] = {}
        self._pools: dict[str, Pool] = {}
        self._turns: dict[str, threading.Semaphore] = {}

    def add(self, function: Function) -> None:
        """Make a function callable and warm its first worker; a changed one loads anew."""
        same = self._known.get(function.name) == function
        self._known[function.name] = function
        if not same:
            if function.name in self._pools:
                self._pools[function.name].recycle()
            most = MOST_WORKERS if function.reserved is None else function.reserved
            pool = Pool(function.name, self._nursery, lambda: self._order(function), most)
            self._pools[function.name] = pool
        self._pools[function.name].warm()

    def remove(self, name: str) -> None:
        """Forget a function."""
        self._known.pop(name, None)
        pool = self._pools.pop(name, None)
        if pool is not None:
            pool.recycle()

    def all(self) -> list[Function]:
        """Every function, by name."""
        return [self._known[name] for name in sorted(self._known)]

    def find(self, reference: str) -> Function:
        """The function of a name, ARN or qualified ARN. Raises UnknownFunctionError."""
        name = reference.split(":")[6] if reference.startswith("arn:") else reference.split(":")[0]
        if name not in self._known:
            raise UnknownFunctionError(f"Function not found: {reference}")
        return self._known[name]

    def invoke(self, reference: str, payload: bytes) -> Outcome:
        """Call a function and wait. Raises UnknownFunctionError, PayloadTooLargeError."""
        function = self.find(reference)
        if len(payload) > PAYLOAD_LIMIT:
            raise PayloadTooLargeError(
                f"Request must be smaller than {PAYLOAD_LIMIT} bytes for the InvokeFunction operation"
            )
        call = Invocation(id=self._ids(), payload=payload, arn=function.arn, deadline_ms=0)
        self._pools[function.name].run(call, function.timeout)
        if call.failure is None and len(call.result) > PAYLOAD_LIMIT:
            said = f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
            return Outcome(payload=b"", failure={"errorType": "Function.ResponseSizeTooLarge", "errorMessage": said})
        return Outcome(payload=call.result, failure=call.failure)

    def spawn(self, reference: str, payload: bytes) -> None:
        """Call a function and do not wait; a failure is logged and not repeated. Raises UnknownFunctionError."""
        name = self.find(reference).name
        turn = self._turns.setdefault(name, threading.Semaphore(AT_ONCE))

        def run() -> None:
            with turn:
                outcome = self.invoke(name, payload or b"{}")
            if outcome.failure is not None:
                log.warning("%s failed: %s", name, outcome.failure)

        threading.Thread(target=run, name=f"async {name}", daemon=True).start()

    def call(self, reference: str, event: Any) -> Outcome:
        """`invoke` on a JSON value."""
        return self.invoke(reference, json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode())

    def reload(self) -> None:
        """Let every function load its code again at its next call."""
        for pool in self._pools.values():
            pool.recycle()
            pool.warm()

    def folders(self) -> set[Path]:
        """Where the code of all functions lies."""
        return {folder for function in self.all() for folder in (function.folder, *function.layers)}

    def log_of(self, name: str) -> Path:
        """Where a function's output goes."""
        return self._logs / f"{name}.log"

    def _order(self, function: Function) -> Mapping[str, Any]:
        layers = [str(layer) for layer in function.layers]
        own = {name: self._rewrite(value) for name, value in function.environment.items()}
        return {
            "root": str(self._root),
            "folder": str(function.folder),
            "layers": layers,
            "handler": function.handler,
            "log": str(self.log_of(function.name)),
            "environment": {
                **self._environment,
                "AWS_LAMBDA_FUNCTION_NAME": function.name,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
                "AWS_LAMBDA_LOG_STREAM_NAME": "sandbox",
                "LAMBDA_TASK_ROOT": str(function.folder),
                "PYTHONPATH": ":".join(layers),
                "_HANDLER": function.handler,
                **own,
            },
        }
