"""The small language of every policy file."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsm.core import rules
from itsm.core.approvals import ApprovalRule

from tests.builders import an_incident

FACTS: dict[str, Any] = {
    "service": "email",
    "priority": 2,
    "title": "The VPN is down",
    "participants": ["ada", "bob"],
    "details": {"type": "normal", "urgent": True, "deep": {"er": 1}},
    "service.criticality": 1,
}


@pytest.mark.parametrize(
    "when",
    [
        {},
        {"service": "email"},
        {"service": ["vpn", "email"]},
        {"priority": {"at_least": 2, "at_most": 2}},
        {"priority": {"at_most": 2.5}},
        {"title": {"contains": "vpn"}},
        {"title": {"starts_with": "the vpn"}},
        {"participants": {"contains": "bob"}},
        {"details.type": "normal", "details.urgent": True},
        {"details.deep.er": {"at_least": 1}},
        {"service.criticality": 1},
        {"service": {"not": "vpn"}},
        {"service": {"not": ["vpn", "erp"]}},
        {"priority": {"not": {"at_least": 3}}},
        {"nothing": {"not": "anything"}},
    ],
)
def test_a_condition_that_holds(when: dict[str, Any]) -> None:
    assert rules.matches(when, FACTS)


@pytest.mark.parametrize(
    "when",
    [
        {"service": "vpn"},
        {"service": "email", "priority": 1},
        {"service": []},
        {"service": {}},
        {"priority": {"at_least": 3}},
        {"priority": {"at_least": 1, "at_most": 1}},
        {"title": {"at_least": 1}},
        {"details.urgent": {"at_least": 1}},
        {"details.urgent": 1},
        {"title": {"contains": "lan"}},
        {"priority": {"contains": 2}},
        {"participants": {"contains": "bo"}},
        {"nothing": "email"},
        {"details.nothing.deeper": 1},
        {"details.type.deeper": 1},
        {"service": {"like": "email"}},
        {"service": {"not": "email"}},
        {"service": {"not": ["email", "vpn"]}},
    ],
)
def test_a_condition_that_does_not_hold(when: dict[str, Any]) -> None:
    assert not rules.matches(when, FACTS)


def test_the_first_rule_that_holds_wins() -> None:
    first, second = ApprovalRule(when={"priority": 2}), ApprovalRule(when={})
    assert rules.first([first, second], FACTS) is first
    assert rules.first([first, second], {"priority": 1}) is second
    assert rules.first([first], {"priority": 1}) is None


def test_the_facts_of_a_record_are_those_a_policy_may_ask() -> None:
    facts = rules.facts(an_incident(details={"type": "x"}), {"service.criticality": 1})
    known = {name.removesuffix(".*") for name in rules.FACTS}
    assert set(facts) == known | {"service.criticality"}
    assert rules.matches({"requester_domain": "example.org", "details.type": "x", "service.criticality": 1}, facts)


@pytest.mark.parametrize(
    ("when", "key", "word"),
    [
        ({"colour": "red"}, "colour", "no record has such a fact"),
        ({"service.tier": 1}, "service.tier", "no record has such a fact"),
        ({"title": {"like": "x"}}, "title", "unknown operator 'like'"),
        ({"priority": {"at_least": "2"}}, "priority", "takes a number"),
        ({"priority": {"at_most": True}}, "priority", "takes a number"),
        ({"title": {"starts_with": 1}}, "title", "takes text"),
        ({"title": {"contains": ["a"]}}, "title", "one plain value"),
        ({"title": {}}, "title", "empty table"),
        ({"title": []}, "title", "empty list"),
        ({"title": [["a"]]}, "title", "plain values only"),
        ({"title": {"not": {"like": "x"}}}, "title", "unknown operator 'like'"),
        ({"title": None}, "title", "cannot be compared"),
    ],
)
def test_a_condition_that_can_never_be_meant_is_refused(when: dict[str, Any], key: str, word: str) -> None:
    [(named, reason)] = rules.problems(when)
    assert named == key
    assert word in reason


def test_a_right_condition_has_no_problem() -> None:
    when: dict[str, Any] = {"details.any.thing": "x", "priority": {"at_least": 1}, "title": {"not": {"contains": "x"}}}
    assert rules.problems(when) == []


values = st.one_of(st.booleans(), st.integers(-3, 3), st.text("ab", max_size=2))


@given(fact=values, wanted=values)
def test_not_is_the_opposite_of_equality_and_membership(fact: Any, wanted: Any) -> None:
    assert rules.matches({"x": {"not": wanted}}, {"x": fact}) != rules.matches({"x": wanted}, {"x": fact})
    assert rules.matches({"x": [wanted]}, {"x": fact}) == rules.matches({"x": wanted}, {"x": fact})


@given(number=st.integers(-5, 5), bound=st.integers(-5, 5))
def test_at_least_and_at_most_are_the_order_of_numbers(number: int, bound: int) -> None:
    assert rules.matches({"x": {"at_least": bound}}, {"x": number}) == (number >= bound)
    assert rules.matches({"x": {"at_most": bound}}, {"x": number}) == (number <= bound)
