"""Vendors: what each shipped source really posts is one ticket, and no forged or replayed copy makes another."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from functions.intake.app import handler
from tests.fakes import FakePorts
from tests.support.http import event, read, standard_webhook

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
KEY = "desk:a-secret-of-ours"
WHSEC = "whsec_" + base64.b64encode(KEY.encode()).decode()
CURVE = ec.derive_private_key(7_777, ec.SECP256R1())
PUBLIC = base64.b64encode(
    CURVE.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()


@pytest.fixture
def ports() -> FakePorts:
    found = FakePorts()
    named = (
        "github",
        "pagerduty",
        "grafana",
        "alertmanager",
        "slack",
        "typeform",
        "mailgun",
        "postmark",
        "microsoft-forms",
    )
    secrets = dict.fromkeys(named, KEY) | {"monitoring": WHSEC, "forms": WHSEC, "sendgrid": PUBLIC}
    found.secrets.values = {**found.secrets.values, "sources": secrets}
    return found


def mac(data: bytes) -> "hmac.HMAC":
    return hmac.new(KEY.encode(), data, hashlib.sha256)


def signed(source: str, body: bytes, at: int, message: str = "msg_1") -> dict[str, str]:
    """The headers a source signs a body with at an instant."""
    if source in ("monitoring", "forms"):
        return standard_webhook(body, WHSEC, message, at)
    if source == "github":
        named = {"x-github-event": "issues", "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
        return named | {"x-hub-signature-256": f"sha256={mac(body).hexdigest()}"}
    if source == "pagerduty":
        return {"x-pagerduty-signature": f"v1={'0' * 64},v1={mac(body).hexdigest()}"}
    if source == "grafana":
        return {"x-timestamp": str(at), "x-grafana-alerting-signature": mac(f"{at}:".encode() + body).hexdigest()}
    if source == "slack":
        digest = mac(f"v0:{at}:".encode() + body).hexdigest()
        return {"x-slack-request-timestamp": str(at), "x-slack-signature": f"v0={digest}"}
    if source == "typeform":
        return {"typeform-signature": "sha256=" + base64.b64encode(mac(body).digest()).decode()}
    if source == "sendgrid":
        signature = CURVE.sign(str(at).encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "x-twilio-email-event-webhook-timestamp": str(at),
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        }
    if source == "postmark":
        return {"authorization": "Basic " + base64.b64encode(KEY.encode()).decode()}
    return {"authorization": f"Bearer {KEY}"} if source in ("alertmanager", "microsoft-forms") else {}


def post(ports: FakePorts, source: str, body: bytes, headers: dict[str, str], kind: str = JSON) -> tuple[int, Any]:
    route = "POST /intake/{source}"
    answer = handler.on(
        event(route, params={"source": source}, body=body, headers={"content-type": kind, **headers}), ports
    )
    return answer["statusCode"], read(answer)


GITHUB = {
    "action": "opened",
    "issue": {
        "url": "https://api.github.com/repos/acme/shop/issues/12", "html_url": "https://github.com/acme/shop/issues/12",
        "id": 2_100_000_012, "number": 12, "title": "Basket forgets its goods", "state": "open", "body": None,
        "user": {"login": "mia", "id": 1, "type": "User"}, "labels": [{"name": "bug"}], "assignees": [],
    },
    "repository": {"id": 5, "name": "shop", "full_name": "acme/shop", "private": True},
    "sender": {"login": "mia", "id": 1, "type": "User"},
}  # fmt: skip


def pagerduty(kind: str, number: int = 1) -> dict[str, Any]:
    """A delivery of PagerDuty's webhooks, version 3."""
    data = {
        "id": "PGR0VU2", "type": "incident", "number": 2, "status": kind, "incident_key": "web-1/disk",
        "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2", "created_at": "2025-11-24T15:59:58Z",
        "title": "A little bump in the road", "urgency": "high", "resolve_reason": None, "priority": None,
        "service": {"id": "PF9KMXH", "summary": "API Service", "type": "service_reference"}, "teams": [],
    }  # fmt: skip
    agent = None if kind == "triggered" else {"id": "PLH1HKV", "summary": "Tenex Engineer", "type": "user_reference"}
    told = {"id": f"01DEN{number}", "event_type": f"incident.{kind}", "resource_type": "incident", "agent": agent}
    return {"event": {**told, "occurred_at": "2025-11-24T16:00:00.000Z", "client": None, "data": data}}


def grafana(status: str = "firing") -> dict[str, Any]:
    """A notification of Grafana's alerting."""
    alert = {
        "status": status, "labels": {"alertname": "High load", "service": "website"}, "values": {"B": 44.2},
        "annotations": {"summary": "Load is high"}, "startsAt": "2025-11-24T15:58:00Z", "endsAt": "",
        "generatorURL": "https://grafana.example.org/alerting/1", "fingerprint": "c6eadffa33fcdf37", "panelURL": "",
    }  # fmt: skip
    return {
        "receiver": "desk", "status": status, "orgId": 1, "alerts": [alert], "groupLabels": {}, "version": "1",
        "commonLabels": alert["labels"], "commonAnnotations": alert["annotations"], "truncatedAlerts": 0,
        "externalURL": "https://grafana.example.org/", "groupKey": '{}:{alertname="High load"}',
        "title": "[FIRING:1] High load", "state": "alerting", "message": "**Firing**\n\nValue: B=44.2",
    }  # fmt: skip


TYPEFORM = {
    "event_id": "LtWXD3crgy",
    "event_type": "form_response",
    "form_response": {
        "form_id": "lT4Z3j", "token": "a3a12ec67a1365927098a606107fac15", "submitted_at": "2025-11-24T16:00:00Z",
        "definition": {"id": "lT4Z3j", "title": "A new laptop", "fields": [{"id": "D", "type": "short_text"}]},
        "answers": [
            {"type": "choice", "choice": {"label": "London"}, "field": {"type": "dropdown", "ref": "where"}},
            {"type": "email", "email": "rita@example.org", "field": {"id": "Sx", "type": "email", "ref": "who"}},
            {"type": "text", "text": "For a newcomer", "field": {"id": "D", "type": "short_text", "ref": "text"}},
        ],
    },
}  # fmt: skip
SLACK = {
    "token": "gone", "team_id": "T0001", "team_domain": "acme", "channel_id": "C21", "channel_name": "help",
    "user_id": "U24", "user_name": "rita", "command": "/helpdesk", "text": "the printer burns",
    "response_url": "https://hooks.slack.com/commands/1", "trigger_id": "13345224609.738474920.8088930838d8",
}  # fmt: skip
SENDGRID = {
    "headers": "Received: by mx\nMessage-ID: <m1@example.org>\n", "dkim": "{@example.org : pass}",
    "to": "desk@in.example.org", "from": 'Rita Requester <rita@example.org>', "subject": "Help", "text": "It burns.",
    "envelope": '{"to":["desk@in.example.org"],"from":"rita@example.org"}', "charsets": "{}", "SPF": "pass",
}  # fmt: skip
FORMS = {"id": "r1", "email": "rita@example.org", "name": "Rita", "subject": "A new badge", "text": "Lost mine."}
MONITORING = {
    "type": "alert.fired",
    "timestamp": "2025-11-24T16:00:00Z",
    "id": "f1",
    "title": "Disk full",
    "status": "up",
}
POSTMARK = {
    "FromName": "Rita Requester", "From": "rita@example.org", "MessageID": "73e6d360-66eb",
    "FromFull": {"Email": "rita@example.org", "Name": "Rita Requester", "MailboxHash": ""}, "Attachments": [],
    "To": "desk@in.example.org", "Subject": "Help", "TextBody": "It burns.", "StrippedTextReply": "", "Headers": [],
}  # fmt: skip
JSONS = {
    "postmark": (POSTMARK, "Help", "rita@example.org"),
    "monitoring": (MONITORING, "Disk full", "monitoring"),
    "forms": (FORMS, "A new badge", "rita@example.org"),
    "microsoft-forms": (FORMS | {"form": "badges", "id": 7}, "A new badge", "rita@example.org"),
    "github": (GITHUB, "acme/shop: Basket forgets its goods", "github:mia"),
    "pagerduty": (pagerduty("triggered"), "A little bump in the road", "pagerduty"),
    "grafana": (grafana(), "Load is high", "grafana"),
    "typeform": (TYPEFORM, "A new laptop", "rita@example.org"),
}
FORMS_POSTED = {
    "slack": (SLACK, "the printer burns", "slack:u24"),
    "sendgrid": (SENDGRID, "Help", "rita@example.org"),
}
ALL = {source: (json.dumps(said[0]).encode(), JSON, *said[1:]) for source, said in JSONS.items()} | {
    source: (urlencode(said[0]).encode(), FORM, *said[1:]) for source, said in FORMS_POSTED.items()
}


@pytest.mark.parametrize("source", ALL)
def test_what_a_vendor_posts_is_one_ticket_however_often(ports: FakePorts, source: str) -> None:
    body, kind, title, sender = ALL[source]
    codes = [post(ports, source, body, signed(source, body, ports.now()), kind)[0] for _ in range(2)]
    # who asks in a chat is always shown 200, and so is who posts a mail
    assert codes == ([200, 200] if source in ("slack", "sendgrid") else [201, 200])
    (ticket,) = ports.records.stored.values()
    assert (ticket.title, ticket.requester, ticket.version) == (title, sender, 1)


@pytest.mark.parametrize("source", ALL)
def test_a_changed_body_or_another_key_is_refused(ports: FakePorts, source: str) -> None:
    body, kind, *_ = ALL[source]
    changed = signed(source, body, ports.now())
    changed |= {name: value[:-6] for name, value in changed.items() if name == "authorization"}
    assert post(ports, source, body + b" ", changed, kind)[0] == 401
    assert post(ports, source, body, {}, kind)[0] == 401
    assert not ports.records.stored


def test_the_same_number_of_two_microsoft_forms_is_two_tickets(ports: FakePorts) -> None:
    for form in ("badges", "keys"):
        body = json.dumps(FORMS | {"form": form, "id": 7}).encode()
        assert post(ports, "microsoft-forms", body, signed("microsoft-forms", body, ports.now()))[0] == 201
    assert len(ports.records.stored) == 2


@pytest.mark.parametrize("source", ["monitoring", "forms", "grafana", "slack", "sendgrid"])
def test_a_copy_that_is_sent_again_later_is_refused(ports: FakePorts, source: str) -> None:
    body, kind, *_ = ALL[source]
    headers = signed(source, body, ports.now())
    ports.time += 3_601
    assert post(ports, source, body, headers, kind)[0] == 401
    assert not ports.records.stored


@pytest.mark.parametrize("source", ["github", "pagerduty", "typeform"])
def test_a_copy_of_a_source_without_a_time_makes_nothing_more_even_after_its_ticket_is_done(
    ports: FakePorts, source: str
) -> None:
    body, kind, *_ = ALL[source]
    headers = signed(source, body, ports.now())
    post(ports, source, body, headers, kind)
    (ticket,) = ports.records.stored.values()
    to = "resolved" if ticket.practice == "incident" else "cancelled"
    ports.records.save(ticket.changed("StateChanged", by="a", origin="records", at=ports.now(), state=to))
    ports.time += 30 * 86_400
    assert post(ports, source, body, headers, kind)[0] == 200
    assert [one.state for one in ports.records.stored.values()] == [to]


def test_github_may_post_its_json_in_a_form(ports: FakePorts) -> None:
    body = urlencode({"payload": json.dumps(GITHUB)}).encode()
    assert post(ports, "github", body, signed("github", body, ports.now()), FORM)[0] == 201


def test_github_s_ping_is_answered_well_and_makes_nothing(ports: FakePorts) -> None:
    body = json.dumps({"zen": "Design for failure.", "hook_id": 1, "hook": {"type": "Repository"}}).encode()
    headers = {**signed("github", body, ports.now()), "x-github-event": "ping"}
    assert post(ports, "github", body, headers)[0] == 202
    assert not ports.records.stored


def test_pagerduty_s_incident_is_resolved_reopened_and_resolved_in_one_ticket(ports: FakePorts) -> None:
    states = []
    for number, kind in enumerate(("triggered", "acknowledged", "resolved", "reopened", "resolved")):
        body = json.dumps(pagerduty(kind, number)).encode()
        post(ports, "pagerduty", body, signed("pagerduty", body, ports.now()))
        states.append([one.state for one in ports.records.stored.values()])
    assert states == [["new"], ["new"], ["resolved"], ["in_progress"], ["resolved"]]


def test_grafana_resolves_what_it_fired(ports: FakePorts) -> None:
    for status in ("firing", "firing", "resolved", "resolved"):
        body = json.dumps(grafana(status)).encode()
        post(ports, "grafana", body, signed("grafana", body, ports.now()))
    (ticket,) = ports.records.stored.values()
    assert (ticket.state, ticket.service, ticket.version) == ("resolved", "website", 2)


def test_an_alertmanager_group_whose_first_alert_changes_is_still_one_ticket(ports: FakePorts) -> None:
    def told(status: str, *starts: str) -> None:
        alerts = [
            {"status": status, "labels": {"alertname": "Disk"}, "startsAt": at, "fingerprint": at} for at in starts
        ]
        group = {"groupKey": '{}:{alertname="Disk"}', "status": status, "commonLabels": {"alertname": "Disk"}}
        body = json.dumps(
            {**group, "version": "4", "receiver": "desk", "alerts": alerts, "truncatedAlerts": 0}
        ).encode()
        assert post(ports, "alertmanager", body, signed("alertmanager", body, ports.now()))[0] in (200, 201)

    told("firing", "2025-11-24T16:00:00Z")
    told("firing", "2025-11-24T15:59:00Z", "2025-11-24T16:00:00Z")
    told("resolved", "2025-11-24T16:02:00Z")
    (ticket,) = ports.records.stored.values()
    assert ticket.state == "resolved"


def test_slack_shows_the_number_to_whoever_asked_also_without_words(ports: FakePorts) -> None:
    body = urlencode({**SLACK, "text": ""}).encode()
    code, shown = post(ports, "slack", body, signed("slack", body, ports.now()), FORM)
    (ticket,) = ports.records.stored.values()
    assert (code, shown) == (
        200,
        {"response_type": "ephemeral", "text": f"We have it under the number {ticket.number}."},
    )
    assert ticket.title == "/helpdesk"


@pytest.mark.parametrize("source", ["sendgrid", "postmark"])
def test_a_mail_without_a_subject_that_a_provider_posts_is_a_ticket(ports: FakePorts, source: str) -> None:
    said, kind = ({**SENDGRID, "subject": ""}, FORM) if source == "sendgrid" else ({**POSTMARK, "Subject": ""}, JSON)
    body = (urlencode(said) if kind == FORM else json.dumps(said)).encode()
    code, _ = post(ports, source, body, signed(source, body, ports.now()), kind)
    assert code == (200 if source == "sendgrid" else 201)
    (ticket,) = ports.records.stored.values()
    assert ticket.title == "(no subject)"


def test_a_mail_sendgrid_posts_again_with_a_new_signature_is_one_ticket(ports: FakePorts) -> None:
    body = urlencode(SENDGRID).encode()
    for _ in range(2):
        post(ports, "sendgrid", body, signed("sendgrid", body, ports.now()), FORM)
        ports.time += 600
    (ticket,) = ports.records.stored.values()
    assert ticket.requester_name == "Rita Requester"
