"""No field of a submission is in any log line, whatever door it comes to and however that ends."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from itsm.core.errors import InvalidInputError, OutsideError

from functions.change_approvals.app import page as approvals
from functions.intake.app import handler as intake
from functions.intake_alarms.app import handler as alarms
from functions.intake_mail.app import handler as mails
from functions.notifications.app import handler as notifications
from functions.record_changes.app import handler as changes
from functions.records.app import handler as records
from functions.ticket_pages.app import handler as tickets
from tests.fakes import FakePorts, sqs
from tests.support.http import agent, event
from tests.support.mail import notification, raw, stored
from tests.support.stream import change

CANARY = "canary7f3a"
ADDRESS = f"{CANARY}@example.org"
URLENCODED = {"content-type": "application/x-www-form-urlencoded", "user-agent": CANARY, "cookie": CANARY}


class Parrot:
    """A port that fails and quotes what it was given, as libraries do."""

    def __init__(self, kind: type[Exception]) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        def fail(*given: Any, **more: Any) -> Any:
            quoted = f"{name} failed on {given} {more} {CANARY}"
            raise InvalidInputError(CANARY, quoted) if self._kind is InvalidInputError else self._kind(quoted)

        return fail


def everything(ports: FakePorts) -> None:
    """One of each submission, its canary in every field, and all that follows from it."""
    stored(ports, "mail/1", raw(CANARY, sender=f"{CANARY} <{ADDRESS}>", subject=CANARY, message_id=ADDRESS))
    mails.on(sqs(notification("mail/1")), ports)
    stored(ports, "mail/2", b"\xff\x00" + CANARY.encode())
    mails.on(sqs(notification("mail/2")), ports)
    fields = {"token": CANARY * 2, "sender": ADDRESS, "sender_name": CANARY, "subject": CANARY, "text": CANARY}
    for more in ({"impact": "3", "urgency": "2"}, {"impact": CANARY, "urgency": CANARY}):
        body = urlencode({**fields, **more}).encode()
        intake.on(event("POST /forms/{name}", params={"name": "incident"}, body=body, headers=URLENCODED), ports)
    for body in (json.dumps({"id": CANARY, "title": CANARY, "text": CANARY}).encode(), CANARY.encode(), b'{"a": "b"}'):
        intake.on(
            event("POST /intake/{source}", params={"source": "monitoring"}, body=body, headers=signed(body)), ports
        )
    detail = {"alarmName": CANARY, "state": {"value": "ALARM", "reason": CANARY, "timestamp": "x"}}
    alarms.on(
        sqs({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": detail}), ports
    )
    number = {"number": "INC0000001"}
    for wish in ({"title": CANARY}, {"assignee": ADDRESS}, {CANARY: CANARY}, {"group": CANARY}, {"state": CANARY}):
        records.on(agent("PATCH /records/{number}", wish, params=number), ports)
    records.on(agent("POST /records/{number}/comments", {"text": CANARY}, params=number), ports)
    records.on(agent("GET /records/{number}", params={"number": CANARY}), ports)
    for door, route in ((tickets, "GET /tickets/{link}"), (approvals, "POST /approvals/{link}")):
        door.on(event(route, params={"link": CANARY}, body=CANARY.encode(), headers=URLENCODED), ports)


def signed(body: bytes) -> dict[str, str]:
    """The headers of a monitoring system's webhook."""
    mac = hmac.new(b"the monitoring secret", f"{CANARY}.1764000000.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": CANARY,
        "webhook-timestamp": "1764000000",
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
        "content-type": "application/json",
    }


def lines(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged: messages, keys, tracebacks."""
    return "\n".join(f"{vars(line)} {line.getMessage()} {caplog.handler.format(line)}" for line in caplog.records)


def test_no_word_is_logged_when_all_goes_well(caplog: pytest.LogCaptureFixture) -> None:
    ports = FakePorts(time=1_764_000_000)
    everything(ports)
    for record in list(ports.stream()):
        changes.on({"Records": [change(record)]}, ports)
    notifications.on(sqs(*({"detail": fact} for fact in ports.bus.facts)), ports)
    assert len(ports.records.stored) >= 3
    assert any(CANARY in record.title for record in ports.records.stored.values())
    assert len(caplog.records) > 10
    assert CANARY not in lines(caplog)


@pytest.mark.parametrize("kind", [OutsideError, RuntimeError, InvalidInputError])
@pytest.mark.parametrize("port", ["records", "blobs", "once", "mail", "audit", "bus", "processes", "timers"])
def test_no_word_is_logged_when_a_port_fails_and_quotes_it(
    caplog: pytest.LogCaptureFixture, port: str, kind: type[Exception]
) -> None:
    ports = FakePorts(time=1_764_000_000)
    everything(ports)
    written = list(ports.stream())
    setattr(ports, port, Parrot(kind))
    everything(ports) if port != "blobs" else None
    for record in written:
        changes.on({"Records": [change(record)]}, ports)
    from itsm.runtime.desk import fact

    notifications.on(sqs(*({"detail": fact(record)} for record in written)), ports)
    assert CANARY not in lines(caplog)
