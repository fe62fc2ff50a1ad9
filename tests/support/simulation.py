"""Simulation: doors at work side by side, one port call at a time in an order a seed decides, on failing machines."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from itsm.core.errors import OutsideError, StaleVersionError
from itsm.core.record import Record
from itsm.runtime.policies import Policies

from functions.intake_mail.app import handler as intake_mail
from functions.notifications.app import handler as notifications
from functions.practice_steps.app import handler as practice_steps
from functions.record_changes.app import handler as record_changes
from functions.records.app import handler as records_api
from functions.routing.app import handler as routing
from functions.sla_timers.app import fire, start, sweep
from tests.fakes import FakePorts, sqs
from tests.support.http import agent, read
from tests.support.mail import notification, raw, stored
from tests.support.stream import change
from tests.support.turns import Actor, Killed, Port

# Every call of a port is a step. Between steps any other actor may run; at a step the actor may be killed before or
# after the effect, be refused, or get no answer to what was done. The same seed plays the same game.
POLICIES = Policies()
STEPS = (("classify", practice_steps), ("route", routing), ("start_clocks", start))
AWAITED = {
    "resolution": ("resolved", "closed", "cancelled"),
    "closure": ("closed", "in_progress"),
}
KILL_BEFORE, KILL_AFTER, REFUSE, UNHEARD, AGAIN = range(5)


class SimPorts(FakePorts):
    """The fakes behind a network and machines that fail; `bare` are the fakes themselves."""

    def __init__(self, world: "World") -> None:
        super().__init__(policies=POLICIES, PRACTICE="incident")
        self.bare = FakePorts(policies=POLICIES)
        self.bare.processes = world  # type: ignore[assignment]  # the world runs the processes
        for name in ("records", "audit", "bus", "processes", "timers", "blobs", "mail"):
            setattr(self, name, Port(world, getattr(self.bare, name)))


@dataclass(slots=True)
class Process:
    """A running incident process: the next step, and the token it waits with."""

    record: str
    at: int = 0
    waiting: str = ""
    token: str = ""
    since: int = 0
    busy: bool = False


@dataclass(slots=True)
class Tally:
    """What was promised to somebody outside."""

    mails: dict[str, str] = field(default_factory=dict)
    comments: set[str] = field(default_factory=set)
    versions: set[tuple[str, int]] = field(default_factory=set)


class World:
    """One game. `faults` is the chance that a step goes wrong."""

    def __init__(self, seed: int, faults: float = 0.03) -> None:
        self.dice, self.faults = random.Random(seed), faults
        self.turn = threading.Semaphore(0)
        self.actors: list[Actor] = []
        self.current: Actor | None = None
        self.turns, self.asleep = 0, dict[Actor, int]()
        self.surprises: list[BaseException] = []
        self.ports = SimPorts(self)
        self.bare = self.ports.bare
        self.mailbox: list[str] = []
        self.stream: list[tuple[Record, Record | None]] = []
        self.followed: list[tuple[Record, Record | None]] = []
        self.history: list[tuple[Record, Record | None]] = []
        self.streaming = False
        self.processes: dict[str, Process] = {}
        self.starts: Counter[str] = Counter()
        self.promised = Tally()
        self.stale_wakes: list[str] = []
        self.tokens = 0
        self.swept = self.ports.time

    def step(self, call: Callable[[], Any]) -> Any:
        """One call of a port by the current actor, with whatever befalls it."""
        self._yield()
        fault = self.dice.randrange(5) if self.dice.random() < self.faults else None
        if fault == KILL_BEFORE:
            raise Killed
        if fault == REFUSE:
            raise OutsideError("refused")
        result = call()
        self._observe()
        if fault == AGAIN:
            self._yield()
            result = call()
            self._observe()
        if fault == KILL_AFTER:
            raise Killed
        if fault == UNHEARD:
            raise OutsideError("no answer")
        return result

    def _yield(self) -> None:
        actor = self.current
        assert actor is not None
        actor.pause()
        self.current = actor

    def _observe(self) -> None:
        for record in self.bare.stream():
            before = next((new for new, _ in reversed(self.history) if new.id == record.id), None)
            self.history.append((record, before))
            self.stream.append((record, before))

    def spawn(self, work: Callable[[], None]) -> None:
        """A new invocation."""
        self.actors.append(Actor(self, work))

    def turn_once(self) -> bool:
        """Run one step of one actor; False when nobody is left."""
        if not self.actors:
            return False
        self.turns += 1
        # one that stands still for long lets much happen between two of its calls
        awake = [one for one in self.actors if self.asleep.get(one, 0) <= self.turns] or self.actors
        actor = self.current = self.dice.choice(awake)
        if self.faults and self.dice.random() < 0.08:
            self.asleep[actor] = self.turns + self.dice.randint(20, 150)
        actor.run()
        if actor.done:
            self.actors.remove(actor)
        if self.surprises:
            raise self.surprises[0]
        return True

    # What is delivered

    def mail(self, text: str, message_id: str, **more: Any) -> None:
        """A mail arrives and is delivered until its door says it is done; sometimes twice."""
        key = stored(self.bare, f"mail/{message_id}", raw(text, message_id=message_id, **more))
        self.promised.mails[message_id] = text
        for _ in range(1 + (self.dice.random() < 0.3)):
            self.mailbox.append(key)

    def deliver_mail(self) -> None:
        key = self.mailbox.pop(self.dice.randrange(len(self.mailbox)))

        def work() -> None:
            taken = False
            try:
                taken = intake_mail.on(sqs(notification(key)), self.ports) == {"batchItemFailures": []}
            finally:
                if not taken:
                    self.mailbox.append(key)

        self.spawn(work)

    def deliver_changes(self) -> None:
        batch = self.stream[: self.dice.randint(1, 3)]
        self.streaming = True

        def work() -> None:
            done = 0
            try:
                events = [change(new, old, str(at)) for at, (new, old) in enumerate(batch)]
                failed = record_changes.on({"Records": events}, self.ports)["batchItemFailures"]
                done = int(failed[0]["itemIdentifier"]) if failed else len(batch)
            finally:
                self.followed += batch[:done]
                del self.stream[:done]
                self.streaming = False

        self.spawn(work)

    def replay(self) -> None:
        """A change that was followed long ago is delivered once more."""
        new, old = self.dice.choice(self.followed)
        self.spawn(lambda: record_changes.on({"Records": [change(new, old, "0")]}, self.ports))

    def deliver_timer(self) -> None:
        """One of the timer queue's messages, at times before its second."""
        early = self.faults and self.dice.random() < 0.1
        sent = self.bare.timers.sent
        ready = [one for one in sent if early or int(str(one[0]["due"])) <= self.ports.time]
        if not ready:
            return
        one = self.dice.choice(ready)
        self.bare.timers.sent.remove(one)

        def work() -> None:
            answer = {"batchItemFailures": [None]}
            try:
                answer = fire.on(sqs(one[0]), self.ports)
            finally:
                if answer["batchItemFailures"]:
                    self.bare.timers.sent.append(one)

        self.spawn(work)

    def spawn_fire(self) -> None:
        """A message of the timer queue nobody can account for: too early, too late, or once too often."""
        records = list(self.bare.records.stored)
        if records:
            message = {"record": self.dice.choice(records), "due": self.ports.time}
            self.spawn(lambda: fire.on(sqs(message), self.ports))

    def _next_timer(self) -> int:
        ahead = [one.next_timer for one in self.bare.records.stored.values() if one.next_timer is not None]
        return min((at for at in ahead if at > self.ports.time), default=self.ports.time + 86_400)

    def deliver_fact(self) -> None:
        fact = self.dice.choice(self.bare.bus.facts)
        self.spawn(lambda: notifications.on(sqs({"detail": fact}), self.ports))

    def tick(self) -> None:
        """The sweeper's minute; its next one comes whatever becomes of this."""

        def work() -> None:
            try:
                sweep.on({}, self.ports)
            except OutsideError:
                return

        self.swept = self.ports.time
        self.spawn(work)

    # The processes

    def start(self, process: str, name: str, arguments: Any) -> None:
        """The port: once per name."""
        self.starts[name] += 1
        self.processes.setdefault(name, Process(record=arguments["record"]))

    def succeed(self, token: str, output: Any) -> None:
        """The port: the token that a process waits with now, once."""
        for name, process in self.processes.items():
            if process.token == token and process.waiting:
                if output["version"] < process.since:
                    self.stale_wakes.append(f"{name} {process.waiting} {output}")
                reopened = process.waiting == "closure" and output["state"] == "in_progress"
                process.waiting, process.token = "", ""
                process.at = 3 if reopened else 4 if output["state"] == "resolved" else 5

    def move_process(self, process: Process) -> None:
        """Invoke the next step; one that failed is invoked again, with a new token."""
        process.busy = True
        if process.at < len(STEPS):
            name, door = STEPS[process.at]
            self.spawn(lambda: self._take(process, name, door))
        else:
            self.tokens += 1
            process.waiting = "resolution" if process.at == 3 else "closure"
            process.token = f"token-{self.tokens}"
            process.since = self.bare.records.get(process.record).version
            self.spawn(lambda: self._await(process, process.waiting, process.token))

    def _take(self, process: Process, name: str, door: Any) -> None:
        try:
            door.on({"step": name, "record": process.record, "arguments": {}}, self.ports)
            process.at += 1
        except (OutsideError, StaleVersionError):
            pass
        finally:
            process.busy = False

    def _await(self, process: Process, name: str, token: str) -> None:
        came_through = False
        arguments = {"wait": name, "until": list(AWAITED[name])}
        try:
            event = {"step": "await", "record": process.record, "token": token, "arguments": arguments}
            practice_steps.on(event, self.ports)
            came_through = True
        except OutsideError:
            pass
        finally:
            process.busy = False
            if not came_through and process.token == token:
                process.waiting, process.token = "", ""

    # The people

    def work_a_record(self, name: str) -> None:
        """An agent asks for something until it is answered."""
        records = list(self.bare.records.stored.values())
        if not records:
            return
        record = self.dice.choice(records)
        wishes: list[tuple[str, dict[str, Any]]] = [
            (
                "PATCH /records/{number}",
                {"state": self.dice.choice(["in_progress", "on_hold", "resolved", "resolved"])},
            ),
            ("PATCH /records/{number}", {"state": "closed"}),
            ("PATCH /records/{number}", {"impact": self.dice.randint(1, 5)}),
            ("PATCH /records/{number}", {"assignee": name, "version": record.version}),
            ("POST /records/{number}/comments", {"text": f"{name} says so", "public": self.dice.random() < 0.7}),
        ]
        route, body = self.dice.choice(wishes)

        def work() -> None:
            event = agent(route, body, params={"number": record.number}, headers={"idempotency-key": name})
            for _ in range(3):
                answer = records_api.on(event, self.ports)
                if answer["statusCode"] == 503:
                    continue
                if answer["statusCode"] in (200, 201):
                    told = read(answer)
                    self.promised.versions.add((record.id, told["version"]))
                    self.promised.comments |= {body["text"]} if "text" in body else set()
                return

        self.spawn(work)

    # The game

    def play(self, steps: int) -> None:
        """So many steps with faults, deliveries as the dice fall."""
        for at in range(steps):
            chance = self.dice.random()
            if chance < 0.05:
                self.work_a_record(f"agent-{at}")
            elif chance < 0.06 and self.followed:
                self.replay()
            elif chance < 0.07 and self.bare.bus.facts:
                self.deliver_fact()
            elif chance < 0.09:
                self.ports.time += self.dice.choice((1, 20, 300, 3600))
            elif chance < 0.10:
                self.ports.time = max(self.ports.time, self._next_timer() - self.dice.randint(0, 120))
                self.spawn_fire()
            self._deliver(0.25)
            self.turn_once()

    def _deliver(self, chance: float) -> None:
        if self.mailbox and self.dice.random() < chance and len(self.actors) < 12:
            self.deliver_mail()
        if self.stream and not self.streaming and self.dice.random() < chance:
            self.deliver_changes()
        if self.bare.timers.sent and self.dice.random() < chance:
            self.deliver_timer()
        if self.ports.time >= self.swept + 60:
            self.tick()
        for process in self.processes.values():
            if not process.busy and not process.waiting and process.at < 5 and self.dice.random() < chance:
                self.move_process(process)

    def settle(self) -> None:
        """The faults are over: let everything that is owed happen, and the time pass to one deadline after another."""
        self.faults = 0.0
        for night in range(12):
            self.ports.time = self._next_timer() if night else self.ports.time
            for _ in range(20_000):
                self._deliver(1.0)
                if not self.turn_once() and not self._owes():
                    break
            else:
                raise AssertionError("the game does not come to an end")

    def _owes(self) -> bool:
        due = any(int(str(body["due"])) <= self.ports.time for body, _ in self.bare.timers.sent)
        idle = any(not one.busy and not one.waiting and one.at < 5 for one in self.processes.values())
        return bool(self.mailbox or self.stream or due or idle or self.ports.time >= self.swept + 60)
