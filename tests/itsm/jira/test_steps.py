"""Every human step of a change is an issue of its own under the change's, open while the change is in that step."""

import pytest
from itsm.jira.issues import Issue
from itsm.jira.outcome import DONE, PARKED
from itsm.jira.signature import nudge
from itsm.runtime.policies import Policies

from tests.itsm.jira.fake_jira import ADA, MOVES, STATUSES, Fault, reset
from tests.itsm.jira.world import World


@pytest.fixture
def world() -> World:
    """A change that was assessed and waits for its approval."""
    world = World(Policies().jira, practice="change")
    world.goes("assessing", "awaiting_approval")
    world.settle()
    world.later(60)
    return world


def step(world: World, state: str) -> Issue:
    """The issue of a step."""
    link = world.records.link(f"{world.id}.{state}")
    assert link is not None
    return world.jira.issues[link.issue]


def closes(world: World, issue: Issue) -> None:
    """Ada does what a step asks for."""
    world.jira._move(world.jira.issues[issue.id], ADA, "In Progress")
    world.jira._move(world.jira.issues[issue.id], ADA, "Done")


def test_the_step_a_change_is_in_has_an_issue_under_the_changes_own(world: World) -> None:
    approval = step(world, "awaiting_approval")

    assert approval.summary == f"Approve: {world.record.title}"
    assert approval.labels == (f"itsm-{world.id}-awaiting_approval",)
    assert world.jira.parents[approval.id] == world.link.issue
    assert len(world.jira.issues) == 2
    assert world.quiet()


def test_a_step_that_is_over_is_closed_and_the_next_one_opened(world: World) -> None:
    world.goes("scheduled", "implementing")
    assert world.settle().state == DONE

    assert step(world, "awaiting_approval").status.category == "done"
    assert step(world, "implementing").status.category != "done"
    assert len(world.jira.issues) == 3
    assert world.quiet()


def test_closing_a_steps_issue_moves_the_change_on_and_opens_the_next_step(world: World) -> None:
    world.goes("scheduled", "implementing")
    world.settle()
    world.later(60)
    closes(world, step(world, "implementing"))
    hint = nudge(world.jira.webhooks[-1])
    assert hint is not None
    world.nudged(hint.issue, hint.kind)
    world.settle()

    assert world.record.state == "in_review"
    assert world.record.event.by == ADA.email
    assert step(world, "in_review").status.category != "done"
    assert world.quiet()


def test_an_approval_is_not_given_by_closing_its_issue(world: World) -> None:
    approval = step(world, "awaiting_approval")
    closes(world, approval)
    world.settle()

    assert world.record.state == "awaiting_approval"
    assert step(world, "awaiting_approval").status.category != "done"
    assert "decision that is not made in Jira" in world.jira.said[approval.id][0].text
    assert world.quiet()


def test_a_step_that_was_done_ends_as_done_by_way_of_in_progress(world: World) -> None:
    world.goes("scheduled", "implementing")
    world.settle()
    world.goes("in_review")
    world.settle()
    world.goes("closed")
    world.settle()

    ends = [step(world, state) for state in ("awaiting_approval", "implementing", "in_review")]
    assert [issue.status.name for issue in ends] == ["Done", "Done", "Done"]
    assert [[edit.became for edit in issue.edits if edit.field == "status"][-2:] for issue in ends] == [
        [STATUSES["In Progress"].id, STATUSES["Done"].id]
    ] * 3
    assert world.quiet()


@pytest.mark.parametrize("end", ["rejected", "cancelled", "assessing"])
def test_a_step_that_was_dropped_is_cancelled(world: World, end: str) -> None:
    world.goes(end)
    world.settle()

    assert step(world, "awaiting_approval").status.name == "Cancelled"
    assert world.quiet()


def test_a_step_that_was_done_is_not_cancelled_with_a_change_that_is_cancelled_later(world: World) -> None:
    world.goes("scheduled", "cancelled")
    world.records.trail[world.id] = [written.event for written in world.records.written]
    world.settle()

    assert step(world, "awaiting_approval").status.name == "Done"


def test_a_dropped_step_ends_as_done_where_the_workflow_knows_no_cancelling(world: World) -> None:
    world.jira.moves = {way: move for way, move in MOVES.items() if move[1] != "Cancelled"}
    world.goes("rejected")
    world.settle()

    assert step(world, "awaiting_approval").status.name == "Done"


def test_cancelling_a_steps_issue_does_not_do_the_step(world: World) -> None:
    world.goes("scheduled", "implementing")
    world.settle()
    world.later(60)
    issue = step(world, "implementing")
    world.jira._move(issue, ADA, "Cancelled")
    world.settle()

    assert world.record.state == "implementing"
    assert step(world, "implementing").status.name == "In Progress"
    assert "not cancelled by itself" in world.jira.said[issue.id][0].text
    assert world.quiet()


def test_a_step_that_is_gone_through_again_is_opened_again(world: World) -> None:
    world.goes("assessing")
    world.settle()
    assert step(world, "awaiting_approval").status.category == "done"
    world.later(60)
    world.goes("awaiting_approval")
    world.settle()

    assert step(world, "awaiting_approval").status.category != "done"
    assert len(world.jira.issues) == 2


@pytest.mark.parametrize("done", [True, False])
def test_a_step_whose_creation_had_no_answer_has_one_issue_all_the_same(world: World, done: bool) -> None:
    world.goes("scheduled", "implementing")
    world.jira.faults.append(Fault(method="create", error=reset, done=done))
    world.settle()

    assert len(world.jira.issues) == 3
    assert step(world, "implementing").status.category != "done"


def test_a_webhook_of_a_step_finds_its_change(world: World) -> None:
    payload = next(
        hook
        for hook in world.jira.webhooks
        if str(hook["issue"]["id"]) == step(world, "awaiting_approval").id  # type: ignore[index,call-overload]  # JSON
    )
    hint = nudge(payload)

    assert hint is not None
    assert hint.record == world.id
    assert world.records.linked(hint.issue) == f"{world.id}.awaiting_approval"
    assert world.nudged(hint.issue, hint.kind).state == DONE


def test_a_deleted_step_breaks_its_own_link_alone(world: World) -> None:
    approval = step(world, "awaiting_approval")
    del world.jira.issues[approval.id]

    assert world.nudged(approval.id, "jira:issue_deleted").state == PARKED
    link = world.records.link(f"{world.id}.awaiting_approval")
    assert link is not None
    assert (link.state, world.link.state) == ("broken", "linked")
    assert world.record.state == "awaiting_approval"


def test_a_step_that_is_over_costs_no_call_any_more(world: World) -> None:
    world.goes("cancelled")
    world.settle()
    world.jira.calls.clear()
    world.nudged()

    assert world.jira.calls == {"get": 1, "comments": 1}


def test_an_incident_has_no_steps() -> None:
    world = World(Policies().jira)
    world.goes("in_progress")
    world.settle()

    assert len(world.jira.issues) == 1
