"""Quarantine to ticket, every step by its own door: held, released by an agent, told on the bus, read again."""

from typing import Any

import pytest
from itsm.core.record import Record

from functions.intake_mail.app import handler as intake_mail
from functions.record_changes.app import handler as record_changes
from functions.records.app import handler as records
from tests.fakes import FakePorts, sqs
from tests.support.http import agent
from tests.support.mail import notification, raw, stored
from tests.support.stream import change

RULE = {"source": ["itsm"], "detail-type": ["SubmissionReleased"]}
"""What infra/aws/foundation.yaml lets through to the mail queue."""


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def follow(ports: FakePorts) -> list[dict[str, Any]]:
    """Follow what was written; the words the mail queue gets of it."""
    told = len(ports.bus.facts)
    for record in ports.stream():
        record_changes.on({"Records": [change(record)]}, ports)
    facts = ports.bus.facts[told:]
    return [{"detail-type": fact["type"], "detail": fact} for fact in facts if fact["type"] in RULE["detail-type"]]


def held(ports: FakePorts) -> Record:
    stored(ports, "mail/1", raw())
    intake_mail.on(sqs(notification("mail/1", spam="FAIL")), ports)
    (record,) = ports.records.stored.values()
    return record


def move(ports: FakePorts, record: Record, state: str) -> int:
    sent = agent("PATCH /records/{number}", {"state": state}, params={"number": record.number})
    status: int = records.on(sent, ports)["statusCode"]
    return status


def test_a_submission_an_agent_releases_becomes_a_ticket(ports: FakePorts) -> None:
    submission = held(ports)
    assert follow(ports) == []
    assert move(ports, submission, "released") == 200
    (word,) = follow(ports)
    for _ in range(2):
        assert intake_mail.on(sqs(word), ports) == {"batchItemFailures": []}
    assert [record.practice for record in ports.records.stored.values()] == ["submission", "incident"]


def test_an_old_word_of_a_release_releases_nothing_that_is_held_again(ports: FakePorts) -> None:
    submission = held(ports)
    move(ports, submission, "released")
    (word,) = follow(ports)
    move(ports, submission, "held")
    move(ports, submission, "discarded")
    assert intake_mail.on(sqs(word), ports) == {"batchItemFailures": []}
    assert [record.practice for record in ports.records.stored.values()] == ["submission"]
