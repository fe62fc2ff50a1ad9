"""Notifications: who is told what, once."""

from typing import Any

import pytest
from itsm.core.errors import OutsideError
from itsm.core.record import Record
from itsm.runtime import approving, desk

from functions.change_approvals.app import ask
from functions.notifications.app import handler
from tests.builders import a_comment, a_record, an_incident
from tests.fakes import FakePorts, sqs


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def tell(ports: FakePorts, record: Record) -> None:
    """Deliver the fact of a record's newest event, twice as queues do."""
    fact = desk.fact(record)
    assert handler.on(sqs({"detail": fact}, {"detail": fact}), ports) == {"batchItemFailures": []}


def test_the_requester_gets_one_acknowledgement_that_threads_and_says_it_is_automatic(ports: FakePorts) -> None:
    record = ports.records.create(an_incident(details={"message_id": "first@example.org"})).record
    tell(ports, record)
    (mail,) = ports.mail.sent.values()
    assert (mail.to, mail.in_reply_to) == (("rita@example.org",), "first@example.org")
    assert mail.headers is not None
    assert mail.headers["Auto-Submitted"] == "auto-replied"
    assert record.number in mail.subject


def test_a_public_comment_goes_to_the_requester_and_an_internal_one_to_nobody(ports: FakePorts) -> None:
    record = ports.records.create(an_incident(participants=("cc@example.org",))).record
    public = a_comment(record, "public", text="Try again.")
    saved = desk.update(ports, record.id, lambda r: desk.commented(r, public), public)
    tell(ports, saved)
    internal = a_comment(record, "internal", public=False)
    tell(ports, desk.update(ports, record.id, lambda r: desk.commented(r, internal), internal))
    assert {mail.to for mail in ports.mail.sent.values()} == {("rita@example.org",), ("cc@example.org",)}
    assert all("Try again." in mail.text for mail in ports.mail.sent.values())


def test_a_resolution_is_told(ports: FakePorts) -> None:
    record = ports.records.create(an_incident()).record
    tell(ports, ports.records.save(record.changed("StateChanged", by="a", origin="records", at=1, state="resolved")))
    assert len(ports.mail.sent) == 1


@pytest.mark.parametrize("requester", ["cloudwatch", "no-reply@example.org", "desk@desk.example.org"])
def test_nobody_writes_to_machines_or_to_ourselves(ports: FakePorts, requester: str) -> None:
    tell(ports, ports.records.create(an_incident(requester=requester)).record)
    assert not ports.mail.sent


def test_a_resolution_told_again_after_more_was_said_is_the_same_mail(ports: FakePorts) -> None:
    record = ports.records.create(an_incident()).record
    done = ports.records.save(record.changed("StateChanged", by="a", origin="records", at=1, state="resolved"))
    tell(ports, done)
    note = a_comment(done, "note", public=False)
    desk.update(ports, record.id, lambda r: desk.commented(r, note), note)
    tell(ports, done)
    assert len(ports.mail.sent) == 1


def test_one_address_that_is_refused_keeps_no_mail_from_the_others(ports: FakePorts) -> None:
    from itsm.core.ports import Message

    refused: list[Message] = []

    class Picky:
        """Mail that takes nothing for the first address it sees."""

        def send(self, message: Message) -> None:
            if not refused or refused[0].to == message.to:
                refused.append(message)
                raise OutsideError("no such address")
            sent.append(message)

    sent: list[Message] = []
    ports.mail = Picky()  # type: ignore[assignment]  # another fake of the same port
    details = {"type": "normal", "planned_start": ports.now() + 259_200, "planned_end": ports.now() + 262_800}
    record = ports.records.create(
        a_record("chg", "change", state="assessing", impact=1, service="website", details=details)
    ).record
    arguments = {"wait": "approval", "until": ["scheduled"]}
    ask.on({"step": "ask", "record": record.id, "token": "t", "arguments": arguments}, ports)
    asked = ports.records.get(record.id)
    answer = handler.on(sqs({"detail": desk.fact(asked)}), ports)
    assert len(approving.asked_people(asked)) > 1
    assert len(sent) == len(approving.asked_people(asked)) - 1
    assert len(answer["batchItemFailures"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"event_type": "Approved", "state": "scheduled"}, "was approved"),
        ({"event_type": "Refused", "state": "rejected"}, "was not approved"),
        (
            {"event_type": "StateChanged", "state": "new", "details": {"blocked": "a freeze until 2 January"}},
            "a freeze",
        ),
    ],
)
def test_who_asked_for_a_change_is_told_how_it_was_decided_or_why_it_waits(
    ports: FakePorts, change: dict[str, Any], words: str
) -> None:
    record = ports.records.create(a_record("chg", "change", state="awaiting_approval")).record
    tell(ports, ports.records.save(record.changed(by="ada", origin="approval", at=1, **change)))
    (mail,) = ports.mail.sent.values()
    assert words in mail.text


def test_a_change_put_back_again_for_the_same_reason_is_told_again(ports: FakePorts) -> None:
    details = {"blocked": "its planned window has not begun", "blocked_at": 1}
    record = ports.records.create(a_record("chg", "change", state="implementing", details=details)).record
    for at in (2, 3):
        record = record.changed(
            "StateChanged",
            by="system",
            origin="process",
            at=at,
            state="scheduled",
            details={**details, "blocked_at": at},
        )
        record = ports.records.save(record)
        tell(ports, record)
        tell(ports, record)
    assert ["has not begun" in mail.text for mail in ports.mail.sent.values()] == [True, True]
