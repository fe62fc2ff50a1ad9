"""A changed policy reaches open tickets from their events, in pieces, and rewrites nothing that happened."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from itsm.core.errors import StaleVersionError
from itsm.core.record import Comment, Record
from itsm.practices.incident import LIFECYCLE
from itsm.practices.service_level.policy import RESOLUTION
from itsm.practices.service_level.replay import clocks_from
from itsm.runtime.recompute import Done, main, recomputed, run
from itsm.runtime.stories import Story

from tests.fakes import FakeRecords
from tests.itsm.practices.service_level.world import STANDARD, Desk, at, policy, shown

LONGER = policy(
    replace(STANDARD, targets={name: replace(one, resolution="6h") for name, one in STANDARD.targets.items()})
)
NOW = at("2026-03-26T13:30")


def a_ticket(number: int, **move: Any) -> Desk:
    desk = Desk("2026-03-26T09:00").start("2026-03-26T09:00").say("2026-03-26T09:05").tick("2026-03-26T12:00")
    desk.record = replace(desk.record, id=f"ticket{number}", number=f"INC{number}")
    if move:
        desk.change("2026-03-26T12:30", **move)
    return desk


def told(desk: Desk) -> Story:
    return Story(record=desk.record, events=tuple(desk.events), comments=tuple(desk.comments))


def resolution(record: Record) -> str | None:
    return next(shown(clock.due) for clock in record.clocks if clock.metric == RESOLUTION)


def test_an_open_ticket_gets_the_clocks_of_the_new_policy_and_keeps_its_events() -> None:
    desk = a_ticket(1)
    new = recomputed(told(desk), LONGER, NOW)
    assert new is not None
    assert (resolution(desk.record), resolution(new)) == ("Thu 26 Mar 13:00:00", "Thu 26 Mar 15:00:00")
    assert (new.event.type, new.event.previous) == ("ClocksRecomputed", desk.record.event.hash)
    again = Story(record=new, events=(*desk.events, new.event), comments=tuple(desk.comments))
    assert recomputed(again, LONGER, NOW) is None
    assert clocks_from(new, again.events, again.comments, LIFECYCLE, LONGER) == new.clocks


def test_a_ticket_that_is_done_and_one_the_policy_leaves_as_it_is_are_not_touched() -> None:
    assert recomputed(told(a_ticket(1, state="resolved")), LONGER, NOW) is None
    assert recomputed(told(a_ticket(1)), policy(), NOW) is None


def stored(*desks: Desk) -> FakeRecords:
    return FakeRecords(
        stored={desk.record.id: desk.record for desk in desks},
        trail={desk.record.id: list(desk.events) for desk in desks},
        journal={desk.record.id: list(desk.comments) for desk in desks},
    )


def over(records: FakeRecords, done: Done, limit: int = 10) -> Done:
    run(list(records.stored), records, LONGER, NOW, done, limit)
    for record in records.stored.values():
        if record.event not in records.trail[record.id]:
            records.trail[record.id].append(record.event)
    return done


def test_it_goes_in_pieces_and_a_piece_done_twice_changes_nothing() -> None:
    records = stored(*(a_ticket(n) for n in range(5)))
    first = over(records, Done(), 2)
    assert (first.seen, first.changed, first.last, first.ended) == (2, 2, "ticket1", False)
    second = over(records, Done(last=first.last))
    assert (second.seen, second.changed, second.ended) == (3, 3, True)
    assert over(records, Done()).changed == 0


def test_a_ticket_somebody_saves_meanwhile_is_left_to_them() -> None:
    desk = a_ticket(1)
    records = stored(desk)

    class Overtaken(FakeRecords):
        def save(self, record: Record, comment: Comment | None = None) -> Record:
            raise StaleVersionError("somebody was first")

    overtaken = Overtaken(stored=records.stored, trail=records.trail, journal=records.journal)
    done = over(overtaken, Done())
    assert (done.changed, done.raced, done.ended) == (0, 1, True)


def test_a_ticket_whose_history_is_not_all_written_is_left_to_the_next_run() -> None:
    desk = a_ticket(1)
    records = stored(desk)
    late = records.trail["ticket1"].pop(2)
    done = over(records, Done())
    assert (done.changed, done.behind) == (0, 1)
    assert "run it again" in str(done)
    records.trail["ticket1"].append(late)
    assert over(records, Done()).changed == 1


def test_a_policy_that_contradicts_itself_reaches_no_ticket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "calendars.toml").write_text('[calendars.office]\nzone = "Mars/Base"\n')
    assert main(["--policy", str(tmp_path), "--records", "records", "--audit", "audit"]) == 2
    said = capsys.readouterr().out
    assert "calendars.toml:2: calendars.office.zone: 'Mars/Base' is no time zone" in said
    assert "service_level.toml:1: the file is missing" in said
