"""Lambda workers: a runtime API for each, and the pool of a function's workers."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.nursery import Nursery

type Failure = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Invocation:
    """One call of a function: what it got, and what it came to."""

    id: str
    payload: bytes
    arn: str
    deadline_ms: int
    result: bytes = b""
    failure: Failure | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def end(self, result: bytes = b"", failure: Failure | None = None) -> None:
        """The first end counts."""
        if not self.over.is_set():
            self.result, self.failure = result, failure
            self.over.set()


class Worker:
    """One execution environment and the runtime API it talks to (AWS: "Using the Lambda runtime API")."""

    def __init__(self, name: str, gone: Callable[[Worker], None]) -> None:
        self.name = name
        self._gone = gone
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._next: Invocation | None = None
        self._turn = threading.Condition()
        self._closed = False
        self.started_failure: Failure | None = None
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def give(self, invocation: Invocation) -> bool:
        """Hand over the next call; the worker must be idle. False when its process has ended meanwhile."""
        with self._turn:
            if self._closed:
                return False
            self._next = invocation
            self._turn.notify_all()
            return True

    def exited(self, status: int) -> None:
        """Its process has ended: whatever it was at has failed."""
        with self._turn:
            self._closed = True
            call, self._next = self._next, None
            self._turn.notify_all()
        self._server.close()
        if call is not None:
            call.end(failure=self.started_failure or _crashed(call.id, status))
        self._gone(self)

    def _serve(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self._talk(connection)
                except OSError:
                    continue  # it went away; `exited` says why

    def _talk(self, connection: socket.socket) -> None:
        buffer = b""
        while not self._closed:
            while b"\r\n\r\n" not in buffer:
                buffer += (chunk := connection.recv(65536))
                if not chunk:
                    return
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if headers.get("expect", "").lower() == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body, buffer = _body(connection, headers, buffer)
            method, path, _ = first.split(" ", 2)
            answer = self._answer(method, path, body)
            if answer is None:
                return
            connection.sendall(answer)

    def _answer(self, method: str, path: str, body: bytes) -> bytes | None:
        if method == "GET" and path.endswith("/runtime/invocation/next"):
            return self._hand_out()
        if path.endswith("/runtime/init/error"):
            self.started_failure = json.loads(body)
        else:
            with self._turn:
                call, self._next = self._next, None
            if call is not None and path.endswith("/response"):
                call.end(result=body)
            elif call is not None:
                call.end(failure=json.loads(body))
        return _http(202, b'{"status":"OK"}', {})

    def _hand_out(self) -> bytes | None:
        with self._turn:
            self._turn.wait_for(lambda: self._closed or self._next is not None)
            call = self._next
        if call is None:
            return None
        about = {
            "Lambda-Runtime-Aws-Request-Id": call.id,
            "Lambda-Runtime-Deadline-Ms": str(call.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": call.arn,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }
        return _http(200, call.payload, about)


class Pool:
    """A function's workers: an idle one, or a new one up to `most`, or whoever is free first."""

    def __init__(self, name: str, nursery: Nursery, order: Callable[[], Mapping[str, Any]], most: int) -> None:
        self._name, self._nursery, self._order, self._most = name, nursery, order, most
        self._idle: list[Worker] = []
        self._all: dict[str, Worker] = {}
        self._free = threading.Condition()
        self._numbers = itertools.count(1)

    def warm(self) -> None:
        """Have one worker ready, if there is none."""
        with self._free:
            if not self._all:
                self._idle.append(self._make())

    def run(self, call: Invocation, timeout: float) -> None:
        """Run a call to its end, at most `timeout` seconds from the moment a worker takes it."""
        worker = self._take()
        call.deadline_ms = int((time.time() + timeout) * 1000)
        while not worker.give(call):
            worker = self._take()
        if not call.over.wait(timeout):
            call.end(failure=_timed_out(call.id, timeout))
            self._discard(worker)
            return
        with self._free:
            # One whose code was changed meanwhile is no longer among ours, and ends here.
            if worker.name in self._all:
                self._idle.append(worker)
                self._free.notify()
                return
        self._nursery.kill(worker.name)

    def recycle(self) -> None:
        """Let no call run on a present worker again: the next ones load the code anew."""
        with self._free:
            idle, self._idle = self._idle, []
            self._all.clear()
        for worker in idle:
            self._nursery.kill(worker.name)

    def _take(self) -> Worker:
        with self._free:
            while not self._idle:
                if len(self._all) < self._most:
                    return self._make()
                self._free.wait()
            return self._idle.pop()

    def _make(self) -> Worker:
        worker = Worker(f"{self._name}#{next(self._numbers)}", self._left)
        self._all[worker.name] = worker
        order = dict(self._order())
        order["worker"] = worker.name
        order["environment"] = {**order["environment"], "AWS_LAMBDA_RUNTIME_API": worker.address}
        self._nursery.fork(order, worker.exited)
        return worker

    def _discard(self, worker: Worker) -> None:
        with self._free:
            self._all.pop(worker.name, None)
            self._free.notify()
        self._nursery.kill(worker.name)

    def _left(self, worker: Worker) -> None:
        with self._free:
            self._all.pop(worker.name, None)
            if worker in self._idle:
                self._idle.remove(worker)
            self._free.notify()


def _body(connection: socket.socket, headers: Mapping[str, str], buffer: bytes) -> tuple[bytes, bytes]:
    """The request's body and what came after it; the client sends a length or, for large answers, chunks."""
    if headers.get("transfer-encoding", "").lower() != "chunked":
        length = int(headers.get("content-length", "0"))
        parts, got = [buffer], len(buffer)
        while got < length:
            parts.append(chunk := connection.recv(1 << 20))
            if not chunk:
                raise ConnectionResetError
            got += len(chunk)
        whole = b"".join(parts)
        return whole[:length], whole[length:]
    body = b""
    while True:
        while b"\r\n" not in buffer:
            buffer += _more(connection)
        size, _, buffer = buffer.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        while len(buffer) < length + 2:
            buffer += _more(connection)
        body, buffer = body + buffer[:length], buffer[length + 2 :]
        if not length:
            return body, buffer


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(1 << 20)
    if not chunk:
        raise ConnectionResetError
    return chunk


def _http(status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    shown = {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in shown.items())
    return f"HTTP/1.1 {status} OK\r\n{head}\r\n".encode("latin-1") + body


def _timed_out(request: str, timeout: float) -> Failure:
    return {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request} Error: Task timed out after {timeout:.2f} seconds",
    }


def _crashed(request: str, status: int) -> Failure:
    how = f"signal: {-status}" if status < 0 else f"exit status {status}"
    said = f"RequestId: {request} Error: Runtime exited with error: {how}"
    return {"errorType": "Runtime.ExitError", "errorMessage": said}
