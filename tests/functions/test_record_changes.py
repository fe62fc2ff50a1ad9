"""Record changes: what follows from one write, each once in effect."""

from dataclasses import replace
from typing import Any

import pytest
from itsm.aws.items import to_comment_item, to_item
from itsm.aws.models import tables
from itsm.core.clock import RUNNING, Clock
from itsm.core.ports import Wait
from itsm.core.record import Record

from functions.practice_steps.app import handler as wait
from functions.record_changes.app import handler
from tests.builders import NOON, a_record, an_incident
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


def move(ports: FakePorts, record: Record, state: str) -> Record:
    """The record in another state, saved."""
    return ports.records.save(record.changed("StateChanged", by="a", origin="records", at=ports.now(), state=state))


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
    ports.records.wait(Wait(record=record.id, name="resolution", token="t", until=("resolved",)))
    moved = move(ports, record, "in_progress")
    follow(ports, change(moved, record))
    assert not ports.processes.answered
    done = move(ports, moved, "resolved")
    follow(ports, change(done, moved))
    assert ports.processes.answered["t"]["state"] == "resolved"
    assert ports.records.waits(record.id) == ()


def test_a_state_that_was_passed_while_the_stream_lagged_still_wakes(ports: FakePorts) -> None:
    record = ports.records.create(an_incident(state="resolved")).record
    arguments = {"wait": "closure", "until": ["closed", "in_progress"]}
    wait.on({"step": "await", "record": record.id, "token": "t", "arguments": arguments}, ports)
    reopened = move(ports, record, "in_progress")
    move(ports, reopened, "resolved")
    follow(ports, change(reopened, record))
    assert ports.processes.answered["t"]["state"] == "in_progress"


def test_an_old_change_delivered_again_wakes_nobody_for_where_the_record_no_longer_is(ports: FakePorts) -> None:
    record = ports.records.create(an_incident(state="in_progress")).record
    done = move(ports, record, "resolved")
    reopened = move(ports, done, "in_progress")
    follow(ports, change(record), change(done, record), change(reopened, done))
    arguments = {"wait": "resolution", "until": ["resolved"]}
    wait.on({"step": "await", "record": record.id, "token": "second", "arguments": arguments}, ports)
    follow(ports, change(done, record))
    assert not ports.processes.answered
    assert [wait.token for wait in ports.records.waits(record.id)] == ["second"]


def test_an_edit_that_overtook_an_approval_voids_it_though_the_editor_died(ports: FakePorts) -> None:
    from functions.change_approvals.app import ask

    details = {"type": "normal", "planned_start": NOON + 259_200, "planned_end": NOON + 262_800, "risk": "low"}
    change_ = a_record("chg", "change", state="assessing", service="website", details=details)
    record = ports.records.create(change_).record
    arguments = {"wait": "approval", "until": ["scheduled"]}
    ask.on({"step": "ask", "record": record.id, "token": "t", "arguments": arguments}, ports)
    asked = ports.records.get(record.id)
    edited = ports.records.save(
        asked.changed("FieldsChanged", by="ada", origin="records", at=NOON, title="Something else")
    )
    follow(ports, change(edited, asked))
    assert ports.records.get(record.id).state == "assessing"


def test_the_opening_text_is_never_overwritten_by_a_later_reading_of_it(ports: FakePorts) -> None:
    record = ports.records.create(an_incident(text="The beginning …", details={"text": "text/x/1"})).record
    ports.blobs.put("text/x/1", b"The beginning and the end.", "text/plain")
    follow(ports, change(record))
    ports.blobs.stored.clear()
    follow(ports, change(record))
    (opening,) = ports.records.comments(record.id)
    assert opening.text == "The beginning and the end."


def test_a_text_no_item_can_hold_is_kept_by_its_beginning_and_its_ticket_goes_on(ports: FakePorts) -> None:
    whole = "ż" * 500_000
    record = ports.records.create(an_incident(text="ż …", details={"text": "text/x/1"})).record
    ports.blobs.put("text/x/1", whole.encode(), "text/plain")
    assert follow(ports, change(record)) == {"batchItemFailures": []}
    (opening,) = ports.records.comments(record.id)
    assert len(to_comment_item(opening, 1, TABLES).text.encode()) < 101_000
    assert opening.text.startswith("ż" * 50_000)
    assert opening.text.endswith("[the whole text, 1000000 bytes, is in the store under text/x/1]")
    assert f"{record.number}-1" in ports.processes.started


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
