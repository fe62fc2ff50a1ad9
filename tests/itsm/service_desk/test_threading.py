"""Threading: a mail finds its ticket by what only we can have made, and a stranger never joins one."""

from dataclasses import replace

import pytest
from itsm.core.record import derived_id
from itsm.service_desk.submission import FAILED, REFUSED, UNKNOWN, Classification
from itsm.service_desk.threading import (
    OPENING_MAIL,
    OWN_MESSAGE_ID,
    REPLY_ADDRESS,
    SUBJECT,
    Candidate,
    candidates,
    may_join,
    own_message_id,
    reply_address,
)

from tests.builders import an_incident
from tests.itsm.service_desk.mails import a_submission

SECRET, OLD, DOMAIN = b"now", b"before", "desk.example.org"
TICKET = an_incident()
STRANGER = "mallory@example.net"


def found(**overrides: object) -> list[tuple[str, str]]:
    pointers = candidates(a_submission(**overrides), (SECRET, OLD), DOMAIN)
    return [(one.how, one.record or one.number) for one in pointers]


def test_the_signed_reply_address_comes_before_everything_else() -> None:
    ours = own_message_id(SECRET, "b" * 16, 1, "ack", DOMAIN)
    to = (reply_address(SECRET, TICKET.id, DOMAIN),)
    pointers = found(recipients=to, references=(ours, "x@example.org"), subject="Re: [INC0000051] x")
    assert pointers == [
        (REPLY_ADDRESS, TICKET.id),
        (OWN_MESSAGE_ID, "b" * 16),
        (OPENING_MAIL, derived_id("mail", ours)),
        (OPENING_MAIL, derived_id("mail", "x@example.org")),
        (SUBJECT, "INC0000051"),
    ]


def test_our_message_id_is_found_anywhere_in_the_references() -> None:
    ours = own_message_id(SECRET, TICKET.id, 3, "comment-x", DOMAIN)
    assert (OWN_MESSAGE_ID, TICKET.id) in found(references=("a@x.example", "b@x.example", ours, "c@x.example"))


def test_a_secret_that_was_replaced_still_opens_what_it_signed() -> None:
    assert found(recipients=(reply_address(OLD, TICKET.id, DOMAIN),)) == [(REPLY_ADDRESS, TICKET.id)]


@pytest.mark.parametrize("made_with", [b"another secret", b""])
def test_a_reply_address_somebody_made_up_points_nowhere(made_with: bytes) -> None:
    assert found(recipients=(reply_address(made_with, TICKET.id, DOMAIN),)) == []


def test_a_mail_client_that_changes_the_case_of_the_address_does_no_harm() -> None:
    assert found(recipients=(reply_address(SECRET, TICKET.id, DOMAIN).upper(),)) == [(REPLY_ADDRESS, TICKET.id)]


def test_an_empty_or_foreign_reference_points_at_no_ticket_of_ours() -> None:
    assert found(references=()) == []
    assert all(how == OPENING_MAIL for how, _ in found(references=(f"{TICKET.id}.1.ack.{'a' * 26}@{DOMAIN}",)))


def test_a_stranger_makes_us_look_up_only_a_few_tickets() -> None:
    many = tuple(f"{n}@example.net" for n in range(500))
    assert len(found(references=many, subject=" ".join(f"INC{n:07d}" for n in range(90)))) <= 13


@pytest.mark.parametrize("how", [OWN_MESSAGE_ID, OPENING_MAIL, SUBJECT])
def test_only_who_takes_part_may_join_by_what_anybody_can_write(how: str) -> None:
    candidate = Candidate(how=how, record=TICKET.id)
    assert may_join(candidate, a_submission(), TICKET)
    assert may_join(
        candidate, a_submission(sender="copy@example.org"), replace(TICKET, participants=("copy@example.org",))
    )
    assert not may_join(candidate, a_submission(sender=STRANGER), TICKET)
    assert not may_join(candidate, a_submission(sender=""), replace(TICKET, assignee=""))


def test_who_holds_the_signed_reply_address_may_join() -> None:
    candidate = Candidate(how=REPLY_ADDRESS, record=TICKET.id, needs_participant=False)
    assert may_join(candidate, a_submission(sender=STRANGER), TICKET)


@pytest.mark.parametrize("trust", [REFUSED, FAILED])
def test_a_mail_that_fails_dmarc_joins_nothing_whatever_its_domain_asks_for(trust: int) -> None:
    candidate = Candidate(how=REPLY_ADDRESS, record=TICKET.id, needs_participant=False)
    assert not may_join(candidate, a_submission(trust=trust), TICKET)
    assert not may_join(Candidate(how=SUBJECT, number="INC0000001"), a_submission(trust=trust), TICKET)


@pytest.mark.parametrize(("trust", "joins"), [(REFUSED, False), (FAILED, True), (UNKNOWN, True)])
def test_a_bounce_nobody_signed_is_still_known_by_our_message_id(trust: int, joins: bool) -> None:
    bounce = a_submission(sender="mailer-daemon@example.org", auto=Classification(kind="bounce"), trust=trust)
    assert may_join(Candidate(how=OWN_MESSAGE_ID, record=TICKET.id), bounce, TICKET) == joins


def test_a_bounce_finds_its_ticket_by_our_message_id() -> None:
    bounce = a_submission(sender="mailer-daemon@example.org", auto=Classification(kind="bounce"))
    assert may_join(Candidate(how=OWN_MESSAGE_ID, record=TICKET.id), bounce, TICKET)
    assert not may_join(Candidate(how=SUBJECT, number="INC0000001"), bounce, TICKET)


def test_a_stranger_does_not_join_by_calling_his_mail_a_mailing_list() -> None:
    posted = a_submission(sender=STRANGER, auto=Classification(kind="list"))
    assert not may_join(Candidate(how=OWN_MESSAGE_ID, record=TICKET.id), posted, TICKET)
