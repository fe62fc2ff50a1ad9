"""The incident process: from classification to closure, on virtual time."""

import json
from typing import Any

import pytest

from tests.builders import an_incident
from tests.itsm.practices.service_level.world import at
from tests.statemachines.desk import Desk
from tests.support.organisation import an_incident_policy

DAYS = 5


def begun(**facts: Any) -> Desk:
    return Desk(an_incident(**facts), an_incident_policy(close_after=f"{DAYS}d")).start()


def test_an_incident_is_classified_routed_and_clocked_and_then_waits_for_people() -> None:
    desk = begun(impact=1, urgency=1)
    assert desk.steps == ["classify", "route", "start_clocks", "await"]
    assert (desk.record.priority, desk.record.state, desk.run.status) == (1, "new", "RUNNING")


def test_a_resolved_incident_closes_by_itself_after_the_days_of_the_policy() -> None:
    desk = begun().move("in_progress").move("resolved")
    assert desk.after(days=DAYS, seconds=-10).record.state == "resolved"
    assert desk.after(seconds=20).record.state == "closed"
    assert desk.run.status == "SUCCEEDED"


def test_it_closes_after_business_days_of_its_group_over_holidays_and_a_weekend() -> None:
    opened = at("2026-12-22T09:00")
    desk = Desk(an_incident(group="network", at=opened), an_incident_policy()).start().after(seconds=6 * 3600)
    desk.move("resolved")
    closes = at("2027-01-04T15:00")  # 24 to 26 and 31 December and 1 January are holidays of the office
    assert desk.after(seconds=closes - desk.now - 10).record.state == "resolved"
    assert desk.after(seconds=20).record.state == "closed"
    assert desk.transitions() <= 10


def test_a_resolution_its_process_hears_of_late_is_counted_from_when_it_was() -> None:
    desk = Desk(an_incident(at=at("2026-03-23T09:00")), an_incident_policy(close_after="2 business_days"))
    desk.faults["route"] = ["OutsideError"] * 6
    desk.start().move("resolved").after(seconds=at("2026-03-25T09:00") - desk.now - 10)
    assert desk.record.state == "resolved"
    assert desk.after(seconds=20).record.state == "closed"


def test_a_plain_incident_costs_at_most_ten_transitions() -> None:
    desk = begun().move("in_progress").move("resolved").after(days=DAYS + 1)
    assert desk.run.status == "SUCCEEDED"
    assert desk.transitions() <= 10


def test_an_incident_closed_by_hand_ends_its_process() -> None:
    desk = begun().move("resolved").move("closed")
    assert (desk.run.status, desk.record.state) == ("SUCCEEDED", "closed")


def test_a_reopened_incident_is_worked_again_and_its_closure_counted_anew() -> None:
    desk = begun().move("resolved").after(days=DAYS - 1).move("in_progress").after(days=DAYS)
    assert (desk.record.state, desk.run.status) == ("in_progress", "RUNNING")
    assert desk.move("resolved").after(days=DAYS - 1).record.state == "resolved"
    assert desk.after(days=1.1).record.state == "closed"


def test_hold_needs_no_step_of_the_process() -> None:
    desk = begun().move("on_hold")
    before = list(desk.steps)
    assert desk.move("in_progress").steps == before


@pytest.mark.parametrize("state", ["new", "in_progress", "on_hold"])
def test_a_cancelled_incident_ends_its_process(state: str) -> None:
    desk = begun()
    desk = desk if state == "new" else desk.move(state)
    assert desk.move("cancelled").run.status == "SUCCEEDED"


def test_an_incident_that_is_resolved_before_the_process_looks_is_not_missed() -> None:
    desk = Desk(an_incident(), an_incident_policy()).move("resolved").start().after(days=30)
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")


@pytest.mark.parametrize("step", ["classify", "route", "start_clocks", "await", "close"])
def test_a_step_that_fails_twice_is_done_in_the_end(step: str) -> None:
    desk = Desk(an_incident(), an_incident_policy(close_after=f"{DAYS}d"))
    desk.faults[step] = ["OutsideError", "Lambda.TooManyRequestsException"]
    desk.start().after(seconds=300).move("resolved").after(days=DAYS + 1)
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")


@pytest.mark.parametrize("step", ["classify", "await", "close"])
def test_a_step_whose_answer_is_lost_is_not_done_twice_in_effect(step: str) -> None:
    desk = Desk(an_incident(), an_incident_policy(close_after=f"{DAYS}d"))
    desk.faults[step] = ["after:Sandbox.Timedout"]
    desk.start().after(seconds=300)
    version = desk.record.version
    desk.move("resolved").after(days=DAYS + 1)
    assert (desk.record.state, desk.run.status, desk.record.version) == ("closed", "SUCCEEDED", version + 2)


@pytest.mark.parametrize("step", ["classify", "route", "start_clocks", "await"])
def test_a_step_that_fails_for_good_leaves_word_on_the_record_and_fails_the_process_clearly(step: str) -> None:
    desk = Desk(an_incident(), an_incident_policy())
    desk.faults[step] = ["OutsideError"] * 20
    desk.start().after(days=1)
    assert (desk.run.status, desk.run.error) == ("FAILED", "OutsideError")
    assert f"{step} could not be done" in str(desk.run.cause)
    trouble = desk.record.details["trouble"]
    assert isinstance(trouble, dict)
    assert (trouble["error"], trouble["process"]) == ("OutsideError", "TST0000001-1")


def test_an_error_that_no_retry_can_mend_is_not_retried() -> None:
    desk = Desk(an_incident(), an_incident_policy())
    desk.faults["classify"] = ["NotFoundError"]
    desk.start()
    assert (desk.run.status, desk.steps) == ("FAILED", ["classify", "report_failure"])


def test_a_process_that_cannot_even_leave_word_still_fails_with_the_first_error() -> None:
    desk = Desk(an_incident(), an_incident_policy())
    desk.faults = {"classify": ["PolicyError"], "report_failure": ["NotFoundError"]}
    desk.start().after(days=1)
    assert (desk.run.status, desk.run.error) == ("FAILED", "PolicyError")


def test_an_incident_reopened_in_the_moment_it_would_close_goes_on() -> None:
    desk = begun().move("resolved")
    desk.faults["close"] = ["OutsideError"]
    desk.after(days=DAYS)
    assert desk.record.state == "resolved"
    desk.move("in_progress").after(seconds=60)
    assert (desk.record.state, desk.run.status) == ("in_progress", "RUNNING")
    assert desk.move("resolved").after(days=DAYS + 1).record.state == "closed"


def test_a_process_hands_over_to_its_successor_before_it_is_a_year_old() -> None:
    desk = begun().after(days=121)
    assert [desk.engine.execution(arn).status for arn in desk.arns] == ["SUCCEEDED", "RUNNING"]
    assert desk.record.generation == 2
    desk.move("resolved").after(days=DAYS + 1)
    assert (desk.run.status, desk.record.state) == ("SUCCEEDED", "closed")


def test_the_output_says_where_the_record_ended() -> None:
    desk = begun().move("cancelled")
    assert json.loads(desk.run.output or "")["state"] == "cancelled"
