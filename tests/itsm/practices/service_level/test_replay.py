"""Stored clocks are a cache: the history alone gives the same ones, and they are what a plain sum of intervals says."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from itsm.core import service_time as st
from itsm.core.clock import PAUSED, RUNNING, Clock
from itsm.practices.service_level import rules
from itsm.practices.service_level.policy import RESOLUTION, RESPONSE, Conditions, Level
from itsm.practices.service_level.replay import clocks_from, versions
from itsm.practices.service_level.terms import terms

from tests.itsm.practices.service_level.world import HOUR, LIFECYCLE, STANDARD, Desk, at, policy, shown

STEADY: Mapping[str, tuple[object, ...]] = {"group": ("berlin", "new-york")}
"""What may change without a new promise."""
ANYTHING = {**STEADY, "priority": (1, 2, 3), "service": ("email", "erp", "unheard-of")}


@some.composite
def histories(draw: some.DrawFn, fields: Mapping[str, tuple[object, ...]], levels: bool = True) -> Desk:
    """A ticket to which things happen, in and out of service hours, saved as the product saves them."""
    desk = Desk(priority=draw(some.sampled_from((1, 2, 3))), service=draw(some.sampled_from(("email", "erp"))))
    if not levels:
        desk = Desk(levels=policy(replace(STANDARD, levels=())), priority=desk.record.priority)
    now = desk.record.opened_at
    start = draw(some.integers(0, 2))
    for n in range(draw(some.integers(1, 9))):
        now += draw(some.integers(0, 40) | some.integers(0, 30 * HOUR))
        if n == start:
            desk.start(now)
            continue
        if desk.record.next_timer is not None and draw(some.booleans()):
            # the sweeper comes at the second a level is due, or later
            now = max(now, desk.record.next_timer)
            desk.tick(now)
        happens(draw, desk, now, fields)
    return desk


def happens(draw: some.DrawFn, desk: Desk, now: int, fields: Mapping[str, tuple[object, ...]]) -> None:
    what = draw(some.sampled_from(("move", "say", "say and move", "tick", *fields)))
    legal = sorted(LIFECYCLE.moves[desk.record.state])
    move: dict[str, Any] = {"state": draw(some.sampled_from(legal))} if "move" in what and legal else {}
    if what == "tick":
        desk.tick(now)
    elif "say" in what:
        by = draw(some.sampled_from(("ada@example.org", "rita@example.org", "system")))
        desk.say(now, by=by, public=draw(some.booleans()), **move)
    elif what in fields:
        change: dict[str, Any] = {what: draw(some.sampled_from(fields[what]))}
        desk.change(now, **change)
    elif move:
        desk.change(now, **move)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(ANYTHING))
def test_a_clock_that_is_not_over_goes_by_what_the_ticket_is_promised_now(desk: Desk) -> None:
    on, state = terms(desk.policy, desk.record), desk.record.state
    open_still = [clock for clock in desk.record.clocks if clock.state in (RUNNING, PAUSED)]
    assert {(one.agreement, one.calendar) for one in open_still} <= {(on.agreement.name, on.calendar.name)}
    assert not open_still or state not in LIFECYCLE.met | LIFECYCLE.final
    paused = {one.metric for one in open_still if one.state == PAUSED}
    assert paused <= (set(on.agreement.hold_pauses) if state in LIFECYCLE.held else set())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(ANYTHING))
def test_the_history_gives_the_stored_clocks(desk: Desk) -> None:
    assert clocks_from(desk.record, desk.events, desk.comments, LIFECYCLE, desk.policy) == desk.record.clocks


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(ANYTHING), some.integers(0, 60 * HOUR))
def test_a_clock_keeps_its_own_rules_whatever_happens(desk: Desk, later: int) -> None:
    seen: dict[tuple[str, int, str], int] = {}
    now = desk.record.updated_at + later
    clocks, fired = rules.fire(desk.record.clocks, now, desk.policy)
    for one in fired:
        assert one.at <= now, "fired early"
        key = (one.clock.metric, one.clock.generation, one.level)
        seen[key] = seen.get(key, 0) + 1
    assert all(count == 1 for count in seen.values())
    assert rules.fire(clocks, now, desk.policy)[1] == (), "fired twice"
    for clock in clocks:
        assert clock.next_at is None or clock.next_at > now
        assert (clock.due is not None) is (clock.state == RUNNING)
        assert clock.used >= 0
        if clock.state == RUNNING and clock.due is not None:
            left = rules.remaining(clock, now, desk.policy)
            assert (clock.due <= now) is (clock.breached_at is not None)
            assert left <= 0 if clock.due <= now else left >= 0


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(STEADY, levels=False))
def test_resolution_uses_the_service_time_in_which_the_ticket_was_worked(desk: Desk) -> None:
    """The oracle knows no clock: it adds up the open seconds of every interval that counts."""
    for clock in desk.record.clocks:
        if clock.metric != RESOLUTION:
            continue
        end = desk.record.updated_at
        live = clock if clock.state != RUNNING else replace(clock, used=clock.used + elapsed(desk, clock, end))
        assert live.used == sum(worked(desk, RESOLUTION))
        if clock.state == RUNNING and clock.breached_at is None:
            assert clock.due == st.due(desk.policy.hours(clock.calendar), end, clock.target - live.used)


def elapsed(desk: Desk, clock: Clock, end: int) -> int:
    return st.elapsed(desk.policy.hours(clock.calendar), clock.since, end)


def worked(desk: Desk, metric: str) -> list[int]:
    counted = []
    kept = list(versions(desk.record, desk.events))
    began = next(n for n, version in enumerate(kept) if version.event.type == "ClocksStarted")
    for n, (version, after) in enumerate(pairwise(kept)):
        pausing = LIFECYCLE.held if metric == RESOLUTION else frozenset()
        if version.state in pausing | LIFECYCLE.met | LIFECYCLE.final:
            continue
        # a retroactive start runs in the hours of the group that had the ticket when its clocks were attached
        group = kept[max(n, began)].group
        hours = desk.policy.hours(desk.policy.group_hours(group))
        counted.append(st.elapsed(hours, version.updated_at, after.updated_at))
    return counted


def test_another_policy_shows_what_it_would_have_come_to_for_a_closed_ticket_too() -> None:
    desk = Desk("2026-03-27T09:00").start("2026-03-27T09:00").say("2026-03-27T09:20")
    desk.change("2026-03-27T12:00", state="on_hold").change("2026-03-27T14:00", state="in_progress")
    desk.change("2026-03-27T15:30", state="resolved").change("2026-03-30T12:00", state="closed")
    stored = desk.clock(RESOLUTION)
    assert (stored.used, stored.breached_at) == (int(4.5 * HOUR), at("2026-03-27T15:00"))
    patient = policy(replace(STANDARD, targets={"P1": replace(STANDARD.targets["P1"], response="1h", resolution="1d")}))
    again = {clock.metric: clock for clock in clocks_from(desk.record, desk.events, desk.comments, LIFECYCLE, patient)}
    assert (again[RESOLUTION].used, again[RESOLUTION].breached_at) == (stored.used, None)
    assert again[RESPONSE].breached_at is None
    assert shown(desk.clock(RESPONSE).breached_at) == "Fri 27 Mar 09:15:00"


def test_a_record_whose_clocks_never_started_has_none() -> None:
    desk = Desk().change("2026-03-27T15:10", state="in_progress")
    assert clocks_from(desk.record, desk.events, desk.comments, LIFECYCLE, desk.policy) == ()


def test_levels_of_another_policy_may_be_fewer_than_were_fired() -> None:
    desk = Desk().start("2026-03-27T15:01").tick("2026-04-10T12:00")
    fewer = policy(replace(STANDARD, levels=(Level(at=100),)))
    assert rules.fire(desk.record.clocks, at("2026-04-20T12:00"), fewer)[1] == ()


def test_a_ruled_clock_goes_by_what_the_ticket_is_promised_when_it_is_taken_up_or_reset() -> None:
    by_rules = replace(STANDARD, conditions={"resolution": Conditions(reset={"said": "requester"})})
    desk = Desk("2026-03-26T09:00", policy(by_rules)).start("2026-03-26T09:00")
    desk.change("2026-03-26T10:00", state="resolved").change("2026-03-26T11:00", group="new-york", priority=2)
    desk.change("2026-03-26T12:00", state="in_progress")
    assert (desk.clock("resolution").calendar, desk.clock("resolution").target) == ("new-york", 8 * HOUR)
    desk.say("2026-03-26T15:00", by="rita@example.org", group="berlin")
    assert (desk.clock("resolution").calendar, desk.clock("resolution").used) == ("berlin", 0)
    assert clocks_from(desk.record, desk.events, desk.comments, LIFECYCLE, desk.policy) == desk.record.clocks
