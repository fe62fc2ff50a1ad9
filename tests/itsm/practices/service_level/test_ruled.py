"""OLA, UC and conditions: several clocks of different kinds on one ticket, each with a start and an end of its own."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from itsm.core.clock import CANCELLED, PAUSED, RUNNING, STOPPED, Clock
from itsm.practices.service_level import rules
from itsm.practices.service_level.checks import problems
from itsm.practices.service_level.policy import Agreement, Conditions, Hold, Level, Penalty, ServiceLevels, Target
from itsm.practices.service_level.replay import clocks_from

from tests.itsm.practices.service_level.world import HOUR, LIFECYCLE, MINUTE, STANDARD, Desk, policy, shown

EVERY = ("P1", "P2", "P3")
BERLIN = Agreement(
    name="berlin-ola", kind="ola", group="berlin", supports="standard",
    targets={name: Target(resolution="3h") for name in EVERY},
)  # fmt: skip
NEW_YORK = replace(BERLIN, name="new-york-ola", group="new-york")
SUPPLIER = Agreement(
    name="acme", kind="uc", supports="standard", calendar="always", when={"service": "email"},
    targets={name: Target(resolution="2h") for name in EVERY},
)  # fmt: skip
LEVELS = policy(STANDARD, BERLIN, NEW_YORK, SUPPLIER)


def of(desk: Desk, agreement: str) -> Clock | None:
    return next((one for one in desk.record.clocks if one.agreement == agreement and one.metric == "resolution"), None)


def clock(desk: Desk, agreement: str) -> Clock:
    found = of(desk, agreement)
    assert found is not None
    return found


def replayed(desk: Desk) -> bool:
    return clocks_from(desk.record, desk.events, desk.comments, LIFECYCLE, desk.policy) == desk.record.clocks


def test_an_ola_starts_when_its_group_gets_the_ticket_and_stops_at_the_hand_over() -> None:
    desk = Desk("2026-03-27T10:00", LEVELS).start("2026-03-27T10:05")
    assert (clock(desk, "berlin-ola").kind, shown(clock(desk, "berlin-ola").due)) == ("ola", "Fri 27 Mar 13:05:00")
    assert of(desk, "new-york-ola") is None
    desk.change("2026-03-27T15:00", group="new-york")
    assert (clock(desk, "berlin-ola").state, clock(desk, "berlin-ola").used) == (STOPPED, 4 * HOUR + 55 * MINUTE)
    assert shown(clock(desk, "new-york-ola").due, "America/New_York") == "Fri 27 Mar 13:00:00"
    assert clock(desk, "standard").state == RUNNING
    assert replayed(desk)


def test_an_ola_whose_condition_no_longer_holds_is_cancelled_and_begins_anew_with_it() -> None:
    for_mail = replace(BERLIN, when={"service": "email"})
    desk = Desk("2026-03-26T10:00", policy(STANDARD, for_mail), service="email").start("2026-03-26T10:00")
    assert clock(desk, "berlin-ola").state == RUNNING
    assert clock(desk.change("2026-03-26T11:00", service="unheard-of"), "berlin-ola").state == CANCELLED
    again = clock(desk.change("2026-03-26T12:00", service="email"), "berlin-ola")
    assert (again.state, again.generation, again.used) == (RUNNING, 2, 0)
    assert clock(desk.change("2026-03-26T13:00", group="new-york"), "berlin-ola").state == STOPPED
    assert replayed(desk)


def test_a_group_that_gets_the_ticket_again_begins_anew() -> None:
    desk = Desk("2026-03-26T10:00", LEVELS).start("2026-03-26T10:00").change("2026-03-26T11:00", group="new-york")
    desk.change("2026-03-26T14:00", group="berlin")
    again = clock(desk, "berlin-ola")
    assert (again.state, again.generation, again.used, shown(again.due)) == (RUNNING, 2, 0, "Thu 26 Mar 17:00:00")
    assert replayed(desk)


def test_a_uc_runs_while_the_supplier_holds_the_ticket_and_the_customers_clock_stands_still() -> None:
    desk = Desk("2026-03-27T10:00", LEVELS).start("2026-03-27T10:00")
    assert of(desk, "acme") is None
    desk.change("2026-03-27T11:00", state="on_hold", details={"hold_reason": "supplier"})
    assert (clock(desk, "acme").kind, shown(clock(desk, "acme").due)) == ("uc", "Fri 27 Mar 13:00:00")
    assert (clock(desk, "standard").state, clock(desk, "berlin-ola").state) == (PAUSED, PAUSED)
    desk.change("2026-03-27T14:00", state="in_progress")
    assert (clock(desk, "acme").state, shown(clock(desk, "acme").breached_at)) == (STOPPED, "Fri 27 Mar 13:00:00")
    assert clock(desk, "standard").state == RUNNING
    assert replayed(desk)


def test_a_hold_for_the_requester_is_nobodys_but_theirs() -> None:
    desk = Desk("2026-03-27T10:00", LEVELS).start("2026-03-27T10:00")
    desk.change("2026-03-27T11:00", state="on_hold", details={"hold_reason": "requester"})
    assert of(desk, "acme") is None


def test_resolving_stops_what_groups_promised_and_reopening_goes_on_with_it() -> None:
    desk = Desk("2026-03-26T10:00", LEVELS).start("2026-03-26T10:00").change("2026-03-26T11:00", state="resolved")
    assert clock(desk, "berlin-ola").state == STOPPED
    desk.change("2026-03-26T12:00", state="in_progress")
    assert (clock(desk, "berlin-ola").used, clock(desk, "berlin-ola").generation) == (HOUR, 2)
    desk.change("2026-03-26T13:00", state="cancelled")
    assert clock(desk, "berlin-ola").state == CANCELLED
    assert replayed(desk)


def test_an_agreement_is_for_what_was_opened_while_it_was_valid() -> None:
    gold = replace(
        STANDARD, name="gold", default=False, when={"service": "email"}, valid_from=date(2026, 3, 1),
        valid_until=date(2026, 3, 27),
    )  # fmt: skip
    levels = policy(gold, STANDARD)
    chosen = [
        rules.choose(levels, Desk(f"2026-{day}T23:30").record).name for day in ("02-28", "03-01", "03-27", "03-28")
    ]
    assert chosen == ["standard", "gold", "gold", "standard"]


def ruled(**conditions: Any) -> Desk:
    """A ticket under an agreement whose resolution goes by these conditions."""
    given = {metric: Conditions(**some) for metric, some in conditions.items()}
    return Desk("2026-03-26T09:00", policy(replace(STANDARD, conditions=given))).start("2026-03-26T09:00")


def test_a_clock_starts_when_its_condition_holds_from_the_opening_if_it_is_retroactive() -> None:
    desk = ruled(resolution={"start": {"assignee": {"not": ""}}})
    assert of(desk, "standard") is None
    desk.change("2026-03-26T10:00", assignee="ada@example.org")
    assert shown(clock(desk, "standard").due) == "Thu 26 Mar 13:00:00"
    assert replayed(desk)


def test_a_clock_pauses_by_one_condition_and_resumes_by_another() -> None:
    desk = ruled(resolution={"pause": {"assignee": "vacation"}, "resume": {"assignee": "ada@example.org"}})
    desk.change("2026-03-26T10:00", assignee="vacation").change("2026-03-26T11:00", assignee="")
    assert (clock(desk, "standard").state, clock(desk, "standard").used) == (PAUSED, HOUR)
    desk.change("2026-03-26T12:00", assignee="ada@example.org")
    assert shown(clock(desk, "standard").due) == "Thu 26 Mar 15:00:00"
    assert replayed(desk)


def test_a_clock_stops_is_cancelled_and_counts_anew_by_conditions() -> None:
    stopped = ruled(resolution={"stop": {"details.restored": True}})
    stopped.change("2026-03-26T10:00", details={"restored": True})
    assert (clock(stopped, "standard").state, clock(stopped, "standard").used) == (STOPPED, HOUR)
    cancelled = ruled(resolution={"cancel": {"details.duplicate": True}})
    cancelled.change("2026-03-26T10:00", details={"duplicate": True})
    assert clock(cancelled, "standard").state == CANCELLED
    anew = ruled(resolution={"reset": {"details.worse": True}}).change("2026-03-26T10:00", details={"worse": True})
    again = clock(anew, "standard")
    assert (again.generation, again.used, shown(again.due)) == (2, 0, "Thu 26 Mar 14:00:00")
    assert clock(anew.change("2026-03-26T10:30", title="x"), "standard").generation == 2
    assert replayed(stopped)
    assert replayed(cancelled)
    assert replayed(anew)


def test_a_response_that_only_a_word_stops_goes_on_after_a_close_without_one() -> None:
    desk = ruled(response={"pause": {"state": ["on_hold", "resolved"]}, "stop": {"said": "agent"}})
    desk.change("2026-03-26T09:05", state="resolved").change("2026-03-26T10:05", state="in_progress")
    assert (desk.clock("response").state, shown(desk.clock("response").due)) == (RUNNING, "Thu 26 Mar 10:15:00")
    assert desk.say("2026-03-26T10:10").clock("response").state == STOPPED
    assert replayed(desk)


def test_an_internal_note_in_the_requesters_name_resets_no_ruled_clock_either() -> None:
    desk = ruled(next_reply={"stop": {"said": "agent"}}).say("2026-03-26T09:05")
    assert desk.say("2026-03-26T09:10", by="rita@example.org", public=False).clock("next_reply").generation == 1
    assert desk.say("2026-03-26T09:15", by="rita@example.org").clock("next_reply").generation == 2
    assert replayed(desk)


def test_another_priority_and_another_group_move_a_ruled_clock_as_any_other() -> None:
    desk = Desk("2026-03-26T09:00", policy(replace(STANDARD, conditions={"all": Conditions()})))
    plain = Desk("2026-03-26T09:00", policy(STANDARD))
    for one in (desk, plain):
        one.start("2026-03-26T09:00").change("2026-03-26T10:00", group="new-york").say("2026-03-26T16:00")
        one.change("2026-03-26T16:30", state="on_hold").change("2026-03-26T17:30", priority=2)
        one.change("2026-03-27T16:30", state="in_progress").tick("2026-03-28T10:00")
    assert desk.record.clocks == plain.record.clocks
    assert desk.fired == plain.fired


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "xla"}, "kind", "is none of sla, ola, uc"),
    ({"group": "moon"}, "group", "no group is called 'moon'"),
    ({"kind": "uc"}, "group", "only an OLA belongs to a support group"),
    ({"supports": "gold"}, "supports", "one of standard"),
    ({"default": True}, "default", "only a service level agreement"),
    ({"valid_from": date(2026, 2, 1), "valid_until": date(2026, 1, 1)}, "valid_until", "is before valid_from"),
    ({"goal": 101}, "goal", "from 0 to 100"),
    ({"penalties": (Penalty(below=0, amount=5),)}, "penalties.0.below", "from 1 to 100"),
    ({"conditions": {"repair": Conditions()}}, "conditions.repair", "none of response"),
    ({"conditions": {"all": Conditions(stop={"mood": 1})}}, "conditions.all.stop.mood", "no record has such a fact"),
    ({"conditions": {"all": Conditions(pause={"met": True}, resume={"met": True})}}, "conditions.all.resume", "pauses"),
    ({"levels": (Level(at=50, before="1h"),)}, "levels.0.before", "at one point"),
    ({"levels": (Level(before="3h"),)}, "levels.0.before", "never be reached"),
    ({"levels": (Level(after="2 business_days"),)}, "levels.0.after", "not business days"),
    ({"levels": (Level(at=50, service_hours=False),)}, "levels.0.service_hours", "by the wall clock write"),
    ({"levels": (Level(at=50, reassign="moon"),)}, "levels.0.reassign", "no group is called 'moon'"),
    ({"levels": (Level(at=50, tell=("boss",)),)}, "levels.0.tell", "'boss' is nobody"),
    ({"targets": {name: Target(resolution="5h") for name in EVERY}}, "targets.P1.resolution", "does not fit inside 4h"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "key", "reason"), WRONG)
def test_an_ola_that_contradicts_itself_is_named_with_its_key(change: dict[str, Any], key: str, reason: str) -> None:
    found = problems(policy(STANDARD, replace(BERLIN, **change)))
    assert [text for where, text in found if where == f"agreement.1.{key}" and reason in text], found


def test_an_ola_in_office_hours_does_not_fit_inside_a_promise_around_the_clock() -> None:
    around = replace(STANDARD, calendar="always")
    found = problems(policy(around, BERLIN))
    assert ("agreement.1.targets.P1.resolution", "3h in berlin does not fit inside 4h of 'standard' in always, "
            "for instance from Monday 00:00 UTC on") in found  # fmt: skip
    assert problems(LEVELS) == []


@pytest.mark.parametrize(("service_hours", "fires"), [(True, "Thu 26 Mar 15:00:00"), (False, "Fri 27 Mar 07:00:00")])
def test_a_level_stands_before_the_due_in_service_hours_or_by_the_wall_clock(service_hours: bool, fires: str) -> None:
    before = Level(before="3h", service_hours=service_hours, metrics=("resolution",))
    desk = Desk("2026-03-26T14:00", policy(replace(STANDARD, levels=(before,)))).start("2026-03-26T14:00")
    desk.say("2026-03-26T14:01")
    assert shown(desk.clock("resolution").due) == "Fri 27 Mar 10:00:00"
    assert shown(desk.record.next_timer) == fires
    assert desk.tick(desk.record.next_timer or 0).fired == [f"resolution {before.name}"]


def test_levels_by_the_wall_clock_come_at_night_and_the_others_do_not() -> None:
    levels = (Level(after="2h"), Level(after="1h", service_hours=False), Level(after="12h", service_hours=False))
    desk = Desk("2026-03-26T13:00", policy(replace(STANDARD, levels=levels))).start("2026-03-26T13:00")
    desk.say("2026-03-26T13:01")
    seen = []
    while desk.record.next_timer is not None:
        seen.append(shown(desk.record.next_timer))
        desk.tick(desk.record.next_timer)
    assert seen == ["Thu 26 Mar 17:00:00", "Thu 26 Mar 18:00:00", "Fri 27 Mar 05:00:00", "Fri 27 Mar 11:00:00"]
    assert desk.fired == [
        "resolution 100 %", "resolution 1h after due by the wall clock",
        "resolution 12h after due by the wall clock", "resolution 2h after due",
    ]  # fmt: skip
    assert replayed(desk)


LATE = replace(STANDARD, conditions={"all": Conditions(start={"assignee": {"not": ""}})})
"""A customer's agreement under which nothing runs before somebody has taken the ticket."""


@pytest.mark.parametrize(
    ("levels", "change", "begins"),
    [
        (policy(LATE, BERLIN), {"group": "berlin"}, "berlin-ola"),
        (
            policy(LATE, SUPPLIER),
            {"state": "on_hold", "details": {"hold_reason": "supplier", "measured": True}},
            "acme",
        ),
        (policy(LATE), {"assignee": "ada@example.org"}, "standard"),
        (policy(LATE, hold=(Hold(reason="", resolve="4h"),)), {"state": "on_hold"}, ""),
    ],
    ids=["an OLA at the hand-over", "a UC with the supplier", "an SLA by its condition", "the end of a hold"],
)
def test_what_begins_later_begins_though_nothing_ran_before(levels: ServiceLevels, change: Any, begins: str) -> None:
    desk = Desk("2026-03-26T09:00", levels, group="new-york").start("2026-03-26T09:01")
    assert (desk.record.clocks, desk.record.measured) == ((), True)
    desk.change("2026-03-26T10:00", **change)
    assert begins in {one.agreement for one in desk.record.clocks}
    assert replayed(desk)


def test_before_its_clocks_are_started_nothing_begins() -> None:
    desk = Desk("2026-03-26T09:00", LEVELS).change("2026-03-26T09:01", group="new-york")
    assert (desk.record.clocks, desk.record.measured) == ((), False)


def test_a_ticket_that_leaves_conditions_behind_has_clocks_that_follow_the_lifecycle() -> None:
    paused = {"pause": {"state": "in_progress"}, "stop": {"state": "closed"}}
    by_rules = Agreement(name="ruled", when={"service": "erp"}, targets=STANDARD.targets,
                         conditions={"response": Conditions(stop={"said": "agent"}),
                                     "resolution": Conditions(**paused)})  # fmt: skip
    levels = policy(by_rules, STANDARD)
    desk = Desk("2026-03-26T09:00", levels, service="erp").start("2026-03-26T09:00")
    desk.change("2026-03-26T09:05", state="in_progress").change("2026-03-26T09:10", service="email")
    assert (desk.clock("resolution").agreement, desk.clock("resolution").state) == ("standard", RUNNING)
    assert desk.clock("response").state == STOPPED, "work on it is an answer by now"
    assert desk.change("2026-03-26T09:20", state="on_hold").clock("resolution").state == PAUSED
    desk.change("2026-03-26T09:30", state="resolved")
    assert {one.state for one in desk.record.clocks} == {STOPPED}
    assert desk.record.next_timer is None, "what is done breaks no promise later"
    assert desk.change("2026-03-26T10:00", state="in_progress").clock("resolution").state == RUNNING
    assert replayed(desk)


def test_a_ticket_that_is_reopened_without_the_conditions_that_stopped_its_clock_is_measured_again() -> None:
    by_rules = Agreement(name="ruled", when={"service": "erp"}, targets=STANDARD.targets,
                         conditions={"all": Conditions()})  # fmt: skip
    desk = Desk("2026-03-26T09:00", policy(by_rules, STANDARD), service="erp").start("2026-03-26T09:00")
    desk.change("2026-03-26T10:00", state="resolved").change("2026-03-26T11:00", service="email", state="in_progress")
    again = desk.clock("resolution")
    assert (again.state, again.agreement, again.used) == (RUNNING, "standard", HOUR)
    assert replayed(desk)
