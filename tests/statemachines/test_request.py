"""The request process: approved where it must be, fulfilled, closed; on virtual time."""

from typing import Any

import pytest

from tests.builders import a_record
from tests.statemachines.desk import Desk
from tests.support.organisation import ADA, CLEO, a_request_policy

HOURS = 72


def a_desk(service: str = "email", **facts: Any) -> Desk:
    """A request for e-mail needs its owner (Cleo); one for the website needs nobody."""
    return Desk(a_record(practice="request", service=service, **facts), a_request_policy(close_after="5d"))


def test_a_request_that_needs_nobody_waits_for_its_fulfilment_at_once() -> None:
    desk = a_desk("website").start()
    assert desk.steps == ["classify", "route", "start_clocks", "await"]
    assert desk.record.state == "new"
    desk.move("in_progress").move("fulfilled").after(days=6)
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")
    assert desk.transitions() <= 11


def test_an_accepted_request_goes_into_progress_and_is_fulfilled_and_closed() -> None:
    desk = a_desk().start()
    assert desk.record.state == "awaiting_approval"
    desk.vote(CLEO, "accept")
    assert desk.record.state == "in_progress"
    desk.move("fulfilled").after(days=6)
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")


def test_a_refused_request_is_rejected_and_over() -> None:
    desk = a_desk().start().vote(CLEO, "refuse")
    assert (desk.record.state, desk.run.status) == ("rejected", "SUCCEEDED")


def test_a_request_nobody_decides_about_is_rejected_when_the_time_has_run_out() -> None:
    desk = a_desk().start().after(seconds=HOURS * 3600 - 10)
    assert desk.record.state == "awaiting_approval"
    desk.after(seconds=20)
    assert (desk.record.state, desk.run.status) == ("rejected", "SUCCEEDED")


def test_a_request_cancelled_while_it_waits_for_approval_is_over() -> None:
    assert a_desk().start().move("cancelled").run.status == "SUCCEEDED"


def test_a_request_begun_without_the_approval_it_needs_is_asked_about_again() -> None:
    desk = a_desk().start().move("in_progress")
    assert desk.record.state == "awaiting_approval"
    desk.vote(CLEO, "accept")
    assert (desk.record.state, desk.run.status) == ("in_progress", "RUNNING")


def test_a_request_begun_before_its_process_looks_is_asked_about() -> None:
    desk = a_desk().move("in_progress").start()
    assert desk.record.state == "awaiting_approval"


def test_an_edit_of_an_approved_request_is_asked_about_again() -> None:
    desk = a_desk().start().vote(CLEO, "accept").edit(title="Something far bigger")
    assert desk.record.state == "awaiting_approval"
    desk.vote(CLEO, "accept").move("fulfilled").after(days=6)
    assert (desk.record.state, desk.run.status) == ("closed", "SUCCEEDED")


def test_an_edit_of_a_request_that_waits_for_approval_is_asked_about_anew() -> None:
    desk = a_desk().start()
    asked_first = desk.record.details["approval"]
    desk.edit(title="Something far bigger")
    assert desk.record.state == "awaiting_approval"
    assert desk.record.details["approval"] != asked_first


def test_a_reopened_request_keeps_its_approval() -> None:
    desk = a_desk().start().vote(CLEO, "accept").move("fulfilled").move("in_progress")
    assert (desk.record.state, desk.run.status) == ("in_progress", "RUNNING")
    assert desk.move("fulfilled").after(days=6).record.state == "closed"


def test_hold_needs_no_step_of_the_process() -> None:
    desk = a_desk("website").start().move("on_hold")
    before = list(desk.steps)
    assert desk.move("in_progress").steps == before


@pytest.mark.parametrize("step", ["classify", "ask", "lapse"])
def test_a_step_that_fails_twice_is_done_in_the_end(step: str) -> None:
    desk = a_desk()
    desk.faults[step] = ["OutsideError", "after:Sandbox.Timedout"]
    desk.start().after(days=10)
    assert (desk.record.state, desk.run.status) == ("rejected", "SUCCEEDED")


@pytest.mark.parametrize("step", ["classify", "ask", "lapse"])
def test_a_step_that_fails_for_good_leaves_word_and_fails_the_process(step: str) -> None:
    desk = a_desk()
    desk.faults[step] = ["OutsideError"] * 20
    desk.start().after(days=10)
    assert (desk.run.status, desk.run.error) == ("FAILED", "OutsideError")
    assert "trouble" in desk.record.details


def test_an_approval_nobody_but_the_requester_could_give_fails_the_process_and_says_so() -> None:
    desk = a_desk(requester=ADA)
    desk.faults["ask"] = ["PolicyError"]
    desk.start()
    assert (desk.run.status, desk.run.error) == ("FAILED", "PolicyError")
