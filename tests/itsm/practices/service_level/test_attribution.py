"""Whose time it was: segments in each group's hours, the place of a breach, attainment, allowance and penalties."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from itsm.core.clock import RUNNING
from itsm.core.service_time import elapsed
from itsm.practices.service_level import rules
from itsm.practices.service_level.attainment import Attainment, attainment, period_of, report
from itsm.practices.service_level.attribution import Result, Segment, held, results, segments
from itsm.practices.service_level.policy import RESOLUTION, RESPONSE, Penalty
from itsm.practices.service_level.replay import story

from tests.itsm.practices.service_level.test_replay import ANYTHING, histories
from tests.itsm.practices.service_level.test_ruled import LEVELS
from tests.itsm.practices.service_level.world import HOUR, LIFECYCLE, MINUTE, STANDARD, Desk, at, policy, shown


def cut(desk: Desk, until: int | None = None) -> list[Segment]:
    told = story(desk.record, desk.events, desk.comments, LIFECYCLE, desk.policy)
    return list(segments(told, desk.record.updated_at if until is None else until, desk.policy))


def came(desk: Desk, until: str) -> list[Result]:
    told = story(desk.record, desk.events, desk.comments, LIFECYCLE, desk.policy)
    return list(results(told, at(until), desk.policy))


def around_the_world() -> Desk:
    desk = Desk("2026-03-26T15:00", LEVELS, priority=2).start("2026-03-26T15:00")
    desk.change("2026-03-26T16:00", state="in_progress").change("2026-03-26T17:00", group="new-york")
    desk.change("2026-03-26T21:00", group="berlin").change("2026-03-27T12:00", state="resolved")
    return desk


def test_a_clock_is_segments_each_in_the_hours_of_the_group_that_held_the_ticket() -> None:
    found = [one for one in cut(around_the_world()) if one.metric == RESOLUTION and one.kind == "sla"]
    assert [(one.group, one.calendar, one.state, one.seconds // HOUR, shown(one.begin)) for one in found] == [
        ("berlin", "berlin", "new", 1, "Thu 26 Mar 15:00:00"),
        ("berlin", "berlin", "in_progress", 1, "Thu 26 Mar 16:00:00"),
        ("new-york", "new-york", "in_progress", 4, "Thu 26 Mar 17:00:00"),
        ("berlin", "berlin", "in_progress", 3, "Thu 26 Mar 21:00:00"),
    ]


def test_the_ola_of_a_hand_over_falls_out_of_the_same_log() -> None:
    found = [(one.agreement, one.seconds // HOUR) for one in cut(around_the_world()) if one.kind == "ola"]
    assert found == [("berlin-ola", 1), ("berlin-ola", 1), ("new-york-ola", 4), ("berlin-ola", 3)]


def test_a_breach_is_the_states_and_the_groups_in_whose_hands_the_time_ran_out() -> None:
    desk = around_the_world()
    late = [one for one in came(desk, "2026-03-28T00:00") if one.met is False]
    assert {(one.kind, one.metric, one.group, one.state) for one in late} == {
        ("sla", "response", "berlin", "new"), ("sla", "next_reply", "berlin", "in_progress"),
        ("sla", "resolution", "berlin", "in_progress"), ("ola", "resolution", "new-york", "in_progress"),
        ("ola", "resolution", "berlin", "in_progress"),
    }  # fmt: skip
    assert held(cut(desk), RESOLUTION) == {
        ("in_progress", "berlin"): 4 * HOUR, ("in_progress", "new-york"): 4 * HOUR, ("new", "berlin"): HOUR,
    }  # fmt: skip


def test_time_on_hold_is_held_by_nobodys_target() -> None:
    desk = Desk("2026-03-26T09:00").start("2026-03-26T09:00").change("2026-03-26T10:00", state="on_hold")
    desk.change("2026-03-26T12:00", state="in_progress")
    found = [(one.seconds // HOUR, one.paused) for one in cut(desk) if one.metric == RESOLUTION]
    assert found == [(1, False), (2, True)]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(ANYTHING))
def test_the_segments_of_a_clock_add_up_to_what_it_used(desk: Desk) -> None:
    now = desk.record.updated_at + 5 * HOUR
    found = cut(desk, now)
    for clock in desk.record.clocks:
        mine = [one for one in found if one.metric == clock.metric and not one.paused and one.end > clock.started_at]
        used = clock.target - rules.remaining(clock, now, desk.policy)
        assert sum(one.seconds for one in mine) == used
        if clock.state == RUNNING:
            assert used == clock.used + elapsed(desk.policy.hours(clock.calendar), clock.since, now)


def test_every_reply_is_a_result_of_its_own() -> None:
    desk = Desk("2026-03-26T09:00").start("2026-03-26T09:00").say("2026-03-26T09:10")
    desk.say("2026-03-26T10:00", by="rita@example.org").say("2026-03-26T11:00")
    found = [(one.metric, one.met) for one in came(desk, "2026-03-26T12:00")]
    assert found == [("next_reply", True), ("response", True), ("next_reply", False), ("resolution", None)]


def test_what_is_open_is_counted_once_it_is_known() -> None:
    desk = Desk("2026-03-26T09:00").start("2026-03-26T09:00")
    early = attainment(came(desk, "2026-03-26T09:20"), ("metric",))
    assert early == {
        ("next_reply",): Attainment(open=1),
        ("resolution",): Attainment(open=1),
        ("response",): Attainment(missed=1),
    }
    desk.change("2026-03-26T09:30", state="cancelled")
    assert {one.metric for one in came(desk, "2026-03-26T12:00")} == set()


def many(met: int, missed: int) -> list[Result]:
    one = Result(
        number="INC1", practice="incident", service="email", priority=1, group="berlin", state="new", kind="sla",
        agreement="standard", metric=RESPONSE, met=True, at=at("2026-03-31T23:30"), target=15 * MINUTE,
    )  # fmt: skip
    return [one] * met + [replace(one, met=False)] * missed


def test_a_percentage_is_never_rounded_up_to_what_was_not_reached() -> None:
    (found,) = attainment(many(99_999, 1), ("service", "priority")).values()
    assert (found.percent, found.hundredths) == ("99.99 %", 9999)
    assert Attainment().percent == "-"


def test_an_agreement_tells_its_remaining_allowance_and_what_it_owes() -> None:
    fined = replace(STANDARD, goal=95, penalties=(Penalty(below=95, amount=500), Penalty(below=90, amount=2000)))
    levels = policy(fined)
    for met, missed, allowance, penalty in ((98, 2, 3, 0), (95, 5, 0, 0), (94, 6, -1, 500), (89, 11, -6, 2000)):
        (line,) = report(many(met, missed), levels)
        assert (line.period, line.allowance, line.penalty) == ("2026-03", allowance, penalty)


@pytest.mark.parametrize(
    ("period", "name"), [("week", "2026-W14"), ("month", "2026-03"), ("quarter", "2026-Q1"), ("year", "2026")]
)
def test_a_period_is_one_of_the_organisations_own_zone(period: str, name: str) -> None:
    zone = policy().hours("berlin").zone
    assert period_of(at("2026-03-31T23:59:59"), zone, period) == name


def test_results_are_counted_by_what_they_have_and_by_nothing_else() -> None:
    with pytest.raises(KeyError, match="nothing is counted by 'mood'"):
        attainment(many(1, 0), ("mood",))
    with pytest.raises(KeyError, match="'decade' is none of"):
        period_of(0, policy().hours("berlin").zone, "decade")
