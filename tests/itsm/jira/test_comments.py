"""Comments cross once each way, and an internal one never becomes public."""

import pytest
from itsm.core.record import derived_id
from itsm.jira.outcome import AGAIN, DONE, PARKED
from itsm.jira.policy import CommentRules

from tests.itsm.jira.fake_jira import BEN, US, Fault, reset
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


def said(world: World) -> list[str]:
    """What the issue's comments say."""
    return [entry.text for entry in world.jira.said[world.link.issue]]


def journal(world: World) -> list[str]:
    """What the ticket's comments say, without the opening."""
    return [entry.text for entry in world.records.comments(world.id) if entry.id != "opening"]


def test_a_comment_of_ours_is_added_with_its_author_and_visibility(world: World) -> None:
    world.says("one", "We reboot it.")
    world.says("two", "The disk is dying.", public=False)
    world.settle()

    assert said(world) == ["ada@example.org:\n\nWe reboot it.", "ada@example.org (internal):\n\nThe disk is dying."]
    assert [entry.internal for entry in world.jira.said[world.link.issue]] == [False, True]
    assert world.quiet()


def test_a_comment_made_in_jira_comes_to_the_ticket_under_an_id_derived_from_jiras(world: World) -> None:
    jira_id = world.jira.human_says("Rebooted.", BEN, public=True)
    world.settle()

    comment = next(entry for entry in world.records.comments(world.id) if entry.origin == "jira")
    assert (comment.id, comment.text, comment.by, comment.public) == (
        derived_id("jira-comment", jira_id),
        "Rebooted.",
        "ben@example.com",
        True,
    )
    assert world.record.event.comment == comment.id
    assert world.quiet()


def test_fault_15_comments_do_not_play_ping_pong(world: World) -> None:
    world.says("one")
    world.jira.human_says("Rebooted.")
    for _ in range(5):
        world.settle()
        for payload in list(world.jira.webhooks):
            world.webhook(payload)

    assert (len(said(world)), len(journal(world))) == (2, 2)


def test_fault_16_a_comment_typed_with_the_integration_account_is_a_persons(world: World) -> None:
    world.jira.human_says("Typed as the robot.", US)
    world.settle()

    assert journal(world) == ["Typed as the robot."]


@pytest.mark.parametrize(
    ("from_jira", "shown", "public"),
    [
        ("jsm", True, True),
        ("jsm", False, False),
        ("jsm", None, False),
        ("public", None, True),
        ("internal", True, False),
    ],
)
def test_fault_39_a_comment_is_public_only_when_that_is_known(from_jira: str, shown: bool | None, public: bool) -> None:
    world = World(a_policy(comments=CommentRules(from_jira=from_jira)))
    world.settle()
    world.jira.human_says("Is this seen?", public=shown)
    hook = world.jira.webhooks.pop()
    world.webhook({**hook, "comment": {"jsdPublic": True}})

    (comment,) = [entry for entry in world.records.comments(world.id) if entry.origin == "jira"]
    assert comment.public is public


def test_comments_stay_home_when_policy_says_so() -> None:
    world = World(a_policy(comments=CommentRules(to_jira="public", from_jira="none")))
    world.settle()
    world.says("one", "public")
    world.says("two", "internal", public=False)
    world.jira.human_says("Stays in Jira.")
    world.settle()

    assert [text.split("\n")[-1] for text in said(world)] == ["Stays in Jira.", "public"]
    assert len(journal(world)) == 2


@pytest.mark.parametrize("done", [True, False])
def test_fault_40_a_comment_whose_answer_was_lost_is_looked_for_first(world: World, done: bool) -> None:
    world.says("one")
    world.says("two")
    world.jira.faults.append(Fault(method="comment", error=reset, done=done))

    assert world.nudged().state == AGAIN
    assert world.settle().state == DONE
    assert len(said(world)) == 2
    assert world.quiet()


def test_fault_40_a_lost_answer_is_given_time_to_take_effect_before_anyone_looks(world: World) -> None:
    world.says("one")
    world.jira.faults.append(Fault(method="comment", error=reset))
    world.nudged()
    world.later(10)

    assert world.nudged().state == AGAIN
    assert world.jira.calls["comment"] == 1


def test_fault_40_a_comment_changed_in_jira_is_a_further_entry_of_the_journal(world: World) -> None:
    jira_id = world.jira.human_says("Rebooted.", public=True)
    world.settle()
    world.later(60)
    world.jira.human_rewrites(jira_id, "Not rebooted.", BEN)
    world.settle()
    world.settle()

    assert journal(world) == ["Rebooted.", "(edited in Jira)\n\nNot rebooted."]
    assert world.quiet()


def test_fault_40_our_comment_changed_by_another_in_jira_is_never_shown_to_the_requester(world: World) -> None:
    world.says("one")
    world.settle()
    world.later(60)
    world.jira.human_rewrites(world.jira.said[world.link.issue][0].id, "I never said that.", BEN)
    world.settle()

    last = world.records.comments(world.id)[-1]
    assert (last.public, last.by) == (False, "ben@example.com")
    assert world.quiet()


def test_fault_40_a_comment_deleted_in_jira_stays_and_is_noted_and_ours_is_not_posted_again(world: World) -> None:
    world.says("one")
    theirs = world.jira.human_says("Rebooted.", public=True)
    world.settle()
    world.jira.human_takes_back(theirs)
    world.jira.human_takes_back(world.jira.said[world.link.issue][0].id)
    world.settle()

    assert said(world) == []
    assert "Rebooted." in journal(world)
    assert sum("was deleted in Jira" in text for text in journal(world)) == 2
    assert world.quiet()


def test_fault_40_an_issue_that_takes_no_more_comments_is_flagged_and_the_rest_crosses(world: World) -> None:
    world.jira.full = True
    world.says("one")
    world.goes("in_progress")

    outcome = world.settle()

    assert (outcome.state, "no more comments" in outcome.reason) == (PARKED, True)
    assert world.jira.only().status.name == "In Progress"
    world.jira.full = False
    assert world.settle().state == DONE
    assert len(said(world)) == 1


def test_the_opening_text_is_the_description_and_no_comment(world: World) -> None:
    assert said(world) == []
