"""The change processes: normal, standard and emergency, on virtual time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from itsm.core.errors import IllegalMoveError
from itsm.core.practice import StepContext
from itsm.practices.change.policy import ChangePolicy, Freeze
from itsm.runtime.desk import legal_moves, moved

from tests.builders import NOON, a_record
from tests.statemachines.desk import Desk
from tests.support.organisation import ADA, BOB, a_change_policy, an_approval_rule, approvals

HOUR, DAY = 3600, 86_400


def a_desk(kind: str = "normal", policy: ChangePolicy | None = None, service: str = "website", **details: Any) -> Desk:
    """A change planned for tomorrow, two hours long, that one of the network group must agree to."""
    planned = {"type": kind, "planned_start": NOON + DAY, "planned_end": NOON + DAY + 2 * HOUR, **details}
    return Desk(a_record(practice="change", service=service, details=planned), policy or a_change_policy())


def frozen(start: int, end: int) -> Freeze:
    return Freeze(name="quiet", start=datetime.fromtimestamp(start, UTC), end=datetime.fromtimestamp(end, UTC))


def test_a_normal_change_is_assessed_approved_scheduled_implemented_reviewed_and_closed() -> None:
    desk = a_desk().start()
    assert (desk.record.state, desk.record.details["risk"]) == ("awaiting_approval", "low")
    desk.vote(ADA, "accept")
    assert desk.record.state == "scheduled"
    desk.after(seconds=DAY + 60).move("implementing").after(seconds=HOUR).move("in_review")
    assert desk.record.details["overran"] is False
    desk.move("closed", outcome="successful")
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")


def test_a_refused_change_is_rejected_and_over() -> None:
    desk = a_desk(policy=a_change_policy(approval=approvals())).start().vote(ADA, "refuse")
    assert (desk.record.state, desk.run.status) == ("rejected", "SUCCEEDED")


def test_approvers_are_asked_step_by_step() -> None:
    first, second = an_approval_rule(ADA).steps[0], an_approval_rule(BOB).steps[0]
    rule = replace(an_approval_rule(ADA), steps=(first, second))
    desk = a_desk(policy=a_change_policy(approval=approvals(rule))).start().vote(ADA, "accept")
    assert (desk.record.state, desk.record.event.type) == ("awaiting_approval", "ApprovalRequested")
    assert desk.vote(BOB, "accept").record.state == "scheduled"


def test_a_change_nobody_decides_about_is_rejected_when_the_time_has_run_out() -> None:
    desk = a_desk().start().after(seconds=72 * HOUR + 60)
    assert (desk.record.state, desk.run.status) == ("rejected", "SUCCEEDED")


@pytest.mark.parametrize("kind", ["normal", "standard", "emergency"])
def test_a_change_can_be_cancelled_until_it_is_implemented(kind: str) -> None:
    desk = a_desk(kind, template="restart").start().move("cancelled")
    assert desk.run.status == "SUCCEEDED"


def test_a_change_planned_into_a_freeze_goes_back_to_its_planner_with_the_reason() -> None:
    policy = a_change_policy(freezes=(frozen(NOON + DAY, NOON + 3 * DAY),))
    desk = a_desk(policy=policy).start()
    assert desk.record.state == "new"
    assert "a change freeze lasts" in str(desk.record.details["blocked"])
    later = {"planned_start": NOON + 4 * DAY, "planned_end": NOON + 4 * DAY + HOUR}
    desk.move("assessing", **later)
    assert desk.record.state == "awaiting_approval"
    assert "blocked" not in desk.record.details


def test_a_freeze_declared_while_approvers_think_is_seen_at_the_decision() -> None:
    desk = a_desk().start()
    desk.policy = a_change_policy(freezes=(frozen(NOON + DAY, NOON + 3 * DAY),))
    desk.vote(ADA, "accept")
    assert desk.record.state == "new"
    assert "freeze" in str(desk.record.details["blocked"])


def test_a_change_planned_wholly_in_the_past_goes_back_before_anybody_is_asked() -> None:
    desk = a_desk(planned_start=NOON - 2 * HOUR, planned_end=NOON - HOUR).start()
    assert (desk.record.state, "ask" in desk.steps) == ("new", False)
    assert "is over" in str(desk.record.details["blocked"])


def test_a_change_approved_when_its_window_is_over_goes_back_to_be_planned_anew() -> None:
    desk = a_desk().start().after(seconds=DAY + 3 * HOUR).vote(ADA, "accept")
    assert desk.record.state == "new"
    assert "is over" in str(desk.record.details["blocked"])


def test_an_approval_for_the_same_plan_is_not_asked_for_twice() -> None:
    desk = a_desk().start()
    open_policy, desk.policy = desk.policy, a_change_policy(freezes=(frozen(NOON + DAY, NOON + 3 * DAY),))
    desk.vote(ADA, "accept")
    desk.policy = open_policy
    assert desk.move("assessing").record.state == "scheduled"


def test_a_freeze_declared_after_the_decision_is_seen_when_the_work_begins() -> None:
    desk = a_desk().start().vote(ADA, "accept").after(seconds=DAY + 60)
    desk.policy = a_change_policy(freezes=(frozen(NOON + DAY, NOON + 3 * DAY),))
    desk.move("implementing")
    assert desk.record.state == "scheduled"
    assert "freeze" in str(desk.record.details["blocked"])


@pytest.mark.parametrize(("wait", "word"), [(60, "not begun"), (DAY + 3 * HOUR, "is over")])
def test_a_change_is_implemented_within_its_window_only(wait: int, word: str) -> None:
    desk = a_desk().start().vote(ADA, "accept").after(seconds=wait).move("implementing")
    assert desk.record.state == "scheduled"
    assert word in str(desk.record.details["blocked"])


def test_an_edit_of_a_scheduled_change_voids_its_approval_and_asks_again() -> None:
    desk = a_desk().start().vote(ADA, "accept").edit(title="Rather replace it")
    assert desk.record.state == "awaiting_approval"
    assert desk.vote(BOB, "accept").record.state == "scheduled"


def test_a_change_moved_past_its_approval_by_hand_is_asked_about_again() -> None:
    desk = a_desk().start().move("scheduled")
    assert desk.record.state == "awaiting_approval"


def test_a_change_implemented_and_finished_before_anyone_looked_is_marked_as_unauthorised() -> None:
    desk = a_desk().move("scheduled").move("implementing").move("in_review").start()
    assert (desk.record.state, desk.record.details["unauthorised"]) == ("in_review", True)
    assert desk.after(days=15).record.details["outcome"] == "unauthorised"


def test_a_standard_change_is_scheduled_at_once_by_its_template() -> None:
    desk = a_desk("standard", template="restart", planned_end=NOON + DAY + HOUR).start()
    assert desk.steps == ["route", "start_clocks", "schedule", "await"]
    assert (desk.record.state, desk.record.details["risk"]) == ("scheduled", "low")
    desk.after(seconds=DAY + 60).move("implementing").move("in_review").move("closed", outcome="successful")
    assert desk.run.status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("template", "service", "word"),
    [
        ("nothing", "website", "no template"),
        ("", "website", "no template"),
        ("restart", "email", "is for website"),
        ("restart", "website", "allows 60 minutes"),
    ],
)
def test_a_change_that_is_not_its_template_goes_back_with_the_reason(template: str, service: str, word: str) -> None:
    desk = a_desk("standard", template=template, service=service).start()
    assert desk.record.state == "new"
    assert word in str(desk.record.details["blocked"])


def test_an_emergency_is_implemented_first_and_approved_afterwards() -> None:
    policy = a_change_policy(freezes=(frozen(NOON - DAY, NOON + 3 * DAY),))
    desk = a_desk("emergency", policy).start()
    assert desk.record.state == "scheduled"
    desk.move("implementing").move("in_review")
    assert desk.record.state == "awaiting_approval"
    desk.vote(ADA, "accept")
    assert desk.record.state == "in_review"
    desk.move("closed", outcome="successful")
    assert desk.run.status == "SUCCEEDED"


def test_an_emergency_that_is_refused_afterwards_happened_and_is_reviewed_as_unauthorised() -> None:
    desk = a_desk("emergency").start().move("implementing").move("in_review").vote(ADA, "refuse").vote(BOB, "refuse")
    assert (desk.record.state, desk.record.details["unauthorised"]) == ("in_review", True)
    desk.move("closed", outcome="unsuccessful")
    assert (desk.record.details["outcome"], desk.run.status) == ("unsuccessful", "SUCCEEDED")


def test_an_emergency_nobody_decides_about_afterwards_is_closed_as_unauthorised_in_the_end() -> None:
    desk = a_desk("emergency").start().move("implementing").move("in_review").after(days=4)
    assert desk.record.state == "in_review"
    desk.after(days=15)
    assert (desk.record.state, desk.record.details["outcome"]) == ("closed", "unauthorised")
    assert desk.run.status == "SUCCEEDED"


def test_an_emergency_that_was_implemented_is_never_cancelled() -> None:
    desk = a_desk("emergency").start().move("implementing").move("in_review")
    assert "cancelled" not in legal_moves(desk.record)
    with pytest.raises(IllegalMoveError, match="cannot become cancelled; legal moves: none"):
        moved(desk.record, "cancelled", by=ADA, origin="records", at=desk.now)
    with pytest.raises(IllegalMoveError):
        desk.practice.steps["cancel"](desk.record, StepContext(now=desk.now, policy=desk.policy))


def test_a_change_whose_approval_is_awaited_before_the_work_can_be_cancelled() -> None:
    desk = a_desk().start()
    assert desk.record.state == "awaiting_approval"
    assert "cancelled" in legal_moves(desk.record)
    assert moved(desk.record, "cancelled", by=ADA, origin="records", at=desk.now).state == "cancelled"


def test_an_emergency_may_be_approved_first_where_the_policy_says_so() -> None:
    policy = a_change_policy(approval=approvals(an_approval_rule(ADA)))
    desk = a_desk("emergency", policy).start()
    assert desk.record.state == "awaiting_approval"
    desk.vote(ADA, "accept").move("implementing").move("in_review")
    assert desk.record.state == "in_review"


@pytest.mark.parametrize("kind", ["normal", "standard", "emergency"])
def test_a_change_nobody_reviews_closes_as_unreviewed(kind: str) -> None:
    desk = a_desk(kind, template="restart", planned_end=NOON + DAY + HOUR).start()
    desk = desk.vote(ADA, "accept") if kind == "normal" else desk
    desk.after(seconds=DAY + 60).move("implementing").move("in_review")
    desk = desk.vote(ADA, "accept") if kind == "emergency" else desk
    desk.after(days=15)
    assert (desk.record.state, desk.record.details["outcome"], desk.run.status) == ("closed", "unreviewed", "SUCCEEDED")


@pytest.mark.parametrize("step", ["assess", "ask", "schedule", "implement", "review", "close"])
def test_a_step_that_fails_twice_is_done_in_the_end(step: str) -> None:
    desk = a_desk()
    desk.faults[step] = ["OutsideError", "after:Sandbox.Timedout"]
    desk.start().after(seconds=600).vote(ADA, "accept").after(seconds=DAY).move("implementing").after(seconds=600)
    desk.move("in_review").after(days=15)
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")


@pytest.mark.parametrize("step", ["assess", "ask", "schedule"])
def test_a_step_that_fails_for_good_leaves_word_and_fails_the_process(step: str) -> None:
    desk = a_desk()
    desk.faults[step] = ["OutsideError"] * 20
    desk.start().after(seconds=1200)
    if step == "schedule":
        desk.vote(ADA, "accept").after(days=1)
    assert (desk.run.status, desk.run.error) == ("FAILED", "OutsideError")
    assert "trouble" in desk.record.details


@pytest.mark.parametrize("kind", ["normal", "standard", "emergency"])
def test_a_successor_goes_on_where_the_record_stands(kind: str) -> None:
    desk = a_desk(kind, template="restart", planned_start=NOON + 130 * DAY, planned_end=NOON + 130 * DAY + HOUR).start()
    desk = desk.vote(ADA, "accept") if kind == "normal" else desk
    desk.after(days=121)
    assert (desk.record.generation, desk.record.state, desk.run.status) == (2, "scheduled", "RUNNING")
    assert desk.engine.execution(desk.arns[0]).status == "SUCCEEDED"


def test_no_process_goes_round_by_itself() -> None:
    for kind in ("normal", "standard", "emergency"):
        desk = a_desk(kind, template="restart").start().after(seconds=timedelta(hours=1).total_seconds())
        assert len(desk.steps) < 12
