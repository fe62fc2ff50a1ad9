"""Escalation at the door of timers: each level does what its agreement wants, once, and says so on the ticket."""

from dataclasses import replace
from typing import Any

import pytest
from itsm.core.clock import RUNNING, Clock
from itsm.core.record import Record
from itsm.practices.incident import LIFECYCLE
from itsm.practices.service_level.policy import Hold, Level
from itsm.practices.service_level.replay import clocks_from
from itsm.runtime import desk
from itsm.runtime.policies import Policies

from functions.notifications.app import handler as notify
from functions.sla_timers.app import fire, start
from tests.builders import an_incident
from tests.fakes import FakePorts, sqs
from tests.itsm.practices.service_level.world import STANDARD, at, policy, shown
from tests.support.stream import follow

HOUR = 3600


class TheseLevels(Policies):
    """The deployed policies, but for service levels."""

    def __init__(self, levels: tuple[Level, ...], hold: tuple[Hold, ...] = ()) -> None:
        super().__init__()
        self.service_level = policy(replace(STANDARD, levels=levels), hold=hold, groups=self.groups,
                                    calendars=self.calendars, services=self.services, calendar="always")  # fmt: skip


def opened(*levels: Level, hold: tuple[Hold, ...] = (), **facts: Any) -> tuple[FakePorts, Record]:
    ports = FakePorts(time=at("2026-03-26T09:00"), policies=TheseLevels(levels, hold))
    given: dict[str, Any] = {
        "group": "on-call",
        "priority": 2,
        "impact": 2,
        "urgency": 2,
        "service": "email",
        "at": ports.now(),
    }
    record = ports.records.create(an_incident(**(given | facts))).record
    start.on({"step": "clocks", "record": record.id}, ports)
    return ports, ports.records.get(record.id)


def run_on(ports: FakePorts, record: Record, until: str) -> Record:
    """Let every deadline up to an instant fire at its second, twice each as queues do."""
    while (due := ports.records.get(record.id).next_timer) is not None and due <= at(until):
        ports.time = due
        body = {"record": record.id, "due": due}
        assert fire.on(sqs(body, body), ports) == {"batchItemFailures": []}
    ports.time = at(until)
    return ports.records.get(record.id)


def told(ports: FakePorts) -> list[tuple[str, ...]]:
    """Whom the mails of all that was written went to, each fact delivered twice."""
    for record in list(ports.stream()):
        follow(ports, record)
        if record.event.type not in ("IncidentOpened",):
            assert notify.on(sqs({"detail": desk.fact(record)}, {"detail": desk.fact(record)}), ports) == {
                "batchItemFailures": []
            }
    return [mail.to for mail in ports.mail.sent.values()]


def clock(record: Record, metric: str) -> Clock:
    return next(one for one in record.clocks if one.metric == metric)


def agrees(ports: FakePorts, record: Record) -> bool:
    """Whether the stored clocks are what the history gives."""
    events = [one.event for one in ports.records.written]
    comments = ports.records.comments(record.id)
    return clocks_from(record, events, comments, LIFECYCLE, ports.policies.service_level) == record.clocks


def test_a_level_tells_those_it_names_and_nobody_else() -> None:
    ports, record = opened(
        Level(at=50, metrics=("resolution",), actions=("note", "mail-group", "mail-lead")),
        Level(at=75, metrics=("resolution",), tell=("lead:network", "boss@example.org", "owner")),
        Level(at=100, metrics=("response", "next_reply")),
    )
    run_on(ports, record, "2026-03-26T13:30")
    assert told(ports) == [("carl.oncall@example.org", "cleo.oncall@example.org", "on-call-lead@example.org")]
    run_on(ports, record, "2026-03-26T15:30")
    assert told(ports)[1:] == [("network-lead@example.org", "boss@example.org", "olga.owner@example.org")]


def test_a_chain_of_command_is_told_step_by_step_and_watchers_hear_of_what_follows() -> None:
    chain = (
        Level(at=50, metrics=("resolution",), tell=("lead:on-call",), watch=("watcher@example.org",)),
        Level(after="1h", metrics=("resolution",), tell=("head@example.org",)),
        Level(after="2h", metrics=("resolution",), tell=("board@example.org",)),
    )
    ports, record = opened(*chain)
    run_on(ports, record, "2026-03-26T23:00")
    assert told(ports) == [
        ("on-call-lead@example.org", "watcher@example.org"),
        ("head@example.org", "watcher@example.org"),
        ("board@example.org", "watcher@example.org"),
    ]


def test_a_level_gives_the_ticket_to_another_group_whose_hours_count_from_then_on() -> None:
    ports, record = opened(Level(before="4h", metrics=("resolution",), actions=("note",), reassign="network"))
    ports.records.save(record.changed("Assigned", by="ada", origin="records", at=ports.now(), assignee="carl"))
    after = run_on(ports, record, "2026-03-26T14:00")
    assert (after.group, after.assignee) == ("network", "")
    assert (clock(after, "resolution").calendar, shown(clock(after, "resolution").due)) == (
        "office",
        "Thu 26 Mar 17:00:00",
    )
    assert agrees(ports, after)
    follow(ports, *ports.records.written)
    notes = [entry.text for entry in ports.records.comments(record.id) if not entry.public]
    assert any("it goes to network" in note for note in notes)


def test_a_breach_that_is_noticed_after_the_work_was_done_is_told_and_gives_nobody_work() -> None:
    breach = Level(at=100, metrics=("resolution",), actions=("mail-lead", "raise-priority"), reassign="network")
    ports, record = opened(breach)
    ports.time = (clock(record, "resolution").due or 0) + 5
    desk.update(ports, record.id, lambda one: one.changed("StateChanged", by="ada", origin="records", at=ports.now(),
                                                          state="resolved"))  # fmt: skip
    after = run_on(ports, record, "2026-03-27T14:00")
    assert (after.event.type, after.event.text.count("breached")) == ("ClockBreached", 1)
    assert (after.state, after.group, after.priority) == ("resolved", "on-call", 2)
    assert agrees(ports, after)


def test_a_level_raises_the_priority_and_sets_off_no_storm() -> None:
    levels = (Level(at=50, actions=("raise-priority",), metrics=("resolution",)), Level(at=75, actions=("mail-lead",)))
    ports, record = opened(*levels, priority=3)
    after = run_on(ports, record, "2026-04-20T09:00")
    assert after.priority == 2, "once in its generation, and what the shorter target had passed is not repeated"
    assert agrees(ports, after)
    types = [one.event.type for one in ports.records.written]
    assert types.count("ClockWarned") + types.count("ClockBreached") < 12
    assert after.next_timer is None


@pytest.mark.parametrize(("reason", "ends"), [("requester", True), ("supplier", False)])
def test_a_ticket_that_waits_is_followed_up_and_in_the_end_done_in_service_days(reason: str, ends: bool) -> None:
    hold = (Hold(reason="requester", follow_up=("1 business_day", "2 business_days"), resolve="3 business_days"),)
    ports, record = opened(hold=hold, group="network")
    ports.time = at("2026-03-26T16:00")
    waiting = record.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="on_hold",
                             details={**record.details, "hold_reason": reason})  # fmt: skip
    desk.update(ports, record.id, lambda _: waiting)
    assert [shown(one.next_at) for one in ports.records.get(record.id).clocks if one.kind == "hold"] == (
        ["Fri 27 Mar 16:00:00"] if ends else []
    )
    after = run_on(ports, record, "2026-04-10T09:00")
    assert after.state == ("resolved" if ends else "on_hold")
    if ends:
        assert shown(after.updated_at) == "Tue 31 Mar 16:00:00"
        asked = [shown(entry.at) for entry in ports.records.comments(record.id) if "wait for your answer" in entry.text]
        assert asked == ["Fri 27 Mar 16:00:00", "Mon 30 Mar 16:00:00"]
        assert {one.state for one in after.clocks} <= {"stopped", "cancelled"}
        assert agrees(ports, after)


def test_a_ticket_that_waits_is_followed_up_in_the_service_days_of_the_group_that_gets_it_meanwhile() -> None:
    hold = (Hold(reason="requester", follow_up=("1 business_day", "2 business_days"), resolve="3 business_days"),)
    ports, record = opened(hold=hold, group="on-call")
    ports.time = at("2026-03-26T16:00")
    waiting = record.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="on_hold",
                             details={**record.details, "hold_reason": "requester"})  # fmt: skip
    desk.update(ports, record.id, lambda _: waiting)
    run_on(ports, record, "2026-03-27T17:00")
    desk.update(ports, record.id, lambda one: one.changed("Assigned", by="ada", origin="records", at=ports.now(),
                                                          group="network"))  # fmt: skip
    after = run_on(ports, record, "2026-04-10T09:00")
    asked = [shown(entry.at) for entry in ports.records.comments(record.id) if "wait for your answer" in entry.text]
    assert asked == ["Fri 27 Mar 16:00:00", "Mon 30 Mar 16:00:00"], "nobody of the network group works on Saturday"
    assert (after.state, shown(after.updated_at)) == ("resolved", "Tue 31 Mar 16:00:00")
    assert agrees(ports, after)


def test_an_answer_ends_the_wait_and_nothing_more_is_said() -> None:
    hold = (Hold(reason="", follow_up=("4h",), resolve="2 business_days"),)
    ports, record = opened(hold=hold)
    desk.update(ports, record.id, lambda one: desk.moved(one, "on_hold", by="ada", origin="records", at=ports.now()))
    ports.time += HOUR
    desk.update(
        ports, record.id, lambda one: desk.moved(one, "in_progress", by="ada", origin="records", at=ports.now())
    )
    after = run_on(ports, record, "2026-04-10T09:00")
    assert after.state == "in_progress"
    assert not [entry for entry in ports.records.comments(record.id) if "wait for your answer" in entry.text]
    assert clock(after, "resolution").state == RUNNING
