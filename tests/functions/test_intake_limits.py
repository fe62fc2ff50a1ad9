"""Limits of intake: bounces tell where our mail arrives, and nobody floods the desk."""

import pytest
from itsm.core.record import Record
from itsm.service_desk.attachments import EICAR
from itsm.service_desk.outgoing import PROOF
from itsm.service_desk.threading import delivery_proof, own_message_id, reply_address

from functions.intake_mail.app import handler
from functions.notifications.app import handler as notifications
from tests.fakes import FakePorts, sqs
from tests.support.mail import notification, raw, stored


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def deliver(ports: FakePorts, body: bytes, key: str) -> list[Record]:
    stored(ports, key, body)
    assert handler.on(sqs(notification(key)), ports) == {"batchItemFailures": []}
    return list(ports.records.stored.values())


def bounce(ports: FakePorts, ticket: Record, address: str, status: str, sent_to: str = "") -> bytes:
    """What a post office returns of our mail about a ticket, `sent_to` somebody else if that is said."""
    ours = returned(ports, ticket, sent_to or address)
    body = (
        "--B\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n"
        f"\r\n--B\r\nContent-Type: message/rfc822\r\n\r\n{ours}\r\nHello\r\n--B--\r\n"
    )
    return raw(
        body,
        sender="mailer-daemon@mx.example.net",
        message_id="bounce@mx.example.net",
        subject="Undelivered",
        headers={"Content-Type": 'multipart/report; report-type=delivery-status; boundary="B"'},
    )


def returned(ports: FakePorts, ticket: Record, sent_to: str) -> str:
    """The header of a mail of ours to a person, as it comes back."""
    ours = own_message_id(ports.link_secret, ticket.id, 1, "ack", "desk.example.org")
    proof = delivery_proof(ports.link_secret, ticket.id, sent_to, "desk.example.org")
    return f"Message-ID: <{ours}>\r\nTo: {sent_to}\r\n{PROOF}: <{proof}>\r\n"


def tell(ports: FakePorts, ticket: Record, **fact: object) -> list[tuple[str, ...]]:
    """The recipients of the mails a fact about the ticket leads to."""
    before = set(ports.mail.sent)
    whole = {
        "type": "CommentAdded",
        "record": ticket.id,
        "version": 9,
        "comment": "",
        "changed": [],
        "state": "new",
        **fact,
    }
    assert notifications.on(sqs({"detail": whole}), ports) == {"batchItemFailures": []}
    return [message.to for effect, message in ports.mail.sent.items() if effect not in before]


def test_a_bounce_is_delivery_state_on_its_ticket_and_no_ticket(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw(), "mail/1")
    (ticket,) = deliver(ports, bounce(ports, ticket, "rita@example.org", "4.2.2"), "mail/2")
    assert (ticket.details["delivery"], ticket.state) == ({"rita@example.org": "delayed 4.2.2"}, "new")
    assert "undeliverable" not in ticket.details
    (entry,) = ports.records.journal[ticket.id]
    assert not entry.public


def test_an_address_that_is_no_good_gets_no_more_mail_until_its_owner_writes(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw(headers={"Cc": "carl@example.org"}), "mail/1")
    (ticket,) = deliver(ports, bounce(ports, ticket, "rita@example.org", "5.1.1"), "mail/2")
    assert ticket.details["undeliverable"] == ["rita@example.org"]
    done = ticket.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="resolved")
    ports.records.save(done)
    assert tell(ports, done, changed=["state"], state="resolved") == [("carl@example.org",)]
    to = reply_address(ports.link_secret, ticket.id, "desk.example.org")
    deliver(ports, raw("I am here.", to=to, message_id="second@example.org"), "mail/3")
    (ticket,) = ports.records.stored.values()
    assert not {"undeliverable", "delivery"} & ticket.details.keys()


def test_a_bounce_says_nothing_of_whom_the_mail_it_returns_was_not_sent_to(ports: FakePorts) -> None:
    """Carl takes part and has our mails: he sends one back as if it had been Rita's."""
    (ticket,) = deliver(ports, raw(headers={"Cc": "carl@example.org"}), "mail/1")
    forged = bounce(ports, ticket, "rita@example.org", "5.1.1", sent_to="carl@example.org")
    (ticket,) = deliver(ports, forged, "mail/2")
    assert not {"undeliverable", "delivery"} & ticket.details.keys()
    assert not ports.records.addresses
    assert len(ports.records.journal[ticket.id]) == 1


def test_a_bounce_of_one_ticket_proves_nothing_about_another(ports: FakePorts) -> None:
    (first,) = deliver(ports, raw(headers={"Cc": "carl@example.org"}), "mail/1")
    second = deliver(ports, raw("Mine.", message_id="two@example.org"), "mail/2")[-1]
    mine = returned(ports, second, "rita@example.org").partition(PROOF)[2]
    forged = bounce(ports, first, "rita@example.org", "5.1.1", sent_to="carl@example.org").decode()
    deliver(
        ports, forged.replace(returned(ports, first, "carl@example.org").partition(PROOF)[2], mine).encode(), "mail/3"
    )
    assert not ports.records.addresses


def test_a_bounce_says_nothing_of_people_who_take_no_part(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw(), "mail/1")
    (ticket,) = deliver(ports, bounce(ports, ticket, "boss@example.org", "5.1.1"), "mail/2")
    assert not {"undeliverable", "delivery"} & ticket.details.keys()


def test_a_bounce_of_nothing_of_ours_waits_for_a_person(ports: FakePorts) -> None:
    (ticket,) = deliver(ports, raw(), "mail/1")
    forged = bounce(ports, ticket, "rita@example.org", "5.1.1").replace(ticket.id.encode(), b"a" * 16)
    held = deliver(ports, forged, "mail/2")[1]
    assert (held.practice, held.state) == ("submission", "held")
    assert "undeliverable" not in ports.records.get(ticket.id).details


def test_two_machines_that_answer_each_other_are_stopped(ports: FakePorts) -> None:
    for number in range(12):
        deliver(ports, raw("Your ticket was received.", message_id=f"m{number}@example.org"), f"mail/{number}")
    kinds = [record.practice for record in ports.records.stored.values()]
    assert kinds.count("incident") == ports.policies.sources.mail.same_words
    held = [record for record in ports.records.stored.values() if record.practice == "submission"]
    assert len(held) == 12 - ports.policies.sources.mail.same_words
    assert "loop" in str(held[0].details["reason"])


def test_a_person_who_writes_much_about_many_things_is_not_stopped(ports: FakePorts) -> None:
    for number in range(15):
        deliver(ports, raw(f"Matter {number}.", message_id=f"m{number}@example.org"), f"mail/{number}")
    assert {record.practice for record in ports.records.stored.values()} == {"incident"}


def test_what_exceeds_the_cap_is_held_and_nothing_is_lost(ports: FakePorts) -> None:
    cap = ports.policies.sources.mail.per_sender
    for number in range(cap + 5):
        deliver(ports, raw(f"Matter {number}.", message_id=f"m{number}@example.org"), f"mail/{number}")
    practices = [record.practice for record in ports.records.stored.values()]
    assert (practices.count("incident"), practices.count("submission")) == (cap, 5)


def test_what_exceeds_the_cap_of_one_ticket_is_held(ports: FakePorts) -> None:
    cap = ports.policies.sources.mail.per_thread
    (ticket,) = deliver(ports, raw(message_id="m@example.org"), "mail/0")
    for number in range(cap + 5):
        answer = raw(f"More {number}.", message_id=f"m{number}@example.org", headers={"In-Reply-To": "<m@example.org>"})
        deliver(ports, answer, f"mail/{number + 1}")
    held = [record for record in ports.records.stored.values() if record.practice == "submission"]
    # the first few mails of an hour are counted for their sender alone, the one that opened the ticket among them
    assert (len(ports.records.journal[ticket.id]), len(held)) == (cap - 1, 6)
    assert "one ticket" in str(held[0].details["reason"])


def test_a_mail_that_became_a_ticket_stays_one_however_often_it_comes(ports: FakePorts) -> None:
    for number in range(40):
        (ticket,) = deliver(ports, raw(), f"mail/{number}")
    assert ticket.version == 1


def test_one_address_gets_no_more_acknowledgements_than_a_person_reads_in_a_day(ports: FakePorts) -> None:
    most = ports.policies.sources.mail.acknowledgements
    sent = 0
    for number in range(most + 3):
        key = f"m{number}@example.org"
        deliver(ports, raw(f"Matter {number}.", message_id=key), f"mail/{number}")
        ticket = list(ports.records.stored.values())[-1]
        if ticket.practice == "incident":
            sent += len(tell(ports, ticket, type="IncidentOpened", version=1))
        ports.time += 600
    assert sent == most


def test_a_refused_file_is_named_on_the_ticket_and_stored_nowhere_but_in_the_raw_mail(ports: FakePorts) -> None:
    parts = "".join(
        f'--B\r\nContent-Type: application/octet-stream; name="{name}"\r\n\r\n{said}\r\n'
        for name, said in (("plan.pdf", "%PDF"), ("virus.txt", EICAR.decode()), ("run.exe", "x"))
    )
    body = raw(f"{parts}--B--\r\n", headers={"Content-Type": 'multipart/mixed; boundary="B"'})
    (ticket,) = deliver(ports, body, "mail/1")
    refused, kept = ticket.details["refused_files"], ticket.details["attachments"]
    assert isinstance(refused, list)
    assert isinstance(kept, list)
    assert [str(one).split(":")[0] for one in refused] == ["virus.txt", "run.exe"]
    assert [key for key in ports.blobs.stored if key.startswith("attachments/")] == [str(kept[0]).split("|")[0]]
    assert ports.blobs.get(str(ticket.details["raw"])) == body
