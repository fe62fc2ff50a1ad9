"""What happens to other systems' tickets happens to ours, where their tests state instants and minutes."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from itsm.core import service_time as st
from itsm.core.calendar import CalendarPolicy, Calendars, WeeklyHours
from itsm.core.clock import RUNNING
from itsm.practices.service_level import rules
from itsm.practices.service_level.policy import METRICS, NEXT_REPLY, RESOLUTION, RESPONSE, Agreement, Level, Target

from tests.itsm.core.peer_cases import instant, load
from tests.itsm.practices.service_level.world import MINUTE, Desk, policy

FILE = "sla-scenarios.json"
NAMES = {"first_response": RESPONSE, "update": NEXT_REPLY, "solution": RESOLUTION}
QUIRKS = {
    "zammad-ev-13": "time that runs out at closing: Zammad names the next opening, ours is the closing instant",
    "zammad-ev-21": "Zammad drops seconds",
    "zammad-ev-12": "Zammad owes a first response after reopening; a ticket that was closed has been answered here",
}
DOES: dict[str, dict[str, Any]] = {
    "agent first response": {"say": "ada@example.org"},
    "agent contact": {"say": "ada@example.org"},
    "agent mail": {"say": "ada@example.org"},
    "customer contact": {"say": "rita@example.org"},
    "open + customer mail": {"say": "rita@example.org"},
    "pending": {"state": "on_hold"},
    "open": {"state": "in_progress"},
    "reopen": {"state": "in_progress"},
    "close": {"state": "resolved"},
    "closed": {"state": "resolved"},
}
SILENT = {"open", "reopen"}
"""In Zammad only an article answers; moves to these states are made by the requester's side here."""


def scenarios(prefix: str) -> list[Any]:
    return [
        pytest.param(case, id=case["id"])
        for case in load(FILE)["cases"]
        if case["id"].startswith(prefix) and case["id"] not in QUIRKS and "sla_condition" not in case["given"]
    ]


def a_desk(case: Mapping[str, Any], targets: Mapping[str, int], **more: Any) -> Desk:
    given = load(FILE)["calendars"][case["calendar"]]
    hours = WeeklyHours(**{day: tuple("-".join(span) for span in spans) for day, spans in given["hours"].items()})
    holidays = tuple(given.get("holidays", ()))
    peers = Calendars(calendars={"peer": CalendarPolicy(zone=given["tz"] or "UTC", hours=hours, holidays=holidays)})
    promise = {NAMES.get(name, name): f"{minutes}m" for name, minutes in targets.items()}
    # Zammad's hold pauses the first response too
    agreement = Agreement(name="peer", default=True, targets={"P1": Target(**promise)}, hold_pauses=METRICS, **more)
    levels = policy(agreement, calendar="peer", calendars=peers)
    start = instant(case["given"]["created"], levels.hours("peer"))
    desk = Desk(levels=levels, at=start, group="", priority=1)
    return desk.start(start)


def play(desk: Desk, case: Mapping[str, Any]) -> None:
    if case["given"].get("initial_state") == "pending":
        desk.change(desk.record.opened_at, state="on_hold")
    for event in case["events"]:
        does, when = DOES[event["do"]], instant(event["at"], desk.policy.hours("peer"))
        if "say" in does:
            desk.say(when, by=does["say"])
        else:
            desk.change(when, by="rita@example.org" if event["do"] in SILENT else "ada@example.org", **does)


@pytest.mark.parametrize("case", scenarios("zammad-ev-"))
def test_a_zammad_tickets_clocks_are_ours(case: Mapping[str, Any]) -> None:
    desk = a_desk(case, case["given"]["targets_minutes"])
    play(desk, case)
    hours = desk.policy.hours("peer")
    for name, expected in case["expect"].items():
        if name == "next_escalation":
            assert min(c.due for c in desk.record.clocks if c.due) == instant(expected, hours)
            continue
        ((metric, what),) = re.findall(r"^(.*)_(due|in_minutes|diff_minutes)$", name)
        clock = desk.clock(NAMES[metric])
        if what == "due":
            assert clock.due == (instant(expected, hours) if expected else None)
        elif what == "in_minutes" and not (metric == "update" and clock.generation > 1):
            assert clock.used == expected * MINUTE
        elif what == "diff_minutes":
            assert rules.remaining(clock, desk.record.updated_at, desk.policy) == expected * MINUTE


def by_id(case_id: str) -> Mapping[str, Any]:
    return next(case for case in load(FILE)["cases"] if case["id"] == case_id)


def test_frappes_hold_moves_the_due_and_is_not_counted() -> None:
    case = by_id("frappe-hold-1")
    desk = a_desk(case, {"response": 60, "resolution": 240})
    first, second, third = (instant(event["at"], desk.policy.hours("peer")) for event in case["events"])
    desk.change(first, state="on_hold").change(second, state="in_progress")
    assert desk.clock(RESOLUTION).due == instant(case["expect"]["resolution_due_after_open"], desk.policy.hours("peer"))
    desk.change(third, state="resolved")
    assert desk.clock(RESOLUTION).used == case["expect"]["resolution_seconds"]


@pytest.mark.parametrize("case_id", ["frappe-failed-1", "frappe-failed-2"])
def test_frappes_late_and_out_of_hours_replies_are_late_and_not_late(case_id: str) -> None:
    case = by_id(case_id)
    desk = a_desk(case, {"response": 30, "resolution": 120})
    hours = desk.policy.hours("peer")
    when = instant(case["events"][0]["at"], hours)
    desk.say(when)
    late, response = case["expect"]["response_failed_by_seconds"], desk.clock(RESPONSE)
    assert (response.breached_at is None) is (late is None)
    if response.breached_at is not None:
        assert st.elapsed(hours, response.breached_at, when) == late


def test_of_glpis_levels_an_hour_and_half_an_hour_before_the_due_only_the_first_has_fired() -> None:
    case = by_id("glpi-level-1")
    desk = a_desk(case, {"resolution": case["given"]["target_minutes"]}, levels=(Level(at=50), Level(at=75)))
    hours = desk.policy.hours("peer")
    assert desk.clock(RESOLUTION).due == instant(case["expect"]["due"], hours)
    assert desk.tick(instant(case["events"][0]["at"], hours)).fired == ["resolution 50 %"]


def test_a_second_word_of_the_requester_does_not_move_rts_due() -> None:
    desk = a_desk(by_id("frappe-failed-1"), {"response": 120, "next_reply": 120, "resolution": 600})
    opened = desk.record.opened_at
    desk.say(opened + 60).say(opened + 120, by="rita@example.org")
    due = desk.clock(NEXT_REPLY).due
    assert desk.say(opened + 121, by="rita@example.org").clock(NEXT_REPLY).due == due
    assert desk.clock(NEXT_REPLY).state == RUNNING
