"""The stand-in on a port of this machine: HTTP/1.1 by the standard library, one thread per connection."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from sandbox.jira.messages import Response

BODY_LIMIT = 32_000_000
IDLE_SECONDS = 60

type Handle = Callable[..., Response]


class Serving:
    """A running server. ``url`` is where; ``stop`` ends it and lets go of the port."""

    def __init__(self, handle: Handle, host: str, port: int, *, stop: Callable[[], None]) -> None:
        self._server = _Server((host, port), type("Handler", (_Handler,), {"handle_request": staticmethod(handle)}))
        self._stop = stop
        self.port = int(self._server.server_address[1])
        self.url = f"http://{host}:{self.port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="jira", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and delivering; what was queued stays in the store."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()
        self._stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep: a site that is down answers on none of them."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, except that a client went away: those that test timeouts do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    handle_request: Handle
    protocol_version = "HTTP/1.1"
    server_version = "jira-stand-in"
    sys_version = ""
    timeout = IDLE_SECONDS
    # Headers and body leave in one packet; apart, each small answer would wait for a delayed ACK.
    wbufsize = -1
    disable_nagle_algorithm = True

    def answer(self) -> None:
        body = self._body()
        if body is None:
            return
        parts = urlsplit(self.path)
        method = "GET" if self.command == "HEAD" else self.command
        try:
            response = self.handle_request(method, parts.path, parts.query, dict(self.headers.items()), body)
        except BaseException:
            # An error of the stand-in's own must not look like a broken connection, which is something Jira does.
            self.send_error(500)
            raise
        if response.drop:
            self._drop()
        else:
            self._send(response)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 - the names http.server looks for

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdigit() or int(length) > BODY_LIMIT:
            self.close_connection = True
            self.send_error(413 if length.isdigit() and int(length) > BODY_LIMIT else 411)
            return None
        return self.rfile.read(int(length))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        bodiless = response.status in (204, 304)
        if not bodiless:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if not bodiless and self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def _drop(self) -> None:
        # Lingering for no time makes the kernel reset the connection, as a crashed balancer would.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        """The journal of calls says it better."""
