"""Timer storm: the product's sweeper and fire handler under a virtual clock, on queues and functions like AWS's."""

import heapq
import math
import random
from array import array
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from itsm.core.clock import RUNNING, Clock
from itsm.core.errors import StaleVersionError
from itsm.core.ports import SHARDS, Timer
from itsm.core.record import Comment, Record
from itsm.practices.incident import LIFECYCLE
from itsm.practices.service_level import rules
from itsm.practices.service_level.policy import Agreement, ServiceLevels, Target
from itsm.runtime import timers
from itsm.runtime.changes import NEAR, held_back
from itsm.runtime.ports import Ports

from tests.builders import NOON, an_incident
from tests.itsm.practices.service_level.world import policy

BATCH, MINUTE = 10, 60
AGENT = "ada@example.org"
STREAM_SECONDS = 0.2
"""From a save to the function that follows it."""
LONG_AFTER = 12 * MINUTE
"""How long is looked on after the last deadline: what has not fired by then is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What is simulated; times are seconds of the simulated clock.

    `open` timers stand in the index; `due` of them come due within `window` from the start on, the rest days later.
    `paused` of a thousand are put on hold within 30 s of their due instant, and taken up two minutes later.

    Sweepers: `sweepers` share the shards. Each starts somewhere in its minute, `precision` wide: a scheduler promises
    the minute and no second of it (EventBridge, Scheduler: 60). Ten messages are read and sent in `send_seconds`; after
    `cut` seconds its time is over. None starts before `down`.

    Queue: holds back by whole seconds from the instant of sending. Then a message takes 20 ms and, exponentially,
    `latency` more to a function (p99 0.3 s); `twice` of a thousand come once more within a minute, `stray` of a
    thousand are up to half a minute late, so that later ones pass them.

    Functions: `standing` batches of ten are worked at once, `ramp` more each minute from the first message on, `most`
    in the end (Lambda guide, Scaling of SQS mappings: 5, 300, 1,250; with provisioned pollers ten for each of them).
    An environment's first batch takes `cold` seconds more, a timer that fires `fire_seconds`, one left alone
    `pass_seconds`.
    """

    open: int
    due: int
    window: int = MINUTE
    paused: int = 20
    sweepers: int = 16
    precision: float = 60.0
    send_seconds: float = 0.008
    cut: float = 50.0
    down: int = 0
    latency: float = 0.06
    twice: int = 50
    stray: int = 1
    standing: int = 1000
    ramp: int = 300
    most: int = 1250
    cold: float = 0.4
    fire_seconds: float = 0.015
    pass_seconds: float = 0.005
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """What came of it: by a stopwatch, how late each breach was on record, and what must never happen."""

    late: array[float] = field(default_factory=lambda: array("d"))
    fired: Counter[str] = field(default_factory=Counter)
    early: int = 0
    while_paused: int = 0
    lost: int = 0
    sent: int = 0
    delivered: int = 0
    batches: int = 0
    waited: float = 0.0
    """Seconds that functions stood still."""
    drained: float = 0.0
    """Seconds from the start to the last breach of those that were never on hold."""

    def at(self, share: float) -> float:
        """The lateness that a share of all timers stays within."""
        return sorted(self.late)[min(len(self.late) - 1, int(len(self.late) * share))]

    @property
    def sound(self) -> bool:
        """What must hold in any weather."""
        return not self.early and not self.while_paused and not self.lost and set(self.fired.values()) == {1}


class _WaitingError(Exception):
    """The handler stands still until an instant; it is called again then."""

    def __init__(self, until: int) -> None:
        self.until = until


class _CutError(Exception):
    """A sweeper's time is over."""


type _Message = tuple[int, str]
"""Its due instant and its record."""


class _World:
    """Records, index, queue and clock; a `Ports` as far as timers go."""

    def __init__(self, storm: Storm) -> None:
        self.storm, self.random, self.clock = storm, random.Random(storm.seed), float(NOON)
        self.records = self.timers = self.policies = self
        self.service_level: ServiceLevels = policy(
            Agreement(name="standard", default=True, targets={"P1": Target(response="1h", resolution="1d")}),
            calendar="always",
        )
        self.base = an_incident(priority=1, group="")
        within = (NOON + self.random.randrange(storm.window) for _ in range(storm.due))
        self.dues = array("q", within)
        self.dues.extend(NOON + 10 * 86_400 + n for n in range(storm.due, storm.open))
        self.changed: dict[str, Record] = {}
        self.index: list[list[tuple[int, str]]] = [[] for _ in range(SHARDS)]
        for n, due in enumerate(self.dues):
            self.index[n % SHARDS].append((due, f"{n:016d}"))
        for shard in self.index:
            shard.sort()
        self.queue: list[tuple[float, int, _Message]] = []
        self.ends = math.inf
        self.outcome = Outcome()

    def now(self) -> int:
        """Whole seconds, as a function reads its clock."""
        return int(self.clock)

    def moment(self) -> float:
        """The instant itself."""
        return self.clock

    def wait(self, until: int) -> None:
        """The handler is called anew at that instant; here nobody stands still."""
        assert until - self.clock <= 1, "a wait is bounded"
        if self.clock < until:
            raise _WaitingError(until)

    def get(self, record_id: str) -> Record:
        """Newest version; one that nobody changed yet is made up."""
        if record_id in self.changed:
            return self.changed[record_id]
        due = self.dues[int(record_id)]
        clock = Clock(
            metric="resolution", agreement="standard", calendar="always", target=86_400, state=RUNNING,
            started_at=due - 86_400, since=due - 86_400, due=due, next_at=due,
        )  # fmt: skip
        return replace(self.base, id=record_id, number=f"INC{int(record_id):07d}", clocks=(clock,))

    def save(self, record: Record, _: Comment | None = None) -> Record:
        """Conditional on the version; a near deadline goes to the queue at once, as the stream's function does."""
        if self.get(record.id).version != record.version - 1:
            raise StaleVersionError(record.id)
        self.changed[record.id] = record
        due, followed = record.next_timer, self.clock + STREAM_SECONDS
        if due is not None:
            insort(self.index[int(record.id) % SHARDS], (due, record.id))
            if due <= int(followed) + NEAR:
                self._enqueue((due, record.id), followed + held_back(due, followed))
        return record

    def _stands(self, entry: tuple[int, str]) -> bool:
        due, record_id = entry
        return record_id not in self.changed or self.changed[record_id].next_timer == due

    def due(self, shard: int, before: int) -> Iterable[Timer]:
        """The shard's timers due before an instant, earliest first."""
        index = self.index[shard]
        near = bisect_left(index, (before, ""))
        index[:near] = [entry for entry in index[:near] if self._stands(entry)]
        return (Timer(record=record, due=due) for due, record in index[: bisect_left(index, (before, ""))])

    def send(self, bodies: Sequence[Mapping[str, Any]], delays: Sequence[int]) -> None:
        """SendMessageBatch by tens."""
        for at, (body, delay) in enumerate(zip(bodies, delays, strict=True)):
            if at % BATCH == 0:
                self.clock += self.storm.send_seconds
                if self.clock > self.ends:
                    raise _CutError
            self._enqueue((body["due"], body["record"]), self.clock + delay)

    def _enqueue(self, message: _Message, visible: float) -> None:
        storm, dice = self.storm, self.random
        at = visible + 0.02 + dice.expovariate(1 / storm.latency)
        self.outcome.sent += 1
        if dice.randrange(1000) < storm.stray:
            at += dice.uniform(0, 30)
        heapq.heappush(self.queue, (at, self.outcome.sent, message))
        if dice.randrange(1000) < storm.twice:
            heapq.heappush(self.queue, (at + dice.uniform(0, MINUTE), -self.outcome.sent, message))

    def fire(self, message: _Message) -> bool:
        """The product's own handler; whether it did something, looked at from outside. Raises _WaitingError."""
        due, record_id = message
        before = self.get(record_id)
        timers.fire(record_id, cast(Ports, self), due)
        if record_id not in self.changed or self.changed[record_id] is before:
            return False
        (clock,) = before.clocks
        found, done = self.outcome, self.clock + self.storm.fire_seconds
        found.fired[record_id] += 1
        # a target that ran out before the ticket was put on hold is still owed, and known by its due instant
        owed = clock.due or clock.breached_at
        found.while_paused += clock.state != RUNNING and clock.breached_at is None
        found.early += owed is None or self.clock < owed
        found.late.append(done - (owed or 0))
        if before.version == 1:
            found.drained = max(found.drained, done - NOON)
        return True

    def move(self, record_id: str, state: str) -> None:
        """An agent puts a ticket on hold or takes it up again, in the same write as its clocks."""
        before = self.get(record_id)
        if before.state == state or before.event.type == "ClockBreached":
            return
        after = before.changed("StateChanged", by=AGENT, origin="records", at=self.now(), state=state)
        clocks = rules.measured(before, after, None, LIFECYCLE, self.service_level)
        self.save(replace(after, clocks=clocks))


class _Functions:
    """The fire handler's environments: each takes up to ten messages, earliest due first, and waits at most once."""

    def __init__(self, world: _World, at: "_Agenda") -> None:
        self.world, self.at = world, at
        self.ready: deque[_Message] = deque()
        self.busy = self.known = 0
        self.since = 0.0

    def arrive(self, message: _Message) -> None:
        """A message that can be seen."""
        self.world.outcome.delivered += 1
        self.since = self.since or self.world.clock
        self.ready.append(message)
        self.start()

    def start(self) -> None:
        """As many batches as there may be at once."""
        storm, now = self.world.storm, self.world.clock
        allowed = min(storm.most, storm.standing + int(storm.ramp * (now - self.since) / MINUTE))
        while self.ready and self.busy < allowed:
            batch = deque(sorted(self.ready.popleft() for _ in range(min(BATCH, len(self.ready)))))
            self.busy += 1
            self.world.outcome.batches += 1
            cold = self.busy > self.known
            self.known = max(self.known, self.busy)
            self.at.add(now + storm.cold * cold, lambda batch=batch: self.work(batch))

    def work(self, batch: deque[_Message]) -> None:
        """The next message of a batch."""
        storm, now = self.world.storm, self.world.clock
        try:
            fired = self.world.fire(batch[0])
        except _WaitingError as waiting:
            self.world.outcome.waited += waiting.until - now
            self.at.add(waiting.until, lambda: self.work(batch))
            return
        batch.popleft()
        self.at.add(now + (storm.fire_seconds if fired else storm.pass_seconds), lambda: self.end(batch))

    def end(self, batch: deque[_Message]) -> None:
        """It goes on with its batch, or takes another."""
        if batch:
            self.work(batch)
            return
        self.busy -= 1
        self.start()


class _Agenda:
    """What happens when."""

    def __init__(self) -> None:
        self.entries: list[tuple[float, int, Any]] = []
        self.count = 0

    def add(self, at: float, act: Any) -> None:
        """Do something at an instant."""
        self.count += 1
        heapq.heappush(self.entries, (at, self.count, act))

    @property
    def next_at(self) -> float:
        """When the next is due."""
        return self.entries[0][0] if self.entries else math.inf


def simulate(storm: Storm) -> Outcome:
    """Let the storm pass: sweeps each minute, messages as they come and environments are free, holds in between."""
    world, agenda = _World(storm), _Agenda()
    functions = _Functions(world, agenda)
    end = NOON + storm.down + storm.window + LONG_AFTER
    for at, shards in _sweeps(world, end - LONG_AFTER // 2):
        agenda.add(at, lambda at=at, shards=shards: _sweep(world, at, shards))
    for at, record_id, state in _holds(world):
        agenda.add(at, lambda record_id=record_id, state=state: world.move(record_id, state))
    while True:
        arrives = world.queue[0][0] if world.queue else math.inf
        world.clock = min(arrives, agenda.next_at)
        if world.clock >= end:
            break
        if arrives <= agenda.next_at:
            functions.arrive(heapq.heappop(world.queue)[2])
        else:
            heapq.heappop(agenda.entries)[2]()
    world.outcome.lost = sum(_is_lost(world.get(f"{n:016d}"), end) for n in range(storm.due))
    return world.outcome


def _is_lost(record: Record, end: int) -> bool:
    (clock,) = record.clocks
    return clock.breached_at is None and (clock.state != RUNNING or (clock.due or 0) < end)


def _sweeps(world: _World, end: float) -> Iterator[tuple[float, range]]:
    storm = world.storm
    for minute in range(NOON - 3 * MINUTE, int(end), MINUTE):
        for one in range(storm.sweepers):
            at = minute + world.random.uniform(0, storm.precision)
            if at >= NOON + storm.down or not storm.down:
                yield at, range(one, SHARDS, storm.sweepers)


def _sweep(world: _World, at: float, shards: range) -> None:
    world.ends = at + world.storm.cut
    try:
        timers.sweep(cast(Ports, world), shards)
    except _CutError:
        return


def _holds(world: _World) -> Iterator[tuple[float, str, str]]:
    for n in range(world.storm.due):
        if world.random.randrange(1000) < world.storm.paused:
            begin = world.dues[n] + world.random.uniform(-30, 30)
            yield begin, f"{n:016d}", "on_hold"
            yield begin + 2 * MINUTE, f"{n:016d}", "in_progress"
