"""Alarm: an alarm and its recovery find each other without anything being searched for."""

from typing import Any

import pytest
from itsm.core.errors import InvalidInputError
from itsm.service_desk.policy import AlarmSource
from itsm.service_desk.sources.alarm import opens, parse
from itsm.service_desk.submission import INTERNAL, Submission

from tests.builders import NOON

POLICY = AlarmSource(names={"website-": {"service": "website"}, "website-5xx": {"service": "website", "impact": "1"}})
BEGAN, ENDED, BEFORE = "2025-11-24T16:00:00.123+0000", "2025-11-24T16:05:00.000+0000", "2025-11-23T16:00:00.000+0000"
ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:website-5xx"


def event(value: str, at: str, was: str, since: str, **overrides: Any) -> dict[str, Any]:
    detail = {
        "alarmName": "website-5xx",
        "state": {"value": value, "reason": "Threshold Crossed", "timestamp": at},
        "previousState": {"value": was, "timestamp": since},
    }
    return {"id": f"{value}-{at}", "source": "aws.cloudwatch", "resources": [ARN], "detail": detail} | overrides


def read(happened: dict[str, Any]) -> Submission | None:
    return parse(happened, POLICY, received_at=NOON)


FIRES, RECOVERS = event("ALARM", BEGAN, "OK", BEFORE), event("OK", ENDED, "ALARM", BEGAN)


def test_an_alarm_opens_a_ticket_with_what_the_policy_says_of_its_name() -> None:
    found = read(FIRES)
    assert found is not None
    assert opens(found, FIRES)
    assert (found.subject, found.trust, found.recovered) == ("website-5xx is in alarm", INTERNAL, False)
    assert found.fields == {"practice": "incident", "impact": "1", "urgency": "2", "service": "website"}


def test_the_recovery_finds_the_alarms_ticket() -> None:
    fires, recovers = read(FIRES), read(RECOVERS)
    assert fires
    assert recovers
    assert recovers.recovered
    assert recovers.record_id == fires.record_id
    assert recovers.comment_id != fires.comment_id
    assert not opens(recovers, RECOVERS)


def test_the_same_event_again_is_the_same_ticket_and_entry() -> None:
    once, again = read(FIRES), read(dict(FIRES))
    assert once
    assert again
    assert (once.record_id, once.comment_id) == (again.record_id, again.comment_id)


def test_the_next_time_the_alarm_fires_is_another_episode_of_the_same_fault() -> None:
    first, later = read(FIRES), read(event("ALARM", ENDED, "OK", BEGAN))
    assert first
    assert later
    assert first.key != later.key
    assert first.fingerprint == later.fingerprint == ARN


def test_an_alarm_that_fires_on_belongs_to_the_ticket_it_opened() -> None:
    first, on = read(FIRES), read(event("ALARM", ENDED, "ALARM", BEGAN))
    assert first
    assert on
    assert on.record_id == first.record_id


def test_no_data_after_an_alarm_adds_to_the_ticket_and_does_not_resolve_it() -> None:
    happened = event("INSUFFICIENT_DATA", ENDED, "ALARM", BEGAN)
    first, silent = read(FIRES), read(happened)
    assert first
    assert silent
    assert silent.record_id == first.record_id
    assert not silent.recovered
    assert not opens(silent, happened)


@pytest.mark.parametrize(("value", "was"), [("OK", "INSUFFICIENT_DATA"), ("INSUFFICIENT_DATA", "OK"), ("OK", "OK")])
def test_a_change_that_touches_no_episode_makes_nothing(value: str, was: str) -> None:
    assert read(event(value, ENDED, was, BEGAN)) is None


def test_one_instant_in_three_spellings_is_one_instant() -> None:
    spelt = [
        read(event("ALARM", at, "OK", BEFORE))
        for at in (BEGAN, "2025-11-24T16:00:00.123Z", "2025-11-24T17:00:00.123+01:00")
    ]
    assert len({one.record_id for one in spelt if one}) == 1


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"detail": None}, "detail"),
        ({"detail": {"alarmName": "x"}}, "detail.state"),
        ({"detail": {"state": {"value": "ALARM"}}}, "detail.alarmName"),
        ({"detail": {"alarmName": "x", "state": {"value": "ALARM"}}}, "detail.state.timestamp"),
        (
            {"detail": {"alarmName": "x", "state": {"value": "ALARM", "timestamp": "yesterday"}}},
            "detail.state.timestamp",
        ),
    ],
)
def test_what_is_no_alarm_event_is_refused_by_field(broken: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        read({**FIRES, **broken})
    assert raised.value.field == field
