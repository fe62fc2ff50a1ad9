"""A small HTTP/1.1 server on this machine: one thread a connection, a handler that takes and gives values."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from sandbox.gateway import HttpRequest, HttpResponse, message

log = logging.getLogger(__name__)
IDLE_SECONDS = 60

type Handle = Callable[[HttpRequest], HttpResponse]


class WebServer:
    """Serves `handle` on a listening socket until `stop`. A body over `limit` bytes is refused with 413 unread."""

    def __init__(self, name: str, listening: socket.socket, handle: Handle, limit: int) -> None:
        self._server = _Server(listening.getsockname(), _Handler, bind_and_activate=False)
        self._server.handle, self._server.limit = handle, limit
        self._server.socket.close()
        self._server.socket = listening
        self.port = int(listening.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name=name, daemon=True)

    def start(self) -> None:
        """Begin to answer; what came before has waited in the socket's backlog."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and let go of the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    handle: Handle
    limit: int


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    # Headers and body leave in one packet; apart, each small answer would wait for a delayed ACK.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(message(411, "Length Required"))
        elif not length.isdigit():
            self.close_connection = True
            self._send(message(400, "Bad Request"))
        elif int(length) > self.server.limit:
            # Read away, so that the client hears the answer and not a broken pipe.
            self._skip(int(length))
            self._send(message(413, "Request Entity Too Large"))
        else:
            self._send(self._handled(self._request(self.rfile.read(int(length)))))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 - http.server's names

    def _handled(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.server.handle(request)
        except Exception:  # whoever asked must hear something; what went wrong is in the log
            log.exception("%s %s could not be answered", request.method, request.path)
            return message(500, "Internal Server Error")

    def _request(self, body: bytes) -> HttpRequest:
        path, _, query = self.path.partition("?")
        headers: dict[str, str] = {}
        cookies: list[str] = []
        for name, value in self.headers.items():
            key = name.lower()
            if key == "cookie":
                cookies.extend(one.strip() for one in value.split(";"))
            else:
                headers[key] = f"{headers[key]},{value}" if key in headers else value
        return HttpRequest(
            method=self.command,
            path=path,
            query=query,
            headers=headers,
            cookies=tuple(cookies),
            body=body,
            peer=str(self.client_address[0]),
        )

    def _send(self, response: HttpResponse) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value.replace("\r", " ").replace("\n", " "))
        for cookie in response.cookies:
            self.send_header("Set-Cookie", cookie)
        bodiless = response.status in (204, 304)
        if not bodiless:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if not bodiless and self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def _skip(self, length: int) -> None:
        self.close_connection = True
        self.connection.settimeout(5)
        try:
            while length > 0 and (chunk := self.rfile.read(min(length, 1 << 20))):
                length -= len(chunk)
        except OSError:
            return  # it went away by itself

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        """The functions' logs say it better."""
