"""Seeded games of doors that say, change and read one record at once, call by call: each word is there once."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore import handlers
from itsm.aws.audit import Audit
from itsm.core.chain import LAG, faults, journal_faults
from itsm.core.errors import OutsideError
from itsm.core.journal import OPENING, said
from itsm.core.record import Record
from itsm.runtime import desk

from tests.builders import a_comment, an_incident
from tests.fakes import FakePorts
from tests.itsm.aws.conftest import Store
from tests.support.turns import Actor, Killed

SEEDS, MANY = 8, 300
READS = 4
FOR_EVER = 10_000


@dataclass(slots=True)
class Turn:
    """Whose turn it is, and how many calls of AWS they live for."""

    actor: Actor
    calls: int
    dies_after: bool


class Game:
    """One record, those who work it, and the stream that follows late."""

    def __init__(self, store: Store, seed: int) -> None:
        self.dice, self.store = random.Random(seed), store
        self.turn, self.surprises = threading.Semaphore(0), list[BaseException]()
        self.first = store.records.create(an_incident(f"game {seed}")).record
        self.stream, self.followed, self.promised = [self.first], 0, set[str]()
        self.now: Turn | None = None

    def step(self, call: Callable[[], Any]) -> Any:
        """A step of an actor is a call on its way to AWS: see `before`."""
        return call()

    def before(self) -> None:
        """A call is about to go out: somebody else may come first, and the caller may die."""
        if self.now is not None:
            mine = self.now
            mine.actor.pause()
            mine.calls -= 1
            if mine.calls == 0 and not mine.dies_after:
                raise Killed

    def after(self) -> None:
        """A call is done, which its caller may not live to hear of."""
        if self.now is not None and self.now.calls == 0:
            raise Killed

    def say(self, key: str, **facts: Any) -> Callable[[], None]:
        """Deliver a comment, with the instant it was taken at."""

        def work() -> None:
            ports = self._ports()
            comment = a_comment(self.first, key, **facts, at=ports.time)
            try:
                desk.update(ports, self.first.id, lambda record: desk.commented(record, comment), comment)
            except OutsideError:  # delivered again
                raise Killed from None
            self.promised.add(comment.id)

        return work

    def assign(self, name: str) -> Callable[[], None]:
        """Change the record without a word."""

        def assigned(record: Record) -> Record:
            return record.changed("Assigned", by="a", origin="r", at=self.first.opened_at + 1, assignee=name)

        def work() -> None:
            desk.update(self._ports(), self.first.id, assigned)

        return work

    def read(self) -> None:
        """The journal has all that was promised before it was asked for, once."""
        for _ in range(READS):
            promised = set(self.promised)
            found = Counter(entry.id for entry in self.store.records.comments(self.first.id))
            assert promised <= found.keys(), "a comment was missed"
            assert set(found.values()) <= {1}, "a comment is there twice"

    def follow(self) -> None:
        """The stream, as far as it comes."""
        while self.followed < len(self.stream):
            record = self.stream[self.followed]
            Audit(self.store.tables).append(record.id, record.event)
            if entry := said(record.id, record.event):
                self.store.records.put_said(entry)
            self.followed += 1

    def play(self) -> None:
        """Some of them at once, of whom some die; what they were at is delivered again at the end."""
        works = [
            *[self.say("short", text="On it.")] * 3, self.say("inside", text="Again!", public=False),
            *[self.say("long", text="y" * 700)] * 2, self.say("filed", attachments=("a|b|c|1",)),
            self.assign("ada"), self.assign("ben"), self.read, self.read, self.follow,
        ]  # fmt: skip
        works = self.dice.sample(works, self.dice.randint(3, len(works)))
        live = [Turn(Actor(self, work), self._calls(), self.dice.random() < 0.5) for work in works]
        again = [work for work, turn in zip(works, live, strict=True) if turn.calls < FOR_EVER]
        while live:
            self.now = self.dice.choice(live)
            self.now.actor.run()
            if self.now.actor.done:
                live.remove(self.now)
            self.now = None
            self._look()
        for work in again:
            work()
            self._look()
        self.follow()

    def _calls(self) -> int:
        return self.dice.randint(1, 9) if self.dice.random() < 0.25 else FOR_EVER

    def _ports(self) -> FakePorts:
        made = FakePorts(PRACTICE="incident")
        made.records = self.store.records  # type: ignore[assignment]  # the real store in place of the fake
        made.time = self.first.opened_at + self.dice.randint(1, 3)
        return made

    def _look(self) -> None:
        record = self.store.records.get(self.first.id)
        assert record.version - self.stream[-1].version in (0, 1)
        if record.version > self.stream[-1].version:
            self.stream.append(record)


class Calls:
    """The calls of every client, told to the game that is on."""

    game: Game | None = None

    def before(self, **_: Any) -> None:
        """One goes out."""
        if self.game is not None:
            self.game.before()

    def after(self, **_: Any) -> None:
        """One is done."""
        if self.game is not None:
            self.game.after()


@pytest.fixture
def calls() -> Iterator[Calls]:
    """Hooks on every client that is made while they are on."""
    made = Calls()
    hooks = [("before-call.dynamodb", made.before), ("after-call.dynamodb", made.after)]
    handlers.BUILTIN_HANDLERS.extend(hooks)
    yield made
    for hook in hooks:
        handlers.BUILTIN_HANDLERS.remove(hook)


@pytest.fixture
def store(calls: Calls, store: Store) -> Store:  # the hooks come before the clients
    return store


def _play(store: Store, calls: Calls, seed: int) -> None:
    calls.game = game = Game(store, seed)
    game.play()
    calls.game = None
    assert not game.surprises
    trail, journal = store.records.history(game.first.id), store.records.comments(game.first.id)
    by_id, later = {entry.id: entry for entry in journal}, game.stream[-1].updated_at + 2 * LAG
    assert not list(faults(game.first.id, trail, game.stream[-1].event, later))
    assert not list(journal_faults(game.first.id, trail, by_id, later))
    assert Counter(event.comment for event in trail if event.comment) == Counter(by_id.keys() - {OPENING})
    assert game.promised <= by_id.keys()
    assert len(journal) == len(by_id)


def test_each_word_is_there_once_for_good_whoever_comes_between_or_dies(store: Store, calls: Calls) -> None:
    for seed in range(SEEDS):
        _play(store, calls, seed)


@pytest.mark.slow
def test_each_word_is_there_once_in_many_more_games(store: Store, calls: Calls) -> None:
    for seed in range(SEEDS, MANY):
        _play(store, calls, seed)
