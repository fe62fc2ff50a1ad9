"""Intake of mail: every mail ends in exactly one recorded outcome."""

from datetime import UTC, datetime

import pytest
from itsm.core.record import Record
from itsm.service_desk.threading import own_message_id, reply_address

from functions.intake_mail.app import handler
from tests.fakes import FakePorts, sqs
from tests.support.mail import notification, raw, stored


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def deliver(ports: FakePorts, body: bytes, key: str = "mail/1", **verdicts: str) -> list[Record]:
    """Deliver one mail; it must not fail. Returns all records there are."""
    stored(ports, key, body)
    assert handler.on(sqs(notification(key, **verdicts)), ports) == {"batchItemFailures": []}
    return list(ports.records.stored.values())


def test_a_mail_becomes_an_incident_with_its_sender_and_words(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw())
    assert (ticket.number, ticket.practice, ticket.state, ticket.group) == (
        "INC0000001",
        "incident",
        "new",
        "service-desk",
    )
    assert (ticket.requester, ticket.title, ticket.event.text) == ("rita@example.org", "The printer burns", "It burns.")


def test_copies_to_two_of_our_mailboxes_are_one_ticket_even_without_a_message_id(ports: FakePorts) -> None:
    head = "From: rita@example.org\r\nSubject: The printer burns\r\n{date}To: {to}@desk.example.org\r\n{by}\r\n"
    for date, tickets in (("Date: Mon, 24 Nov 2025 15:59:58 +0000\r\n", 1), ("", 3)):
        for to, by in (("support", ""), ("helpdesk", "Received: by mx.example.org\r\n")):
            deliver(ports, (head.format(date=date, to=to, by=by) + "It burns.\r\n").encode(), f"mail/{to}{len(date)}")
        assert len(ports.records.stored) == tickets


def test_the_same_mail_twice_is_one_ticket(ports: FakePorts) -> None:
    deliver(ports, raw())
    (ticket,) = deliver(ports, raw())
    assert ticket.version == 1


def test_other_words_under_the_same_message_id_are_not_lost(ports: FakePorts) -> None:
    deliver(ports, raw("First."))
    assert len(deliver(ports, raw("Quite another matter.", sender="Eve <eve@example.net>"), "mail/2")) == 2


def test_a_reply_to_our_address_is_an_entry_on_the_ticket(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw())
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    (ticket,) = deliver(ports, raw("It still burns.", to=to, message_id="second@example.org"), "mail/2")
    assert [entry.text for entry in ports.records.journal[ticket.id]] == ["It still burns."]


def test_a_reply_delivered_twice_is_one_entry(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw())
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    reply = raw("Still.", to=to, message_id="second@example.org")
    deliver(ports, reply, "mail/2")
    (ticket,) = deliver(ports, reply, "mail/3")
    assert (len(ports.records.journal[ticket.id]), ticket.version) == (1, 2)


def test_a_stranger_with_our_message_id_joins_nothing(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw())
    ours = own_message_id(ports.link_secret, ticket.id, 1, "ack", "desk.example.org")
    mail = raw(
        "Let me in.", sender="eve@example.net", message_id="eve@example.net", headers={"In-Reply-To": f"<{ours}>"}
    )
    assert len(deliver(ports, mail, "mail/2")) == 2
    assert not ports.records.journal.get(ticket.id)


def test_the_requesters_answer_takes_the_ticket_off_hold(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw())
    for state in ("in_progress", "on_hold"):
        held = ports.records.get(ticket.id)
        ports.records.save(held.changed("StateChanged", by="ada", origin="records", at=ports.now(), state=state))
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    (ticket,) = deliver(ports, raw("Here is the log.", to=to, message_id="second@example.org"), "mail/2")
    assert (ticket.state, ticket.event.type) == ("in_progress", "CommentAdded")


def test_an_answer_to_a_resolved_ticket_reopens_it(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw())
    ports.records.save(ticket.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="resolved"))
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    (ticket,) = deliver(ports, raw("It burns again.", to=to, message_id="second@example.org"), "mail/2")
    assert (ticket.state, ticket.event.type) == ("in_progress", "Reopened")


def closed(ports: FakePorts) -> Record:
    (ticket,) = deliver(ports, raw())
    for state in ("resolved", "closed"):
        change = ticket.changed("StateChanged", by="ada", origin="records", at=ports.now(), state=state)
        ticket = ports.records.save(change)
    return ticket


def test_an_answer_to_a_closed_ticket_puts_it_to_work_under_a_new_process(ports: FakePorts) -> None:
    ticket = closed(ports)
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    answer = raw("It burns again.", to=to, message_id="second@example.org")
    for key in ("mail/2", "mail/3"):
        (found,) = deliver(ports, answer, key)
    assert (found.state, found.event.type, found.generation) == ("in_progress", "Reopened", 2)
    assert len(ports.records.journal[ticket.id]) == 1


def test_an_answer_to_a_ticket_that_was_closed_long_ago_is_a_new_one_that_names_it(ports: FakePorts) -> None:
    ticket = closed(ports)
    ports.time += 15 * 86_400
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    tickets = deliver(ports, raw("It burns again.", to=to, message_id="second@example.org"), "mail/2")
    assert [one.state for one in tickets] == ["closed", "new"]
    assert tickets[1].details["related"] == ticket.number


def answered(ports: FakePorts, ticket: Record, days: int, **headers: str) -> list[Record]:
    """An answer to a ticket that comes so many days later than all before; all records there are."""
    ports.time += days * 86_400
    key, word = f"mail/{ports.time}", notification(f"mail/{ports.time}")
    word["mail"]["timestamp"] = datetime.fromtimestamp(ports.time, UTC).isoformat()
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    stored(ports, key, raw("It burns again.", to=to, message_id=f"{ports.time}@example.org", headers=headers))
    assert handler.on(sqs(word), ports) == {"batchItemFailures": []}
    return list(ports.records.stored.values())


AWAY = {"Auto-Submitted": "auto-replied"}


def test_what_a_machine_says_of_a_closed_ticket_makes_it_none_that_was_closed_lately(ports: FakePorts) -> None:
    ticket = closed(ports)
    for _ in range(2):
        (noted,) = answered(ports, ticket, 6, **AWAY)
        assert (noted.state, noted.generation) == ("closed", 1)
    assert [one.state for one in answered(ports, ticket, 3)] == ["closed", "new"]


def test_a_ticket_that_is_closed_anew_is_one_that_was_closed_lately(ports: FakePorts) -> None:
    ticket = closed(ports)
    answered(ports, ticket, 1, **AWAY)
    for generation in (2, 3):
        (found,) = answered(ports, ticket, 10)
        assert (found.state, found.generation) == ("in_progress", generation)
        for state in ("resolved", "closed"):
            change = found.changed("StateChanged", by="ada", origin="records", at=ports.now(), state=state)
            found = ports.records.save(change)


def test_an_out_of_office_reply_is_for_the_agents_alone_and_moves_nothing(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw())
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    away = raw("I am away.", to=to, message_id="away@example.org", headers={"Auto-Submitted": "auto-replied"})
    (ticket,) = deliver(ports, away, "mail/2")
    (entry,) = ports.records.journal[ticket.id]
    assert (entry.public, ticket.state) == (False, "new")


def test_late_replies_to_a_finished_ticket_are_one_new_one_however_many_come(ports: FakePorts) -> None:
    (old,) = deliver(ports, raw())
    ports.records.save(old.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="resolved"))
    ports.time += 40 * 86_400
    to = reply_address(ports.link_secret, old.id, "desk.example.org")
    for number, key in enumerate((2, 2, 3, 3, 2)):
        deliver(ports, raw(f"Again {key}.", to=to, message_id=f"{key}@example.org"), f"mail/{number}")
    old, new = ports.records.stored.values()
    assert (old.state, new.state, new.details["related"]) == ("resolved", "new", old.number)
    assert [entry.text for entry in ports.records.journal[new.id]] == ["Again 3."]
    other = raw("Mine.", sender="eve@example.net", to=to, message_id="4@example.net")
    assert len(deliver(ports, other, "mail/9")) == 3, "who takes no part in the new one opens their own"


@pytest.mark.parametrize(
    ("body", "verdicts", "reason"),
    [
        (b"no mail at all", {}, "no mail"),
        (raw(sender=""), {}, "names no sender"),
        (raw(headers={"X-Itsm-Instance": "desk.example.org"}), {}, "loop"),
        (b"Received: from a by b; x\r\n" * 101 + raw(), {}, "goes round"),
        (raw(), {"virus": "FAIL"}, "virus"),
        (raw(), {"spam": "FAIL"}, "spam"),
        (raw(), {"dmarc": "FAIL", "dmarc_policy": "reject"}, "DMARC"),
    ],
)
def test_what_may_not_become_a_ticket_is_held_with_its_reason_and_raw_copy(
    ports: FakePorts, body: bytes, verdicts: dict[str, str], reason: str
) -> None:
    (held,) = deliver(ports, body, **verdicts)
    assert (held.practice, held.state, held.number[:3]) == ("submission", "held", "SUB")
    assert reason in str(held.details["reason"])
    assert ports.blobs.get(str(held.details["raw"])) == body
    assert [row.number for row in ports.records.worklist("service-desk").rows] == [held.number]


@pytest.mark.parametrize(
    ("headers", "verdicts"),
    [
        ({}, {"dmarc": "FAIL", "dmarc_policy": "none"}),
        ({"Reply-To": "rita@example.org", "From": "undisclosed"}, {"dmarc": "GRAY"}),
        ({"From": "rita@example.org, eve@example.net"}, {}),
    ],
)
def test_who_is_not_proven_to_be_who_they_say_opens_a_ticket_and_joins_none(
    ports: FakePorts, headers: dict[str, str], verdicts: dict[str, str]
) -> None:
    (ticket,) = deliver(ports, raw())
    forged = raw("Pay to me.", subject=f"Re: [{ticket.number}] x", message_id="eve@example.net", headers=headers)
    ticket, other = deliver(ports, forged, "mail/2", **verdicts)
    assert not ports.records.journal.get(ticket.id)
    assert (other.practice, other.details["related"]) == ("incident", ticket.number)


def test_absurd_nesting_is_held(ports: FakePorts) -> None:
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(2000)
    )
    (held,) = deliver(ports, b"From: a@example.org\r\nMessage-ID: <n@x>\r\n" + nested)
    assert held.practice == "submission"


def release(ports: FakePorts, held: Record) -> None:
    """An agent releases a held submission; the bus tells the mail queue."""
    ports.records.save(held.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="released"))
    word = {"detail-type": "SubmissionReleased", "detail": {"record": held.id}}
    assert handler.on(sqs(word), ports) == {"batchItemFailures": []}


def test_a_released_submission_becomes_a_ticket_once(ports: FakePorts) -> None:
    (held,) = deliver(ports, raw(), spam="FAIL")
    release(ports, held)
    handler.on(sqs({"detail-type": "SubmissionReleased", "detail": {"record": held.id}}), ports)
    assert [record.practice for record in ports.records.stored.values()] == ["submission", "incident"]
    assert [entry.text for entry in ports.records.journal[held.id]] == ["It became INC0000001."]


def test_a_released_submission_that_still_cannot_be_read_is_held_again(ports: FakePorts) -> None:
    (held,) = deliver(ports, b"no mail at all")
    release(ports, held)
    assert ports.records.get(held.id).state == "held"


def test_a_mail_that_fails_is_delivered_again_and_blocks_no_other(ports: FakePorts) -> None:
    stored(ports, "mail/2", raw(message_id="two@example.org"))
    result = handler.on(sqs(notification("mail/missing"), notification("mail/2")), ports)
    assert result == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert len(ports.records.stored) == 1


def test_a_long_text_is_kept_whole_beside_the_record(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw("word " * 2000))
    assert len(ticket.event.text.encode()) <= 900
    assert ports.blobs.get(str(ticket.details["text"])).decode().strip() == ("word " * 2000).strip()


def test_a_mail_whose_head_ends_elsewhere_for_ses_joins_nothing_as_whom_only_we_read(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw())
    head = "X-Kept: a\rFrom: rita@example.org\r\n \r\nFrom: eve@example.net\r\n"
    subject = f"To: support@desk.example.org\r\nSubject: [{ticket.number}]\r\nMessage-ID: <eve@example.net>\r\n"
    stored(ports, "mail/2", f"{subject}{head}\r\nLet me in.\r\n".encode())
    message = notification("mail/2")
    message["mail"]["commonHeaders"] = {"from": ["eve@example.net"]}
    assert handler.on(sqs(message), ports) == {"batchItemFailures": []}
    assert len(ports.records.stored) == 2
    assert not ports.records.journal.get(ticket.id)
