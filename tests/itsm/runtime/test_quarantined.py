"""Quarantined: what is held is listed, and let through by number, reason, day or all, once, with a name to it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from itsm.core.record import Record
from itsm.runtime import quarantined
from itsm.runtime.quarantined import Choice
from itsm.service_desk.verdicts import VIRUS

from functions.intake_mail.app import handler as intake_mail
from functions.record_changes.app import handler as record_changes
from tests.fakes import FakePorts, sqs
from tests.support.alarms import BEARER, group, post, windows
from tests.support.mail import notification, raw, stored
from tests.support.stream import change

ADA = "ada@example.org"


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def mail(ports: FakePorts, number: int, **verdicts: Any) -> Record:
    """A mail, and the record it became."""
    stored(ports, f"mail/{number}", raw(f"Matter {number}.", message_id=f"m{number}@example.org"))
    word = notification(f"mail/{number}", **verdicts)
    word["mail"]["timestamp"] = datetime.fromtimestamp(ports.time, UTC).isoformat()
    intake_mail.on(sqs(word), ports)
    return list(ports.records.stored.values())[-1]


def follow(ports: FakePorts) -> None:
    """What was released is told on the bus and read by the mail door, twice."""
    told = len(ports.bus.facts)
    for record in ports.stream():
        record_changes.on({"Records": [change(record)]}, ports)
    words = [
        {"detail-type": fact["type"], "detail": fact}
        for fact in ports.bus.facts[told:]
        if fact["type"] == "SubmissionReleased"
    ]
    assert intake_mail.on(sqs(*words, *words), ports) == {"batchItemFailures": []}


def release(ports: FakePorts, choice: Choice | None = None) -> int:
    done = sum(quarantined.release(record, ADA, ports) for record in list(quarantined.waiting(ports, choice)))
    follow(ports)
    return done


def tickets(ports: FakePorts) -> list[Record]:
    return [record for record in ports.records.stored.values() if record.practice == "incident"]


def test_what_waits_is_listed_among_hundreds_of_tickets(ports: FakePorts) -> None:
    for number in range(230):
        mail(ports, number, **({"spam": "FAIL"} if number % 100 == 7 else {}))
        ports.time += 600
    listed = list(quarantined.waiting(ports))
    assert [quarantined.reason_of(record) for record in listed] == ["it is taken for spam"] * 3
    assert [record.opened_at for record in listed] == sorted(record.opened_at for record in listed)


def test_all_of_a_reason_or_period_are_released_and_the_rest_waits(ports: FakePorts) -> None:
    first = mail(ports, 1, spam="FAIL")
    ports.time += 86_400
    mail(ports, 2, spam="FAIL")
    mail(ports, 3, dmarc="FAIL", dmarc_policy="reject")
    assert release(ports, Choice(reason="SPAM", until=first.opened_at + 1)) == 1
    assert release(ports, Choice(reason="spam", since=first.opened_at + 1)) == 1
    assert [record.state for record in quarantined.waiting(ports)] == ["held"]
    assert len(tickets(ports)) == 2


def test_a_release_is_once_and_its_event_says_who_and_when(ports: FakePorts) -> None:
    held = mail(ports, 1, spam="FAIL")
    (listed,) = quarantined.waiting(ports, Choice(numbers=(held.number,)))
    ports.time += 5
    assert [quarantined.release(listed, ADA, ports) for _ in range(2)] == [True, False]
    follow(ports)
    assert len(tickets(ports)) == 1
    (event,) = [event for event in ports.records.trail[held.id] if event.type == "SubmissionReleased"]
    assert (event.by, event.at, event.origin) == (ADA, ports.time, "redrive")
    assert release(ports) == 0


def test_a_virus_is_held_again_with_the_reason_whoever_releases_it(ports: FakePorts) -> None:
    held = mail(ports, 1, virus="FAIL")
    assert release(ports) == 1
    assert (ports.records.get(held.id).state, tickets(ports)) == ("held", [])
    assert VIRUS in ports.records.comments(held.id)[-1].text


def test_a_mail_of_our_own_that_came_back_is_held_again(ports: FakePorts) -> None:
    stored(ports, "mail/1", raw(sender="desk@desk.example.org"))
    intake_mail.on(sqs(notification("mail/1")), ports)
    (held,) = ports.records.stored.values()
    assert release(ports) == 1
    assert (ports.records.get(held.id).state, tickets(ports)) == ("held", [])


def test_a_webhook_nobody_could_read_is_held_and_read_again_by_the_mended_policy(ports: FakePorts) -> None:
    body = {
        **group("Disk"),
        "commonAnnotations": {},
        "commonLabels": {},
        "groupLabels": {},
        "alerts": [{"startsAt": "x"}],
    }
    assert [post(ports, body)[0] for _ in range(3)] == [422, 422, 422]
    (held,) = quarantined.waiting(ports)
    assert "subject" in quarantined.reason_of(held)
    assert BEARER.encode() not in ports.blobs.get(str(held.details["raw"]))
    release(ports)
    assert ports.records.get(held.id).state == "held"
    ports.policies = windows()
    alerts = ports.policies.sources.webhook["alertmanager"]
    alerts.defaults["subject"] = "An alert"  # type: ignore[index]  # a policy somebody mended
    assert release(ports) == 1
    assert [ticket.title for ticket in tickets(ports)] == ["An alert"]


def test_what_anybody_could_have_sent_is_not_kept(ports: FakePorts) -> None:
    assert post(ports, {"no": "alert"}, authorization="Bearer wrong")[0] == 401
    assert not ports.records.stored


def test_suppressed_alarms_are_listed_and_released_by_state(ports: FakePorts) -> None:
    ports.policies = windows((15, 17))
    mail(ports, 1, spam="FAIL")
    for number in range(3):
        post(ports, group(f"Disk {number}"))
    assert len(list(quarantined.waiting(ports))) == 4
    assert release(ports, Choice(state="suppressed")) == 3
    assert len(tickets(ports)) == 3
    assert [record.state for record in quarantined.waiting(ports)] == ["held"]
