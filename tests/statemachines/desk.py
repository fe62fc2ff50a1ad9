"""Desk: an engine on virtual time whose functions are the practices' own steps over records in memory."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from itsm.core.errors import ItsmError
from itsm.core.practice import StepContext, load
from itsm.core.record import Record
from itsm.core.voting import Approval
from itsm.runtime.closing import objection
from itsm.runtime.policies import Policies
from sandbox.states.clock import VirtualClock
from sandbox.states.engine import Engine
from sandbox.states.errors import ApiError
from sandbox.states.frames import Run
from sandbox.states.resources import lambda_failure, lambda_resources

from tests.fakes import FakePorts

ROOT = Path(__file__).parents[2] / "statemachines"
FILES = {
    "incident": "incident/incident.asl.json",
    "problem": "problem/problem.asl.json",
    "request": "request/request.asl.json",
    "change-standard": "change/standard.asl.json",
    "change-normal": "change/normal.asl.json",
    "change-emergency": "change/emergency.asl.json",
}

ELSEWHERE = {("${RoutingArn}", "route"), ("${ClocksArn}", "start_clocks"), ("${IncidentsArn}", "tell")}
"""Steps that are no practice's own and touch nothing here."""


def definition(process: str) -> dict[str, Any]:
    """A process as committed."""
    read: dict[str, Any] = json.loads((ROOT / FILES[process]).read_text("utf-8"))
    return read


class Desk:
    """One record, its process, and a world in which people move it and steps may fail.

    `faults` holds, for a step, the errors its next calls end in; a Lambda failure after the save is "after:<error>".
    """

    def __init__(self, record: Record, policy: Any) -> None:
        self.clock = VirtualClock(start=record.opened_at)
        self.record = replace(record, number="TST0000001")
        self.policy = policy
        self.practice = load(record.practice)
        self._policies = Policies()
        setattr(self._policies, record.practice, policy)
        self.steps: list[str] = []
        self.faults: dict[str, list[str]] = {}
        self.waits: dict[str, tuple[str, list[str]]] = {}
        self.arns: list[str] = []
        self._ids = itertools.count(1)
        resources = lambda_resources(self._invoke, self._id)
        self.engine = Engine(resources, clock=self.clock, ids=self._id, rng=random.Random(7))
        self.clock.drive(self.engine)
        self.machine = self.engine.create_state_machine("m", definition(self.practice.process(record)))

    def _id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._ids):012d}"

    @property
    def now(self) -> int:
        """Whole seconds of the virtual clock."""
        return int(self.clock.now())

    @property
    def run(self) -> Run:
        """The newest execution of the record."""
        return self.engine.execution(self.arns[-1])

    def start(self) -> Desk:
        """Start the record's process, as the stream would, and let it come to rest."""
        given = {"record": self.record.id, "number": self.record.number, "practice": self.record.practice}
        name = f"{self.record.number}-{self.record.generation}"
        begun = self.engine.start_execution(self.machine, {**given, "generation": self.record.generation}, name)
        self.arns.append(begun.arn)
        return self.after()

    def after(self, seconds: float = 0, days: float = 0) -> Desk:
        """Let time pass."""
        self.clock.advance(seconds + days * 86_400)
        return self

    def move(self, to: str, **details: Any) -> Desk:
        """Somebody moves the record; even a move that doors reserve must not get past the process."""
        self.practice.lifecycle.check(self.record.number, self.record.state, to)
        new = {**self.record.details, **details}
        self._save(self.record.changed("StateChanged", by="ada", origin="records", at=self.now, state=to, details=new))
        return self.after()

    def edit(self, **new: Any) -> Desk:
        """A person edits the record; an approval it overtakes is voided, as at the records door."""
        self._save(self.record.changed("FieldsChanged", by="ada", origin="records", at=self.now, **new))
        self._save(self._approval().void(self.record, self.now))
        return self.after()

    def vote(self, voter: str, decision: str) -> Desk:
        """An approver decides."""
        self._save(self._approval().vote(self.record, voter, decision, "", self.now))
        return self.after()

    def _approval(self) -> Approval:
        approval = self.practice.approval
        assert approval is not None, f"{self.practice.name} approves nothing"
        return approval

    def _save(self, record: Record) -> None:
        before, self.record = self.record, record
        if record.state != before.state:
            for name in list(self.waits):
                self._wake(name)
        if record.generation != before.generation:
            self.start()

    def _wake(self, name: str) -> None:
        token, until = self.waits[name]
        if self.record.state in until:
            del self.waits[name]
            try:
                self.engine.send_task_success(token, self._result())
            except ApiError:
                return  # timed out meanwhile: a no-op, as in the port

    def _result(self) -> dict[str, Any]:
        kept = self.record
        known = {**kept.details, **objection(kept, FakePorts(time=self.now, policies=self._policies))}
        small = {name: value for name, value in known.items() if isinstance(value, str | int | bool)}
        return {"record": kept.id, "number": kept.number, "state": kept.state, "priority": kept.priority,
                "group": kept.group, "version": kept.version, "details": small}  # fmt: skip

    def _invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        step = event["step"]
        self.steps.append(step)
        fault = self.faults[step].pop(0) if self.faults.get(step) else ""
        if fault and not fault.startswith("after:"):
            raise lambda_failure(fault, f"{step} could not be done")
        try:
            answer = self._work(function, step, event)
        except ItsmError as error:
            raise lambda_failure(type(error).__name__, str(error)) from error
        if fault:
            raise lambda_failure(fault.removeprefix("after:"), f"{step} was done, but nobody heard of it")
        return answer

    def _work(self, function: str, step: str, event: Mapping[str, Any]) -> Any:
        assert event["record"] == self.record.id
        told = event.get("arguments") or {}
        if step == "ask":
            assert function == "${ApprovalsArn}"
            asked = self._approval().ask(self.record, self.policy, self.now, after=told.get("after", False))
            self._save(asked)
        if "token" in event:
            self.waits[told["wait"]] = (event["token"], told["until"])
            self._wake(told["wait"])
        elif function == "${PracticeStepsArn}":
            context = StepContext(now=self.now, policy=self.policy, arguments=told)
            self._save(self.practice.steps[step](self.record, context))
        else:
            assert (function, step) in ELSEWHERE
        return self._result()

    def transitions(self) -> int:
        """State transitions AWS would charge for the newest execution: the start, each state entered, and the end."""
        events = self.engine.history(self.arns[-1])
        return sum(event.type.endswith("StateEntered") for event in events) + 2
