"""The timers' shards are all swept, each by one sweeper, and often enough for how far ahead a sweep looks."""

import json
from typing import Any

import pytest
from itsm.core.ports import SHARDS
from itsm.runtime.changes import NEAR

from tests.infra.aws.estate import Estate, load

FUNCTION = ("Clocks", "ClocksSweep")


def sweeps(estate: Estate) -> list[tuple[str, list[int]]]:
    """How often, and which shards, of everything that starts a sweep."""
    return [
        (rule.properties["ScheduleExpression"], json.loads(target["Input"])["shards"])
        for rule in estate.of_type("AWS::Events::Rule")
        for target in rule.properties["Targets"]
        if estate.meant(rule.stack, target["Arn"]) == FUNCTION
    ]


def covers_all_once(estate: Estate) -> bool:
    """Whether every shard is in exactly one sweep."""
    return sorted(shard for _, shards in sweeps(estate) for shard in shards) == list(range(SHARDS))


@pytest.fixture
def estate() -> Estate:
    """The estate as it is."""
    return load()


def target(estate: Estate) -> dict[str, Any]:
    """One sweeper, to be spoilt."""
    found: dict[str, Any] = estate.stacks["Clocks"]["Resources"]["SweepRule1"]["Properties"]["Targets"][2]
    return found


def test_every_shard_has_one_sweeper_and_all_have_as_many(estate: Estate) -> None:
    assert covers_all_once(estate)
    assert {len(shards) for _, shards in sweeps(estate)} == {SHARDS // 16}


def test_a_shard_that_nobody_or_two_sweep_is_found(estate: Estate) -> None:
    for shards in ([6, 22, 38], [6, 22, 38, 54, 5]):
        spoilt = estate.copy()
        target(spoilt)["Input"] = json.dumps({"shards": shards})
        assert not covers_all_once(spoilt)


def test_a_sweep_looks_as_far_as_the_next_one_can_be_away(estate: Estate) -> None:
    # a rule keeps its minute, not its second: from the start of one to the end of the next it can be two minutes
    assert {every for every, _ in sweeps(estate)} == {"rate(1 minute)"}
    assert NEAR > 120
    assert estate.stacks["Clocks"]["Resources"][FUNCTION[1]]["Properties"]["Timeout"] < 60


def test_a_rule_may_start_its_sweeper(estate: Estate) -> None:
    (may,) = (one.properties for one in estate.of_type("AWS::Lambda::Permission") if one.name == "SweepPermission")
    prefix = may["SourceArn"]["Fn::Sub"].rsplit("-", 1)[1].removesuffix("*")
    rules = {one.name for one in estate.of_type("AWS::Events::Rule") if one.stack == "Clocks"}
    assert rules
    assert all(name.startswith(prefix) for name in rules)
    assert estate.meant("Clocks", may["FunctionName"]) == FUNCTION
