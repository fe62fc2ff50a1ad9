"""A life: one incident and the doors that live it, over tables whose every write is metered."""

from dataclasses import replace
from typing import Any

from itsm.aws.audit import Audit
from itsm.core.ports import Link
from itsm.core.record import Record
from itsm.runtime import desk

from functions.intake_mail.app import handler as intake_mail
from functions.practice_steps.app import handler as steps
from functions.record_changes.app import handler as record_changes
from functions.records.app import handler as records_api
from functions.routing.app import handler as routing
from functions.sla_timers.app import fire, start
from tests.builders import an_incident
from tests.fakes import FakePorts, sqs
from tests.itsm.aws.conftest import Store
from tests.support.http import agent
from tests.support.mail import notification, raw, stored
from tests.support.stream import change

ORDINARY = "The printer on floor three burns. " * 13
"""442 bytes: of the mails in the corpora, six of ten say no more."""
ANSWER = "We are looking at it. Please leave the printer off until somebody was there; the one on floor two prints."
NOTE = "It is the fuser again, the third time this year. The supplier has been asked for one that lasts."


class Life:
    """One ticket and its doors; after each act the stream is followed, and what each write cost is kept."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ports = FakePorts(PRACTICE="incident")
        self.ports.records = store.records  # type: ignore[assignment]  # the real store in place of the fake
        self.ports.audit = Audit(store.tables)  # type: ignore[assignment]
        self.before: Record | None = None
        self.number, self.total = "INC0000002", 0
        self.acts: dict[str, int] = {}
        self.followed: list[dict[str, Any]] = []

    @property
    def record(self) -> Record:
        """As it is now."""
        return self.store.records.find(self.number)

    def spent(self, act: str) -> None:
        """Note what the act cost, then follow its write."""
        _, units = self.store.meter.take()
        self.acts[act], self.total = units, self.total + units
        now = self.record
        if now != self.before:
            self.followed.append(change(now, self.before))
            record_changes.on({"Records": self.followed[-1:]}, self.ports)
            self.before = now
        self.total += self.store.meter.take()[1]

    def step(self, name: str, door: Any, **arguments: Any) -> None:
        """A step of the process."""
        token = f"{name:x<700}"[:700]
        door.on({"step": name, "record": self.record.id, "token": token, "arguments": arguments}, self.ports)
        self.spent(name)

    def patch(self, **body: Any) -> None:
        """An agent's change."""
        self.ports.time += 60
        records_api.on(agent("PATCH /records/{number}", body, params={"number": self.number}), self.ports)
        self.spent(" ".join(f"{name}={value}" for name, value in body.items()))

    def say(self, text: str, *, public: bool) -> None:
        """An agent's comment."""
        self.ports.time += 60
        body = {"text": text, "public": public}
        route = "POST /records/{number}/comments"
        records_api.on(agent(route, body, params={"number": self.number}), self.ports)
        self.spent(f"comment {text[:10]}")


def a_life(store: Store) -> Life:
    """A mail of an ordinary length has just arrived; the number block is not this ticket's to pay."""
    made = Life(store)
    stored(made.ports, "mail/1", raw(ORDINARY, headers={"Cc": "boss@example.org"}))
    store.records.create(an_incident("the block of numbers is paid for here"))
    store.meter.take()
    return made


def begin(life: Life, answer: str = ANSWER) -> None:
    """From the mail to the process that waits for its resolution."""
    intake_mail.on(sqs(notification("mail/1")), life.ports)
    life.spent("create")
    life.step("classify", steps)
    life.step("route", routing)
    life.step("clocks", start)
    life.step("await", steps, wait="resolution", until=["resolved", "closed", "cancelled"])
    life.patch(state="in_progress", assignee="ada@example.org")
    life.say(answer, public=True)
    life.say(NOTE, public=False)


def end(life: Life) -> None:
    """From the resolution to the end."""
    life.patch(state="resolved")
    life.step("await", steps, wait="closure", until=["closed", "in_progress"])
    life.step("close", steps)
    assert life.record.state == "closed"
    assert desk.legal_moves(life.record) == ()


def mirror(life: Life) -> None:
    """Its issue in Jira: the link, made and four times saved."""
    link = life.store.records.save_link(Link(record=life.record.id, state="creating", label="itsm-x"))
    for _ in range(4):
        link = life.store.records.save_link(replace(link, state="linked", issue="10001", base={"summary": "s" * 200}))
    life.spent("link")


def waits(life: Life) -> None:
    """On hold and back."""
    life.patch(state="on_hold")
    life.patch(state="in_progress")


def is_late(life: Life) -> None:
    """Its first level is reached."""
    life.ports.time = life.record.next_timer or life.ports.time
    fire.on(sqs({"record": life.record.id, "due": life.ports.time}), life.ports)
    life.spent("warned")
