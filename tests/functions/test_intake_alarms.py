"""Intake of alarms: firing opens one ticket, recovery resolves it, whatever order and however often they come."""

import json
from typing import Any

import pytest

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
