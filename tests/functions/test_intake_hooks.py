"""Webhooks of providers: posted mail goes the way of mail, SNS confirms itself, a token is used once."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from itsm.aws.sns import fetched
from itsm.core.errors import UnauthenticatedError
from itsm.runtime.policies import Policies
from itsm.service_desk.policy import Sources

from functions.intake.app import handler
from tests.fakes import FakePorts
from tests.support.http import event, read
from tests.support.mail import raw

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def ports() -> FakePorts:
    found = FakePorts()
    secrets = {"mailgun": "mailgun-key", "postmark": "desk:pass", "slack": "slack-key", "alertmanager": "bearer-key"}
    found.secrets.values = {**found.secrets.values, "sources": secrets}
    return found


def post(ports: FakePorts, source: str, body: bytes, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer: dict[str, Any] = handler.on(
        event("POST /intake/{source}", params={"source": source}, body=body, headers=named), ports
    )
    return answer


def mailgun(ports: FakePorts, **fields: Any) -> bytes:
    token = "t" * 50
    stamp = str(ports.now())
    mac = hmac.new(b"mailgun-key", f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return urlencode({"timestamp": stamp, "token": token, "signature": mac, **fields}).encode()


def test_a_mail_that_mailgun_posts_whole_is_a_mail_like_any_other(ports: FakePorts) -> None:
    body = mailgun(ports, **{"body-mime": raw("Die Tür klemmt.")})
    answer = post(ports, "mailgun", body, content_type=FORM)
    assert (answer["statusCode"], read(answer)["outcome"]) == (200, "taken as mail")
    (ticket,) = ports.records.stored.values()
    assert (ticket.source, ticket.requester, ticket.event.text) == ("mail", "rita@example.org", "Die Tür klemmt.")
    assert ports.blobs.get(str(ticket.details["raw"])) == raw("Die Tür klemmt.")
    assert ticket.details["trust"] == 1


def test_an_auto_reply_that_is_posted_makes_no_ticket(ports: FakePorts) -> None:
    body = mailgun(ports, **{"body-mime": raw(headers={"Auto-Submitted": "auto-replied"})})
    post(ports, "mailgun", body, content_type=FORM)
    assert [record.practice for record in ports.records.stored.values()] == ["submission"]


def test_a_used_token_with_another_body_is_refused_and_the_same_body_is_a_repeat(ports: FakePorts) -> None:
    first = mailgun(ports, subject="One", sender="rita@example.org")
    other = mailgun(ports, subject="Two", sender="eve@example.org")
    codes = [post(ports, "mailgun", body, content_type=FORM)["statusCode"] for body in (first, first, other)]
    assert codes == [201, 200, 401]
    again = [post(ports, "mailgun", body, content_type=FORM)["statusCode"] for body in (other, first, other)]
    assert again == [401, 200, 401]
    assert len(ports.records.stored) == 1


def test_a_used_token_stays_used_to_the_last_second_its_stamp_is_good_for(ports: FakePorts) -> None:
    ports.time += 120
    first, other = (mailgun(ports, subject=word, sender="rita@example.org") for word in ("One", "Two"))
    ports.time -= 120
    assert post(ports, "mailgun", first, content_type=FORM)["statusCode"] == 201
    ports.time += 240
    assert post(ports, "mailgun", other, content_type=FORM)["statusCode"] == 401


def test_postmark_posts_json_and_its_password_is_checked(ports: FakePorts) -> None:
    body = json.dumps({"MessageID": "m-1", "Subject": "One", "TextBody": "Words", "From": "rita@example.org"}).encode()
    assert post(ports, "postmark", body, authorization="Basic ZGVzazpwYXNz")["statusCode"] == 201
    assert post(ports, "postmark", body, authorization="Basic ZGVzazpwYXNzMg==")["statusCode"] == 401


def test_a_slash_command_is_a_ticket(ports: FakePorts) -> None:
    body = urlencode({"trigger_id": "1.2", "text": "the printer burns", "user_id": "U1", "user_name": "rita"}).encode()
    stamp = str(ports.now())
    mac = hmac.new(b"slack-key", f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"content_type": FORM, "x_slack_request_timestamp": stamp, "x_slack_signature": f"v0={mac}"}
    assert post(ports, "slack", body, **headers)["statusCode"] == 200
    (ticket,) = ports.records.stored.values()
    assert (ticket.title, ticket.requester_name) == ("the printer burns", "rita")


def test_an_alert_group_is_one_ticket_and_its_end_resolves_it(ports: FakePorts) -> None:
    alert: dict[str, Any] = {
        "groupKey": "{}:{alertname='Disk'}",
        "status": "firing",
        "commonLabels": {"alertname": "Disk", "severity": "critical"},
        "alerts": [{"startsAt": "2025-11-24T16:00:00Z"}],
    }
    for status, code in (("firing", 201), ("firing", 200), ("resolved", 200)):
        body = json.dumps({**alert, "status": status}).encode()
        assert post(ports, "alertmanager", body, authorization="Bearer bearer-key")["statusCode"] == code
    (ticket,) = ports.records.stored.values()
    assert (ticket.state, ticket.urgency) == ("resolved", 1)


def test_a_topic_of_ours_confirms_its_subscription_and_then_makes_tickets(
    shared: Callable[..., Path], ports: FakePorts
) -> None:
    vectors = json.loads(shared("webhooks", "vectors.json").read_text(encoding="utf-8"))["vectors"]
    good = [one for one in vectors if one["provider"] == "aws-sns" and one["expect_valid"]]
    policies = Policies()
    sns = policies.sources.webhook["sns"]
    for one in good:
        message = json.loads(one["body"])
        how = replace(sns.verify, topics=(message["TopicArn"],), tolerance=10**10)
        sources: Sources = replace(policies.sources, webhook={"sns": replace(sns, verify=how)})
        ports.policies = type("Ours", (Policies,), {"sources": sources})()
        ports.published[message["SigningCertURL"]] = one["test_certificate_pem"].encode()
        assert post(ports, "sns", one["body"].encode())["statusCode"] in (200, 201)
        if message["Type"] == "SubscriptionConfirmation":
            assert ports.fetched[-1] == message["SubscribeURL"]
    assert ports.records.stored


@pytest.mark.parametrize(
    "address",
    [
        "http://sns.eu-west-1.amazonaws.com/x",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x",
        "https://evil.example/https://sns.eu-west-1.amazonaws.com/x",
        "https://sns.eu-west-1.amazonaws.com:8443/x",
    ],
)
def test_nothing_is_fetched_but_from_sns(address: str) -> None:
    with pytest.raises(UnauthenticatedError):
        fetched(address)
