"""Jira pull: an authentic webhook becomes a nudge, anything else becomes nothing."""

import hashlib
import hmac
import json
from typing import Any

from functions.jira_pull.app import handler
from tests.builders import an_incident
from tests.fakes import FakePorts
from tests.support.http import event


def webhook(ports: FakePorts, record_id: str, secret: str = "", at: int | None = None) -> dict[str, Any]:
    """Deliver Jira's word about an issue."""
    key = secret or ports.secrets.values["jira"]["webhook"]
    issue = {"id": "10001", "key": "OPS-1", "fields": {"labels": [f"itsm-{record_id}"]}}
    body = json.dumps(
        {"timestamp": (at or ports.now()) * 1000, "webhookEvent": "jira:issue_updated", "issue": issue}
    ).encode()
    signature = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    answer: dict[str, Any] = handler.on(
        event("POST /jira/webhook", body=body, headers={"x-hub-signature": signature}), ports
    )
    return answer


def test_a_signed_webhook_nudges_the_ticket_of_its_issue() -> None:
    ports = FakePorts()
    record = ports.records.create(an_incident()).record
    assert webhook(ports, record.id)["statusCode"] == 202
    assert [body["record"] for body, _ in ports.nudges.sent] == [record.id]


def test_a_wrong_signature_and_an_old_webhook_are_401_and_nudge_nothing() -> None:
    ports = FakePorts()
    assert webhook(ports, "a" * 16, secret="another secret")["statusCode"] == 401
    assert webhook(ports, "a" * 16, at=ports.now() - 90_000)["statusCode"] == 401
    assert not ports.nudges.sent
