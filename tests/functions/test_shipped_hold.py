"""Hold as the shipped policy has it, on virtual time: asked again, told to ask, and done, in service days."""

import pytest
from itsm.core.record import Record
from itsm.practices.incident import LIFECYCLE
from itsm.practices.service_level.replay import clocks_from
from itsm.runtime import desk
from itsm.runtime.closing import objection

from functions.sla_timers.app import fire, start
from tests.builders import an_incident
from tests.fakes import FakePorts, sqs
from tests.itsm.practices.service_level.world import at, shown

UNTIL = "2026-06-01T09:00"


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts(time=at("2026-03-26T15:00"))


def waiting(ports: FakePorts, reason: str) -> Record:
    """A ticket of the network group, put on hold on the Thursday before the clocks change, ten days before Easter."""
    record = ports.records.create(an_incident(group="network", priority=3, at=ports.now())).record
    start.on({"step": "clocks", "record": record.id}, ports)
    ports.time = at("2026-03-26T16:00")
    return desk.update(ports, record.id, lambda one: held(one, reason, ports.now()))


def held(record: Record, reason: str, now: int) -> Record:
    details = {**record.details, "hold_reason": reason}
    return record.changed("StateChanged", by="ada", origin="records", at=now, state="on_hold", details=details)


def lived(ports: FakePorts, record: Record) -> Record:
    """Every deadline fires at its second, delivered twice; what is stored is what the history gives."""
    while (due := ports.records.get(record.id).next_timer) is not None and due <= at(UNTIL):
        ports.time = due
        assert fire.on(sqs(*2 * [{"record": record.id, "due": due}]), ports) == {"batchItemFailures": []}
    after, events = ports.records.get(record.id), [one.event for one in ports.records.written]
    levels = ports.policies.service_level
    assert clocks_from(after, events, ports.records.comments(record.id), LIFECYCLE, levels) == after.clocks
    return after


def what_was_done(ports: FakePorts) -> list[tuple[str, str | None]]:
    return [(one.event.type, shown(one.event.at)) for one in ports.records.written if "Hold" in one.event.type]


def test_the_requester_is_asked_twice_and_then_it_is_done_all_in_service_days(ports: FakePorts) -> None:
    after = lived(ports, waiting(ports, "requester"))
    assert what_was_done(ports) == [
        ("HoldReminded", "Mon 30 Mar 16:00:00"),
        ("HoldReminded", "Wed 01 Apr 16:00:00"),
        ("HoldEnded", "Tue 07 Apr 16:00:00"),  # Good Friday and Easter Monday between
    ]
    assert after.state == "resolved"
    assert {one.state for one in after.clocks} <= {"stopped", "cancelled"}
    public = [entry for entry in ports.records.comments(after.id) if entry.public and entry.by == "system"]
    assert [shown(entry.at) for entry in public] == [when for _, when in what_was_done(ports)]


def test_what_was_done_for_want_of_an_answer_closes_by_itself_in_business_days(ports: FakePorts) -> None:
    after = lived(ports, waiting(ports, "requester"))
    ports.time = after.updated_at + 5
    seconds = objection(after, ports)["close_seconds"]
    assert isinstance(seconds, int)
    assert shown(ports.now() + seconds) == "Tue 14 Apr 16:00:00"


@pytest.mark.parametrize(
    ("reason", "days"),
    [
        ("supplier", ["Mon 30 Mar", "Thu 02 Apr", "Mon 13 Apr"]),
        ("change", ["Thu 02 Apr", "Mon 13 Apr"]),
        ("problem", ["Mon 13 Apr", "Mon 27 Apr"]),
    ],
)
def test_for_what_others_owe_its_group_is_told_to_ask_and_it_goes_on_waiting(
    ports: FakePorts, reason: str, days: list[str]
) -> None:
    after = lived(ports, waiting(ports, reason))
    assert what_was_done(ports) == [("HoldFollowedUp", f"{day} 16:00:00") for day in days]
    assert after.state == "on_hold"
    followed = [one.event for one in ports.records.written if one.event.type == "HoldFollowedUp"]
    assert all(f"still waits for the {reason}" in event.text for event in followed)
    assert {str(event.changes["told"][1]) for event in followed} == {
        "['nora.network@example.org', 'ned.network@example.org']"
    }
    assert not [entry for entry in ports.records.comments(after.id) if entry.public and entry.by == "system"]


def test_an_answer_ends_the_wait_and_nothing_more_happens(ports: FakePorts) -> None:
    record = waiting(ports, "requester")
    ports.time = at("2026-03-31T09:00")
    desk.update(ports, record.id, lambda one: desk.moved(one, "in_progress", by="r", origin="mail", at=ports.now()))
    after = lived(ports, record)
    assert after.state == "in_progress"
    assert what_was_done(ports) == []


def test_another_reason_begins_another_wait(ports: FakePorts) -> None:
    record = waiting(ports, "requester")
    ports.time = at("2026-03-27T10:00")
    desk.update(
        ports,
        record.id,
        lambda one: one.changed("FieldsChanged", by="ada", origin="records", at=ports.now(),
                                details={**one.details, "hold_reason": "supplier"}),
    )  # fmt: skip
    after = lived(ports, record)
    assert [kind for kind, _ in what_was_done(ports)] == ["HoldFollowedUp"] * 3
    assert after.state == "on_hold"
