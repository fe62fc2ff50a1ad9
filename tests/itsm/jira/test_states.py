"""States: a move on one side is asked for on the other, by that side's own rules, and never fought over."""

from dataclasses import replace

import pytest
from itsm.core.errors import ForbiddenError
from itsm.jira.outcome import DONE, PARKED
from itsm.jira.policy import FieldRules, StatusRule

from tests.itsm.jira.fake_jira import MOVES, Fault, busy, reset
from tests.itsm.jira.world import STATUS, World, a_policy


@pytest.fixture
def world() -> World:
    """A ticket and its issue, in agreement."""
    world = World()
    world.settle()
    world.jira.webhooks.clear()
    world.jira.writes.clear()
    world.later(60)
    return world


def test_a_move_of_ours_is_made_in_jira(world: World) -> None:
    world.goes("in_progress")
    world.settle()

    assert world.jira.only().status.name == "In Progress"
    assert world.jira.writes == {"transition": 1}
    assert world.quiet()


def test_a_move_in_jira_is_asked_of_our_process(world: World) -> None:
    world.jira.human_moves("In Progress")
    world.settle()

    assert (world.record.state, world.record.event.by, world.record.event.origin) == ("in_progress", "ada", "jira")
    assert not world.jira.writes
    assert world.quiet()


def test_fault_9_webhooks_in_reverse_order_end_in_what_jira_shows(world: World) -> None:
    world.jira.human_moves("In Progress")
    world.jira.human_moves("Resolved")
    for payload in reversed(world.jira.webhooks):
        world.webhook(payload)

    assert world.record.state == "resolved"
    assert world.quiet()


def test_fault_14_our_own_way_of_several_moves_is_no_wish_of_anyone(world: World) -> None:
    world.goes("resolved", "closed")
    world.later(60)
    world.settle()

    assert world.jira.only().status.name == "Closed"
    assert world.jira.writes["transition"] == 3
    assert len(world.jira.webhooks) == 3
    assert world.quiet()
    assert (world.record.state, world.moves) == ("closed", [])


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("done", [True, False])
def test_fault_14_our_way_is_gone_on_with_after_an_answer_was_lost(world: World, nth: int, done: bool) -> None:
    world.goes("resolved", "closed")
    world.later(60)
    fault = Fault(method="transition", error=reset, done=done)

    def nth_call() -> None:
        if world.jira.calls["transition"] == nth:
            world.jira.faults.append(fault)
        else:
            world.jira.meanwhile["transition"] = nth_call

    world.jira.meanwhile["transition"] = nth_call
    world.settle()

    assert world.jira.only().status.name == "Closed"
    assert (world.record.state, world.moves) == ("closed", [])
    assert world.jira.writes["transition"] == 3
    assert not world.jira.said[world.link.issue]
    assert world.quiet()


def test_fault_14_a_status_we_only_passed_does_not_bounce_the_ticket_back(world: World) -> None:
    world.goes("resolved")
    world.later(60)
    world.jira.faults.append(Fault(method="transition", error=reset, done=True))
    world.nudged()
    assert world.jira.only().status.name == "In Progress"

    world.settle()

    assert (world.record.state, world.moves) == ("resolved", [])
    assert world.jira.only().status.name == "Resolved"


def test_fault_21_a_transition_at_the_same_time_as_anothers_is_looked_at_and_tried_again(world: World) -> None:
    world.goes("in_progress")
    world.jira.faults.append(Fault(method="transition", error=busy))
    world.jira.meanwhile["transition"] = lambda: None

    world.settle()
    assert world.settle().state == DONE
    assert world.jira.only().status.name == "In Progress"


def test_fault_21_someone_else_was_faster_to_the_same_status(world: World) -> None:
    world.goes("in_progress")

    def faster() -> None:
        world.jira.human_moves("In Progress")
        world.jira.faults.append(Fault(method="transition", error=busy))

    world.jira.meanwhile["transition"] = faster
    assert world.settle().state == DONE
    assert world.record.state == "in_progress"
    assert world.quiet()


def test_fault_22_without_a_way_the_link_is_parked_with_the_reason_and_the_rest_crosses(world: World) -> None:
    world.jira.moves = {way: move for way, move in MOVES.items() if move[1] != "Waiting for customer"}
    world.goes("on_hold")
    world.sets(title="New title")
    world.says("first")

    outcome = world.settle()

    assert outcome.state == PARKED
    assert "no move from In Progress leads to Waiting for customer" in outcome.reason
    assert world.jira.only().summary == "New title"
    assert len(world.jira.said[world.link.issue]) == 1
    assert world.quiet()
    world.jira.moves = dict(MOVES)
    assert world.settle().state == DONE
    assert world.jira.only().status.name == "Waiting for customer"


def test_fault_23_a_screen_that_asks_for_a_resolution_gets_the_one_policy_names(world: World) -> None:
    world.jira.needs = {"Resolved": ("resolution",), "Done": ("resolution",)}
    world.goes("in_progress", "resolved")

    assert world.settle().state == DONE
    assert world.jira.only().status.name == "Resolved"


def test_fault_23_a_screen_that_asks_for_more_is_not_answered_by_guessing(world: World) -> None:
    world.jira.needs = {"Resolved": ("customfield_1",), "Done": ("customfield_1",)}
    world.goes("in_progress")
    world.settle()
    world.goes("resolved")

    outcome = world.settle()

    assert outcome.state == PARKED
    assert "needs customfield_1" in outcome.reason
    assert world.jira.only().status.name == "In Progress"


def test_a_compatible_status_is_left_alone(world: World) -> None:
    shared_status = StatusRule(
        category="indeterminate", preferred=("Waiting for customer",), compatible=("In Progress",)
    )
    world.policy = a_policy(status={**STATUS, "on_hold": shared_status})
    world.goes("in_progress")
    world.settle()
    world.jira.writes.clear()
    world.goes("on_hold")
    world.settle()

    assert world.jira.only().status.name == "In Progress"
    assert not world.jira.writes


def test_never_to_another_states_status_only_because_it_is_done_too(world: World) -> None:
    world.jira.moves = {"71": MOVES["71"]}
    world.goes("resolved")
    world.settle()

    assert world.jira.only().status.name == "To Do"


def test_a_move_our_process_refuses_is_explained_and_put_back(world: World) -> None:
    world.goes("in_progress", "resolved")
    world.settle()
    world.jira.human_moves("Closed")
    world.settle()
    world.jira.human_moves("In Progress")

    world.settle()
    assert (world.record.state, world.jira.only().status.name) == ("closed", "Closed")
    notes = [said.text for said in world.jira.said[world.link.issue]]
    assert len(notes) == 1
    assert "is closed and cannot become in_progress" in notes[0]
    assert world.quiet()


def test_a_move_our_process_refuses_is_explained_and_left_when_policy_says_so() -> None:
    world = World(a_policy(refused="leave"))
    world.goes("cancelled")
    world.settle()
    world.later(60)
    world.jira.human_moves("In Progress")

    assert world.settle().state == PARKED
    assert world.jira.only().status.name == "In Progress"
    assert len(world.jira.said[world.link.issue]) == 1
    assert world.quiet()


def test_a_guarded_state_is_never_left_by_a_move_in_jira() -> None:
    world = World(a_policy(guarded=("new",)))
    world.settle()
    world.later(60)
    world.jira.human_moves("In Progress")
    world.settle()

    assert world.record.state == "new"
    assert "waits for a decision" in world.jira.said[world.link.issue][0].text


def test_a_refusal_by_the_door_counts_as_a_refusal(world: World) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ForbiddenError("a closure code is missing")

    world.move = refuse  # type: ignore[assignment,method-assign]  # the door of this test refuses all
    world.jira.human_moves("In Progress")
    world.settle()

    assert world.record.state == "new"
    assert "closure code" in world.jira.said[world.link.issue][0].text


def test_an_automation_that_moves_the_issue_again_each_time_is_not_fought_for_ever(world: World) -> None:
    world.goes("cancelled")
    world.settle()
    for _ in range(10):
        world.later(60)
        world.jira.human_moves("In Progress")
        world.settle()

    assert world.record.state == "cancelled"
    assert world.jira.only().status.name == "In Progress"
    assert world.jira.writes["transition"] <= 4
    assert world.link.state == "needs_attention"


def test_a_status_two_moves_ahead_is_reached_through_the_state_between() -> None:
    world = World()
    world.goes("resolved")
    world.settle()
    world.later(60)
    world.jira.human_moves("In Progress")
    world.settle()
    world.jira.human_moves("Cancelled")
    world.settle()

    assert world.record.state == "cancelled"
    assert world.quiet()


@pytest.mark.parametrize(
    ("policy", "state", "status"), [("ours", "on_hold", "Waiting for customer"), ("theirs", "resolved", "Resolved")]
)
def test_both_sides_moved_and_policy_decides(policy: str, state: str, status: str) -> None:
    world = World(a_policy(fields=FieldRules(state=policy)))
    world.goes("in_progress")
    world.settle()
    world.later(60)
    world.jira.human_moves("Resolved")
    world.goes("on_hold")
    world.settle()

    assert (world.record.state, world.jira.only().status.name) == (state, status)
    assert world.quiet()


def test_fault_28_a_deleted_issue_leaves_the_ticket_as_it_is(world: World) -> None:
    version = world.record.version
    world.jira.human_deletes()

    assert world.webhook(world.jira.webhooks.pop()).state == PARKED
    assert (world.link.state, world.link.reason[:7]) == ("broken", "deleted")
    assert world.record.version == version
    world.goes("in_progress")
    assert world.nudged().state == PARKED
    assert world.jira.calls["create"] == 1
    assert world.link.state == "broken"


def test_fault_29_a_permission_taken_away_pauses_the_link_and_given_back_resumes_it(world: World) -> None:
    world.jira.hidden.add(world.link.issue)
    world.says("first")

    assert world.nudged().state == PARKED
    assert world.link.state == "paused"
    world.jira.hidden.clear()
    assert world.settle().state == DONE
    assert world.link.state == "linked"
    assert len(world.jira.said[world.link.issue]) == 1


def test_a_state_policy_gives_no_status_for_is_parked(world: World) -> None:
    world.records.stored[world.id] = replace(world.record, state="unheard_of")

    assert world.nudged().state == PARKED


def test_a_link_that_was_saved_by_a_faster_worker_is_read_again(world: World) -> None:
    world.goes("in_progress")

    def faster() -> None:
        world.records.save_link(replace(world.link, key="OPS-1"))

    world.jira.meanwhile["comments"] = faster
    assert world.settle().state == DONE
    assert world.jira.writes["transition"] == 1
