"""Lifting: the two large parts that others wrote, the processes and the stand-in Jira, set up for this sandbox."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.functions import Functions, PayloadTooLargeError, UnknownFunctionError
from sandbox.jira import Hook, JiraSite, Serving, Store
from sandbox.settings import ACCOUNT, REGION
from sandbox.states.engine import Engine
from sandbox.states.errors import TaskFailed
from sandbox.states.frames import Run
from sandbox.states.journal import Journal
from sandbox.states.resources import lambda_resources, lambda_result
from sandbox.states.runner import Runner

type Status = Callable[[Mapping[str, Any]], None]


class Processes:
    """The interpreter on real time; it answers at once and works from `start` on, when there are functions to call."""

    def __init__(self, journal: Path, functions: Functions, ids: Callable[[], str], status: Status) -> None:
        self._functions = functions
        self._closing = False

        def make(workers: Callable[[Callable[[], None]], None]) -> Engine:
            return Engine(
                lambda_resources(self._invoke, ids),
                journal=Journal(str(journal)),
                ids=ids,
                workers=workers,
                on_status=lambda run: self._told(run, status),
                region=REGION,
                account=ACCOUNT,
            )

        self._runner = Runner(make)
        self.engine = self._runner.engine

    def start(self) -> None:
        """Begin to work."""
        self._runner.start()

    def copy(self, path: Path) -> None:
        """Copy the journal as it is between two steps. It can be read through its own connection only."""
        with self.engine.kernel.lock:
            self.engine.journal._db.execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        """Stop; what waits goes on when the journal is opened again."""
        self._closing = True
        self._runner.close()

    def _invoke(self, reference: str, event: Any) -> Any:
        try:
            outcome = self._functions.call(reference, event)
        except UnknownFunctionError as error:
            raise TaskFailed("Lambda.ResourceNotFoundException", str(error)) from error
        except PayloadTooLargeError as error:
            raise TaskFailed("Lambda.RequestTooLargeException", str(error)) from error
        if outcome.failure is not None:
            return lambda_result(json.dumps(outcome.failure), "Unhandled")
        return lambda_result(outcome.payload, None)

    def _told(self, run: Run, status: Status) -> None:
        if self._closing:
            return
        status(
            {
                "executionArn": run.arn,
                "stateMachineArn": run.machine,
                "name": run.name,
                "status": run.status,
                "startDate": int(run.started * 1000),
                "stopDate": None if run.stopped is None else int(run.stopped * 1000),
                "input": run.input,
                "output": run.output,
                "error": run.error,
                "cause": run.cause,
            }
        )


def processes(journal: Path, functions: Functions, ids: Callable[[], str], status: Status) -> Processes:
    """The interpreter on its journal; running executions go on."""
    return Processes(journal, functions, ids, status)


def jira_site(state: Path, listening: socket.socket, hook: Hook, ids: Callable[[], str]) -> tuple[JiraSite, Serving]:
    """The stand-in Jira, serving. It binds its port itself; the socket has kept it free until now."""
    port = int(listening.getsockname()[1])
    listening.close()
    site = JiraSite(Store(state), lambda: datetime.now(UTC), ids, hooks=[hook])
    return site, site.serve(port)
