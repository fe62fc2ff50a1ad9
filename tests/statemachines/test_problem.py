"""The problem process: from what incidents have in common to its being gone; on virtual time."""

import pytest

from tests.builders import a_record
from tests.statemachines.desk import Desk
from tests.support.organisation import a_problem_policy

BEGIN = ["classify", "route", "tell", "start_clocks", "await"]


def a_desk() -> Desk:
    return Desk(a_record(practice="problem"), a_problem_policy(close_after="10d"))


def test_a_problem_is_named_to_its_incidents_and_waits_for_people() -> None:
    desk = a_desk().start()
    assert (desk.steps, desk.record.state) == (BEGIN, "new")
    assert desk.move("in_analysis").steps == BEGIN, "analysis needs no step"


def test_its_incidents_hear_of_the_workaround_and_then_of_the_solution() -> None:
    desk = a_desk().start().move("in_analysis").move("known_error")
    assert desk.steps == [*BEGIN, "tell", "await"]
    desk.move("resolved")
    assert desk.steps == [*BEGIN, "tell", "await", "tell", "await"]
    desk.after(days=9)
    assert desk.record.state == "resolved"
    desk.after(days=2)
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")


def test_a_problem_solved_at_once_is_told_once() -> None:
    desk = a_desk().start().move("resolved").after(days=11)
    assert (desk.record.state, desk.steps.count("tell")) == ("closed", 2)
    assert desk.transitions() <= 13


@pytest.mark.parametrize("path", [("cancelled",), ("known_error", "cancelled"), ("in_analysis", "cancelled")])
def test_who_waits_for_a_problem_that_is_given_up_hears_it(path: tuple[str, ...]) -> None:
    desk = a_desk().start()
    for to in path:
        before = desk.steps.count("tell")
        desk.move(to)
    assert desk.steps.count("tell") == before + 1
    assert desk.run.status == "SUCCEEDED"


def test_a_known_error_whose_cause_was_another_is_looked_into_again() -> None:
    desk = a_desk().start().move("known_error").move("in_analysis").move("known_error").move("resolved")
    assert desk.move("in_analysis").run.status == "RUNNING"
    assert desk.move("resolved").after(days=11).record.state == "closed"


def test_a_known_error_may_stay_one_for_years() -> None:
    desk = a_desk().start().move("known_error").after(days=400)
    assert (desk.record.state, desk.run.status) == ("known_error", "RUNNING")
    assert desk.record.generation > 1
    assert desk.move("resolved").after(days=11).record.state == "closed"


@pytest.mark.parametrize("step", ["classify", "route", "tell", "start_clocks", "await", "close"])
def test_a_step_that_fails_twice_is_done_in_the_end(step: str) -> None:
    desk = a_desk()
    desk.faults[step] = ["OutsideError", "after:Lambda.TooManyRequestsException"]
    desk.start().after(seconds=600).move("resolved").after(days=12)
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")


def test_incidents_that_cannot_be_told_leave_word_on_the_problem() -> None:
    desk = a_desk()
    desk.faults["tell"] = ["OutsideError"] * 20
    desk.start().after(days=1)
    assert (desk.run.status, desk.run.error) == ("FAILED", "OutsideError")
    assert "trouble" in desk.record.details
