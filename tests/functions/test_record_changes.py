"""Record changes: what follows from one write, each once in effect."""

from dataclasses import replace
from typing import Any

import pytest
from itsm.aws.items import to_item
from itsm.aws.models import tables
from itsm.core.clock import RUNNING, Clock
from itsm.core.ports import Wait
from itsm.core.record import Record

from functions.record_changes.app import handler
from tests.builders import NOON, an_incident
from tests.fakes import FakePorts

TABLES = tables(records="r", audit="a", ephemeral="e", region="eu-central-1")


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts(time=NOON)


def change(new: Record, old: Record | None = None, sequence: str = "1") -> dict[str, Any]:
    """The stream's word of a write."""
    images = {"NewImage": to_item(new, TABLES).serialize(), "SequenceNumber": sequence}
    if old is not None:
        images["OldImage"] = to_item(old, TABLES).serialize()
    return {"eventName": "MODIFY" if old else "INSERT", "dynamodb": images}


def follow(ports: FakePorts, *changes: dict[str, Any]) -> dict[str, Any]:
    """Deliver changes; what the door answers."""
    answer: dict[str, Any] = handler.on({"Records": list(changes)}, ports)
    return answer


def test_a_new_record_is_audited_told_and_its_process_started(ports: FakePorts) -> None:
    record = ports.records.create(an_incident()).record
    assert follow(ports, change(record)) == {"batchItemFailures": []}
    assert ports.records.history(record.id) == (record.event,)
    assert [fact["type"] for fact in ports.bus.facts] == ["IncidentOpened"]
    assert ports.processes.started[f"{record.number}-1"][0] == "incident"
    assert [entry.id for entry in ports.records.comments(record.id)] == ["opening"]


def test_no_word_of_a_person_is_on_the_bus(ports: FakePorts) -> None:
    record = ports.records.create(an_incident(text="secret words", title="secret title")).record
    follow(ports, change(record))
    assert "secret" not in str(ports.bus.facts)


def test_a_change_delivered_twice_has_one_audit_row_and_one_process(ports: FakePorts) -> None:
    record = ports.records.create(an_incident()).record
    follow(ports, change(record), change(record))
    assert (len(ports.records.history(record.id)), len(ports.processes.started)) == (1, 1)


def test_a_waiting_process_goes_on_when_its_state_is_reached(ports: FakePorts) -> None:
    record = ports.records.create(an_incident()).record
    wait = Wait(record=record.id, name="resolution", token="t", until=("resolved",))
    ports.records.wait(wait)
    moved = record.changed("StateChanged", by="a", origin="records", at=NOON, state="in_progress")
    follow(ports, change(moved, record))
    assert not ports.processes.answered
    done = moved.changed("StateChanged", by="a", origin="records", at=NOON, state="resolved")
    follow(ports, change(done, moved))
    assert ports.processes.answered["t"]["state"] == "resolved"
    assert ports.records.waits(record.id) == ()


def test_a_deadline_of_the_next_minute_goes_to_the_queue_at_once(ports: FakePorts) -> None:
    clock = Clock(
        metric="response", agreement="a", calendar="c", target=60, state=RUNNING, started_at=NOON, since=NOON,
        due=NOON + 60, next_at=NOON + 45,
    )  # fmt: skip
    record = ports.records.create(an_incident(clocks=(clock,))).record
    follow(ports, change(record))
    assert ports.timers.sent == [({"record": record.id, "due": NOON + 45}, 45)]


def test_other_items_and_writes_of_no_new_version_lead_nowhere(ports: FakePorts) -> None:
    record = replace(an_incident(), number="INC0000001")
    other = change(record)
    other["dynamodb"]["NewImage"]["sk"] = {"S": "C#x"}
    gone = {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "3", "OldImage": {}}}
    assert follow(ports, other, change(record, record), gone) == {"batchItemFailures": []}
    assert not ports.bus.facts


def test_nothing_behind_a_failed_change_is_done_before_it(ports: FakePorts) -> None:
    bad = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": {"sk": {"S": "META"}}}}
    record = ports.records.create(an_incident()).record
    answer = follow(ports, bad, change(record, sequence="2"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert not ports.bus.facts
