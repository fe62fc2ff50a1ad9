"""What a request's process does to it."""

from dataclasses import replace
from typing import Any

import pytest
from itsm.core.practice import StepContext
from itsm.core.record import Record
from itsm.practices.request import PRACTICE
from itsm.practices.request.policy import RequestPolicy, problems
from itsm.practices.request.rules import APPROVAL
from itsm.runtime.desk import legal_moves

from tests.builders import NOON, a_record
from tests.support.organisation import ADA, CLEO, a_request_policy, an_approval_rule
from tests.support.organisation import approvals as a_table

CLASSIFY = PRACTICE.steps["classify"]


def a_request(**facts: Any) -> Record:
    return a_record(practice="request", **facts)


def classified(record: Record, policy: RequestPolicy | None = None) -> Record:
    return CLASSIFY(record, StepContext(now=NOON, policy=policy or a_request_policy()))


def approved() -> Record:
    asked = APPROVAL.ask(classified(a_request()), a_request_policy(), NOON)
    return APPROVAL.vote(asked, CLEO, "accept", "fine", NOON + 1)


@pytest.mark.parametrize(("service", "needed"), [("email", True), ("website", False)])
def test_the_table_says_whether_somebody_must_agree(service: str, needed: bool) -> None:
    record = classified(a_request(service=service))
    assert record.details["approval_needed"] is needed
    assert record.details["approval_seconds"] == (72 * 3600 if needed else 0)


def test_a_request_gets_its_priority_once() -> None:
    once = classified(a_request(impact=1, urgency=1))
    assert once.priority == 1
    assert classified(once) is once


@pytest.mark.parametrize("state", ["in_progress", "on_hold"])
def test_a_request_begun_without_its_approval_goes_back_to_its_start(state: str) -> None:
    assert classified(a_request(state=state)).state == "new"
    assert classified(a_request(state=state, service="website")).state == state


def test_an_approved_request_needs_no_other_approval() -> None:
    record = approved()
    assert record.state == "in_progress"
    assert classified(record).details["approval_needed"] is False


WORK = {"in_progress", "on_hold", "fulfilled"}


def test_a_request_nobody_must_agree_to_is_worked_by_hand_once_that_is_known() -> None:
    needless = a_request(service="website")
    assert not WORK & set(legal_moves(needless))
    assert set(legal_moves(classified(needless))) >= WORK


def test_no_hand_takes_a_request_past_its_approval() -> None:
    asked = APPROVAL.ask(classified(a_request()), a_request_policy(), NOON)
    edited = replace(approved(), title="Something far bigger")
    for record in (classified(a_request()), asked, APPROVAL.void(edited, NOON + 2)):
        assert not {*WORK, "rejected"} & set(legal_moves(record))


def test_a_request_that_needs_no_approval_any_more_is_worked_by_hand() -> None:
    voided = APPROVAL.void(replace(approved(), service="website"), NOON + 2)
    assert set(legal_moves(classified(voided))) >= WORK


@pytest.mark.parametrize("state", ["closed", "rejected", "cancelled"])
def test_what_is_over_is_left_alone(state: str) -> None:
    record = a_request(state=state)
    assert classified(record) is record


def test_a_request_without_a_rule_is_in_progress_as_soon_as_it_is_asked_about() -> None:
    assert APPROVAL.ask(a_request(service="website"), a_request_policy(), NOON).state == "in_progress"


def test_a_request_is_not_approved_afterwards() -> None:
    policy = a_request_policy(approval=a_table(an_approval_rule(ADA, after=True)))
    assert [key for key, _ in problems(policy)] == ["approval.rules.0.after"]
    assert [key for key, _ in problems(a_request_policy(close_after="soon"))] == ["close_after"]
    assert problems(a_request_policy()) == []
