"""Estate: doors over the fakes with their stream, their mails and the request's process on virtual time."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from itsm.core.errors import ItsmError
from itsm.core.record import Record
from itsm.runtime import approving
from itsm.runtime.policies import Policies
from sandbox.states.clock import VirtualClock
from sandbox.states.engine import Engine
from sandbox.states.errors import ApiError
from sandbox.states.resources import lambda_failure, lambda_resources

from functions.change_approvals.app import ask, page
from functions.fulfilment.app import handler as fulfilment
from functions.intake.app import handler as intake
from functions.notifications.app import handler as notifications
from functions.practice_steps.app import handler as practice_steps
from functions.record_changes.app import handler as record_changes
from functions.records.app import handler as records
from functions.routing.app import handler as routing
from functions.sla_timers.app import start as clocks
from tests.fakes import FakePorts, sqs
from tests.support.http import agent, event, read
from tests.support.stream import change

DEFINITION = Path(__file__).parents[2] / "statemachines/request/request.asl.json"
FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}


class Estate:
    """What requests live in. `faults` holds, for a step, the errors its next calls end in; "after:<error>" is one whose
    work was done."""

    def __init__(self, policies: Policies | None = None) -> None:
        self.ports = FakePorts(policies=policies, PRACTICE="request")
        self.clock = VirtualClock(start=self.ports.time)
        self.ports.now = lambda: int(self.clock.now())  # type: ignore[method-assign]  # one clock for doors and engine
        self.ports.once.now = self.ports.now
        self.ports.processes = self  # type: ignore[assignment]  # the engine below runs the processes
        self.faults: dict[str, list[str]] = {}
        self.steps: list[str] = []
        self.arns: dict[str, str] = {}
        self._ids = itertools.count(1)
        self._before: dict[str, Record] = {}
        resources = lambda_resources(self._invoke, self._id)
        self.engine = Engine(resources, clock=self.clock, ids=self._id, rng=random.Random(7))
        self.clock.drive(self.engine)
        self.machine = self.engine.create_state_machine("m", json.loads(DEFINITION.read_text("utf-8")))

    def _id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._ids):012d}"

    def start(self, process: str, name: str, arguments: Mapping[str, Any]) -> None:
        """The processes port: once under a name."""
        assert process == "request", f"{process} has no machine here"
        if name not in self.arns:
            self.arns[name] = self.engine.start_execution(self.machine, dict(arguments), name).arn

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        """The processes port: a token that is used up is a no-op."""
        try:
            self.engine.send_task_success(token, dict(output))
        except ApiError:
            return

    def _invoke(self, function: str, payload: Mapping[str, Any]) -> Any:
        step = payload["step"]
        self.steps.append(step)
        fault = self.faults[step].pop(0) if self.faults.get(step) else ""
        if fault and not fault.startswith("after:"):
            raise lambda_failure(fault, f"{step} could not be done")
        doors = {"PracticeSteps": practice_steps, "Routing": routing, "Clocks": clocks, "Approvals": ask}
        door = {**doors, "Fulfilment": fulfilment}[function[2:-4]]
        try:
            answer = door.on(dict(payload), self.ports)
        except ItsmError as error:
            raise lambda_failure(type(error).__name__, str(error)) from error
        if fault:
            raise lambda_failure(fault.removeprefix("after:"), f"{step} was done, but nobody heard of it")
        return answer

    def settle(self, seconds: float = 0, days: float = 0) -> None:
        """Let time pass, and all that was written be followed, each change twice, as streams and queues deliver."""
        self.clock.advance(seconds + days * 86_400)
        while written := list(self.ports.stream()):
            for record in written:
                told = change(record, self._before.get(record.id))
                self._before[record.id] = record
                for _ in range(2):
                    assert record_changes.on({"Records": [told]}, self.ports) == {"batchItemFailures": []}
            facts, self.ports.bus.facts = self.ports.bus.facts, []
            for fact in facts:
                assert notifications.on(sqs({"detail": fact}), self.ports) == {"batchItemFailures": []}
            self.clock.advance(0)

    def order(self, name: str, **answers: str) -> Record:
        """Somebody sends a form: the record it became, when all that follows at once has happened."""
        fields = {"token": f"page-token-{next(self._ids):04d}", "sender": "rita@example.org", **answers}
        sent = event("POST /forms/{name}", params={"name": name}, body=urlencode(fields).encode(), headers=FORM)
        answer = intake.on(sent, self.ports)
        assert answer["statusCode"] == 201, answer["body"]
        made = next(record for record in reversed(self.ports.records.stored.values()) if record.practice == "request")
        self.settle()
        return self.ports.records.get(made.id)

    def now(self, record: Record) -> Record:
        """The record as it is now."""
        return self.ports.records.get(record.id)

    def decide(self, record: Record, approver: str, decision: str) -> int:
        """An approver opens the link of the mail and presses a button: the status of the answer."""
        link = approving.link(self.now(record), approver, self.ports)
        assert any(link in mail.text for mail in self.ports.mail.sent.values() if mail.to == (approver,)), "no mail"
        body = urlencode({"decision": decision, "note": ""}).encode()
        token = link.rpartition("/")[2]
        sent = event("POST /approvals/{link}", params={"link": token}, body=body, headers=FORM)
        status: int = page.on(sent, self.ports)["statusCode"]
        self.settle()
        return status

    def patch(self, number: str, **body: Any) -> int:
        """An agent works a record: the status of the answer."""
        version = self.ports.records.find(number).version
        sent = agent("PATCH /records/{number}", {**body, "version": version}, params={"number": number})
        status: int = records.on(sent, self.ports)["statusCode"]
        self.settle()
        return status

    def worklist(self, group: str) -> dict[str, str]:
        """The numbers on a group's worklist and their titles."""
        answer = read(records.on(agent("GET /worklists/{group}", params={"group": group}), self.ports))
        return {row["number"]: row["title"] for row in answer["rows"]}

    def tasks(self, record: Record) -> dict[str, tuple[str, str]]:
        """Number and state of each task of an order, as the task itself stands."""
        found = [one for one in self.ports.records.stored.values() if one.details.get("request") == record.id]
        return {str(one.details["task"]): (one.number, one.state) for one in found}

    def letters(self, to: str = "rita@example.org") -> list[str]:
        """What somebody got by mail, by what it was for."""
        return [mail.effect.split(".")[2].partition("-")[0] for mail in self.ports.mail.sent.values() if to in mail.to]

    def transitions(self, record: Record) -> int:
        """State transitions AWS would charge for an order's first execution, start and end counted."""
        events = self.engine.history(self.arns[f"{record.number}-1"])
        return sum(one.type.endswith("StateEntered") for one in events) + 2

    def status(self, record: Record) -> str:
        """How the first execution of an order stands."""
        return str(self.engine.execution(self.arns[f"{record.number}-1"]).status)
