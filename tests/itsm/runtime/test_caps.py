"""Caps: a mail is counted once, however often it is delivered, and has one outcome."""

from dataclasses import replace

from itsm.runtime.caps import capped
from itsm.service_desk.decide import CREATE, HOLD, Outcome
from itsm.service_desk.opening import hold
from itsm.service_desk.sources import email
from itsm.service_desk.submission import FAILED, Submission

from tests.fakes import FakePorts
from tests.support.mail import raw

NEW = Outcome(kind=CREATE, reason="a new matter")


def a_mail(ports: FakePorts, key: str) -> Submission:
    """A mail that says what all the others say."""
    from itsm.runtime.intake import own

    return email.parse(
        raw("Again.", message_id=f"{key}@example.org"), received_at=ports.now(), own=own(ports), blob=key
    )


def test_the_same_mail_delivered_without_end_is_no_loop() -> None:
    ports = FakePorts()
    mail = a_mail(ports, "one")
    assert {capped(NEW, mail, ports).kind for _ in range(50)} == {CREATE}


def test_the_same_words_again_and_again_are_held_and_stay_held_when_delivered_again() -> None:
    ports = FakePorts()
    mails = [a_mail(ports, str(at)) for at in range(50)]
    outcomes = [capped(NEW, mail, ports) for mail in mails]
    assert outcomes[0].kind == CREATE
    assert outcomes[-1].kind == HOLD
    ports.records.create(hold(mails[-1], outcomes[-1].reason))
    assert replace(capped(NEW, mails[-1], ports), related="") == replace(outcomes[-1], related="")


def test_mail_that_fails_uses_up_nothing_of_whom_it_names() -> None:
    ports = FakePorts()
    forged = [replace(a_mail(ports, str(at)), trust=FAILED) for at in range(80)]
    assert [capped(NEW, mail, ports).kind for mail in forged][-1] == HOLD
    assert capped(NEW, a_mail(ports, "own"), ports).kind == CREATE
