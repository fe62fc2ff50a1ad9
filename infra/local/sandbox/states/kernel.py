"""The engine room: queue, timers, steps in transactions, calls after commit."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from sandbox.states import states, tasks
from sandbox.states.agenda import Agenda, Workers
from sandbox.states.clock import Clock
from sandbox.states.definition import Definition
from sandbox.states.errors import RUNTIME, TIMEOUT, StepCrashedError
from sandbox.states.expressions import Evaluator
from sandbox.states.failures import release
from sandbox.states.frames import Frame, Phase, Run
from sandbox.states.journal import Journal
from sandbox.states.resources import Delayed, Resource, ResourceTable, TaskCall, outcome_of
from sandbox.states.walk import Walk, note, overflowing

Starter = Callable[[Run, Frame, Resource], dict[str, Any]]


class Kernel:
    """Runs frames. All of its state can be rebuilt from the journal; see `load`."""

    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        resources: ResourceTable,
        ids: Callable[[], str],
        rng: random.Random,
        workers: Workers | None,
        on_status: Callable[[Run], None] | None,
    ) -> None:
        self.journal, self.clock, self.resources, self.ids, self.rng = journal, clock, resources, ids, rng
        self.evaluator = Evaluator(clock, rng, ids)
        self.lock = threading.RLock()
        self.woken = threading.Condition(self.lock)
        self.runs: dict[str, Run] = {}
        self.start_nested: Starter
        self._on_status = on_status
        self._agenda = Agenda(workers)
        self._definitions: dict[str, Definition] = {}
        self._touched: dict[str, Run] = {}
        self._ended: list[Run] = []
        self._effects: list[Callable[[], None]] = []
        self._depth = 0

    # --- what a walk asks for

    def ready(self, run: Run, frame: Frame, *, first: bool = False) -> None:
        run.changed.add(frame.id)
        self._agenda.turn(run.arn, frame.id, first=first)

    def invoke(self, run: Run, frame: Frame, resource: Resource) -> None:
        callee = self.resources.find(resource)
        call = TaskCall(
            resource=resource, arguments=frame.arguments, token=frame.token, execution=run.arn, state=frame.state,
            attempt=frame.attempt,
        )  # fmt: skip
        where = (run.arn, frame.id, frame.attempt)

        def work() -> None:
            self.answer(*where, outcome_of(callee, call))

        self._effects.append(lambda: self._agenda.call(work))

    def issue_token(self, run: Run, frame: Frame) -> str:
        token = "AQ" + (self.ids() + self.ids()).replace("-", "")
        self.journal.put_token(token, run.arn, frame.id)
        return token

    def end_token(self, token: str) -> None:
        self.journal.end_token(token)

    def stop_nested(self, arn: str) -> None:
        if (child := self.runs.get(arn)) is not None:
            self.end(child, "ABORTED", "ExecutionAborted")

    def close(self, run: Run, status: str) -> None:
        run.status, run.stopped = status, self.clock.now()
        for number in list(run.frames):
            # The root frame of an unhappy end stays, for a redrive.
            if status == "SUCCEEDED" or run.frames[number].parent is not None:
                run.drop(number)
        self._touch(run)
        self._ended.append(run)

    # --- steps

    @contextmanager
    def atomically(self) -> Iterator[None]:
        """A transaction over journal and memory; calls and notices go out after it. Nests."""
        with self.lock:
            if self._depth:
                yield
                return
            self._depth = 1
            try:
                with self.journal.transaction():
                    yield
                    self._settle_ends()
                    closed = [run for run in self._touched.values() if run.status != "RUNNING"]
                    for run in self._touched.values():
                        self._set_timers(run)
                        self.journal.save(run)
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._depth = 0
                self._touched.clear()
            for run in closed:
                self.runs.pop(run.arn, None)
            effects, self._effects = self._effects, []
            for effect in effects:
                effect()
            self.woken.notify_all()

    def adopt(self, run: Run) -> None:
        """Take a new or redriven execution into the engine; inside `atomically`."""
        self.runs[run.arn] = run
        if run.deadline is not None:
            self._agenda.at(run.deadline, lambda: self._time_out(run.arn))
        self._touch(run)
        self.announce(run)

    def announce(self, run: Run) -> None:
        """Tell of a run's status once the step is kept, off the engine's lock."""
        if (tell := self._on_status) is not None:
            told = replace(run, frames={}, changed=set(), removed=set(), fresh=[])
            self._effects.append(lambda: self._agenda.call(lambda: tell(told)))

    def walk(self, run: Run, frame: Frame, action: Callable[[Walk], None]) -> None:
        """Let `action` move `frame`; inside `atomically`. Raises StepCrashedError."""
        self._touch(run)
        try:
            action(Walk(self, run, frame, self.definition(run.definition)))
        except Exception as error:
            # Failures of states are dealt with inside; what comes out is a fault of the interpreter.
            raise StepCrashedError(run.arn) from error
        if overflowing(run) and run.status == "RUNNING":
            cause = "The execution reached the maximum number of history events (25000)."
            self.end(run, "FAILED", "ExecutionFailed", RUNTIME, cause)

    def definition(self, number: str) -> Definition:
        if number not in self._definitions:
            self._definitions[number] = Definition(self.journal.definition(number))
        return self._definitions[number]

    def end(self, run: Run, status: str, event: str, error: str | None = None, cause: str | None = None) -> None:
        """End a run from outside its states; inside `atomically`."""
        run.error, run.cause = error, cause
        for frame in run.frames.values():
            release(Walk(self, run, frame, self.definition(run.definition)), frame)
        root = run.frames[min(run.frames)]
        note(self, run, event, root.last_event, {"error": run.error, "cause": run.cause})
        root.rest()
        run.changed.add(root.id)
        self.close(run, status)

    def step(self) -> bool:
        """Take one step. False when there is none to take. Raises StepCrashedError."""
        with self.lock:
            while (turn := self._agenda.next_turn()) is not None:
                arn, number = turn
                run = self.runs.get(arn)
                frame = None if run is None else run.frames.get(number)
                if run is None or frame is None:
                    continue
                with self.atomically():
                    self.walk(run, frame, states.step)
                return True
        return self._agenda.call_one()

    def answer(self, arn: str, number: int, attempt: int, outcome: Any) -> None:
        """A resource's answer; dropped when the attempt is over. Called from any thread."""
        if isinstance(outcome, Delayed):
            value = outcome.value
            with self.lock:
                self._agenda.at(self.clock.now() + outcome.seconds, lambda: self.answer(arn, number, attempt, value))
                self.woken.notify_all()
            return
        with self.atomically():
            run = self.runs.get(arn)
            frame = None if run is None else run.frames.get(number)
            if run is not None and frame is not None and frame.attempt == attempt and frame.phase is Phase.INVOKING:
                self.walk(run, frame, lambda walk: states.answered(walk, outcome))

    # --- time

    def next_deadline(self) -> float | None:
        with self.lock:
            return self._agenda.next_instant()

    def fire(self) -> bool:
        """Let all that is due happen. False when nothing was."""
        with self.lock:
            now = self.clock.now()
            due = deque(self._agenda.due(now))
            fired = bool(due)
            try:
                while due:
                    due.popleft()()
            finally:
                for action in due:
                    self._agenda.at(now, action)
            return fired

    def run_until_idle(self) -> bool:
        """Do all that can be done at this instant. False when there was nothing."""
        worked = False
        while self.fire() or self.step():
            worked = True
        return worked

    def load(self) -> None:
        """Take up every running execution where the journal left it."""
        with self.atomically():
            for run in self.journal.running():
                self._resume(run)

    # --- inside

    def _resume(self, run: Run) -> None:
        self.runs[run.arn] = run
        if run.deadline is not None:
            self._agenda.at(run.deadline, lambda: self._time_out(run.arn))
        for frame in run.frames.values():
            if frame.phase in (Phase.ENTER, Phase.SCHEDULED, Phase.JOINING):
                self.ready(run, frame)
            elif frame.phase is Phase.INVOKING:
                walk = Walk(self, run, frame, self.definition(run.definition))
                # The answer, if there was one, is lost: call again, as Lambda itself would deliver at least once.
                self.invoke(run, frame, tasks.resource_of(walk))
            if (deadline := frame.deadline()) is not None:
                self._wake_at(run, frame, deadline)

    def _roll_back(self) -> None:
        self._effects.clear()
        self._ended.clear()
        for arn in self._touched:
            self.runs.pop(arn, None)
            stored = self.journal.run(arn)
            if stored is not None and stored.status == "RUNNING":
                self._resume(stored)

    def _settle_ends(self) -> None:
        while self._ended:
            child = self._ended.pop(0)
            self.announce(child)
            if child.parent is None:
                continue
            arn, number, attempt = child.parent
            run = self.runs.get(arn)
            frame = None if run is None else run.frames.get(number)
            if run is not None and frame is not None and frame.child == child.arn and frame.attempt == attempt:
                self.walk(run, frame, partial(states.nested_ended, child=child))

    def _touch(self, run: Run) -> None:
        self._touched[run.arn] = run

    def _set_timers(self, run: Run) -> None:
        for number in run.changed:
            if (deadline := run.frames[number].deadline()) is not None:
                self._wake_at(run, run.frames[number], deadline)

    def _wake_at(self, run: Run, frame: Frame, instant: float) -> None:
        arn, number = run.arn, frame.id

        def wake() -> None:
            run = self.runs.get(arn)
            frame = None if run is None else run.frames.get(number)
            now = self.clock.now()
            # A frame that moved on has set timers of its own.
            if run is not None and frame is not None and (due := frame.deadline()) is not None and due <= now:
                with self.atomically():
                    self.walk(run, frame, lambda walk: states.woken(walk, now))

        self._agenda.at(instant, wake)

    def _time_out(self, arn: str) -> None:
        run = self.runs.get(arn)
        if run is not None and run.deadline is not None and run.deadline <= self.clock.now():
            with self.atomically():
                self._touch(run)
                self.end(run, "TIMED_OUT", "ExecutionTimedOut", TIMEOUT)
