"""Outgoing: a mail of ours threads on the requester's, is sent once, cannot be forged, and answers no machine."""

import email
from dataclasses import replace
from email.header import decode_header, make_header
from typing import Any

import pytest
from itsm.core.ports import Message
from itsm.core.record import Record
from itsm.core.signing import verify
from itsm.service_desk import outgoing
from itsm.service_desk.filters import OWN as OUR_OWN
from itsm.service_desk.filters import Own
from itsm.service_desk.sources.email import parse
from itsm.service_desk.threading import candidates

from tests.builders import NOON, a_comment, an_incident
from tests.itsm.service_desk.mails import a_mail

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))
SENDER = outgoing.Sender(secret=b"secret", domain="desk.example.org", url="https://desk.example.org/", own=OWN)
PEOPLE = ("rita@example.org", "lin@example.org", "support@desk.example.org", "no-reply@example.org")


def ticket(**overrides: Any) -> Record:
    return replace(
        an_incident(participants=PEOPLE, details={"message_id": "first@mail.example.org"}),
        number="INC0000051",
        **overrides,
    )


def acknowledged(**overrides: Any) -> Message:
    message = outgoing.acknowledgement(ticket(**overrides), SENDER)
    assert message is not None
    return message


def sent(message: Message) -> email.message.Message:
    return email.message_from_bytes(outgoing.to_mime(message, "Service desk <support@desk.example.org>"))


def test_the_acknowledgement_threads_on_the_requesters_mail_and_is_no_mail_to_answer_by_machine() -> None:
    mail = sent(acknowledged())
    assert mail["In-Reply-To"] == "<first@mail.example.org>"
    assert mail["References"].startswith("<first@mail.example.org>")
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert mail["Subject"] == "[INC0000051] The mail server is slow"
    assert mail["To"] == "rita@example.org"


def test_it_is_one_mail_however_often_it_is_made() -> None:
    assert acknowledged() == acknowledged(priority=1, version=4)
    assert outgoing.to_mime(acknowledged(), "a@b.example") == outgoing.to_mime(acknowledged(), "a@b.example")


def test_an_answer_finds_the_ticket_by_address_and_by_reference_each_alone() -> None:
    message = acknowledged()
    by_address = a_mail(To=message.reply_to)
    by_reference = a_mail(References=" ".join(f"<{one}>" for one in message.references))
    for raw in (by_address, by_reference):
        answer = parse(raw, received_at=NOON, own=OWN)
        assert candidates(answer, (b"secret",), OWN.domain)[0].record == ticket().id


def test_our_own_mail_is_known_when_it_comes_back() -> None:
    raw = outgoing.to_mime(acknowledged(), "Service desk <desk@elsewhere.example>")
    assert parse(raw, received_at=NOON, own=OWN).auto.kind == OUR_OWN


def test_the_link_in_it_opens_this_ticket_alone() -> None:
    link = SENDER.ticket_link(ticket())
    assert link in acknowledged().text
    assert verify(b"secret", "ticket", link.rpartition("/")[2]) == ticket().id


@pytest.mark.parametrize(
    "requester",
    ["cloudwatch", "support@desk.example.org", "no-reply@example.org", "mailer-daemon@example.org", "a@b@c", ""],
)
def test_nothing_is_sent_where_no_person_reads(requester: str) -> None:
    assert outgoing.acknowledgement(ticket(requester=requester), SENDER) is None


def test_a_held_submission_and_a_machines_mail_that_was_released_get_no_acknowledgement() -> None:
    assert outgoing.acknowledgement(ticket(practice="submission"), SENDER) is None
    assert outgoing.acknowledgement(ticket(details={"auto": "list"}), SENDER) is None
    assert outgoing.acknowledgement(ticket(details={"auto": "auto-reply"}), SENDER) is None


def test_a_public_comment_goes_to_everybody_but_its_author() -> None:
    by_agent = outgoing.public_comment(ticket(), a_comment(ticket()), SENDER)
    (by_requester,) = outgoing.public_comment(ticket(), a_comment(ticket(), by="rita@example.org"), SENDER)
    assert [message.to for message in by_agent] == [("rita@example.org",), ("lin@example.org",)]
    assert by_requester.to == ("lin@example.org",)
    assert all("We are looking at it." in message.text for message in by_agent)


def test_each_mail_to_one_person_holds_a_proof_that_no_other_does() -> None:
    rita, lin = outgoing.public_comment(ticket(), a_comment(ticket()), SENDER)
    assert len({str((message.headers or {})[outgoing.PROOF]) for message in (rita, lin)}) == 2
    assert rita.id != lin.id
    assert rita.effect != lin.effect


def test_as_many_as_policy_lets_take_part_are_told_each_in_a_mail_of_their_own_on_one_thread() -> None:
    people = tuple(f"p{number}@example.org" for number in range(100))
    told = outgoing.public_comment(replace(ticket(), participants=people), a_comment(ticket()), SENDER)
    assert [message.to for message in told] == [("rita@example.org",), *((one,) for one in people)]
    assert len({message.id for message in told}) == len({message.effect for message in told}) == 101
    assert len({(message.in_reply_to, message.references, message.reply_to) for message in told}) == 1
    (together,) = outgoing.escalated(ticket(), a_comment(ticket()), people, SENDER)
    assert len(together.to) <= 50, "SES takes no more in one mail"


def test_an_internal_note_is_sent_to_nobody() -> None:
    assert outgoing.public_comment(ticket(), a_comment(ticket(), public=False), SENDER) == ()


def test_two_comments_are_two_mails_and_one_comment_is_one() -> None:
    first, again, second = (
        outgoing.public_comment(ticket(), a_comment(ticket(), key), SENDER)[0] for key in ("a", "a", "b")
    )
    assert first.effect == again.effect != second.effect


def test_an_approver_is_asked_once_per_link() -> None:
    first, again, anew = (
        outgoing.approval_request(ticket(), "boss@example.org", link, SENDER)
        for link in ("https://x/1", "https://x/1", "https://x/2")
    )
    assert first
    assert again
    assert anew
    assert first.effect == again.effect != anew.effect
    assert "https://x/1" in first.text
    assert 'href="https://x/1"' in first.html


def test_an_escalation_goes_to_those_the_level_wants_told_and_to_nobody_of_ours() -> None:
    note = a_comment(ticket(), text="The resolution target of INC0000001 is breached", public=False)
    people = ("lead@example.org", "no-reply@example.org", "lead@example.org")
    (found,) = outgoing.escalated(ticket(), note, people, SENDER)
    assert found.to == ("lead@example.org",)
    assert "is breached" in found.text
    assert outgoing.escalated(ticket(), note, (), SENDER) == ()


def test_no_header_can_be_injected() -> None:
    evil = "x\r\nBcc: victim@example.net\u2028\x00"
    message = acknowledged(title=evil, details={"message_id": f"a{evil}@b"})
    raw = outgoing.to_mime(
        replace(message, to=(f"a@b.example{evil}",), reply_to=evil, headers={evil: evil}),
        f"Desk{evil} <support@desk.example.org>",
    )
    assert "bcc" not in [name.lower() for name in email.message_from_bytes(raw)]
    assert b"\nBcc" not in raw
    assert b"\rBcc" not in raw


def test_words_of_any_script_arrive_and_html_is_escaped() -> None:
    title = "<b>Drukarka</b> drukuje żółte paski " + "ąę" * 60
    mail = sent(acknowledged(title=title))
    assert str(make_header(decode_header(mail["Subject"]))) == f"[INC0000051] {title}"
    text, html = (part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart())
    assert title in bytes(text).decode()
    assert b"<b>" not in bytes(html)
    assert b"&lt;b&gt;" in bytes(html)


def test_no_line_is_longer_than_a_mail_may_have() -> None:
    message = acknowledged(title="x" * 200, details={"message_id": "m" * 240 + "@example.org"})
    many = replace(message, to=tuple(f"person{n}@example.org" for n in range(40)))
    raw = outgoing.to_mime(many, "Service desk <support@desk.example.org>")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert email.message_from_bytes(raw)["In-Reply-To"] == f"<{'m' * 240}@example.org>"


@pytest.mark.parametrize(("asked", "told"), [("All", False), ("DR, AutoReply", False), ("OOF", True), ("", True)])
def test_who_asks_machines_not_to_answer_gets_no_acknowledgement(asked: str, told: bool) -> None:
    raw = a_mail(**({"X_Auto_Response_Suppress": asked} if asked else {}))
    mail = parse(raw, received_at=0, own=Own(domain="desk.example.org"))
    assert (outgoing.acknowledgement(ticket(details=dict(mail.fields)), SENDER) is not None) == told
