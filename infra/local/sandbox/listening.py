"""Listening: sockets on 127.0.0.1 only, and an error that says what to do when a port is taken."""

from __future__ import annotations

import errno
import socket

HOST = "127.0.0.1"


class PortTakenError(Exception):
    """Another program listens where the sandbox wants to."""


def listen(port: int, purpose: str, variable: str) -> socket.socket:
    """A listening socket. Raises PortTakenError, naming the port, its purpose and the setting to change."""
    try:
        return socket.create_server((HOST, port), backlog=128)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "is taken" if error.errno == errno.EADDRINUSE else "needs rights this user does not have"
        raise PortTakenError(
            f"port {port} ({purpose}) {why}: stop what listens there (perhaps another sandbox), "
            f"or choose another port, for instance: make run {variable}={port + 100 if port < 65000 else 9000}"
        ) from error
