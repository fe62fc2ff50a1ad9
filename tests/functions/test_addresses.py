"""Addresses: one that bounced for good or complained gets no mail about any ticket, until its owner writes."""

from collections.abc import Iterable, Mapping

import pytest
from itsm.core.ports import Message, Suppression
from itsm.core.record import Record
from itsm.runtime import address_book, desk
from itsm.service_desk.threading import reply_address

from functions.intake_mail.app import handler as intake_mail
from functions.notifications.app import handler as notifications
from functions.records.app import handler as records
from tests.builders import a_comment
from tests.fakes import FakePorts, FakeRecords, sqs
from tests.functions.test_intake_limits import bounce, returned
from tests.support.http import agent
from tests.support.mail import notification, raw, stored

RITA, CARL = "rita@example.org", "carl@example.org"


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def deliver(ports: FakePorts, body: bytes, key: str) -> None:
    """A mail that arrives now."""
    word = notification(key)
    word["mail"]["timestamp"] = "2025-11-24T16:00:00.000Z"
    stored(ports, key, body)
    assert intake_mail.on(sqs(word), ports) == {"batchItemFailures": []}


def ticket(ports: FakePorts, key: str, **headers: str) -> Record:
    deliver(ports, raw(f"About {key}.", message_id=f"{key}@example.org", headers=headers), f"mail/{key}")
    return list(ports.records.stored.values())[-1]


def tell(ports: FakePorts, record: Record) -> list[Message]:
    """The mails that the newest fact about a record leads to."""
    before = set(ports.mail.sent)
    assert notifications.on(sqs({"detail": desk.fact(record)}), ports) == {"batchItemFailures": []}
    return [message for effect, message in ports.mail.sent.items() if effect not in before]


def to(messages: list[Message]) -> list[str]:
    return sorted(address for message in messages for address in message.to)


def give_up(ports: FakePorts, record: Record, address: str = RITA, status: str = "5.1.1") -> None:
    deliver(ports, bounce(ports, record, address, status), f"mail/bounce-{record.id}-{address}")


def complaint(ports: FakePorts, record: Record, said: str, returned_to: str = RITA) -> bytes:
    """A feedback report on our acknowledgement."""
    ours = returned(ports, record, RITA).replace(f"To: {RITA}", f"To: {returned_to}")
    body = (
        "--B\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n--B\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n{said}\r\n--B\r\n"
        f"Content-Type: message/rfc822\r\n\r\n{ours}Subject: Hello\r\n"
        "\r\nHi\r\n--B--\r\n"
    )
    return raw(
        body,
        sender="feedback@isp.example.net",
        message_id="arf@isp.example.net",
        subject="Abuse report",
        headers={"Content-Type": 'multipart/report; report-type=feedback-report; boundary="B"'},
    )


def test_an_address_that_bounced_for_good_on_one_ticket_gets_no_mail_about_another(ports: FakePorts) -> None:
    one, two = ticket(ports, "one"), ticket(ports, "two", Cc=CARL)
    give_up(ports, one)
    kept = ports.records.addresses[RITA]
    assert (kept.reason, one.number in kept.message, kept.since) == ("bounce 5.1.1", True, ports.time)
    said = a_comment(two)
    told = desk.update(ports, two.id, lambda now: desk.commented(now, said), said)
    assert to(tell(ports, told)) == [CARL]


def test_an_address_that_bounced_on_a_ticket_that_was_merged_since_is_given_up_too(ports: FakePorts) -> None:
    one, two = ticket(ports, "one"), ticket(ports, "two")
    merged = agent("POST /records/{number}/merge", {"into": two.number}, params={"number": one.number})
    assert records.on(merged, ports)["statusCode"] == 200
    give_up(ports, one)
    assert ports.records.addresses[RITA].reason == "bounce 5.1.1"


@pytest.mark.parametrize("status", ["4.2.2", "5.2.2"])
def test_a_bounce_that_passes_suppresses_nobody(ports: FakePorts, status: str) -> None:
    give_up(ports, ticket(ports, "one"), status=status)
    assert not ports.records.addresses


def test_a_bounce_silences_nobody_we_do_not_write_to(ports: FakePorts) -> None:
    give_up(ports, ticket(ports, "one"), "boss@example.org")
    assert not ports.records.addresses


@pytest.mark.parametrize(
    ("said", "returned_to"),
    [(f"Original-Rcpt-To: <{RITA}>\r\n", "list@example.org"), (f"Removal-Recipient: {RITA}\r\n", ""), ("", RITA)],
)
def test_a_complaint_suppresses_the_address_it_came_from(ports: FakePorts, said: str, returned_to: str) -> None:
    one = ticket(ports, "one")
    deliver(ports, complaint(ports, one, said, returned_to), "mail/arf")
    assert ports.records.addresses[RITA].reason == "complaint"
    assert ports.records.get(one.id).details["delivery"] == {RITA: "complained"}
    assert len(ports.records.stored) == 1


def test_whoever_writes_again_gets_mail_again(ports: FakePorts) -> None:
    give_up(ports, ticket(ports, "one"))
    ports.time += 3_600
    later = ports.records.stored[ticket(ports, "two").id]
    again = later.event.at + 3_600
    fact = {**desk.fact(later), "at": again}
    assert notifications.on(sqs({"detail": fact}), ports) == {"batchItemFailures": []}
    assert [message.to for message in ports.mail.sent.values()] == [(RITA,)]
    assert ports.records.suppressed([RITA]) == {}


def test_a_word_by_mail_that_no_letter_follows_lifts_too(ports: FakePorts) -> None:
    one = ticket(ports, "one")
    ports.records.suppress(Suppression(address=RITA, since=ports.time - 60, reason="bounce 5.1.1"))
    address = reply_address(ports.link_secret, one.id, "desk.example.org")
    deliver(ports, raw("I am here.", to=address, message_id="r@example.org"), "mail/reply")
    assert to(tell(ports, ports.records.get(one.id))) == []
    assert ports.records.suppressed([RITA]) == {}


def test_an_answer_by_itself_does_not_take_a_complaint_back(ports: FakePorts) -> None:
    one = ticket(ports, "one")
    ports.records.suppress(Suppression(address=RITA, since=ports.time - 60, reason="complaint"))
    address = reply_address(ports.link_secret, one.id, "desk.example.org")
    away = raw("Away.", to=address, message_id="r@example.org", headers={"Auto-Submitted": "auto-replied"})
    deliver(ports, away, "mail/away")
    tell(ports, ports.records.get(one.id))
    assert ports.records.suppressed([RITA])


def test_an_old_bounce_delivered_again_suppresses_nothing_anew(ports: FakePorts) -> None:
    one = ticket(ports, "one")
    give_up(ports, one)
    assert ports.records.lift(RITA, ports.time + 60)
    give_up(ports, one)
    assert ports.records.suppressed([RITA]) == {}


def test_a_suppression_ends_by_itself(ports: FakePorts) -> None:
    one = ticket(ports, "one")
    days = ports.policies.sources.mail.suppressed_days
    ports.records.suppress(Suppression(address=RITA, since=ports.time, reason="bounce 5.1.1"))
    assert tell(ports, one) == []
    ports.time += days * 86_400
    assert to(tell(ports, one)) == [RITA]


def test_all_addresses_of_a_fact_are_one_read(ports: FakePorts) -> None:
    class Counting(FakeRecords):
        """A store that counts such reads."""

        def suppressed(self, addresses: Iterable[str]) -> Mapping[str, Suppression]:
            """One more."""
            addresses = list(addresses)
            asked.append(set(addresses))
            return FakeRecords.suppressed(self, addresses)

    asked: list[set[str]] = []
    one = ticket(ports, "one", Cc=", ".join(f"p{number}@example.org" for number in range(30)))
    said = a_comment(one)
    told = desk.update(ports, one.id, lambda now: desk.commented(now, said), said)
    ports.records = Counting(stored=ports.records.stored, journal=ports.records.journal)
    assert len(to(tell(ports, told))) == 31
    assert [len(addresses) for addresses in asked] == [31]


def test_an_operator_reads_lifts_and_suppresses(ports: FakePorts, capsys: pytest.CaptureFixture[str]) -> None:
    ports.records.suppress(Suppression(address=RITA, since=ports.time, reason="bounce 5.1.1", message="INC0000001 m@x"))
    assert address_book.run(ports.records, [], [CARL.upper()], ports.time) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [CARL, "2025-11-24", "16:00", "UTC", "operator"]
    assert address_book.run(ports.records, [RITA, "nobody@example.org"], [], ports.time) == 1
    shown = capsys.readouterr().out
    assert (RITA in shown, "nobody@example.org was not suppressed" in shown) == (False, True)
