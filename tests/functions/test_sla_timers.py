"""SLA timers: clocks in the group's service hours and zone; fired at their second, once, never early."""

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import itsm_policy
import pytest
from itsm.core.clock import Clock
from itsm.core.errors import OutsideError
from itsm.core.record import Record
from itsm.practices.incident import LIFECYCLE
from itsm.practices.service_level.replay import clocks_from
from itsm.runtime import desk
from itsm.runtime.policies import Policies

from functions.sla_timers.app import fire, start, sweep
from tests.builders import a_comment, an_incident
from tests.fakes import FakePorts, sqs
from tests.support.stream import follow

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str) -> int:
    """An instant by Berlin's wall clock."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts(time=berlin("2026-03-27T16:00"))


def opened(ports: FakePorts, **facts: Any) -> Record:
    """A ticket of the applications group, under its clocks."""
    given: dict[str, Any] = {
        "group": "service-desk",
        "priority": 2,
        "impact": 2,
        "urgency": 2,
        "service": "website",
        "at": ports.now(),
    }
    record = ports.records.create(an_incident(**(given | facts))).record
    start.on({"step": "clocks", "record": record.id}, ports)
    return ports.records.get(record.id)


def clock(ports: FakePorts, record: Record, metric: str) -> Clock:
    """One clock as it is now."""
    return next(clock for clock in ports.records.get(record.id).clocks if clock.metric == metric)


def run_to(ports: FakePorts, instant: int) -> None:
    """Let the minutes pass: sweep each one, fire what the queue delays to its second."""
    while ports.time < instant:
        sweep.on({}, ports)
        sent, ports.timers.sent = ports.timers.sent, []
        for body, delay in sorted(sent, key=lambda one: one[1]):
            at = ports.time + delay
            if at <= instant:
                kept, ports.time = ports.time, at
                assert fire.on(sqs(body), ports) == {"batchItemFailures": []}
                ports.time = kept
        ports.time += 60


def test_clocks_start_once_from_the_opening(ports: FakePorts) -> None:
    record = opened(ports)
    start.on({"step": "clocks", "record": record.id}, ports)
    assert ports.records.get(record.id).version == 2
    assert {one.started_at for one in record.clocks} == {record.opened_at}


def test_a_clock_stands_still_over_a_weekend_on_which_the_clocks_change(ports: FakePorts) -> None:
    record = opened(ports)
    due = clock(ports, record, "resolution").due
    assert due is not None
    spent = [(berlin("2026-03-27T16:00"), due)]
    calendar = ports.policies.calendars.named(clock(ports, record, "resolution").calendar)
    from itsm.core.service_time import elapsed

    assert elapsed(calendar, *spent[0]) == clock(ports, record, "resolution").target
    assert due > berlin("2026-03-30T00:00")


def test_a_breach_is_an_event_a_note_and_recorded_at_its_due_instant(ports: FakePorts) -> None:
    record = opened(ports)
    due = clock(ports, record, "response").due
    assert due is not None
    run_to(ports, due + 3600)
    breached = clock(ports, record, "response")
    types = [written.event.type for written in ports.records.written]
    follow(ports, *ports.records.written)
    notes = [entry for entry in ports.records.journal[record.id] if not entry.public]
    assert breached.breached_at == due
    assert types.count("ClockBreached") >= 1
    assert any("response target" in note.text and "breached" in note.text for note in notes)


def test_a_level_fires_once_however_often_it_is_delivered(ports: FakePorts) -> None:
    record = opened(ports)
    ports.time = record.next_timer or 0
    for _ in range(3):
        fire.on(sqs({"record": record.id, "due": ports.time}), ports)
    assert ports.records.get(record.id).version == record.version + 1


def test_nothing_fires_early_and_an_early_message_is_sent_again(ports: FakePorts) -> None:
    record = opened(ports)
    due = record.next_timer or 0
    ports.time = due - 5
    fire.on(sqs({"record": record.id, "due": due}), ports)
    assert ports.records.get(record.id).version == record.version
    assert ports.timers.sent == [({"record": record.id, "due": due}, 5)]


def test_a_sweeper_that_was_down_fires_late_and_loses_nothing(ports: FakePorts) -> None:
    record = opened(ports)
    due = clock(ports, record, "response").due or 0
    ports.time = due + 1800
    sweep.on({}, ports)
    assert [(body["record"], delay) for body, delay in ports.timers.sent] == [(record.id, 0)]
    fire.on(sqs(ports.timers.sent[0][0]), ports)
    assert clock(ports, record, "response").breached_at == due


def test_hold_pauses_the_resolution_clock_and_leaving_it_moves_the_due(ports: FakePorts) -> None:
    ports.time = berlin("2026-03-23T10:00")
    record = opened(ports)
    first = clock(ports, record, "resolution").due or 0

    def move(to: str) -> None:
        desk.update(ports, record.id, lambda r: desk.moved(r, to, by="ada", origin="records", at=ports.now()))

    move("in_progress")
    move("on_hold")
    assert (clock(ports, record, "resolution").state, clock(ports, record, "resolution").due) == ("paused", None)
    ports.time += 3600
    move("in_progress")
    assert clock(ports, record, "resolution").due == first + 3600
    move("resolved")
    assert {one.state for one in ports.records.get(record.id).clocks} <= {"stopped", "cancelled"}
    assert ports.records.get(record.id).next_timer is None


def test_the_first_public_answer_of_an_agent_stops_the_response_clock(ports: FakePorts) -> None:
    record = opened(ports)
    note = a_comment(record, "note", public=False, at=ports.now())
    desk.update(ports, record.id, lambda r: desk.commented(r, note), note)
    assert clock(ports, record, "response").state == "running"
    answer = a_comment(record, "answer", at=ports.now())
    desk.update(ports, record.id, lambda r: desk.commented(r, answer), answer)
    assert clock(ports, record, "response").state == "stopped"


def test_a_deadline_a_new_holiday_has_moved_is_moved_when_it_comes_and_never_fires_early(tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    shutil.copytree(Path(next(iter(itsm_policy.__path__))), folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "calendars.toml").read_text()
    text = text.replace(
        "[calendars.desk]", '[feeds]\ncity = "https://example.org/city.ics"\n[calendars.desk]\nical = "city"'
    )
    (folder / "calendars.toml").write_text(text)
    closed: set[int] = set()
    policies = Policies(folder, newer=lambda feed: frozenset(closed))
    ports = FakePorts(time=berlin("2026-06-11T18:30"), policies=policies)
    record = opened(ports, priority=1, impact=1, urgency=1)
    first = record.next_timer or 0
    assert first < berlin("2026-06-11T19:00")
    run_to(ports, berlin("2026-06-11T20:00"))
    stored = ports.records.get(record.id)
    assert (stored.next_timer or 0) < berlin("2026-06-12T19:00")
    closed.add(date(2026, 6, 12).toordinal())
    run_to(ports, berlin("2026-06-12T20:00"))
    moved = ports.records.get(record.id)
    assert moved.event.type == "ClocksRecomputed"
    assert moved.version == stored.version + 1, "once, however often the sweeper comes by"
    assert moved.next_timer is not None
    assert moved.next_timer >= berlin("2026-06-15T07:00")
    assert clocks_from(
        moved, [one.event for one in ports.records.written], ports.records.comments(record.id), LIFECYCLE,
        ports.policies.service_level,
    ) == moved.clocks  # fmt: skip
    run_to(ports, moved.next_timer + 60)
    assert ports.records.get(record.id).event.type in ("ClockWarned", "ClockBreached")


def answered_before_its_clocks(ports: FakePorts) -> Record:
    """A ticket that was held and answered before the process came to start its clocks."""
    record = ports.records.create(an_incident(group="service-desk", priority=2, at=ports.now())).record
    follow(ports, record)
    ports.time += 60
    answer = a_comment(record, at=ports.now())
    said = desk.update(ports, record.id, lambda current: desk.commented(current, answer), answer)
    ports.time += 60
    return desk.update(
        ports, said.id, lambda now: desk.moved(now, "on_hold", by="ada", origin="records", at=ports.now())
    )


def test_an_answer_and_a_hold_before_the_clocks_start_count(ports: FakePorts) -> None:
    record = answered_before_its_clocks(ports)
    follow(ports, *ports.records.written[1:])
    ports.time += 3600
    start.on({"step": "clocks", "record": record.id}, ports)
    response, resolution = (clock(ports, record, metric) for metric in ("response", "resolution"))
    assert (response.state, response.used) == ("stopped", 60)
    assert (resolution.state, resolution.used) == ("paused", 120)
    now = ports.records.get(record.id)
    told = ((*ports.records.history(record.id), now.event), ports.records.comments(record.id))
    assert clocks_from(now, *told, LIFECYCLE, ports.policies.service_level) == now.clocks


def test_the_clocks_wait_for_a_history_that_is_not_all_there(ports: FakePorts) -> None:
    record = answered_before_its_clocks(ports)
    with pytest.raises(OutsideError, match="not all there yet"):
        start.on({"step": "clocks", "record": record.id}, ports)
    assert ports.records.get(record.id).clocks == ()
