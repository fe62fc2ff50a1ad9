"""What every change of a ticket does to its clocks."""

from dataclasses import replace

import pytest
from itsm.core.clock import CANCELLED, PAUSED, RUNNING, STOPPED
from itsm.practices.service_level import rules
from itsm.practices.service_level.policy import Agreement, Level, Target
from itsm.practices.service_level.replay import clocks_from

from tests.itsm.practices.service_level.world import (
    CRITICAL,
    HOUR,
    LIFECYCLE,
    MINUTE,
    STANDARD,
    Desk,
    at,
    policy,
    shown,
)


def test_clocks_run_from_the_opening_however_late_they_are_attached() -> None:
    desk = Desk("2026-03-27T15:00").start("2026-03-27T15:02")
    assert [(c.metric, shown(c.due)) for c in desk.record.clocks] == [
        ("response", "Fri 27 Mar 15:15:00"),
        ("next_reply", "Fri 27 Mar 15:30:00"),
        ("resolution", "Mon 30 Mar 11:00:00"),
    ]
    assert {c.started_at for c in desk.record.clocks} == {at("2026-03-27T15:00")}


def test_an_agreement_may_start_its_clocks_when_it_is_attached() -> None:
    late = Agreement(name="late", default=True, targets={"P1": Target(response="15m")}, retroactive=False)
    desk = Desk("2026-03-27T15:00", policy(late)).start("2026-03-27T15:02")
    assert shown(desk.clock("response").due) == "Fri 27 Mar 15:17:00"


def test_a_ticket_answered_and_put_on_hold_before_its_clocks_started_stands_right() -> None:
    desk = Desk("2026-03-27T15:00").change("2026-03-27T15:05", state="on_hold").start("2026-03-27T15:30")
    assert (desk.clock("resolution").state, desk.clock("resolution").used) == (PAUSED, 5 * MINUTE)
    assert desk.clock("response").state == RUNNING


def test_without_the_history_a_started_clock_knows_the_last_change() -> None:
    desk = Desk("2026-03-27T15:00").change("2026-03-27T15:05", state="on_hold")
    clocks = rules.started(desk.record, at("2026-03-27T15:30"), desk.policy, LIFECYCLE)
    assert [(clock.metric, clock.state) for clock in clocks] == [
        ("response", RUNNING), ("next_reply", PAUSED), ("resolution", PAUSED),
    ]  # fmt: skip
    assert clocks[2].used == 5 * MINUTE


def test_a_clock_that_starts_when_it_is_attached_counts_no_earlier_hold() -> None:
    late = Agreement(name="late", default=True, targets={"P1": Target(resolution="4h")}, retroactive=False)
    desk = Desk("2026-03-27T10:00", policy(late)).change("2026-03-27T10:10", state="on_hold")
    desk.change("2026-03-27T11:00", state="in_progress").start("2026-03-27T12:00")
    assert shown(desk.clock("resolution").due) == "Fri 27 Mar 16:00:00"


def test_the_first_agreement_that_matches_holds_and_the_default_takes_the_rest() -> None:
    gold = Agreement(name="gold", when={"service": ["erp", "crm"]}, targets=STANDARD.targets)
    levels = policy(gold, CRITICAL, STANDARD)
    assert rules.choose(levels, Desk(service="erp").record).name == "gold"
    assert rules.choose(policy(CRITICAL, gold, STANDARD), Desk(service="erp").record).name == "critical"
    assert rules.choose(levels, Desk(service="email").record).name == "standard"


def test_an_agreement_with_a_calendar_of_its_own_overrides_the_groups_hours() -> None:
    desk = Desk("2026-03-28T23:30", service="erp").start("2026-03-28T23:30")
    assert shown(desk.clock("resolution").due) == "Sun 29 Mar 01:30:00"


def test_hold_pauses_resolution_but_not_the_first_response() -> None:
    desk = Desk().start("2026-03-27T15:01").change("2026-03-27T15:10", state="on_hold")
    assert (desk.clock("resolution").state, desk.clock("resolution").due) == (PAUSED, None)
    assert (desk.clock("response").state, shown(desk.clock("response").due)) == (RUNNING, "Fri 27 Mar 15:15:00")


def test_an_agreement_may_let_hold_pause_the_response_too() -> None:
    patient = Agreement(name="patient", default=True, targets=STANDARD.targets, hold_pauses=("response", "resolution"))
    desk = Desk(levels=policy(patient)).start("2026-03-27T15:01").change("2026-03-27T15:10", state="on_hold")
    assert {c.metric: c.state for c in desk.record.clocks} == {
        "response": PAUSED, "next_reply": RUNNING, "resolution": PAUSED,
    }  # fmt: skip


def test_leaving_hold_over_a_clock_change_leaves_what_was_left_of_the_service_time() -> None:
    desk = Desk().start("2026-03-27T15:01")
    desk.change("2026-03-27T16:00", state="on_hold").change("2026-03-31T10:00", state="in_progress")
    assert shown(desk.clock("resolution").due) == "Tue 31 Mar 13:00:00"
    assert rules.remaining(desk.clock("resolution"), at("2026-03-31T11:00"), desk.policy) == 2 * HOUR


def test_hold_outside_service_hours_changes_no_due_instant() -> None:
    desk = Desk().start("2026-03-27T15:01")
    before = desk.clock("resolution").due
    desk.change("2026-03-27T20:00", state="on_hold").change("2026-03-29T20:00", state="in_progress")
    assert desk.clock("resolution").due == before


def test_business_days_keep_the_clock_time_and_move_by_the_hold() -> None:
    desk = Desk("2026-03-26T16:30", priority=3).start("2026-03-26T16:30")
    assert shown(desk.clock("resolution").due) == "Mon 30 Mar 16:30:00"
    desk.change("2026-03-27T09:00", state="on_hold").change("2026-03-27T10:00", state="in_progress")
    assert shown(desk.clock("resolution").due) == "Tue 31 Mar 09:30:00"


def test_work_in_progress_and_a_public_word_of_an_agent_are_a_response() -> None:
    by_state = Desk().start("2026-03-27T15:01").change("2026-03-27T15:10", state="in_progress")
    by_word = Desk().start("2026-03-27T15:01").say("2026-03-27T15:10")
    for desk in (by_state, by_word):
        assert (desk.clock("response").state, desk.clock("response").used) == (STOPPED, 10 * MINUTE)


@pytest.mark.parametrize(
    "word",
    [
        {"by": "rita@example.org"},
        {"by": "ada@example.org", "public": False},
        {"by": "system"},
        {"by": "rita@example.org", "state": "in_progress"},
    ],
    ids=["the requester's", "an internal note", "the system's", "the requester's that ends the hold"],
)
def test_nobody_elses_word_is_a_response(word: dict[str, object]) -> None:
    desk = Desk().start("2026-03-27T15:01").say("2026-03-27T15:10", **word)  # type: ignore[arg-type]  # the rows above
    assert desk.clock("response").state == RUNNING


def test_the_first_unanswered_word_of_the_requester_starts_the_next_replys_clock() -> None:
    desk = Desk("2026-03-27T09:00").start("2026-03-27T09:00").say("2026-03-27T09:10")
    assert desk.clock("next_reply").state == STOPPED
    desk.say("2026-03-27T10:00", by="rita@example.org").say("2026-03-27T10:20", by="rita@example.org")
    assert (desk.clock("next_reply").state, shown(desk.clock("next_reply").due)) == (RUNNING, "Fri 27 Mar 10:30:00")
    assert desk.clock("next_reply").generation == 2
    assert desk.say("2026-03-27T10:25").clock("next_reply").state == STOPPED


def test_an_internal_note_in_the_requesters_name_asks_nothing() -> None:
    desk = Desk("2026-03-27T09:00").start("2026-03-27T09:00").say("2026-03-27T09:05")
    desk.say("2026-03-27T10:00", by="rita@example.org", public=False)
    assert desk.clock("next_reply").state == STOPPED


def test_thanks_for_a_resolved_ticket_ask_for_no_reply() -> None:
    desk = Desk().start("2026-03-27T15:01").change("2026-03-27T15:20", state="resolved")
    assert desk.say("2026-03-27T15:30", by="rita@example.org").clock("next_reply").state == STOPPED


def test_resolving_stops_all_clocks_and_cancelling_cancels_them() -> None:
    resolved = Desk().start("2026-03-27T15:01").change("2026-03-27T15:10", state="resolved")
    assert {c.state for c in resolved.record.clocks} == {STOPPED}
    cancelled = Desk().start("2026-03-27T15:01").change("2026-03-27T15:10", state="cancelled")
    assert {c.state for c in cancelled.record.clocks} == {CANCELLED}
    assert resolved.record.next_timer is cancelled.record.next_timer is None


def test_reopening_takes_the_resolution_up_again_in_a_new_generation() -> None:
    desk = Desk().start("2026-03-27T15:01").tick("2026-03-27T15:14")
    desk.change("2026-03-27T16:00", state="resolved").change("2026-03-30T10:00", state="in_progress")
    resolution = desk.clock("resolution")
    assert (resolution.state, resolution.generation, resolution.used) == (RUNNING, 2, HOUR)
    assert shown(resolution.due) == "Mon 30 Mar 13:00:00"
    assert desk.clock("response").state == STOPPED


def test_reopening_repeats_no_level_that_was_passed() -> None:
    desk = Desk().start("2026-03-27T15:01").say("2026-03-27T15:05").tick("2026-03-30T10:00").tick("2026-03-30T11:00")
    assert desk.fired == ["resolution 75 %", "resolution 100 %"]
    desk.change("2026-03-30T11:30", state="resolved").change("2026-03-30T12:00", state="in_progress")
    assert (shown(desk.clock("resolution").due), shown(desk.record.next_timer)) == (
        "Mon 30 Mar 11:00:00", "Mon 30 Mar 13:30:00",
    )  # fmt: skip
    assert desk.tick("2026-03-30T13:30").fired[2:] == ["resolution 150 %"]


def test_a_hand_over_carries_the_remaining_service_time_into_the_other_groups_hours() -> None:
    desk = Desk().start("2026-03-27T15:01").change("2026-03-27T16:00", group="new-york")
    assert shown(desk.clock("resolution").due, "America/New_York") == "Fri 27 Mar 14:00:00"
    assert desk.clock("resolution").calendar == "new-york"
    assert desk.clock("resolution").generation == 1


def test_a_hand_over_on_hold_resumes_in_the_new_groups_hours() -> None:
    desk = Desk().start("2026-03-27T15:01").change("2026-03-27T16:00", state="on_hold")
    desk.change("2026-03-27T16:30", group="new-york").change("2026-03-30T17:00", state="in_progress")
    assert shown(desk.clock("resolution").due, "America/New_York") == "Mon 30 Mar 14:00:00"


def test_a_hand_over_leaves_an_agreement_in_its_own_calendar() -> None:
    desk = Desk(service="erp").start("2026-03-27T15:01")
    before = desk.record.clocks
    assert desk.change("2026-03-27T16:00", group="new-york").record.clocks == before


def test_regrouping_by_hand_keeps_the_calendar_an_agreement_names() -> None:
    desk = Desk(service="erp").start("2026-03-27T15:01")
    new_york = desk.policy.hours("new-york")
    assert rules.regroup(desk.record.clocks, new_york, at("2026-03-27T16:00"), desk.policy) == desk.record.clocks


def test_a_higher_priority_counts_the_time_used_towards_its_shorter_target() -> None:
    desk = Desk(priority=2).start("2026-03-27T15:01").change("2026-03-27T16:00", priority=1)
    assert shown(desk.clock("resolution").due) == "Mon 30 Mar 11:00:00"
    assert (shown(desk.clock("response").due), desk.clock("response").generation) == ("Fri 27 Mar 15:15:00", 2)
    assert desk.tick("2026-03-27T16:00").fired == [
        "response 75 %", "response 100 %", "next_reply 75 %", "next_reply 100 %",
    ]  # fmt: skip
    assert shown(desk.clock("response").breached_at) == "Fri 27 Mar 15:15:00"


def test_another_service_may_bring_another_agreement() -> None:
    desk = Desk(priority=1).start("2026-03-27T15:01").change("2026-03-27T16:00", service="erp")
    resolution = desk.clock("resolution")
    assert (resolution.agreement, resolution.calendar, shown(resolution.due)) == (
        "critical", "always", "Fri 27 Mar 17:00:00",
    )  # fmt: skip
    assert desk.clock("next_reply").state == CANCELLED
    desk.change("2026-03-27T16:10", service="email")
    assert desk.clock("next_reply").state == RUNNING


def test_a_level_fires_never_early_once_and_in_service_hours() -> None:
    desk = Desk().start("2026-03-27T15:01").say("2026-03-27T15:05")
    assert shown(desk.record.next_timer) == "Mon 30 Mar 10:00:00"
    assert desk.tick("2026-03-30T09:59:59").fired == []
    assert desk.tick("2026-03-30T10:00:00").tick("2026-03-30T10:00:00").tick("2026-03-30T10:59:59").fired == [
        "resolution 75 %"
    ]
    assert desk.tick("2026-03-30T11:00:00").tick("2026-03-30T12:00").fired == ["resolution 75 %", "resolution 100 %"]


def test_a_breach_is_recorded_at_the_due_instant_however_late_it_is_noticed() -> None:
    desk = Desk().start("2026-03-27T15:01").tick("2026-04-02T03:00")
    assert shown(desk.clock("resolution").breached_at) == "Mon 30 Mar 11:00:00"
    assert desk.clock("resolution").next_at is None
    assert desk.tick("2026-05-01T12:00").record.clocks == desk.record.clocks


def test_a_paused_or_stopped_clock_fires_nothing() -> None:
    paused = Desk().start("2026-03-27T15:01").say("2026-03-27T15:05").change("2026-03-27T15:10", state="on_hold")
    assert paused.tick("2026-06-01T12:00").fired == []
    stopped = Desk().start("2026-03-27T15:01").change("2026-03-27T15:10", state="resolved")
    assert stopped.tick("2026-06-01T12:00").fired == []


def test_a_breach_that_a_late_sweeper_missed_still_fires_after_the_clock_stopped() -> None:
    desk = Desk().start("2026-03-27T15:01").say("2026-03-27T15:20")
    assert (desk.clock("response").state, shown(desk.clock("response").breached_at)) == (STOPPED, "Fri 27 Mar 15:15:00")
    assert desk.record.next_timer == at("2026-03-27T15:15")
    assert desk.tick("2026-03-27T15:21").tick("2026-03-27T15:22").fired == ["response 75 %", "response 100 %"]
    assert desk.clock("response").next_at is None


def test_an_answer_at_the_due_instant_is_a_breach_and_one_second_before_is_none() -> None:
    assert Desk().start("2026-03-27T15:01").say("2026-03-27T15:15:00").clock("response").breached_at
    assert not Desk().start("2026-03-27T15:01").say("2026-03-27T15:14:59").clock("response").breached_at


def test_a_level_at_a_fraction_of_a_second_waits_for_the_whole_one() -> None:
    odd = Agreement(name="odd", default=True, targets={"P1": Target(response="1s")}, levels=(Level(at=50),))
    desk = Desk("2026-03-27T15:00", policy(odd)).start("2026-03-27T15:00")
    assert desk.record.next_timer == at("2026-03-27T15:00:01")


def test_clocks_of_an_agreement_and_a_calendar_that_are_gone_go_on_under_the_default() -> None:
    desk = Desk(service="erp").start("2026-03-27T15:01")
    desk.policy = policy(STANDARD)
    desk.change("2026-03-27T15:10", state="on_hold").change("2026-03-27T15:20", state="in_progress")
    assert desk.clock("resolution").state == RUNNING


def test_the_next_question_is_answered_in_the_hours_and_by_the_promise_the_ticket_has_by_then() -> None:
    levels = policy(replace(CRITICAL, targets={f"P{n}": Target(next_reply="2h") for n in (1, 2, 3)}), STANDARD)
    desk = Desk("2026-03-26T09:00", levels).start("2026-03-26T09:00").say("2026-03-26T09:10")
    desk.change("2026-03-26T10:00", group="new-york").say("2026-03-26T10:05", by="rita@example.org")
    assert shown(desk.clock("next_reply").due, "America/New_York") == "Thu 26 Mar 09:30:00"
    desk.say("2026-03-26T15:00").change("2026-03-26T15:05", service="erp")
    asked = desk.say("2026-03-26T23:00", by="rita@example.org").clock("next_reply")
    assert (asked.agreement, asked.calendar, shown(asked.due)) == ("critical", "always", "Fri 27 Mar 01:00:00")
    assert clocks_from(desk.record, desk.events, desk.comments, LIFECYCLE, levels) == desk.record.clocks
