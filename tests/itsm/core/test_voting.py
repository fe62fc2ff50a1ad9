"""Asking, voting, lapsing, voiding: from record to record."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsm.core import voting
from itsm.core.approvals import ApprovalRule, pending
from itsm.core.errors import ForbiddenError, GoneError, IllegalMoveError, InvalidInputError, UnauthenticatedError
from itsm.core.record import Record
from itsm.core.voting import Terms

from tests.builders import NOON, a_record
from tests.support.organisation import ADA, BOB, CLEO, RITA, an_approval_rule, approvals

HOUR = 3600
TERMS = Terms(
    content=("plan",),
    asking=frozenset({"assessing", "in_review"}),
    waiting="awaiting_approval",
    accepted="scheduled",
    refused="rejected",
    voided="assessing",
)
ONE_OF_TWO = an_approval_rule(ADA, BOB, count=1, hours=24)
BOTH = an_approval_rule(ADA, BOB, hours=24)
IN_STEPS = replace(
    BOTH, steps=(an_approval_rule(ADA, CLEO, count=1, hours=24).steps[0], an_approval_rule(ADA, hours=24).steps[0])
)


def asked(rule: ApprovalRule = ONE_OF_TWO, at: int = NOON, **facts: Any) -> Record:
    record = a_record(practice="change", **({"state": "assessing", "details": {"plan": "carefully"}} | facts))
    return voting.ask(record, rule, approvals(), TERMS, at)


def vote(record: Record, voter: str, decision: str = "accept", at: int = NOON + 60, link: int = 0) -> Record:
    return voting.vote(record, TERMS, voter, decision, "", at, link=link)


def edited(record: Record) -> Record:
    return record.changed(
        "FieldsChanged", by="x", origin="records", at=NOON + 90, details={**record.details, "plan": "fast"}
    )


def test_asking_makes_the_record_wait_and_says_whom_and_until_when() -> None:
    record = asked()
    approval = pending(record)
    assert (record.state, record.event.type) == ("awaiting_approval", "ApprovalRequested")
    assert (approval["asked"], approval["expires"], approval["decision"]) == ([ADA, BOB], NOON + 24 * HOUR, "")


def test_asking_again_about_the_same_changes_nothing() -> None:
    record = asked()
    assert voting.ask(record, ONE_OF_TWO, approvals(), TERMS, NOON + 99) is record
    decided = vote(record, ADA)
    assert voting.ask(decided, ONE_OF_TWO, approvals(), TERMS, NOON + 99) is decided


def test_what_was_accepted_and_is_still_the_same_goes_on_without_asking() -> None:
    back = replace(vote(asked(), ADA), state="assessing")
    again = voting.ask(back, ONE_OF_TWO, approvals(), TERMS, NOON + 99)
    assert (again.state, again.event.type) == ("scheduled", "Approved")


def test_nothing_can_be_asked_about_a_record_that_is_over() -> None:
    with pytest.raises(IllegalMoveError):
        asked(state="cancelled")


def test_a_rule_without_steps_is_approved_in_advance() -> None:
    assert asked(ApprovalRule(when={})).state == "scheduled"


def test_the_vote_that_makes_it_certain_decides() -> None:
    record = vote(asked(BOTH), ADA)
    assert (record.state, record.event.type, record.event.by) == ("awaiting_approval", "VoteCast", ADA)
    record = vote(record, BOB)
    assert (record.state, record.event.type, pending(record)["decision"]) == ("scheduled", "Approved", "accepted")
    assert vote(asked(BOTH), BOB, "refuse").state == "rejected"


def test_the_same_vote_again_changes_nothing_even_after_the_decision() -> None:
    waiting, decided = vote(asked(BOTH), ADA), vote(asked(), ADA)
    assert vote(waiting, ADA) is waiting
    assert vote(decided, ADA) is decided
    assert vote(decided, ADA.upper()) is decided


def test_a_second_different_vote_is_gone() -> None:
    for record in (vote(asked(BOTH), ADA), vote(asked(), ADA)):
        with pytest.raises(GoneError, match="already chose to accept"):
            vote(record, ADA, "refuse")


def test_somebody_not_asked_may_not_vote() -> None:
    with pytest.raises(ForbiddenError, match="was not asked"):
        vote(asked(), CLEO)


def test_nobody_approves_what_they_ask_for() -> None:
    record = asked()
    approval = {**pending(record), "asked": [RITA, ADA]}
    tampered = replace(record, details={**record.details, "approval": approval})
    with pytest.raises(ForbiddenError, match="cannot approve it"):
        vote(tampered, RITA)


def test_a_vote_after_the_time_to_answer_is_gone() -> None:
    assert vote(asked(), ADA, at=NOON + 24 * HOUR - 1).state == "scheduled"
    with pytest.raises(GoneError, match="run out"):
        vote(asked(), ADA, at=NOON + 24 * HOUR)


def test_a_vote_about_what_was_edited_since_is_gone() -> None:
    with pytest.raises(GoneError, match="was changed"):
        vote(edited(asked()), ADA)


def test_a_vote_after_the_decision_of_others_is_gone() -> None:
    with pytest.raises(GoneError, match="accepted"):
        vote(vote(asked(), ADA), BOB)


def test_a_vote_on_a_record_nobody_asked_about_is_gone() -> None:
    with pytest.raises(GoneError):
        vote(a_record(practice="change"), ADA)


def test_a_decision_that_is_none_and_a_note_too_long_are_invalid() -> None:
    with pytest.raises(InvalidInputError, match="decision"):
        vote(asked(), ADA, "perhaps")
    with pytest.raises(InvalidInputError, match="note"):
        voting.vote(asked(), TERMS, ADA, "accept", "x" * 2001, NOON)


def test_steps_are_asked_one_after_the_other() -> None:
    second = vote(asked(IN_STEPS), CLEO)
    assert (second.state, second.event.type) == ("awaiting_approval", "ApprovalRequested")
    assert (pending(second)["asked"], pending(second)["step"]) == ([ADA], 1)
    assert vote(second, ADA).state == "scheduled"


def test_a_link_of_an_earlier_step_cannot_vote_in_a_later_one() -> None:
    first = asked(IN_STEPS)
    link = pending(first)["expires"]
    second = vote(first, ADA, link=link)
    assert pending(second)["asked"] == [ADA]
    assert vote(second, ADA, link=link) is second
    assert vote(second, ADA, link=pending(second)["expires"]).state == "scheduled"


def test_steps_never_expire_in_the_same_second() -> None:
    first = asked(IN_STEPS)
    second = vote(first, ADA, at=NOON)
    assert pending(second)["expires"] != pending(first)["expires"]


def test_a_link_of_a_step_others_decided_is_gone() -> None:
    first = asked(IN_STEPS)
    with pytest.raises(GoneError, match="the others decided"):
        vote(vote(first, ADA), CLEO, link=pending(first)["expires"])


def test_an_edit_voids_what_was_asked_and_what_was_given() -> None:
    for record in (asked(), vote(asked(), ADA)):
        void = voting.void(edited(record), TERMS, NOON + 99)
        assert (void.state, void.event.type, pending(void)["decision"]) == ("assessing", "ApprovalVoided", "voided")
        assert voting.void(void, TERMS, NOON + 99) is void
        again = voting.ask(void, ONE_OF_TWO, approvals(), TERMS, NOON + 99)
        assert (again.state, pending(again)["votes"]) == ("awaiting_approval", {})


def test_an_edit_of_something_else_voids_nothing() -> None:
    record = asked().changed("FieldsChanged", by="x", origin="records", at=NOON, assignee="bob")
    assert voting.void(record, TERMS, NOON) is record


def test_only_an_acceptance_of_the_very_content_covers_it() -> None:
    assert voting.covered(vote(asked(), ADA), TERMS)
    assert not voting.covered(edited(vote(asked(), ADA)), TERMS)
    assert not voting.covered(asked(), TERMS)
    assert not voting.covered(vote(asked(BOTH), ADA, "refuse"), TERMS)


def test_an_approval_nobody_decided_lapses_once() -> None:
    lapsed = voting.lapse(asked(), TERMS, NOON + 99)
    assert (lapsed.state, lapsed.event.type, pending(lapsed)["decision"]) == ("rejected", "Refused", "lapsed")
    assert voting.lapse(lapsed, TERMS, NOON + 99) is lapsed
    decided = vote(asked(), ADA)
    assert voting.lapse(decided, TERMS, NOON + 99) is decided


def test_a_link_opens_for_the_person_it_was_made_for() -> None:
    record = asked()
    opened = voting.open_link(record, voting.link_payload(record, BOB))
    assert (opened.voter, opened.link) == (BOB, pending(record)["expires"])
    assert all(part.isalnum() and part.islower() for part in voting.link_payload(record, BOB).split("."))


def test_a_link_from_before_an_edit_is_gone() -> None:
    record = asked()
    link = voting.link_payload(record, BOB)
    again = voting.ask(voting.void(edited(record), TERMS, NOON + 1), ONE_OF_TWO, approvals(), TERMS, NOON + 2)
    with pytest.raises(GoneError, match="was changed"):
        voting.open_link(again, link)


def test_a_link_of_somebody_not_asked_or_to_something_else_opens_nothing() -> None:
    record = asked()
    with pytest.raises(GoneError, match="no longer asked"):
        voting.open_link(record, voting.link_payload(record, CLEO))
    for payload in (record.id, f"other.{voting.link_payload(record, BOB).partition('.')[2]}"):
        with pytest.raises(UnauthenticatedError):
            voting.open_link(record, payload)


@given(
    ballots=st.lists(
        st.tuples(st.sampled_from([ADA, BOB, CLEO, RITA]), st.sampled_from(["accept", "refuse"])), max_size=8
    )
)
def test_no_order_of_votes_gets_past_the_quorum_or_changes_a_decision(ballots: list[tuple[str, str]]) -> None:
    record, counted, decided = asked(an_approval_rule(ADA, BOB, CLEO, count=2)), {}, ""
    for voter, decision in ballots:
        try:
            after = vote(record, voter, decision)
        except (ForbiddenError, GoneError):
            continue
        if after is not record:
            assert not decided, "nothing changes after the decision"
            counted[voter] = decision
        record, decided = after, pending(after)["decision"]
    accepted = list(counted.values()).count("accept")
    refused = len(counted) - accepted
    assert RITA not in counted
    assert decided == ("accepted" if accepted >= 2 else "refused" if refused >= 2 else "")
