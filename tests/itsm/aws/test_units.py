"""What a ticket costs: calls and write units, counted from recorded calls against the design's budget."""

from dataclasses import replace
from typing import Any

from itsm.aws.audit import Audit
from itsm.core.clock import RUNNING, Clock
from itsm.core.ports import Link, Wait

from tests.builders import NOON, a_comment, an_incident
from tests.itsm.aws.conftest import Store

CREATE_UNITS, TRANSITION_UNITS, LIFE_UNITS = 5, 6, 60
"""The budget of design 3.7."""


def _warm(store: Store) -> None:
    store.records.create(an_incident("the block of numbers is paid for here"))
    store.meter.take()


def test_creating_a_ticket_is_one_call_and_at_most_five_units(store: Store) -> None:
    _warm(store)
    store.records.create(an_incident(text="x" * 900, title="t" * 120, details={"message_id": "m" * 70}))
    calls, units = store.meter.take()
    assert calls == ["PutItem"]
    assert units <= CREATE_UNITS


def test_a_transition_is_one_call_and_at_most_six_units(store: Store) -> None:
    _warm(store)
    clock = Clock(
        metric="resolution", agreement="standard", calendar="weekdays", target=14_400, state=RUNNING,
        started_at=NOON, since=NOON, due=NOON + 14_400, next_at=NOON + 10_800,
    )  # fmt: skip
    record = store.records.create(an_incident(clocks=(clock, replace(clock, metric="response")))).record
    store.meter.take()
    moved = replace(clock, due=NOON + 20_000, next_at=NOON + 15_000)
    store.records.save(
        record.changed(
            "StateChanged", by="ada", origin="records", at=NOON + 9, state="in_progress", clocks=(moved, moved)
        )
    )
    calls, units = store.meter.take()
    assert calls == ["PutItem"]
    assert units <= TRANSITION_UNITS


def test_a_long_comment_is_one_call_and_at_most_six_units(store: Store) -> None:
    _warm(store)
    record = store.records.create(an_incident()).record
    store.meter.take()
    comment = a_comment(record, text="y" * 500)
    store.records.save(record.changed("CommentAdded", by="a", origin="r", at=NOON, comment=comment.id), comment)
    calls, units = store.meter.take()
    assert calls == ["TransactWriteItems"]
    assert units <= TRANSITION_UNITS


def test_a_tickets_whole_life_is_at_most_sixty_units(store: Store) -> None:
    _warm(store)
    audit = Audit(store.tables)
    clock = Clock(
        metric="resolution", agreement="standard", calendar="weekdays", target=14_400, state=RUNNING,
        started_at=NOON, since=NOON, due=NOON + 14_400, next_at=NOON + 10_800,
    )  # fmt: skip
    record = store.records.create(an_incident()).record
    audit.append(record.id, record.event)
    store.records.put_said(a_comment(record, id="opening"))
    steps: list[dict[str, Any]] = [
        {"priority": 2},
        {"group": "network"},
        {"clocks": (replace(clock, metric="response"), clock)},
        {"state": "in_progress", "assignee": "ada@example.org"},
        {"state": "on_hold", "clocks": (replace(clock, state="paused", due=None, next_at=None),)},
        {"state": "in_progress", "clocks": (clock,)},
        {"state": "resolved", "clocks": (replace(clock, state="stopped", due=None, next_at=None),)},
        {"state": "closed"},
    ]
    for at, new in enumerate(steps):
        record = store.records.save(record.changed("StateChanged", by="a", origin="r", at=NOON + at, **new))
        audit.append(record.id, record.event)
    for key in ("first", "second"):
        comment = a_comment(record, key)
        record = store.records.save(
            record.changed("CommentAdded", by="a", origin="r", at=NOON, comment=comment.id), comment
        )
        audit.append(record.id, record.event)
    for name in ("resolution", "closure"):
        wait = Wait(record=record.id, name=name, token="t" * 700, until=("resolved", "closed"))
        store.records.wait(wait)
        store.records.woken(wait)
    link = store.records.save_link(Link(record=record.id, state="creating", label="itsm-" + record.id))
    for _ in range(4):
        link = store.records.save_link(
            replace(link, state="linked", issue="10001", key="OPS-1", base={"summary": "s" * 200})
        )
    _, units = store.meter.take()
    assert units <= LIFE_UNITS
