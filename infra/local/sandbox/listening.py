"""Listening: sockets on 127.0.0.1 only, and an error that says what to do when a port is taken."""

from __future__ import annotations

import errno
import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"


class InUseError(Exception):
    """Something the sandbox needs for itself is in use; the message says what, and what to do."""


class PortTakenError(InUseError):
    """Another program listens where the sandbox wants to."""


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Keep a state directory to this process. Raises InUseError when another sandbox has it."""
    with (directory / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUseError(
                f"{directory} belongs to a sandbox that runs: stop that one, or give this one a directory of its own, "
                'for instance: make run ARGS="--directory .sandbox/second"'
            ) from error
        yield


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
