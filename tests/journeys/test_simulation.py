"""Seeded games of all doors side by side on failing machines; the invariants hold at the end of each."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from itsm.core.chain import faults
from itsm.core.clock import RUNNING
from itsm.core.events import Event
from itsm.core.practice import load
from itsm.core.record import Record
from itsm.runtime.door import logger

from tests.support.simulation import AWAITED, World

SEEDS, MANY = 200, int(os.environ.get("SEEDS", "5000"))
LIFECYCLE = load("incident").lifecycle


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """Thousands of doors have nothing to tell here."""
    level = logger().log_level
    logger().setLevel("CRITICAL")
    yield
    logger().setLevel(level)


def played(seed: int) -> World:
    """A game of three tickets, an answer to one of them, and people at work on them."""
    world = World(seed)
    for at in range(3):
        world.mail(f"Matter {at}", f"{seed}-{at}@example.org", subject=f"Matter {at}")
    world.play(500)
    world.settle()
    return world


def check(world: World) -> None:
    """I1 to I7 of a game that is over."""
    _one_ticket_per_mail_and_one_number_each(world)
    _versions_are_whole_and_legal(world)
    _promises_are_kept(world)
    _clocks_fire_on_time_and_once(world)
    _everything_follows_once(world)
    _nobody_sleeps_through_a_wake_up(world)


def _one_ticket_per_mail_and_one_number_each(world: World) -> None:
    records = list(world.bare.records.stored.values())
    assert Counter(record.title for record in records) == Counter(f"Matter {at}" for at in range(3))  # I1, I3
    assert len({record.number for record in records}) == len(records)  # I2
    assert len({(record.id, record.number) for record, _ in world.history}) == len(records)


def _versions_are_whole_and_legal(world: World) -> None:
    written: dict[str, list[Event]] = defaultdict(list)
    for new, old in world.history:
        written[new.id].append(new.event)
        if old is not None and old.state != new.state:
            LIFECYCLE.check(new.number, old.state, new.state)  # I5
    for record_id, events in written.items():
        trail = world.bare.records.history(record_id)
        assert sorted(trail, key=lambda event: event.version) == events  # I4
        assert not list(faults(record_id, events, events[-1], world.ports.time))


def _promises_are_kept(world: World) -> None:
    said = Counter(entry.text for entries in world.bare.records.journal.values() for entry in entries)
    assert all(said[text] == 1 for text in world.promised.comments)  # I3, I7
    assert all(count == 1 for text, count in said.items() if text.endswith("says so"))
    assert {(record.id, record.version) for record, _ in world.history} >= world.promised.versions


def _clocks_fire_on_time_and_once(world: World) -> None:
    told: Counter[str] = Counter()
    assert not [
        new for new, _ in world.history if new.state in LIFECYCLE.met and _runs(new)
    ]  # I6: none once it is done
    for new, old in world.history:
        if new.event.type not in ("ClockWarned", "ClockBreached"):
            continue
        assert old is not None
        assert old.next_timer is not None
        assert old.next_timer <= new.event.at  # I6: never early, never while none runs
        told[new.event.comment] += 1
        notes = [entry for entry in world.bare.records.journal[new.id] if entry.id == new.event.comment]
        assert len(notes) == 1
    assert set(told.values()) <= {1}
    assert all((r.next_timer or world.ports.time + 1) > world.ports.time for r in world.bare.records.stored.values())


def _runs(record: Record) -> bool:
    return any(clock.state == RUNNING for clock in record.clocks)


def _everything_follows_once(world: World) -> None:
    first: dict[str, list[int]] = defaultdict(list)
    for fact in world.bare.bus.facts:
        version = fact["version"]
        assert isinstance(version, int)
        if version not in first[str(fact["record"])]:
            first[str(fact["record"])].append(version)
    for record in world.bare.records.stored.values():
        assert first[record.id] == list(range(1, record.version + 1))  # each told of, in order
        assert [entry.id for entry in world.bare.records.comments(record.id)].count("opening") == 1
    assert set(world.processes) == {f"{record.number}-1" for record in world.bare.records.stored.values()}


def _nobody_sleeps_through_a_wake_up(world: World) -> None:
    assert not world.stale_wakes
    for process in world.processes.values():
        state = world.bare.records.get(process.record).state
        assert not process.waiting or state not in AWAITED[process.waiting]


@pytest.mark.parametrize("block", range(4))
def test_the_invariants_hold_in_every_order_and_on_every_fault(block: int) -> None:
    for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4):
        try:
            check(played(seed))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise


def test_the_same_seed_plays_the_same_game() -> None:
    games = [played(7) for _ in range(2)]
    assert games[0].history == games[1].history


def test_the_games_meet_what_they_are_played_for() -> None:
    games = [played(seed) for seed in range(20)]
    types = Counter(new.event.type for game in games for new, _ in game.history)
    assert types.keys() >= {
        "StateChanged",
        "CommentAdded",
        "ClocksStarted",
        "ClockWarned",
        "ClockBreached",
    }
    assert any(count > 1 for game in games for count in game.starts.values())
    assert any(process.at == 5 for game in games for process in game.processes.values())


@pytest.mark.slow
def test_the_invariants_hold_in_many_more() -> None:
    for seed in range(SEEDS, SEEDS + MANY):
        try:
            check(played(seed))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
