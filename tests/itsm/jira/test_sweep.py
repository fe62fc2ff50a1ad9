"""The sweep heals what lost webhooks would have told (fault 10)."""

from itsm.jira.outcome import DONE
from itsm.jira.policy import JiraPolicy
from itsm.jira.sweep import recent

from tests.itsm.jira.world import World


def test_fault_10_a_change_whose_webhook_was_lost_is_found_by_the_sweep() -> None:
    world = World()
    world.settle()
    world.later(3600)
    assert recent(world.jira, world.policy) == ()

    world.jira.human_edits(title="Nobody told us")
    world.jira.webhooks.clear()
    (nudge,) = recent(world.jira, world.policy)

    assert (nudge.record, nudge.issue) == (world.id, world.link.issue)
    assert world.nudged(nudge.issue, nudge.kind).state == DONE
    assert world.record.title == "Nobody told us"


def test_issues_of_others_are_passed_over() -> None:
    world = World()
    world.settle()
    world.jira.human_labels(remove=[f"itsm-{world.id}"])

    assert recent(world.jira, world.policy) == ()


def test_fault_50_an_issue_whose_link_was_lost_is_adopted_again() -> None:
    world = World()
    world.settle()
    world.records.links.clear()
    (nudge,) = recent(world.jira, world.policy)

    assert world.nudged(nudge.issue, nudge.kind).state == DONE
    assert len(world.jira.issues) == 1
    assert world.link.issue == world.jira.only().id


def test_without_practices_nothing_is_asked() -> None:
    world = World(JiraPolicy())

    assert recent(world.jira, world.policy) == ()
