"""The emulated AWS services: ministack in this process, with the parts of the sandbox's own in front of it."""

# This module, `seams`, `object_seams`, `stacks`, `compiling`, `making` and `snapshots` know the inside of ministack. A
# new version is read against what they import from it, and the tests of infra/local are its gate.

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from sandbox.settings import ACCOUNT, CREDENTIALS, REGION

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
type Answer = tuple[int, Mapping[str, str], bytes]
type Intercept = Callable[[str, str, Mapping[str, str]], Callable[[bytes], Answer] | None]
"""(method, path, headers) of a request to whoever answers its body instead of ministack, or None."""

QUEUE_PORT = "4566"
"""Stands in every queue's URL, which is its key: the same at every start. Clients go to the endpoint, not there."""
THREADS = 32
SERVICES = (
    "dynamodb", "sqs", "s3", "sns", "eventbridge", "secretsmanager", "kms", "iam", "ssm", "cloudwatch",
    "cloudwatch_logs", "ses", "ses_v2",
)  # fmt: skip
"""The services whose state is kept; modules of ministack.services that were never used are skipped."""


class Cloud:
    """AWS's endpoint on one port. Everything that touches a service's state runs on one thread: `call`."""

    def __init__(self, server: socket.socket, objects: Path, intercept: Intercept) -> None:
        self.port = int(server.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._server, self._objects, self._intercept = server, objects, intercept
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="aws", daemon=True)
        self._served = threading.Event()
        self._trouble: BaseException | None = None

    def load(self) -> None:
        """Import ministack for this sandbox, empty. Its settings are read at import: hence the environment."""
        os.environ.update(
            BIND_HOST="127.0.0.1", IOT_MTLS_ENABLED="0", SFTP_ENABLED="0", MINISTACK_ACCOUNT_ID=ACCOUNT,
            MINISTACK_REGION=REGION, AWS_DEFAULT_REGION=REGION, LOG_LEVEL="WARNING", MINISTACK_HOST="127.0.0.1",
            GATEWAY_PORT=QUEUE_PORT, **CREDENTIALS,
        )  # fmt: skip
        from ministack import app
        from ministack.services import s3

        app._reset_all_state()
        # Objects go to files at once; the rest of the state is saved by `snapshots`.
        s3.S3_PERSIST, s3.DATA_DIR = True, str(self._objects)
        s3._load_persisted_data()
        logging.getLogger("ministack").setLevel(logging.WARNING)

    def start(self) -> None:
        """Serve. Raises what kept it from serving."""
        self._thread.start()
        self._served.wait()
        if self._trouble is not None:
            raise self._trouble

    def close(self) -> None:
        """Stop serving."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._server.close()

    def call[T](self, work: Callable[[], T]) -> T:
        """Do `work` on the services' own thread, alone, and give its result; from any other thread."""
        if threading.current_thread() is self._thread or not self._thread.is_alive():
            return work()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # carried over to the caller, whatever it is
                done.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(run)
        except RuntimeError:
            return work()  # it has just closed: nobody else touches the state any more
        while not wait([done], timeout=1.0).done:
            if not self._thread.is_alive():
                return work()
        return done.result()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # handed to `start`, which raises it
            self._trouble = error
        finally:
            self._served.set()
            self._loop.close()

    async def _serve(self) -> None:
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        config = Config()
        config.bind = [f"fd://{self._server.detach()}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 0.2
        config.loglevel = "ERROR"
        self._loop.set_default_executor(self._pool)
        await serve(self._app, config, shutdown_trigger=self._stop.wait)  # type: ignore[arg-type]  # a plain ASGI app

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        from ministack import app

        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] == "http":
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            answer = self._intercept(scope["method"], scope["path"], headers)
            if answer is not None:
                await _respond(send, await self._loop.run_in_executor(self._pool, answer, await _body(receive)))
                return
        await app.app(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Ministack's own start-up brings schedulers, reapers and listeners the sandbox does not want."""
        from ministack import app

        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                app._MAIN_LOOP = self._loop
                await send({"type": "lifespan.startup.complete"})
                self._served.set()
            else:
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _respond(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    shown = [(name.encode(), value.encode()) for name, value in headers.items()]
    shown.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": shown})
    await send({"type": "http.response.body", "body": body})
