"""Timer storm: the product's sweeper and fire handler under a virtual clock, a queue that misbehaves, and a crowd."""

import heapq
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from itsm.core.clock import RUNNING, Clock
from itsm.core.errors import StaleVersionError
from itsm.core.ports import Timer
from itsm.core.record import Comment, Record
from itsm.practices.incident import LIFECYCLE
from itsm.practices.service_level import rules
from itsm.practices.service_level.policy import Agreement, ServiceLevels, Target
from itsm.runtime import timers
from itsm.runtime.changes import NEAR
from itsm.runtime.ports import Ports

from tests.builders import NOON, an_incident
from tests.itsm.practices.service_level.world import policy

BATCH, MINUTE = 10, 60
AGENT = "ada@example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What is simulated. Times are seconds of the simulated clock.

    `open` timers stand in the index; `due` of them come due within `window` from the start on, the rest days later.
    A sweeper sends ten messages in `send_seconds`; `sweepers` share the shards. `workers` functions fire ten messages
    in `fire_seconds`. Messages come up to `jitter` late, `twice` of a thousand once more up to a minute later.
    `paused` of a thousand tickets are put on hold within 30 s of their due instant, and taken up two minutes later.
    The sweeper stands still until `down`.
    """

    open: int
    due: int
    window: int = MINUTE
    down: int = 0
    sweepers: int = 16
    send_seconds: float = 0.008
    workers: int = 1000
    fire_seconds: float = 0.15
    jitter: float = 0.4
    twice: int = 50
    paused: int = 20
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """What came of it: the lateness of every breach in seconds, how often each fired, and what must never happen."""

    late: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    """The same in whole seconds, which is all a function's clock and a queue's delay know."""
    fired: Counter[str] = field(default_factory=Counter)
    early: int = 0
    while_paused: int = 0
    lost: int = 0
    messages: int = 0
    drained: float = 0.0

    def at(self, share: float) -> float:
        """The lateness that a share of all timers stays within, by a stopwatch."""
        return sorted(self.late)[min(len(self.late) - 1, int(len(self.late) * share))]

    def on_the_clock(self, share: float) -> int:
        """The same in whole seconds."""
        return sorted(self.whole)[min(len(self.whole) - 1, int(len(self.whole) * share))]


class _World:
    """Records, index, queue and clock; a `Ports` as far as timers go."""

    def __init__(self, storm: Storm) -> None:
        self.storm, self.random = storm, random.Random(storm.seed)
        self.clock = float(NOON)
        self.records = self.timers = self.policies = self
        self.service_level: ServiceLevels = policy(
            Agreement(name="standard", default=True, targets={"P1": Target(response="1h", resolution="1d")}),
            calendar="always",
        )
        self.stored: dict[str, Record] = {}
        self.index: list[list[tuple[int, str]]] = [[] for _ in range(timers.SHARDS)]
        self.queue: list[tuple[float, int, str]] = []
        self.sent = 0
        self.sweep_starts = 0.0
        self.outcome = Outcome()
        base = an_incident(priority=1, group="")
        for n in range(storm.open):
            due = NOON + self.random.randrange(storm.window) if n < storm.due else NOON + 10 * 86_400 + n
            clock = Clock(
                metric="resolution", agreement="standard", calendar="always", target=86_400, state=RUNNING,
                started_at=due - 86_400, since=due - 86_400, due=due, next_at=due,
            )  # fmt: skip
            record = replace(base, id=f"{n:016d}", number=f"INC{n:07d}", clocks=(clock,))
            self.stored[record.id] = record
            self.index[n % timers.SHARDS].append((due, record.id))
        for shard in self.index:
            shard.sort()

    def now(self) -> int:
        """Whole seconds, as a function reads its clock."""
        return int(self.clock)

    def get(self, record_id: str) -> Record:
        """Newest version."""
        return self.stored[record_id]

    def save(self, record: Record, _: Comment | None = None) -> Record:
        """Conditional on the version; a near deadline goes to the queue at once, as the stream's function does."""
        if self.stored[record.id].version != record.version - 1:
            raise StaleVersionError(record.id)
        self.stored[record.id] = record
        due = record.next_timer
        if due is not None:
            heapq.heappush(self.index[int(record.id) % timers.SHARDS], (due, record.id))
            if due <= self.now() + NEAR:
                self._enqueue(record.id, self.clock + max(0, due - self.now()))
        return record

    def due(self, shard: int, before: int) -> Iterable[Timer]:
        """The shard's timers due before an instant, earliest first."""
        kept = [entry for entry in self.index[shard] if self.stored[entry[1]].next_timer == entry[0]]
        self.index[shard] = sorted(kept)
        return (Timer(record=record, due=due) for due, record in self.index[shard] if due < before)

    def send(self, bodies: Sequence[Mapping[str, Any]], delays: Sequence[int]) -> None:
        """SendMessageBatch by tens, one sweeper's share of the time each."""
        self.sweep_starts += len(bodies) / BATCH * self.storm.send_seconds / self.storm.sweepers
        for body, delay in zip(bodies, delays, strict=True):
            self._enqueue(body["record"], max(self.clock, self.sweep_starts) + delay)
        self.clock = max(self.clock, self.sweep_starts)

    def _enqueue(self, record_id: str, at: float) -> None:
        self.sent += 1
        self.outcome.messages += 1
        heapq.heappush(self.queue, (at + self.random.random() * self.storm.jitter, self.sent, record_id))
        if self.random.randrange(1000) < self.storm.twice:
            heapq.heappush(self.queue, (at + self.random.random() * MINUTE, -self.sent, record_id))

    def fire(self, record_id: str) -> None:
        """The product's own handler; what it did is looked at from outside."""
        before = self.stored[record_id]
        timers.fire(record_id, cast(Ports, self))
        after = self.stored[record_id]
        if after is before:
            return
        (clock,) = before.clocks
        self.outcome.fired[record_id] += 1
        # a target that ran out before the ticket was put on hold is still owed, and known by its due instant
        due = clock.due or clock.breached_at
        self.outcome.while_paused += clock.state != RUNNING and clock.breached_at is None
        self.outcome.early += due is None or self.clock < due
        self.outcome.late.append(self.clock - (due or 0))
        self.outcome.whole.append(self.now() - (due or 0))
        self.outcome.drained = max(self.outcome.drained, self.clock - NOON)

    def move(self, record_id: str, state: str) -> None:
        """An agent puts a ticket on hold or takes it up again, in the same write as its clocks."""
        before = self.stored[record_id]
        if before.state == state or before.event.type == "ClockBreached":
            return
        after = before.changed("StateChanged", by=AGENT, origin="records", at=self.now(), state=state)
        clocks = rules.measured(before, after, None, LIFECYCLE, self.service_level)
        self.save(replace(after, clocks=clocks))


def simulate(storm: Storm) -> Outcome:
    """Let the storm pass: sweeps each minute, messages at their instant as workers are free, holds in between."""
    world = _World(storm)
    acts = sorted(_holds(world))
    free = [float(NOON)] * storm.workers
    sweep_at = float(NOON + storm.down if storm.down else NOON - MINUTE)
    end = NOON + storm.down + storm.window + 20 * MINUTE
    while True:
        next_at = min(sweep_at, acts[0][0] if acts else end, world.queue[0][0] if world.queue else end)
        if next_at >= end or (
            not acts and not world.queue and sweep_at > NOON + storm.down + storm.window + 5 * MINUTE
        ):
            break
        if next_at == sweep_at:
            world.clock = world.sweep_starts = sweep_at
            timers.sweep(cast(Ports, world))
            sweep_at += MINUTE
        elif acts and next_at == acts[0][0]:
            world.clock, record_id, state = acts.pop(0)
            world.move(record_id, state)
        else:
            _take(world, free)
    due = [record for record in world.stored.values() if (record.clocks[0].due or end) < end - 5 * MINUTE]
    world.outcome.lost = sum(record.clocks[0].breached_at is None for record in due)
    return world.outcome


def _take(world: _World, free: list[float]) -> None:
    """One worker takes up to ten messages that are there; the first of them is done a tenth of its time later."""
    ready = world.queue[0][0]
    start = max(ready, heapq.heappop(free))
    done = start
    for _ in range(BATCH):
        if not world.queue or world.queue[0][0] > start:
            break
        _, _, record_id = heapq.heappop(world.queue)
        done += world.storm.fire_seconds / BATCH
        world.clock = done
        world.fire(record_id)
    heapq.heappush(free, max(done, start + world.storm.fire_seconds / BATCH))


def _holds(world: _World) -> Iterator[tuple[float, str, str]]:
    for record_id, record in world.stored.items():
        due = record.next_timer or 0
        if due < NOON + world.storm.window and world.random.randrange(1000) < world.storm.paused:
            begin = due + world.random.uniform(-30, 30)
            yield begin, record_id, "on_hold"
            yield begin + 2 * MINUTE, record_id, "in_progress"
