"""Decide: every mail comes to exactly one outcome, and the same mail again to the same one."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from itsm.core.lifecycle import Lifecycle
from itsm.core.record import Record
from itsm.service_desk import filters
from itsm.service_desk.decide import APPEND, CREATE, DROP, HOLD, REOPEN, Known, Outcome, decide
from itsm.service_desk.policy import MailSource
from itsm.service_desk.submission import REFUSED, Classification, Submission
from itsm.service_desk.threading import OPENING_MAIL, REPLY_ADDRESS, SUBJECT, Candidate

from tests.builders import NOON, an_incident
from tests.itsm.service_desk.mails import a_submission

DAY = 86_400
POLICY = MailSource(addresses=("support",))
LIFE = Lifecycle(
    initial="new",
    moves={
        "new": frozenset({"in_progress"}),
        "in_progress": frozenset({"resolved"}),
        "resolved": frozenset({"closed", "in_progress"}),
        "closed": frozenset(),
    },
    met=frozenset({"resolved", "closed"}),
    revived=frozenset({"closed"}),
)
TICKET = replace(an_incident("other"), number="INC0000007")
HERE = Candidate(how=REPLY_ADDRESS, record=TICKET.id, needs_participant=False)
NAMED = Candidate(how=SUBJECT, number=TICKET.number)


def outcome(
    mail: Submission,
    pointers: Iterable[Candidate] = (),
    *records: Record,
    entries: bool = False,
    policy: MailSource = POLICY,
    later: int = 60,
) -> Outcome:
    stored = {name: record for record in records for name in (record.id, record.number)}
    known = Known(record=stored.get, has_entry=lambda record, entry: entries, lifecycle=lambda practice: LIFE)
    return decide(mail, tuple(pointers), known, policy, NOON + later)


def automatic(kind: str) -> Submission:
    return a_submission(auto=Classification(kind=kind, reason="says so"))


def test_a_new_matter_opens_a_ticket() -> None:
    assert outcome(a_submission()) == Outcome(kind=CREATE, key="first@mail.example.org", reason="a new matter")


def test_a_reply_is_added_to_its_ticket() -> None:
    found = outcome(a_submission(), [HERE], TICKET)
    assert (found.kind, found.record) == (APPEND, TICKET)


def test_a_reply_to_a_resolved_ticket_reopens_it() -> None:
    assert outcome(a_submission(), [HERE], replace(TICKET, state="resolved")).kind == REOPEN


def test_a_reply_long_after_is_a_new_ticket_that_names_the_old_one() -> None:
    found = outcome(a_submission(), [HERE], replace(TICKET, state="resolved"), later=15 * DAY)
    assert (found.kind, found.related) == (CREATE, "INC0000007")


def test_a_reply_to_a_closed_ticket_reopens_it_in_time_and_is_a_new_one_that_names_it_later() -> None:
    assert outcome(a_submission(), [HERE], replace(TICKET, state="closed")).kind == REOPEN
    found = outcome(a_submission(), [HERE], replace(TICKET, state="closed"), later=15 * DAY)
    assert (found.kind, found.related) == (CREATE, "INC0000007")


def test_a_reply_delivered_again_after_its_ticket_was_closed_stays_one_entry() -> None:
    assert outcome(a_submission(), [HERE], replace(TICKET, state="closed"), entries=True).kind == APPEND


def test_a_stranger_who_names_a_ticket_gets_a_new_one_marked_as_maybe_related() -> None:
    found = outcome(a_submission(sender="mallory@example.net"), [NAMED], TICKET)
    assert (found.kind, found.related, found.record) == (CREATE, "INC0000007", None)


def test_the_surest_pointer_the_sender_may_follow_wins() -> None:
    other = replace(an_incident("third"), number="INC0000008", requester="someone@example.org")
    not_mine = Candidate(how=OPENING_MAIL, record=other.id)
    assert outcome(a_submission(), [not_mine, NAMED], other, TICKET).record == TICKET


def test_the_same_mail_again_is_the_same_ticket() -> None:
    mail = a_submission()
    mine = replace(TICKET, id=mail.record_id, digest=mail.digest)
    found = outcome(mail, [HERE], mine, TICKET)
    assert (found.kind, found.record, found.key) == (CREATE, mine, mail.key)


def test_other_words_under_a_known_message_id_are_a_ticket_of_their_own() -> None:
    mail = a_submission()
    found = outcome(mail, [], replace(TICKET, id=mail.record_id, digest="other"))
    assert found.kind == CREATE
    assert found.key.startswith("first@mail.example.org#")
    assert found.key == outcome(mail, [], replace(TICKET, id=mail.record_id, digest="other")).key


@pytest.mark.parametrize(
    "kind", [filters.BOUNCE, filters.DELAYED, filters.AUTO_REPLY, filters.FEEDBACK, filters.RECEIPT]
)
@pytest.mark.parametrize("state", ["new", "resolved", "closed"])
def test_a_machines_mail_leaves_a_record_and_nothing_else(kind: str, state: str) -> None:
    assert outcome(automatic(kind)).kind == HOLD
    found = outcome(automatic(kind), [HERE], replace(TICKET, state=state))
    assert (found.kind, found.record.id if found.record else "") == (DROP, TICKET.id)


def test_our_own_mail_come_back_is_held() -> None:
    assert outcome(automatic(filters.OWN), [HERE], TICKET).kind == HOLD


def test_list_mail_is_held_unless_the_policy_wants_tickets() -> None:
    assert outcome(automatic(filters.LIST)).kind == HOLD
    assert outcome(automatic(filters.LIST), policy=replace(POLICY, lists="ticket")).kind == CREATE
    assert outcome(automatic(filters.LIST), [HERE], TICKET).kind == APPEND


@pytest.mark.parametrize("state", ["resolved", "closed"])
def test_list_mail_takes_up_no_ticket_whose_work_is_done(state: str) -> None:
    done, mail = replace(TICKET, state=state), automatic(filters.LIST)
    held, opened = (outcome(mail, [HERE], done, policy=replace(POLICY, lists=lists)) for lists in ("hold", "ticket"))
    assert (held.kind, held.related, opened.kind, opened.related) == (HOLD, TICKET.number, CREATE, TICKET.number)
    assert outcome(mail, [HERE], done, entries=True).kind == APPEND


def test_a_mail_its_domain_rejects_is_held_whatever_it_points_at() -> None:
    assert outcome(a_submission(trust=REFUSED)).kind == HOLD
    assert outcome(a_submission(trust=REFUSED), [HERE, NAMED], TICKET).kind == HOLD


def test_a_held_submission_is_no_ticket_to_join() -> None:
    assert outcome(a_submission(), [HERE], replace(TICKET, practice="submission")).kind == CREATE


@pytest.mark.parametrize(("days", "kind"), [(None, REOPEN), (2, CREATE), (30, REOPEN), (0, CREATE)])
def test_how_long_a_reply_reopens_is_the_groups_to_say(days: int | None, kind: str) -> None:
    record = replace(an_incident(), number="INC0000001", state="resolved")
    known = Known(
        record=lambda name: record if name == record.id else None,
        has_entry=lambda record, entry: False,
        lifecycle=lambda name: LIFE,
        reopen_days=lambda group: days,
    )
    pointer = Candidate(how=REPLY_ADDRESS, record=record.id, needs_participant=False)
    mail = a_submission(key="second@example.org")
    policy = MailSource(addresses=("support",), reopen_days=5)
    assert decide(mail, [pointer], known, policy, record.updated_at + 3 * 86_400).kind == kind
