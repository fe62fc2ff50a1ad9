"""What a change's process does to it; the walks are in tests/statemachines."""

from typing import Any

import pytest
from itsm.core.errors import IllegalMoveError
from itsm.core.practice import StepContext
from itsm.core.record import Record
from itsm.practices.change import PRACTICE
from itsm.practices.change.rules import APPROVAL

from tests.builders import NOON, a_record
from tests.support.organisation import ADA, a_change_policy, an_approval_rule
from tests.support.organisation import approvals as asks

ASSESSED = {"type": "normal", "risk": "low", "approval_needed": True, "approve_after": False}


def a_change(state: str = "new", **details: Any) -> Record:
    return a_record(practice="change", service="website", state=state, details=details)


def step(name: str, record: Record, **arguments: Any) -> Record:
    return PRACTICE.steps[name](record, StepContext(now=NOON, policy=a_change_policy(), arguments=arguments))


def approved() -> Record:
    asked = APPROVAL.ask(step("assess", a_change()), a_change_policy(), NOON)
    return APPROVAL.vote(asked, ADA, "accept", "", NOON)


def test_an_assessment_says_the_risk_and_who_must_agree() -> None:
    record = step("assess", a_change())
    assert record.state == "assessing"
    assert record.event.type == "Classified"
    assert {name: record.details[name] for name in ASSESSED} == ASSESSED
    assert step("assess", record) is record


def test_an_assessment_sees_collisions_and_the_teams_record_when_it_is_told_of_them() -> None:
    planned: dict[str, Any] = {"planned_start": NOON, "planned_end": NOON + 60}
    other = {"number": "CHG1", "start": NOON, "end": NOON + 60, "items": ["cluster"]}
    record = step("assess", a_change(**planned), others=[other], related={"web-1": ["cluster"]}, outcomes=["caused_p1"])
    assert (record.details["risk"], record.details["collides_with"]) == ("high", ["CHG1"])
    assert "high: the team's success score is -10" in record.details["risk_because"]  # type: ignore[operator]  # a list


def test_a_change_with_a_window_nobody_can_read_goes_back_with_the_reason() -> None:
    record = step("assess", a_change("assessing", planned_start="soon", planned_end="later"))
    assert record.state == "new"
    assert "'soon' is no date and time" in str(record.details["blocked"])
    assert step("assess", record) is record


@pytest.mark.parametrize("name", ["assess", "schedule"])
def test_a_change_planned_wholly_in_the_past_is_sent_back_and_nobody_is_asked(name: str) -> None:
    record = step(name, a_change("assessing", planned_start=NOON - 100, planned_end=NOON))
    assert (record.state, record.details["blocked"]) == ("new", "its planned window is over; plan another")
    assert "details.blocked" in record.event.changes
    assert "approval_needed" not in record.details


def test_every_time_a_change_is_put_back_its_version_tells_so_even_for_the_same_reason() -> None:
    early = {**ASSESSED, "approval_needed": False, "planned_start": NOON + 60, "planned_end": NOON + 120}
    policy = a_change_policy(approval=asks(an_approval_rule(steps=())))

    def begun(record: Record, now: int) -> Record:
        moved = record.changed("StateChanged", by="x", origin="records", at=now, state="implementing")
        return PRACTICE.steps["implement"](moved, StepContext(now=now, policy=policy, arguments={}))

    first = begun(a_change("scheduled", **early), NOON)
    second = begun(first, NOON + 1)
    assert first.details["blocked"] == second.details["blocked"] == "its planned window has not begun"
    assert {"details.blocked", "details.blocked_at"} <= set(first.event.changes)
    assert "details.blocked_at" in second.event.changes
    assert not {"blocked", "blocked_at"} & set(begun(second, NOON + 60).details)


@pytest.mark.parametrize("name", ["assess", "schedule", "implement", "review", "lapse"])
@pytest.mark.parametrize("state", ["cancelled", "rejected", "closed"])
def test_what_is_over_is_left_alone(name: str, state: str) -> None:
    record = a_change(state)
    assert step(name, record) is record


def test_an_approved_change_is_scheduled_once() -> None:
    record = step("schedule", approved())
    assert (record.state, record.event.type) == ("scheduled", "ChangeScheduled")
    assert step("schedule", record) is record


def test_an_unapproved_change_is_not_scheduled() -> None:
    record = step("schedule", a_change("scheduled", risk="low"))
    assert (record.state, record.details["blocked"]) == ("assessing", "it is not approved as it is now")


def test_an_approval_of_something_else_is_voided_when_the_work_begins() -> None:
    record = step("schedule", approved())
    other = record.changed("StateChanged", by="x", origin="jira", at=NOON, state="implementing", title="Another thing")
    assert step("implement", other).state == "assessing"


def test_a_change_closes_with_the_outcome_people_gave_it() -> None:
    assert step("close", a_change("in_review", outcome="successful")).details["outcome"] == "successful"
    assert step("close", a_change("in_review")).details["outcome"] == "unreviewed"
    with pytest.raises(IllegalMoveError):
        step("close", a_change("implementing"))


def test_a_review_notes_an_overrun() -> None:
    late: dict[str, Any] = {"planned_start": NOON - 100, "planned_end": NOON - 50}
    assert step("review", a_change("in_review", risk="low", **late)).details["overran"] is True


@pytest.mark.parametrize(
    ("kind", "process"), [("normal", "change-normal"), ("standard", "change-standard"), ("x", "change-normal")]
)
def test_the_type_says_which_process_works_a_change(kind: str, process: str) -> None:
    assert PRACTICE.process(a_change(type=kind)) == process
