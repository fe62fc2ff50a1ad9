"""Fields and labels cross both ways, by three-way merge against what both sides last agreed on."""

import pytest
from itsm.core.clock import Clock
from itsm.core.errors import OutsideError
from itsm.jira.outcome import AGAIN, DONE, PARKED
from itsm.jira.policy import FieldRules

from tests.itsm.jira.fake_jira import BEN, US, Fault, reset, throttled
from tests.itsm.jira.world import World, a_policy


@pytest.fixture
def world() -> World:
    """A ticket and its issue, in agreement."""
    world = World()
    world.settle()
    world.jira.webhooks.clear()
    world.jira.writes.clear()
    world.later(60)
    return world


def test_what_changes_on_our_side_is_put_in_one_request(world: World) -> None:
    world.sets(title="The mail server is down", priority=1)

    assert world.settle().state == DONE
    assert (world.jira.only().summary, world.jira.only().priority) == ("The mail server is down", "Highest")
    assert world.jira.writes == {"edit": 1}
    assert world.quiet()


def test_what_changes_in_jira_comes_to_the_ticket_by_its_author(world: World) -> None:
    world.jira.human_edits(title="Mail is slow", priority="High", assignee=BEN.account)

    assert world.settle().state == DONE
    assert (world.record.title, world.record.priority, world.record.assignee) == ("Mail is slow", 2, "ben@example.com")
    assert (world.record.event.by, world.record.event.origin) == ("ada", "jira")
    assert not world.jira.writes
    assert world.quiet()


def test_fault_7_a_nudge_delivered_twice_and_a_replay_a_day_later_do_nothing(world: World) -> None:
    world.sets(title="New title")
    world.settle()
    world.later(24 * 3600)

    assert world.quiet()


def test_fault_8_the_same_webhook_six_times_has_one_effect(world: World) -> None:
    world.jira.human_edits(title="Mail is slow")
    versions = world.record.version
    payload = world.jira.webhooks.pop()

    for _ in range(6):
        world.webhook(payload)

    assert world.record.version == versions + 1


def test_fault_16_a_human_who_uses_the_integration_account_is_heard(world: World) -> None:
    world.jira.human_edits(by=US, title="Typed as the robot")
    world.settle()

    assert world.record.title == "Typed as the robot"
    assert world.record.event.by == US.email


@pytest.mark.parametrize(
    ("policy", "ours_first", "wins"),
    [
        ("newest", True, "theirs"),
        ("newest", False, "ours"),
        ("ours", True, "ours"),
        ("theirs", False, "theirs"),
        ("to_jira", True, "ours"),
    ],
)
def test_fault_17_both_sides_edit_the_summary(policy: str, ours_first: bool, wins: str) -> None:
    world = World(a_policy(fields=FieldRules(title=policy)))
    world.settle()
    if ours_first:
        world.sets(title="ours")
        world.later(1)
        world.jira.human_edits(title="theirs")
    else:
        world.later(1)
        world.jira.human_edits(title="theirs")
        world.sets(title="ours")

    world.settle()

    assert world.record.title == world.jira.only().summary == wins
    if wins == "theirs":
        assert world.record.event.changes["title"] == ("ours", "theirs")
    else:
        assert world.jira.only().edits[-1].was == "theirs"
    assert world.quiet()


def test_fault_18_both_edit_different_fields_and_both_survive(world: World) -> None:
    world.jira.human_edits(title="From Jira")
    world.sets(priority=1)
    world.settle()

    assert (world.record.title, world.record.priority) == ("From Jira", 1)
    assert (world.jira.only().summary, world.jira.only().priority) == ("From Jira", "Highest")
    assert world.quiet()


def test_fault_19_labels_of_both_sides_are_united_and_removed_ones_stay_removed() -> None:
    world = World(details={"labels": ["network", "old"]})
    world.settle()
    mark = f"itsm-{world.id}"

    world.sets(details={"labels": ["network", "old", "vpn"]})
    world.jira.human_labels(add=["vip"], remove=["old", mark])
    world.settle()

    assert set(world.jira.only().labels) == {"network", "vpn", "vip", mark}
    assert world.record.details["labels"] == ["network", "vip", "vpn"]
    assert world.quiet()


def test_a_label_removed_on_our_side_goes_in_jira_and_others_are_never_touched(world: World) -> None:
    world.jira.human_labels(add=["theirs"])
    world.sets(details={"labels": ["mine"]})
    world.settle()
    world.sets(details={"labels": ["theirs"]})
    world.settle()

    assert set(world.jira.only().labels) == {"theirs", f"itsm-{world.id}"}


def test_a_breach_and_the_due_day_are_shown_in_jira(world: World) -> None:
    due = world.time - 3600
    clock = Clock(
        metric="resolution", agreement="gold", calendar="24x7", target=60, state="running",
        started_at=due - 60, since=due - 60, due=due, breached_at=due,
    )  # fmt: skip
    world.sets(clocks=(clock,))
    world.settle()

    assert "sla-breached" in world.jira.only().labels
    assert world.jira.only().due == "2025-11-24"
    world.jira.human_edits(due="2030-01-01")
    world.settle()
    assert world.jira.only().due == "2025-11-24"


def test_what_is_known_of_a_ticket_marks_its_issue_once_and_goes_when_it_is_so_no_more(world: World) -> None:
    world.marks = lambda record: ("sla-resolution-75",)
    world.settle()
    assert set(world.jira.only().labels) == {f"itsm-{world.id}", "sla-resolution-75"}
    assert world.record.details.get("labels") is None, "a mark is no label an agent gave the ticket"
    assert world.quiet()

    world.jira.human_labels(add=["theirs"], remove=["sla-resolution-75"])
    world.settle()
    assert set(world.jira.only().labels) == {f"itsm-{world.id}", "sla-resolution-75", "theirs"}
    assert world.record.details["labels"] == ["theirs"]

    world.marks = lambda record: ()
    world.settle()
    assert set(world.jira.only().labels) == {f"itsm-{world.id}", "theirs"}
    assert world.record.details["labels"] == ["theirs"]
    assert world.quiet()


def test_an_issue_is_created_with_the_marks_of_its_ticket_and_loses_them_like_any_other() -> None:
    world = World()
    world.marks = lambda record: ("sla-resolution-75",)
    world.settle()
    assert world.jira.writes.total() == 1
    assert "sla-resolution-75" in world.jira.only().labels
    assert world.quiet()
    world.marks = lambda record: ()
    world.settle()
    assert "sla-resolution-75" not in world.jira.only().labels


def test_a_label_an_agent_gave_stays_when_the_mark_of_the_same_name_goes(world: World) -> None:
    world.sets(details={"labels": ["late"]})
    world.marks = lambda record: ("late",)
    world.settle()
    world.marks = lambda record: ()
    world.settle()
    assert "late" in world.jira.only().labels
    assert world.record.details["labels"] == ["late"]


def test_fault_20_an_edit_between_our_look_and_our_write_is_never_lost_silently(world: World) -> None:
    world.sets(title="ours")
    world.jira.meanwhile["edit"] = lambda: world.jira.human_edits(title="a moment earlier")
    world.settle()

    assert world.jira.only().summary == "ours"
    assert any("a moment earlier" in said.text for said in world.jira.said[world.link.issue])


def test_an_edit_just_after_our_write_comes_with_the_next_nudge(world: World) -> None:
    world.sets(title="ours")
    world.jira.meanwhile["comments"] = lambda: None

    def after() -> None:
        world.jira.meanwhile["get"] = lambda: world.jira.human_edits(title="a moment later")

    world.jira.meanwhile["edit"] = after
    world.nudged()
    world.settle()

    assert world.record.title == world.jira.only().summary == "a moment later"


def test_fault_37_a_field_that_left_the_screen_is_flagged_and_the_rest_is_sent(world: World) -> None:
    world.jira.refuses = {"priority"}
    world.sets(title="New title", priority=1)

    outcome = world.settle()

    assert outcome.state == PARKED
    assert "priority" in outcome.reason
    assert world.jira.only().summary == "New title"
    assert world.quiet()
    world.jira.refuses = set()
    world.sets(priority=2)
    assert world.settle().state == DONE
    assert world.jira.only().priority == "High"


def test_an_assignee_without_an_account_is_flagged_and_nobody_else_is_assigned(world: World) -> None:
    world.sets(assignee="ada")
    world.settle()
    world.sets(assignee="someone@elsewhere.example")

    outcome = world.settle()

    assert world.jira.only().assignee is None
    assert (outcome.state, "assignee" in outcome.reason) == (PARKED, True)
    assert world.record.assignee == "someone@elsewhere.example"
    assert world.quiet()


def test_a_priority_we_have_no_number_for_is_flagged_and_not_guessed(world: World) -> None:
    world.jira.human_edits(priority="Blocker")

    assert world.settle().state == PARKED
    assert world.record.priority == 4
    assert world.quiet()


def test_a_title_that_had_to_be_cut_is_not_cut_on_our_side(world: World) -> None:
    title = "long " * 80
    world.sets(title=title)
    world.settle()

    assert len(world.jira.only().summary) == 255
    assert world.record.title == title
    assert world.quiet()


@pytest.mark.parametrize("method", ["get", "comments", "edit"])
def test_fault_36_when_jira_fails_the_ticket_waits_and_the_same_end_is_reached(world: World, method: str) -> None:
    world.sets(title="New title")
    world.jira.faults.append(Fault(method=method, error=lambda name: OutsideError(f"{name}: Jira failed (503)")))

    assert world.nudged().state == AGAIN
    assert world.settle().state == DONE
    assert world.jira.only().summary == "New title"


def test_fault_36_an_edit_whose_answer_was_lost_is_not_repeated(world: World) -> None:
    world.sets(title="New title")
    world.jira.faults.append(Fault(method="edit", error=reset, done=True))
    world.settle()

    assert world.jira.writes["edit"] == 1
    assert world.quiet()


def test_fault_33_a_throttled_edit_waits_as_long_as_it_is_told(world: World) -> None:
    world.sets(title="New title")
    world.jira.faults.append(Fault(method="edit", error=throttled(37)))

    assert (outcome := world.nudged()).state == AGAIN
    assert outcome.seconds == 37
    world.later(37)
    assert world.settle().state == DONE


def test_fault_55_a_second_worker_on_the_same_link_waits_and_writes_nothing(world: World) -> None:
    world.says("first")
    inside: list[str] = []
    world.jira.meanwhile["comment"] = lambda: inside.append(world.nudged().state)

    world.settle()

    assert inside == [AGAIN]
    assert world.jira.writes == {"comment": 1}


def test_fault_6_killed_in_the_middle_leads_to_the_same_end(world: World) -> None:
    world.says("first")
    world.sets(title="New title")

    def killed() -> None:
        raise KeyboardInterrupt

    world.jira.meanwhile["comment"] = killed
    with pytest.raises(KeyboardInterrupt):
        world.nudged()

    assert world.nudged().state == AGAIN
    assert world.settle().state == DONE
    assert world.jira.writes == {"edit": 1, "comment": 1}
