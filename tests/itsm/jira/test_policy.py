"""The Jira policy is refused when it contradicts itself, and the one that comes with the product does not."""

from dataclasses import replace
from typing import Any

import pytest
from itsm.core.practice import load
from itsm.jira.policy import CommentRules, FieldRules, JiraPolicy, StatusRule, StepRule, problems
from itsm.runtime.policies import Policies

from tests.itsm.jira.world import INBOUND, STATUS, a_policy


def test_the_policy_that_comes_with_the_product_is_whole() -> None:
    policy = Policies().jira

    assert problems(policy, {name: load(name).lifecycle.states for name in policy.practices}) == []
    assert set(policy.practices) == {"incident", "problem", "request", "change", "task"}


def test_the_tests_own_policy_is_whole() -> None:
    assert problems(a_policy(), {"incident": load("incident").lifecycle.states}) == []


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ({"project": "ops"}, "project"),
        ({"issue_type": ""}, "issue_type"),
        ({"refused": "shrug"}, "refused"),
        ({"fields": FieldRules(title="mine")}, "fields.title"),
        ({"fields": FieldRules(labels="newest")}, "fields.labels"),
        ({"comments": CommentRules(from_jira="everyone")}, "comments.from_jira"),
        ({"priority": {"9": "Highest"}}, "priority.9"),
        ({"priority": {"1": ""}}, "priority.1"),
        ({"through": ("nowhere",)}, "through.0"),
        ({"guarded": ("nowhere",)}, "guarded.0"),
        ({"status": {**STATUS, "new": replace(STATUS["new"], category="todo")}}, "status.new.category"),
        ({"status": {**STATUS, "new": replace(STATUS["new"], preferred=())}}, "status.new.preferred"),
        ({"status": {**STATUS, "new": replace(STATUS["new"], via=("nowhere",))}}, "status.new.via"),
        ({"status": {**STATUS, "odd": StatusRule(category="new", preferred=("Odd",))}}, "status.odd"),
        ({"status": {name: rule for name, rule in STATUS.items() if name != "on_hold"}}, "status.on_hold"),
        ({"steps": {"new": StepRule(summary="Look", dropped=("nowhere",))}}, "steps.new.dropped"),
        ({"steps": {"new": StepRule(summary="Look", then="closed", dropped=("closed",))}}, "steps.new.dropped"),
        ({"inbound": {**INBOUND, "category:nearly": "closed"}}, "inbound.category:nearly"),
        ({"inbound": {**INBOUND, "Done": "finished"}}, "inbound.Done"),
        ({"inbound": {**INBOUND, "Resolved": "cancelled"}}, "inbound.Resolved"),
    ],
)
def test_a_contradiction_is_named_by_its_key(overrides: dict[str, Any], key: str) -> None:
    found = dict(problems(a_policy(**overrides), {"incident": load("incident").lifecycle.states}))

    assert f"practices.incident.{key}" in found


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        (JiraPolicy(zone="Mars/Olympus"), "zone"),
        (JiraPolicy(zone=""), "zone"),
        (JiraPolicy(people={"ada": "1", "ben": "1"}), "people.ben"),
        (JiraPolicy(people={"ada": ""}), "people.ada"),
        (JiraPolicy(people={"Ada@Example.org": "1"}), "people.Ada@Example.org"),
    ],
)
def test_what_holds_for_all_practices_is_checked_too(policy: JiraPolicy, key: str) -> None:
    assert key in dict(problems(policy))
