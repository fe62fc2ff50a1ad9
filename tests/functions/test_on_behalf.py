"""On behalf: an agent opens a ticket for somebody else by mail or form; nobody else ever can."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from itsm.core.record import Record
from itsm.core.signing import sign
from itsm.runtime import intake, notify
from itsm.runtime.desk import fact
from itsm.runtime.policies import Policies
from itsm.service_desk.on_behalf import OnBehalf

from functions.intake.app import handler as forms
from functions.records.app import handler as records
from functions.ticket_pages.app import handler as pages
from tests.fakes import FakePorts
from tests.support.http import event

AGENT, RITA = "ada@example.org", "rita@customer.example"
FORWARDED = """Please see to this.

---------- Forwarded message ---------
From: Rita Requester <rita@customer.example>
Date: Mon, 24 Nov 2025 at 10:00
Subject: The printer burns
To: Ada <ada@example.org>

Help!
"""
PASS = {f"{name}Verdict": {"status": "PASS"} for name in ("spam", "virus", "spf", "dkim", "dmarc")}


def mail(
    ports: FakePorts,
    body: str = FORWARDED,
    *,
    sender: str = AGENT,
    subject: str = "Fwd: The printer burns",
    verdicts: Mapping[str, Any] = PASS,
    envelope: str = "",
    **headers: str,
) -> Record:
    """The ticket a mail opens, on the way SES brings it."""
    head = {"From": sender, "To": "support@desk.example.org", "Subject": subject, "Message-ID": "<m1@example.org>"}
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    raw = "".join(f"{name}: {value}\r\n" for name, value in head.items()) + f"\r\n{body}"
    ports.blobs.put("mail/1", raw.encode(), "message/rfc822")
    notification = {
        "mail": {
            "timestamp": "2025-11-24T10:00:00.000Z",
            "source": envelope or sender,
            "commonHeaders": {"from": [head["From"]]},
        },
        "receipt": {**verdicts, "action": {"objectKey": "mail/1"}},
    }
    intake.take_mail(notification, ports)
    (record,) = ports.records.stored.values()
    return record


def desk(**policy: Any) -> FakePorts:
    """A desk whose policy says so of who may speak for others."""
    ports = FakePorts()
    sources = replace(ports.policies.sources, on_behalf=OnBehalf(**policy))
    ports.policies = type("Ours", (Policies,), {"sources": sources})()
    return ports


def test_a_mail_an_agent_forwards_is_the_ticket_of_whom_it_came_from() -> None:
    ports = FakePorts()
    record = mail(ports)
    assert (record.requester, record.requester_name) == (RITA, "Rita Requester")
    assert record.details["opened_by"] == AGENT
    assert record.event.by == AGENT
    assert record.participants[:2] == (RITA, AGENT)
    assert record.title == "The printer burns"
    (letter,) = notify.messages(fact(record), ports)
    assert letter.to == (RITA,)


def test_who_asks_and_who_asked_for_them_may_both_add_to_the_ticket() -> None:
    record = mail(FakePorts())
    assert {RITA, AGENT} <= set(record.participants)


@pytest.mark.parametrize(
    "body",
    [
        "Siehe unten\n\nVon: Rita R <rita@customer.example>\nGesendet: Montag\nAn: Ada\nBetreff: Der Drucker\n\nHilfe",
        "________________________________\nFrom: Rita [mailto:rita@customer.example]\nSent: Monday\nTo: Ada\n\nHelp",
        "Begin forwarded message:\n\n> From: Rita <rita@customer.example>\n> Subject: X\n> Date: D\n> To: ada\n\nHelp",
        "*From:* Rita <rita@customer.example>\n*Sent:* Monday\n*To:* Ada\n*Subject:* It\n\nHelp",
        "Subject: It\nDate: Monday\nFrom: Rita <rita@customer.example>\nTo: A\n\nFrom: V <v@x.example>\nTo: R\nSent: D",
        "Kimden: Rita <rita@customer.example>\nTarih: D\nKime: Ada\n\nFrom: V <v@x.example>\nDate: D\nTo: R",
        "From: Rita <rita@customer.example<mailto:rita@customer.example>>\nSent: Monday\nTo: Ada\n\nHelp",
    ],
)
def test_heads_of_forwarded_mails_are_read_as_the_usual_programs_write_them(body: str) -> None:
    assert mail(FakePorts(), body, subject="WG: It").requester == RITA


def test_a_mail_forwarded_as_an_attachment_is_its_writers() -> None:
    inner = "From: Rita <rita@customer.example>\r\nSubject: It\r\n\r\nHelp"
    body = f"--b\r\n\r\nSee.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
    record = mail(FakePorts(), body, Content_Type='multipart/mixed; boundary="b"')
    assert record.requester == RITA


@pytest.mark.parametrize(
    ("writer", "requester"),
    [
        ("Eve <eve@evil.example>", "eve@evil.example"),
        ("Eve", AGENT),
        (AGENT, AGENT),
        ('"rita@customer.example" [mailto:eve@evil.example]', AGENT),
        ("rita@customer.example, Eve <eve@evil.example>", AGENT),
    ],
)
def test_what_a_stranger_attached_or_is_called_makes_a_forwarded_mail_nobody_elses(writer: str, requester: str) -> None:
    head = f"From: {writer}\r\nSent: Monday\r\nTo: Ada\r\nSubject: It\r\n\r\nPay me."
    inner = "From: Rita <rita@customer.example>\r\nSubject: It\r\n\r\nPay Eve."
    body = f"--b\r\n\r\n{head}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
    record = mail(FakePorts(), body, Content_Type='multipart/mixed; boundary="b"')
    assert record.requester == requester
    assert RITA not in record.participants


@pytest.mark.parametrize(
    "given",
    [
        {"sender": "mallory@evil.example"},
        {"verdicts": PASS | {"dmarcVerdict": {"status": "GRAY"}}, "envelope": "ada@evil.example"},
        {"verdicts": PASS | {"dmarcVerdict": {"status": "GRAY"}, "dkimVerdict": {"status": "FAIL"}}},
        {"verdicts": {}},
        {"subject": "The printer burns"},
        {"subject": "Re: The printer burns"},
        {"body": FORWARDED.replace("rita@customer.example", AGENT)},
        {"body": FORWARDED.replace("rita@customer.example", "support@desk.example.org")},
        {"body": FORWARDED.replace("<rita@customer.example>", "")},
        {"body": "From: Rita <rita@customer.example>, she says\n\nis what they wrote"},
        {"sender": "ada@example.org, mallory@evil.example"},
    ],
    ids=lambda given: str(next(iter(given.items())))[:40],
)
def test_whoever_is_not_proven_to_be_an_agent_opens_a_ticket_of_their_own(given: Mapping[str, Any]) -> None:
    record = mail(FakePorts(), **given)
    assert record.requester != RITA
    assert RITA not in record.participants
    assert "opened_by" not in record.details


def test_an_assistant_who_sends_for_another_is_remembered_and_takes_part() -> None:
    ports = desk(domains=("example.org",))
    record = mail(ports, "Help", sender="boss@example.org", subject="It", Sender="pa@example.org")
    assert (record.requester, record.details["opened_by"]) == ("boss@example.org", "pa@example.org")
    assert "pa@example.org" in record.participants


def test_a_mail_an_agent_redirects_stays_its_writers_and_the_agent_takes_part() -> None:
    record = mail(
        FakePorts(), "Help", sender=RITA, subject="It", Resent_From=f"Ada <{AGENT}>", envelope="bounces@example.org"
    )
    assert (record.requester, record.details["opened_by"]) == (RITA, AGENT)


@pytest.mark.parametrize("name", ["Sender", "Resent_From"])
def test_a_stranger_who_names_an_agent_as_sender_gains_nobody(name: str) -> None:
    named: dict[str, Any] = {name: AGENT}
    record = mail(FakePorts(), "Help", sender="mallory@evil.example", subject="It", **named)
    assert (record.requester, record.details.get("opened_by")) == ("mallory@evil.example", None)
    assert AGENT not in record.participants


@pytest.mark.parametrize(
    ("policy", "requester"),
    [
        ({"agents": False}, AGENT),
        ({"forwards": False}, AGENT),
        ({"trust": 3}, AGENT),
        ({"agents": False, "senders": ("Ada@Example.org",)}, RITA),
        ({"agents": False, "domains": ("example.org",)}, RITA),
    ],
)
def test_policy_says_who_may(policy: Mapping[str, Any], requester: str) -> None:
    assert mail(desk(**policy)).requester == requester


def test_the_same_mail_again_under_another_policy_is_the_same_ticket() -> None:
    ports = FakePorts()
    first = mail(ports)
    ports.policies = desk(agents=False).policies
    assert mail(ports).id == first.id


def personal_link(ports: FakePorts, caller: str = AGENT, form: str = "incident") -> dict[str, Any]:
    answer: dict[str, Any] = records.on(
        event("GET /forms/{name}/for-others", params={"name": form}, claims={"email": caller, "sub": "1"}), ports
    )
    return answer


def post(ports: FakePorts, query: Mapping[str, str], **more: str) -> dict[str, Any]:
    answers = {
        "token": "a-token-of-the-page", "subject": "The printer burns", "impact": "3", "urgency": "2", "text": "Help",
        **more,
    }  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer: dict[str, Any] = forms.on(
        event(
            "POST /forms/{name}",
            params={"name": "incident"},
            query=query,
            body=urlencode(answers).encode(),
            headers=headers,
        ),
        ports,
    )
    return answer


def query_of(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_an_agent_asks_for_somebody_by_a_form_behind_a_link_of_their_own() -> None:
    ports = FakePorts()
    query = query_of(json.loads(personal_link(ports)["body"])["link"])
    page = forms.on(event("GET /forms/{name}", params={"name": "incident"}, query=query), ports)["body"]
    assert 'name="on_behalf_of"' in page
    assert 'name="sender"' not in page
    assert post(ports, query, on_behalf_of="Rita@customer.example")["statusCode"] == 201
    (record,) = ports.records.stored.values()
    assert (record.requester, record.details["opened_by"], record.details.get("on_behalf_of")) == (RITA, AGENT, None)
    assert record.participants[:2] == (RITA, AGENT)


def test_an_agent_who_names_nobody_asks_for_themselves() -> None:
    ports = FakePorts()
    assert post(ports, query_of(json.loads(personal_link(ports)["body"])["link"]))["statusCode"] == 201
    (record,) = ports.records.stored.values()
    assert (record.requester, record.details.get("opened_by")) == (AGENT, None)


def test_the_public_form_never_asks_for_whom_and_an_answer_all_the_same_counts_for_nothing() -> None:
    ports = FakePorts()
    page = forms.on(event("GET /forms/{name}", params={"name": "incident"}), ports)["body"]
    assert "on_behalf_of" not in page
    assert post(ports, {}, sender=AGENT, on_behalf_of=RITA)["statusCode"] == 201
    (record,) = ports.records.stored.values()
    assert (record.requester, RITA in record.participants) == (AGENT, False)


def test_a_link_is_given_to_nobody_else_cannot_be_made_up_and_ends() -> None:
    ports = FakePorts()
    assert personal_link(ports, "mallory@example.org")["statusCode"] == 403
    assert personal_link(ports, form="change")["statusCode"] == 404
    assert post(ports, {"as": "mfsgc.x9999999999.aaaaaaaaaaaaaaaaaaaaaaaaaa"}, on_behalf_of=RITA)["statusCode"] == 401
    query = query_of(json.loads(personal_link(ports)["body"])["link"])
    ports.time += 31 * 86_400
    assert post(ports, query, on_behalf_of=RITA)["statusCode"] == 410


def test_who_is_no_agent_any_more_cannot_use_the_link_they_have() -> None:
    ports = FakePorts()
    query = query_of(json.loads(personal_link(ports)["body"])["link"])
    ports.policies = desk(agents=False).policies
    assert post(ports, query, on_behalf_of=RITA)["statusCode"] == 403
    assert not ports.records.stored


def test_the_ticket_page_says_who_opened_it_and_for_whom() -> None:
    ports = FakePorts()
    record = mail(ports)
    link = sign(ports.link_secret, "ticket", record.id)
    page = pages.on(event("GET /tickets/{link}", params={"link": link}), ports)["body"]
    assert f"<dt>For</dt><dd>Rita Requester</dd><dt>Opened by</dt><dd>{AGENT}</dd>" in page
