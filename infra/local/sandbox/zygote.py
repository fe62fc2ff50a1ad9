"""The worker nursery: one process that has loaded what functions import, and forks a Lambda worker on request."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

# Third-party packages only: the product's own code is read afresh by every worker, so that an edit takes effect.
PRELOAD = (
    "ctypes", "decimal", "email.message", "email.utils", "http.client", "ssl", "tomllib", "zoneinfo",
    "boto3", "botocore.client", "botocore.endpoint", "botocore.handlers", "botocore.retries.standard",
    "botocore.signers", "aws_lambda_powertools.logging", "pynamodb.models", "pynamodb.attributes",
    "pynamodb.transactions", "pynamodb.indexes", "jira", "requests", "nh3", "simplejson", "snapshot_restore_py",
    "awslambdaric.lambda_context",
)  # fmt: skip
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve requests, a JSON object a line on standard input, until it closes; then every worker dies with this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A script's own folder stands first on its path, and this one holds a package called jira.
    sys.path.remove(str(Path(__file__).resolve().parent))
    _preload()
    wakes, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, str] = {}
    pending = b""
    _say({"ready": os.getpid()})
    while True:
        readable, _, _ = select.select([0, wakes], [], [])
        if wakes in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wakes, 4096)
            _reap(children)
        if 0 in readable:
            data = os.read(0, 1 << 20)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                _obey(json.loads(line), children)


def _obey(order: Mapping[str, Any], children: dict[int, str]) -> None:
    if "kill" in order:
        # A child that was not reaped: its number cannot belong to anybody else.
        for pid in [pid for pid, worker in children.items() if worker == order["kill"]]:
            os.kill(pid, signal.SIGKILL)
        return
    nursery = os.getpid()
    pid = os.fork()
    if not pid:
        _become_worker(order, nursery)
    children[pid] = order["worker"]


def _reap(children: dict[int, str]) -> None:
    for pid in list(children):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            _say({"exited": children.pop(pid), "status": os.waitstatus_to_exitcode(status)})


def _become_worker(order: Mapping[str, Any], nursery: int) -> NoReturn:
    """Turn this fork into a Lambda execution environment and run AWS's runtime client in it; does not return."""
    status = 1
    try:
        _die_with(nursery)
        signal.set_wakeup_fd(-1)
        # Ctrl-C stays ignored: it is for the sandbox, which lets calls under way end.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(order["environment"])
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(order["folder"])
        sys.path[:] = [order["folder"], *order["layers"], *_foreign_path(order["root"])]
        from awslambdaric.__main__ import main as run

        run(["awslambdaric", order["handler"]])
        status = 0
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException as error:  # a fork must end here, whatever happens: above it lies the nursery's own loop
        os.write(2, f"the worker ended: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def _foreign_path(root: str) -> list[str]:
    """sys.path without the product's folders and our own, which an editable install adds and Lambda would not have."""
    ours = (root, str(Path(__file__).resolve().parents[3]))
    return [
        folder
        for folder in sys.path
        if folder
        and ("site-packages" in folder or not any(f"{folder}{os.sep}".startswith(f"{one}{os.sep}") for one in ours))
    ]


def _preload() -> None:
    import importlib

    for name in PRELOAD:
        # What is not installed is not imported by any function either.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _die_with(nursery: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:  # it died before it could be told
        os._exit(1)


def _say(message: Mapping[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
