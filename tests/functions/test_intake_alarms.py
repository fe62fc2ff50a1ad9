"""Intake of alarms: firing opens one ticket, recovery resolves it, whatever order and however often they come."""

import json
from typing import Any

import pytest
from itsm.core.record import Record
from itsm.runtime import storms

from functions.intake_alarms.app import handler
from functions.records.app import handler as records
from tests.builders import NOON, an_incident
from tests.fakes import FakePorts, sqs
from tests.support.http import agent

ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:website-5xx"
BEGAN, OVER = "2025-11-24T16:00:00.000+0000", "2025-11-24T16:20:00.000+0000"


def alarm(state: str, previous: str, at: str, since: str, event_id: str) -> dict[str, Any]:
    """A "CloudWatch Alarm State Change" event."""
    return {
        "id": event_id,
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": [ARN],
        "detail": {
            "alarmName": "website-5xx",
            "state": {"value": state, "reason": "Threshold crossed", "timestamp": at},
            "previousState": {"value": previous, "reason": "before", "timestamp": since},
        },
    }


FIRING = alarm("ALARM", "OK", BEGAN, "2025-11-01T00:00:00.000+0000", "e1")
WELL = alarm("OK", "ALARM", OVER, BEGAN, "e2")


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def deliver(ports: FakePorts, event: dict[str, Any]) -> bool:
    """Deliver one event; whether it was taken."""
    return bool(handler.on(sqs(event), ports) == {"batchItemFailures": []})


def test_an_alarm_and_its_recovery_are_one_resolved_ticket(ports: FakePorts) -> None:
    assert deliver(ports, FIRING)
    assert deliver(ports, WELL)
    (ticket,) = ports.records.stored.values()
    assert (ticket.state, ticket.source) == ("resolved", "alarm")


def test_both_delivered_twice_change_nothing_more(ports: FakePorts) -> None:
    for event in (FIRING, FIRING, WELL, WELL):
        assert deliver(ports, event)
    (ticket,) = ports.records.stored.values()
    assert ticket.version == 2


def test_a_recovery_that_overtakes_its_alarm_comes_again(ports: FakePorts) -> None:
    assert not deliver(ports, WELL)
    assert deliver(ports, FIRING)
    assert deliver(ports, WELL)


def test_the_next_episode_is_a_ticket_of_its_own(ports: FakePorts) -> None:
    deliver(ports, FIRING)
    deliver(ports, WELL)
    deliver(ports, alarm("ALARM", "OK", "2025-11-25T09:00:00.000+0000", OVER, "e3"))
    assert len(ports.records.stored) == 2


def test_what_is_no_alarm_at_all_fails_and_is_kept_by_the_queue(ports: FakePorts) -> None:
    assert not deliver(ports, json.loads('{"detail": {}}'))


def at(minute: int, second: int = 0) -> str:
    return f"2025-11-24T16:{minute:02d}:{second:02d}.000+0000"


def named(event: dict[str, Any], name: str) -> dict[str, Any]:
    """The same event of another alarm."""
    return {**event, "resources": [f"{ARN}-{name}"], "id": f"{event['id']}-{name}"}


def flap(ports: FakePorts, times: int) -> None:
    """An alarm that goes off and recovers again and again within half an hour."""
    for number in range(times):
        began, over = at(number * 30 // times, number % 30 * 2), at(number * 30 // times, number % 30 * 2 + 1)
        assert deliver(ports, alarm("ALARM", "OK", began, BEGAN, f"on-{number}"))
        assert deliver(ports, alarm("OK", "ALARM", over, began, f"off-{number}"))


@pytest.mark.parametrize("times", [3, 30])
def test_an_alarm_that_flaps_is_one_ticket_however_often(ports: FakePorts, times: int) -> None:
    flap(ports, times)
    (ticket,) = ports.records.stored.values()
    assert (ticket.state, len(ports.records.journal[ticket.id])) == ("resolved", 2 * times - 1)


def test_an_alarm_that_goes_off_again_puts_its_ticket_back_to_work(ports: FakePorts) -> None:
    flap(ports, 1)
    again = alarm("ALARM", "OK", at(20), at(2), "again")
    assert deliver(ports, again)
    assert deliver(ports, again)
    (ticket,) = ports.records.stored.values()
    assert (ticket.state, ticket.event.type, ticket.version) == ("in_progress", "Reopened", 3)


def test_an_alarm_that_flaps_over_the_full_hour_is_still_one_ticket(ports: FakePorts) -> None:
    hour = 3600
    for number, minute in enumerate((16 * 60 + 50, 16 * 60 + 58, 17 * 60 + 1, 17 * 60 + 55, 18 * 60 + 40)):
        began = f"2025-11-24T{minute // 60}:{minute % 60:02d}:00.000+0000"
        ports.time = NOON + (minute - 16 * 60) * 60
        assert deliver(ports, alarm("ALARM", "OK", began, BEGAN, f"on-{number}"))
        ports.time += 60
        over = f"2025-11-24T{minute // 60}:{minute % 60:02d}:59.000+0000"
        assert deliver(ports, alarm("OK", "ALARM", over, began, f"off-{number}"))
    (ticket,) = ports.records.stored.values()
    assert ticket.state == "resolved"
    ports.time += hour + 1
    assert deliver(ports, alarm("ALARM", "OK", "2025-11-24T19:42:00.000+0000", BEGAN, "much later"))
    first, later = ports.records.stored.values()
    assert (first.state, later.state, later.details["related"]) == ("resolved", "new", first.number)


def test_an_alarm_that_comes_back_while_its_ticket_is_open_goes_on_in_it_after_days(ports: FakePorts) -> None:
    assert deliver(ports, FIRING)
    ports.time += 3 * 86_400
    assert deliver(ports, alarm("ALARM", "INSUFFICIENT_DATA", "2025-11-27T16:00:00.000+0000", OVER, "e9"))
    (ticket,) = ports.records.stored.values()
    assert ticket.state == "new"


def test_an_old_alarm_delivered_again_after_weeks_makes_nothing(ports: FakePorts) -> None:
    for event in (FIRING, WELL):
        assert deliver(ports, event)
    flapped = alarm("ALARM", "OK", at(30), OVER, "flapped")
    assert deliver(ports, flapped)
    assert deliver(ports, alarm("OK", "ALARM", at(31), at(30), "over"))
    before = dict(ports.records.stored)
    ports.time += 20 * 86_400
    for event in (FIRING, flapped, WELL):
        assert deliver(ports, event)
    assert ports.records.stored == before


def test_a_late_end_of_an_earlier_episode_does_not_resolve_what_fires_again(ports: FakePorts) -> None:
    assert deliver(ports, FIRING)
    assert deliver(ports, alarm("ALARM", "OK", at(21), OVER, "again"))
    assert deliver(ports, WELL)
    (ticket,) = ports.records.stored.values()
    assert ticket.state == "new"
    assert deliver(ports, alarm("OK", "ALARM", at(25), at(21), "over"))
    assert ports.records.get(ticket.id).state == "resolved"


def merged(ports: FakePorts, ticket: Record) -> Record:
    """Another ticket, of a person, that this one was merged into."""
    other = ports.records.create(an_incident("other")).record
    merge = agent("POST /records/{number}/merge", {"into": other.number}, params={"number": ticket.number})
    assert records.on(merge, ports)["statusCode"] == 200
    return other


def test_an_alarm_merged_into_a_persons_ticket_tells_its_end_there_and_does_not_end_that(ports: FakePorts) -> None:
    assert deliver(ports, FIRING)
    (ticket,) = ports.records.stored.values()
    other = merged(ports, ticket)
    for event in (WELL, alarm("ALARM", "OK", at(21), OVER, "again"), alarm("OK", "ALARM", at(25), at(21), "over")):
        told = len(ports.records.journal[other.id])
        assert deliver(ports, event)
        assert len(ports.records.journal[other.id]) == told + 1
    assert (ports.records.get(other.id).state, len(ports.records.stored)) == ("new", 2)


def test_the_end_of_one_alarm_does_not_end_the_ticket_its_storm_was_merged_into(ports: FakePorts) -> None:
    for number in range(20):
        assert deliver(ports, named(FIRING, str(number)))
    other = merged(ports, list(ports.records.stored.values())[-1])
    for event in (FIRING, WELL):
        assert deliver(ports, named(event, "one more"))
    assert ports.records.get(other.id).state == "new"


@pytest.mark.parametrize("alarms", [30, 300])
def test_ten_times_the_storm_costs_no_more_tickets(ports: FakePorts, alarms: int) -> None:
    for number in range(alarms):
        assert deliver(ports, named(FIRING, str(number)))
    most = ports.policies.sources.alarm.storm
    assert len(ports.records.stored) == most + 1
    storm = list(ports.records.stored.values())[-1]
    attached = [fault for fault in ports.records.faults.values() if fault.record == storm.id and fault.opener]
    assert len(attached) == alarms - most
    assert len(ports.records.journal[storm.id]) == min(alarms - most, storms.LISTED) + (alarms - most > 50) * 4
    assert storm.details[storms.ALARMS] == (alarms - most) // 50 * 50 or storm.details[storms.ALARMS] == alarms - most
    for event in (FIRING, WELL):
        assert deliver(ports, named(event, str(alarms - 1)))
    assert len(ports.records.stored) == most + 1
    assert ports.records.get(storm.id).state == "new"


def test_a_storm_over_several_windows_is_one_storm(ports: FakePorts) -> None:
    policy = ports.policies.sources.alarm
    for number in range(200):
        ports.time += policy.storm_minutes * 60 // 40
        assert deliver(ports, named(FIRING, str(number)))
    assert len(ports.records.stored) == policy.storm + 1


def test_after_a_storm_an_alarm_is_a_ticket_of_its_own_again(ports: FakePorts) -> None:
    for number in range(20):
        assert deliver(ports, named(FIRING, str(number)))
    there = len(ports.records.stored)
    ports.time += 2 * ports.policies.sources.alarm.storm_minutes * 60
    assert deliver(ports, named(FIRING, "another"))
    assert len(ports.records.stored) == there + 1
