"""Exactly one issue per ticket, whatever becomes of the request that makes it (faults 1, 2, 4, 5 of the study)."""

import pytest
from itsm.core.errors import UnauthenticatedError
from itsm.jira.outcome import AGAIN, DONE, PARKED

from tests.itsm.jira.fake_jira import Fault, reset, throttled, unreachable
from tests.itsm.jira.world import World


def test_a_ticket_gets_one_issue_that_carries_its_proof() -> None:
    world = World()

    assert world.settle().state == DONE

    issue = world.jira.only()
    assert issue.record == world.id
    assert f"itsm-{world.id}" in issue.labels
    assert issue.summary == world.record.title
    assert issue.priority == "Low"
    assert (world.link.state, world.link.issue, world.link.key) == ("linked", issue.id, "OPS-1")
    assert world.quiet()


def test_a_new_issue_costs_three_calls_and_a_nudge_without_news_two_reads() -> None:
    world = World()
    world.settle()
    assert world.jira.calls == {"create": 1, "get": 1, "comments": 1}

    world.jira.calls.clear()
    world.nudged()
    assert world.jira.calls == {"get": 1, "comments": 1}


def test_fault_1_created_but_the_answer_was_lost_is_adopted_by_search() -> None:
    world = World()
    world.jira.faults.append(Fault(method="create", error=reset, done=True))

    first = world.nudged()

    assert (first.state, first.seconds) == (AGAIN, 20)
    assert world.settle().state == DONE
    assert world.jira.writes["create"] == 1
    assert world.link.issue == world.jira.only().id


def test_fault_1_created_but_the_answer_was_lost_is_adopted_by_webhook_at_once() -> None:
    world = World()
    world.jira.faults.append(Fault(method="create", error=reset, done=True))
    world.nudged()

    assert world.webhook(world.jira.webhooks.pop()).state == DONE
    assert world.jira.calls["labelled"] == 0
    assert world.jira.writes["create"] == 1


def test_a_webhook_of_an_issue_without_our_proof_is_not_adopted() -> None:
    world = World()
    world.jira.faults.append(Fault(method="create", error=reset, done=True))
    world.nudged()
    stranger = world.jira.only()
    world.jira.issues[stranger.id] = type(stranger)(id=stranger.id, key="OPS-1", summary="x", status=stranger.status)

    assert world.nudged(issue=stranger.id).state == AGAIN
    assert world.link.issue == ""


def test_fault_2_nothing_is_posted_again_while_the_index_lags() -> None:
    world = World()
    world.lag(120)
    world.jira.faults.append(Fault(method="create", error=reset, done=True))

    assert world.settle().state == DONE
    assert world.jira.calls["create"] == 1
    assert world.jira.calls["labelled"] == 3


def test_fault_4_a_request_that_never_arrived_is_repeated_after_three_searches_and_ten_minutes() -> None:
    world = World()
    started = world.time
    world.jira.faults.append(Fault(method="create", error=reset))

    assert world.settle().state == DONE
    assert world.jira.calls["create"] == 2
    assert world.jira.calls["labelled"] >= 3
    assert world.time - started >= 600
    assert len(world.jira.issues) == 1


def test_many_nudges_at_once_do_not_shorten_the_ten_minutes() -> None:
    world = World()
    world.jira.faults.append(Fault(method="create", error=reset))
    world.nudged()

    for _ in range(59):
        world.later(10)
        world.nudged()

    assert world.jira.calls["create"] == 1


def test_fault_5_killed_after_the_post_and_before_the_save_is_adopted_by_the_next_nudge() -> None:
    world = World()
    world.nudged()
    world.unlink()
    world.later(30)

    assert world.settle().state == DONE
    assert world.jira.calls["create"] == 1


def test_a_refused_connection_is_certain_and_asked_again_within_minutes() -> None:
    world = World()
    world.jira.faults.append(Fault(method="create", error=unreachable, times=3))

    assert world.nudged().state == AGAIN
    assert world.link.state == "pending"
    assert world.settle().state == DONE
    assert world.jira.calls["labelled"] == 0


def test_fault_33_a_throttled_create_waits_as_long_as_it_is_told() -> None:
    world = World()
    world.jira.faults.append(Fault(method="create", error=throttled(1847)))

    outcome = world.nudged()

    assert (outcome.state, outcome.seconds) == (AGAIN, 1847)
    world.later(1847)
    assert world.settle().state == DONE
    assert len(world.jira.issues) == 1


def test_refused_credentials_are_tried_again_and_lose_nothing() -> None:
    world = World()
    world.jira.faults.append(Fault(method="create", error=lambda method: UnauthenticatedError("renew the token")))

    assert (world.nudged().state, world.link.state) == (AGAIN, "pending")
    assert world.settle().state == DONE


@pytest.mark.parametrize("field", ["priority", "assignee"])
def test_fault_37_an_optional_field_jira_refuses_is_left_out_and_flagged(field: str) -> None:
    world = World(assignee="ada")
    world.jira.refuses = {field}

    outcome = world.settle()

    assert outcome.state == PARKED
    assert field in outcome.reason
    assert len(world.jira.issues) == 1
    assert world.jira.only().summary == world.record.title


def test_an_issue_jira_refuses_is_parked_with_the_reason_and_made_once_the_site_is_mended() -> None:
    world = World()
    world.jira.refuses = {"title"}

    assert world.settle().state == PARKED
    assert "title" in world.link.reason
    world.jira.refuses = set()
    assert world.settle().state == DONE
    assert world.link.reason == ""


def test_when_jira_answers_no_request_the_link_is_parked_instead_of_asking_for_ever() -> None:
    world = World()
    world.jira.faults.append(Fault(method="create", error=reset, times=100))

    assert world.settle(60).state == PARKED
    assert world.jira.calls["create"] == 3
    assert world.nudged().state == PARKED
    assert world.jira.calls["create"] == 3


def test_fault_3_a_twin_made_by_a_lag_beyond_the_window_loses_its_label_and_is_told() -> None:
    world = World()
    world.lag(1200)
    world.jira.faults.append(Fault(method="create", error=reset, done=True, times=2))
    while len(world.jira.issues) < 2:
        world.later(world.nudged().seconds)
    world.lag(0)
    world.later(30)
    world.settle()

    first, twin = sorted(world.jira.issues)
    assert world.link.issue == first
    assert f"itsm-{world.id}" not in world.jira.issues[twin].labels
    assert "duplicate of OPS-1" in world.jira.said[twin][0].text


def test_a_practice_without_a_place_in_jira_is_left_alone() -> None:
    world = World()
    world.policy = type(world.policy)()

    assert world.nudged().state == DONE
    assert not world.jira.calls
