"""Service level policy that contradicts itself is refused, with the key and what to do."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from itsm.core.calendar import CalendarPolicy, Calendars
from itsm.core.duration import Duration, in_service_time, parse
from itsm.core.organisation import Group, Groups
from itsm.practices.service_level.checks import problems
from itsm.practices.service_level.policy import Agreement, Conditions, Hold, Level, Target
from itsm.practices.service_level.terms import hold_plan, hold_target

from tests.itsm.practices.service_level.world import CALENDARS, CRITICAL, STANDARD, at, policy

FULL = dict(STANDARD.targets)


def test_a_sound_policy_has_no_problems() -> None:
    assert problems(policy()) == []


@pytest.mark.parametrize(
    ("change", "key", "reason"),
    [
        ({"calendar": "moon"}, "agreement.1.calendar", "no calendar is called 'moon'"),
        ({"hold_pauses": ("respond",)}, "agreement.1.hold_pauses", "'respond' is none of response, next_reply"),
        ({"when": {"service": "email"}}, "agreement.1.when", "the default agreement takes what no other does"),
        ({"default": False}, "agreement", "exactly one must be the default, not none"),
        ({"default": False}, "agreement.1.when", "it would hide every agreement after it"),
        ({"name": "critical"}, "agreement", "'critical' is there twice"),
        ({"targets": {"P1": FULL["P1"], "P2": FULL["P2"]}}, "agreement.1.targets.P3", "no row for this priority"),
        ({"targets": FULL | {"urgent": Target()}}, "agreement.1.targets.urgent", "written P1, P2"),
        ({"targets": {f"P{n}": Target() for n in (1, 2, 3)}}, "agreement.1.targets", "promises nothing"),
        (
            {"conditions": {"response": Conditions(stop={"said": ["agent", "robot"]})}},
            "agreement.1.conditions.response.stop.said",
            "'robot' is none of agent, requester",
        ),
        ({"levels": (Level(at=0),)}, "agreement.1.levels.0.at", "0 is no percentage"),
        ({"levels": (Level(at=75, actions=("shout",)),)}, "agreement.1.levels.0.actions", "'shout' is none of"),
        ({"levels": (Level(at=75, metrics=("repair",)),)}, "agreement.1.levels.0.metrics", "'repair' is none of"),
        ({"levels": (Level(at=75), Level(at=75))}, "agreement.1.levels", "two levels of response are at 75 %"),
    ],
)
def test_a_contradiction_is_named_with_its_key(change: dict[str, Any], key: str, reason: str) -> None:
    found = problems(policy(CRITICAL, replace(STANDARD, **change)))
    assert [text for where, text in found if where == key and reason in text], found


@pytest.mark.parametrize(
    ("target", "key", "reason"),
    [
        (Target(response="5h", resolution="4h"), "response", "5h is longer than the resolution target 4h"),
        (Target(next_reply="3 business_days", resolution="2 business_days"), "next_reply", "is longer than"),
        (Target(response="9h", resolution="1 business_day"), "response", "9h is longer than"),
        (Target(response="soon"), "response", "'soon' is no duration"),
        (Target(response="0m"), "response", "more than nothing"),
    ],
)
def test_a_target_that_cannot_be_meant_is_named(target: Target, key: str, reason: str) -> None:
    wrong = replace(STANDARD, targets=FULL | {"P2": target})
    found = problems(policy(CRITICAL, wrong))
    assert [text for where, text in found if where == f"agreement.1.targets.P2.{key}" and reason in text], found


def test_a_target_promised_at_some_priorities_only_would_be_lost_on_the_way() -> None:
    found = problems(policy(CRITICAL, replace(STANDARD, targets=FULL | {"P2": Target(response="1h", resolution="8h")})))
    assert found == [("agreement.1.targets.P2", "next_reply is promised at other priorities, but not here")]


def test_two_defaults_are_refused() -> None:
    found = problems(policy(replace(CRITICAL, when={}, default=True), STANDARD))
    assert ("agreement", "exactly one must be the default, not critical, standard") in found


def test_a_condition_on_a_fact_that_no_record_has_is_refused() -> None:
    found = problems(policy(replace(CRITICAL, when={"servce": "erp"}), STANDARD))
    assert [key for key, _ in found] == ["agreement.0.when.servce"]


def test_an_unknown_fallback_calendar_is_refused_and_a_wrong_calendar_is_reported_elsewhere() -> None:
    broken = Calendars(calendars={**CALENDARS.calendars, "broken": CalendarPolicy(zone="Mars/Base")})
    groups = Groups(groups={"one": Group(title="One", calendar="broken", lead="lead@example.org")})
    found = problems(policy(calendar="moon", calendars=broken, groups=groups))
    assert [key for key, _ in found] == ["calendar"]


def test_levels_come_in_the_order_they_are_reached_with_the_breach_among_them() -> None:
    agreement = Agreement(name="a", targets={}, levels=(Level(at=150, metrics=("resolution",)), Level(at=50)))
    assert [level.at for level in agreement.plan("resolution")] == [50, 100, 150]
    assert [level.at for level in agreement.plan("response")] == [50, 100]


def test_a_promise_is_looked_up_by_priority_and_target() -> None:
    assert STANDARD.promised(3, "resolution") == Duration(business_days=2)
    assert CRITICAL.promised(1, "next_reply") is None
    assert STANDARD.promised(9, "response") is None


def test_only_what_waits_for_the_requester_is_done_for_want_of_an_answer() -> None:
    fine, wrong = (
        Hold(reason="requester", resolve="6 business_days"),
        Hold(reason="supplier", resolve="9 business_days"),
    )
    assert problems(policy(hold=(fine,))) == []
    [(key, reason)] = problems(policy(hold=(fine, wrong)))
    assert key == "hold.1.resolve"
    assert "a supplier is waited for" in reason


def test_an_agreement_behind_one_that_asks_the_same_is_refused_unless_that_one_ends() -> None:
    again = replace(CRITICAL, name="again")
    assert [key for key, _ in problems(policy(CRITICAL, again, STANDARD))] == ["agreement.1.when"]
    assert problems(policy(replace(CRITICAL, valid_until=date(2026, 12, 31)), again, STANDARD)) == []


@pytest.mark.parametrize(("reminders", "end"), [(("2 business_days",), "1h"), (("4h", "9h"), "1 business_day")])
def test_a_hold_ends_when_it_says_and_no_reminder_comes_after_that(reminders: tuple[str, ...], end: str) -> None:
    hold = Hold(reason="requester", follow_up=reminders, resolve=end)
    [(key, _)] = problems(policy(hold=(hold,)))
    assert key == "hold.0.follow_up"
    berlin, start = policy().hours("berlin"), at("2026-03-23T10:00")
    target = hold_target(hold, berlin, start)
    assert target == in_service_time(berlin, start, parse(end))
    plan = hold_plan(hold, berlin, start)
    assert [level.actions for level in plan if level.at == 100] == [("resolve",)]
    assert all(0 < level.need(target) < target for level in plan if level.at != 100)
