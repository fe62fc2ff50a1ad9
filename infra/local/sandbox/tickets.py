"""Tickets as one sees them from outside: the records table says that one came, the records API what it is."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox import seams
from sandbox.jira.model import Issue
from sandbox.states.frames import Run

if TYPE_CHECKING:
    from sandbox.box import Sandbox

AGENT = "sandbox@itsm.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def request(
    url: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 35.0,
) -> Reply:
    """One HTTP request on this machine; an error status is an answer too. Raises OSError when there is none."""
    call = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(call, timeout=timeout) as answer:  # noqa: S310 - our own address
            return Reply(status=answer.status, headers=dict(answer.headers), body=answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(status=error.code, headers=dict(error.headers), body=error.read())


class Tickets:
    """The tickets of a sandbox."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box

    def numbers(self) -> Mapping[str, str]:
        """Every record there is: id to number, oldest first."""
        table = self._box.outputs.get("RecordsTable", "")
        items: list[dict[str, Any]] = self._box.cloud.call(lambda: seams.items(table, "META"))
        items.sort(key=lambda item: float(item["opened"]["N"]))
        return {item["pk"]["S"].removeprefix("T#"): item["num"]["S"] for item in items if "num" in item}

    def facts(self, number: str) -> Mapping[str, Any]:
        """A record as the records API shows it. Raises LookupError when it shows none."""
        facts: Mapping[str, Any] = self._read(f"/records/{number}")
        return facts

    def comments(self, number: str) -> list[Mapping[str, Any]]:
        """A record's journal, oldest first. Raises LookupError."""
        return list(self._read(f"/records/{number}/comments")["comments"])

    def issue(self, record: str) -> Issue | None:
        """The Jira issue of a record."""
        label = f"itsm-{record}"
        issues = self._box.jira.store.all(Issue)
        return next((issue for issue in issues if label in issue.fields.get("labels", ())), None)

    def process(self, number: str) -> Run | None:
        """The newest execution of a record's process."""
        runs = [run for run in self.runs() if run.name.rpartition("-")[0] == number]
        return max(runs, key=lambda run: run.started, default=None)

    def runs(self) -> list[Run]:
        """Every execution, newest first."""
        engine = self._box.engine
        with engine.transaction():
            machines = engine.machines.all()
        runs = [run for machine in machines for run in engine.executions(machine["arn"])]
        return sorted(runs, key=lambda run: run.started, reverse=True)

    def standing(self, run: Run) -> str:
        """Where an execution stands: its status, or while it runs the states it is in."""
        if run.status != "RUNNING":
            return run.status.lower()
        frames = self._box.engine.execution(run.arn).frames.values()
        parents = {frame.parent for frame in frames}
        return ", ".join(sorted({frame.state for frame in frames if frame.id not in parents})) or "starting"

    def _read(self, path: str) -> Any:
        token = self._box.token(AGENT)
        answer = request(f"{self._box.front.url}{path}", headers={"Authorization": f"Bearer {token}"})
        if answer.status != 200:
            raise LookupError(f"GET {path} answered {answer.status}: {answer.body.decode('utf-8', 'replace')}")
        return answer.json()
