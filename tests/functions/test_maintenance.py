"""Maintenance: a window keeps alarms off the desk, and what still fires when it ends becomes a ticket."""

from typing import Any

import pytest
from itsm.core.record import Record
from itsm.service_desk import quarantine

from functions.intake_alarms.app import handler as intake_alarms
from functions.intake_mail.app import handler as intake_mail
from functions.record_changes.app import handler as record_changes
from functions.records.app import handler as records
from functions.sla_timers.app import fire, sweep
from tests.builders import NOON
from tests.fakes import FakePorts, sqs
from tests.functions.test_intake_alarms import FIRING, OVER, WELL, alarm
from tests.support.alarms import group, post, windows
from tests.support.http import agent, read
from tests.support.stream import change

HOUR = 3_600
FIVE = NOON + HOUR
"""17:00, when the window that began at 15:00 ends."""


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts(policies=windows((15, 17)))


def follow(ports: FakePorts) -> None:
    """What was written goes its way: over the stream to the bus, and a release on to the mail queue and its door."""
    while ports.records.written:
        told = len(ports.bus.facts)
        for record in ports.stream():
            record_changes.on({"Records": [change(record)]}, ports)
        for fact in ports.bus.facts[told:]:
            if fact["type"] == "SubmissionReleased":
                word = {"detail-type": fact["type"], "detail": fact}
                assert intake_mail.on(sqs(word, word), ports) == {"batchItemFailures": []}


def deliver(ports: FakePorts, *events: Any) -> None:
    assert intake_alarms.on(sqs(*events), ports) == {"batchItemFailures": []}
    follow(ports)


def pass_time(ports: FakePorts, until: int) -> None:
    """The sweeper runs each minute, and what it sends is delivered when its delay is over, twice."""
    for minute in range(ports.time, until + 60, 60):
        ports.time = minute
        sweep.on({}, ports)
        sent, ports.timers.sent = ports.timers.sent, []
        for body, delay in sent:
            ports.time = minute + delay
            fire.on(sqs(body), ports)
            fire.on(sqs(body), ports)
        follow(ports)


def of(ports: FakePorts, practice: str) -> list[Record]:
    return [record for record in ports.records.stored.values() if record.practice == practice]


def test_an_alarm_that_still_fires_when_the_window_ends_makes_a_ticket_then(ports: FakePorts) -> None:
    deliver(ports, FIRING)
    pass_time(ports, FIVE - 1_200)
    assert of(ports, "incident") == []
    pass_time(ports, FIVE)
    (kept,), (ticket,) = of(ports, "submission"), of(ports, "incident")
    assert (ticket.title, ticket.state, kept.state) == ("website-5xx is in alarm", "new", "released")
    assert ticket.opened_at == FIVE
    assert ticket.number in ports.records.comments(kept.id)[-1].text
    assert kept.next_timer is None


def test_an_alarm_that_recovers_in_the_window_makes_none(ports: FakePorts) -> None:
    deliver(ports, FIRING, FIRING, WELL, WELL)
    pass_time(ports, FIVE)
    (kept,) = ports.records.stored.values()
    assert (kept.practice, kept.state, kept.next_timer) == ("submission", "discarded", None)
    assert "upgrade" in str(kept.details["reason"])


def test_the_end_of_an_alarm_that_became_a_ticket_resolves_it(ports: FakePorts) -> None:
    deliver(ports, FIRING)
    pass_time(ports, FIVE)
    deliver(ports, WELL)
    assert [ticket.state for ticket in of(ports, "incident")] == ["resolved"]


def test_after_the_window_alarms_are_tickets_at_once(ports: FakePorts) -> None:
    deliver(ports, FIRING, WELL)
    ports.time = FIVE
    deliver(ports, alarm("ALARM", "OK", "2025-11-24T19:00:00.000+0000", OVER, "later"))
    assert [record.practice for record in ports.records.stored.values()] == ["submission", "incident"]


def test_a_window_that_was_prolonged_holds_on(ports: FakePorts) -> None:
    deliver(ports, FIRING)
    ports.policies = windows((15, 18))
    pass_time(ports, FIVE)
    (kept,) = ports.records.stored.values()
    assert (kept.state, kept.next_timer) == ("suppressed", FIVE + HOUR)
    pass_time(ports, FIVE + HOUR)
    assert len(of(ports, "incident")) == 1


def test_alarms_of_webhooks_are_suppressed_and_come_back_alike(ports: FakePorts) -> None:
    code, answer = post(ports, group("Disk"))
    assert (code, answer["state"]) == (201, "suppressed")
    code, other = post(ports, group("Slow", service="vpn"))
    assert (code, other["state"]) == (201, "new")
    follow(ports)
    pass_time(ports, FIVE)
    assert len(of(ports, "submission")) == 1
    assert [ticket.service for ticket in of(ports, "incident")] == ["vpn", "website"]


def test_a_suppressed_alarm_stands_in_a_worklist_of_its_own_and_an_agent_may_release_it(ports: FakePorts) -> None:
    deliver(ports, FIRING)
    group_ = quarantine.SUPPRESSED_ALARMS
    listed = read(records.on(agent("GET /worklists/{group}", params={"group": group_}), ports))
    (row,) = listed["rows"]
    assert (row["title"], row["state"]) == ("website-5xx is in alarm", "suppressed")
    patch = agent("PATCH /records/{number}", {"state": "released"}, params={"number": row["number"]})
    assert records.on(patch, ports)["statusCode"] == 200
    follow(ports)
    (ticket,) = of(ports, "incident")
    pass_time(ports, FIVE)
    assert [one.id for one in of(ports, "incident")] == [ticket.id]
    assert read(records.on(agent("GET /worklists/{group}", params={"group": group_}), ports))["rows"] == []


def test_a_storm_that_a_window_held_back_is_a_storm_and_no_flood_when_it_ends(ports: FakePorts) -> None:
    for number in range(40):
        assert post(ports, group(f"Disk {number}"))[1]["state"] == "suppressed"
    follow(ports)
    pass_time(ports, FIVE)
    assert len(of(ports, "incident")) == ports.policies.sources.alarm.storm + 1
