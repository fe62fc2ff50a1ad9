"""Mail that a provider has taken apart and posts as fields: it is a mail like any other, whoever posts it."""

from dataclasses import replace
from typing import Any

import pytest
from itsm.core.record import Record
from itsm.runtime.policies import Policies
from itsm.service_desk import delivery
from itsm.service_desk.policy import Sources
from itsm.service_desk.threading import delivery_proof, own_message_id, reply_address

from functions.intake.app import handler as intake
from functions.intake_mail.app import handler as intake_mail
from tests.fakes import FakePorts, sqs
from tests.functions.test_intake_limits import bounce
from tests.support.http import event, read
from tests.support.mail import notification, raw, stored
from tests.support.providers import SECRETS, VENDORS, Posted, postmark

RITA = "rita@example.org"
each_vendor = pytest.mark.parametrize("vendor", VENDORS)


@pytest.fixture
def ports() -> FakePorts:
    found = FakePorts()
    found.secrets.values = {**found.secrets.values, "sources": SECRETS}
    return found


def send(ports: FakePorts, vendor: str, post: Posted) -> tuple[int, Any]:
    answer = intake.on(
        event("POST /intake/{source}", params={"source": vendor}, body=post.body, headers=post.headers), ports
    )
    return answer["statusCode"], read(answer)


def take(ports: FakePorts, vendor: str, mail: bytes, **more: Any) -> list[Record]:
    """Post a mail; it must be taken. Returns all records there are."""
    assert send(ports, vendor, VENDORS[vendor](mail, ports.now(), **more)) == (200, {"outcome": "taken as mail"})
    return list(ports.records.stored.values())


def by_smtp(ports: FakePorts, mail: bytes) -> list[Record]:
    stored(ports, "mail/1", mail)
    assert intake_mail.on(sqs(notification("mail/1")), ports) == {"batchItemFailures": []}
    return list(ports.records.stored.values())


@each_vendor
def test_a_mail_is_a_ticket_with_its_sender_and_words(ports: FakePorts, vendor: str) -> None:
    (ticket,) = take(ports, vendor, raw("Die Tür klemmt.", subject="=?utf-8?q?Die_T=C3=BCr?="))
    assert (ticket.source, ticket.title, ticket.event.text) == ("mail", "Die Tür", "Die Tür klemmt.")
    assert (ticket.requester, ticket.requester_name) == (RITA, "Rita Requester")
    assert (ticket.details["trust"], ticket.details["message_id"]) == (1, "first@example.org")
    assert b": <first@example.org>" in ports.blobs.get(str(ticket.details["raw"]))


@each_vendor
def test_the_same_mail_twice_is_one_ticket_also_by_smtp(ports: FakePorts, vendor: str) -> None:
    take(ports, vendor, raw(), token="one")
    ports.time += 600
    take(ports, vendor, raw(), token="two")
    (ticket,) = by_smtp(ports, raw())
    assert ticket.version == 1


@each_vendor
def test_a_mail_without_a_message_id_is_one_ticket_however_often_it_is_posted(ports: FakePorts, vendor: str) -> None:
    mail = raw(message_id="", headers={"X-Mailer": "odd"}).replace(b"Message-ID: <>\r\n", b"")
    take(ports, vendor, mail, token="one")
    ports.time += 600
    (ticket,) = take(ports, vendor, mail, token="two")
    assert ticket.version == 1


@each_vendor
@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"X-Autoreply": "yes"},
        {"X-Itsm-Instance": "desk.example.org"},
        {"List-Id": "<news.example.org>"},
    ],
)
def test_no_machine_s_mail_is_a_ticket(ports: FakePorts, vendor: str, headers: dict[str, str]) -> None:
    assert [one.practice for one in take(ports, vendor, raw(headers=headers))] == ["submission"]


@each_vendor
def test_our_own_mail_that_comes_back_is_held_as_a_loop(ports: FakePorts, vendor: str) -> None:
    (held,) = take(ports, vendor, raw(sender="support@desk.example.org"))
    assert (held.practice, str(held.details["reason"]).partition(":")[0]) == ("submission", "loop")


@each_vendor
def test_a_bounce_is_delivery_state_on_its_ticket_and_gives_the_address_up(ports: FakePorts, vendor: str) -> None:
    (ticket,) = by_smtp(ports, raw())
    (ticket,) = take(ports, vendor, bounce(ports, ticket, RITA, "5.1.1"))
    assert delivery.undeliverable(ticket) == {RITA}
    assert ports.records.addresses[RITA].reason == "bounce 5.1.1"


def test_a_bounce_whose_part_for_machines_was_put_into_the_text_is_one_all_the_same(ports: FakePorts) -> None:
    (ticket,) = by_smtp(ports, raw())
    ours = own_message_id(ports.link_secret, ticket.id, 1, "ack", "desk.example.org")
    proof = delivery_proof(ports.link_secret, ticket.id, RITA, "desk.example.org")
    said = (
        "Sorry.\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; rita@example.org\r\nAction: {}\r\n"
        f"Status: {{}}\r\n\r\nMessage-ID: <{ours}>\r\nX-Itsm-Delivery: <{proof}>\r\n"
    )
    for number, (action, status) in enumerate((("delayed", "4.4.1"), ("failed", "5.1.1"))):
        mail = raw(
            said.format(action, status),
            sender="mta@mx.example.net",
            message_id=f"b{number}@mx",
            headers={"Content-Type": "text/plain"},
        )
        take(ports, "sendgrid", mail, kind="multipart/report; report-type=delivery-status; boundary=B")
        assert list(ports.records.addresses) == ([RITA] if action == "failed" else [])
    notes = [one.text for one in ports.records.journal[ticket.id]]
    assert ["action delayed" in one for one in notes] == [True, False]
    assert [one.practice for one in ports.records.stored.values()] == ["incident"]


@each_vendor
def test_a_reply_lands_on_its_ticket(ports: FakePorts, vendor: str) -> None:
    (ticket,) = by_smtp(ports, raw())
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    (ticket,) = take(ports, vendor, raw("Still burns.", to=to, message_id="second@example.org"))
    assert [entry.text for entry in ports.records.journal[ticket.id]] == ["Still burns."]


def test_a_reply_whose_address_only_the_envelope_names_lands_on_its_ticket(ports: FakePorts) -> None:
    (ticket,) = by_smtp(ports, raw())
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    mail = raw("Still burns.", to="undisclosed-recipients:;", message_id="second@example.org")
    assert len(take(ports, "sendgrid", mail, envelope={"to": [to], "from": RITA})) == 1


@each_vendor
def test_files_come_along_and_those_that_are_refused_are_named(ports: FakePorts, vendor: str) -> None:
    mail = raw(
        "--B\r\nContent-Type: text/html\r\n\r\n<p>See <img src=cid:p1></p>\r\n"
        "--B\r\nContent-Type: image/png; name=a.png\r\nContent-ID: <p1>\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
        '--B\r\nContent-Type: application/x; name="run me.exe"\r\n\r\nMZ\r\n--B--\r\n',
        headers={"Content-Type": 'multipart/related; boundary="B"'},
    )
    (ticket,) = take(ports, vendor, mail)
    assert "|a.png|image/png|8" in str(ticket.details["attachments"])
    assert "run me.exe" in str(ticket.details["refused_files"])
    again = by_smtp(ports, mail)
    assert [one.version for one in again] == [1]


@each_vendor
def test_what_is_signed_wrong_is_refused(ports: FakePorts, vendor: str) -> None:
    ports.secrets.values = {**ports.secrets.values, "sources": {**SECRETS, "mailgun": "x", "postmark": "x"}}
    post = VENDORS[vendor](raw(), ports.now())
    post = replace(post, body=post.body + b" ") if vendor == "sendgrid" else post
    assert send(ports, vendor, post)[0] == 401
    assert not ports.records.stored


def test_what_the_provider_or_the_mail_says_of_its_sender_gives_it_no_trust(ports: FakePorts) -> None:
    forged = {
        "Authentication-Results": "amazonses.com; dmarc=pass",
        "X-SES-Spam-Verdict": "PASS",
        "Received-SPF": "pass",
    }
    (ticket,) = take(ports, "sendgrid", raw(headers=forged))
    assert ticket.details["trust"] == 1


def test_the_raw_mail_wins_where_it_is_posted_too(ports: FakePorts) -> None:
    post = postmark(raw(), ports.now(), RawEmail=raw("As it was written.").decode())
    assert send(ports, "postmark", post)[0] == 200
    (ticket,) = ports.records.stored.values()
    assert ticket.event.text == "As it was written."


def test_without_raw_mail_and_headers_the_mapping_makes_the_ticket(ports: FakePorts) -> None:
    for number, heads in enumerate(([], None, "nonsense", [1, {"Name": "a b", "Value": "c"}])):
        post = postmark(raw(), ports.now(), Headers=heads, MessageID=f"m{number}")
        assert send(ports, "postmark", post)[0] == 201
    assert {one.source for one in ports.records.stored.values()} == {"postmark"}


def test_what_was_held_unread_goes_the_way_of_mail_once_policy_says_how(ports: FakePorts) -> None:
    shipped = ports.policies.sources
    blind = replace(shipped.webhook["postmark"], mail=None, map={}, required=("subject",), defaults={"subject": ""})
    sources: Sources = replace(shipped, webhook={"postmark": blind})
    ports.policies = type("Ours", (Policies,), {"sources": sources})()
    mail = raw(headers={"Auto-Submitted": "auto-replied"})
    assert send(ports, "postmark", postmark(mail, ports.now()))[0] == 422
    (held,) = ports.records.stored.values()
    ports.policies = Policies()
    ports.records.save(held.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="released"))
    word = {"detail-type": "SubmissionReleased", "detail": {"record": held.id}}
    assert intake_mail.on(sqs(word), ports) == {"batchItemFailures": []}
    assert [one.source for one in ports.records.stored.values() if one.practice == "incident"] == ["mail"]
