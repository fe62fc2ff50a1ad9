"""Intake of alarms: firing opens one ticket, recovery resolves it, whatever order and however often they come."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from itsm.runtime.policies import Policies
from itsm.service_desk.policy import Maintenance, Sources

from functions.intake_alarms.app import handler
from tests.fakes import FakePorts, sqs

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


@pytest.mark.parametrize("alarms", [30, 300])
def test_ten_times_the_storm_costs_no_more_tickets(ports: FakePorts, alarms: int) -> None:
    for number in range(alarms):
        assert deliver(ports, named(FIRING, str(number)))
    most = ports.policies.sources.alarm.storm
    assert len(ports.records.stored) == most + 1
    storm = list(ports.records.stored.values())[-1]
    assert len(ports.records.journal[storm.id]) == alarms - most
    assert deliver(ports, named(FIRING, str(alarms - 1)))
    assert deliver(ports, named(WELL, str(alarms - 1)))
    assert len(ports.records.stored) == most + 1
    assert ports.records.get(storm.id).state == "new"


class InMaintenance(Policies):
    """Policy with a window over the website's alarms."""

    @property
    def sources(self) -> Sources:
        """With one window from 15:00 to 17:00 UTC of that day."""
        day = datetime(2025, 11, 24, tzinfo=UTC)
        begins, ends = day.replace(hour=15), day.replace(hour=17)
        window = Maintenance(name="upgrade", begins=begins, ends=ends, alarms=("website",))
        return replace(Policies().sources, maintenance=(window,))


def test_an_alarm_in_a_maintenance_window_is_recorded_and_no_ticket() -> None:
    ports = FakePorts(policies=InMaintenance())
    for event in (FIRING, FIRING, WELL):
        assert deliver(ports, event)
    (kept,) = ports.records.stored.values()
    assert (kept.practice, kept.state) == ("submission", "discarded")
    assert "upgrade" in str(kept.details["reason"])
    ports.time += 3 * 3600
    assert deliver(ports, alarm("ALARM", "OK", "2025-11-24T19:00:00.000+0000", OVER, "later"))
    assert [record.practice for record in ports.records.stored.values()] == ["submission", "incident"]
