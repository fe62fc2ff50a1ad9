"""The labels by which Jira shows the levels that a ticket's clocks have reached."""

from dataclasses import replace

import pytest
from itsm.core.clock import Clock
from itsm.practices.service_level.checks import problems
from itsm.practices.service_level.escalation import marks
from itsm.practices.service_level.policy import Level

from tests.itsm.practices.service_level.world import STANDARD, Desk, policy

LEVELS = (
    Level(at=75, actions=("mark-issue",)),
    Level(at=90, actions=("note",)),
    Level(at=100, actions=("mark-issue",), mark="late", metrics=("resolution",)),
    Level(after="2h", service_hours=False, actions=("mark-issue",), metrics=("resolution",)),
)
MARKING = policy(replace(STANDARD, levels=LEVELS))
MONDAY = "2026-03-23T09:00"


def a_desk() -> Desk:
    """A ticket of Monday morning whose clocks run: 15 minutes, 30 minutes, 4 hours."""
    return Desk(MONDAY, MARKING).start(MONDAY)


def shown(desk: Desk) -> tuple[str, ...]:
    """The labels of its issue."""
    return marks(desk.record, MARKING)


def test_a_level_marks_the_issue_once_it_is_reached_and_not_before() -> None:
    desk = a_desk().tick("2026-03-23T09:11:14")
    assert shown(desk) == ()
    desk.tick("2026-03-23T09:11:15")
    assert shown(desk) == ("sla-response-75",)
    desk.tick("2026-03-23T09:14:00")
    assert shown(desk) == ("sla-response-75",), "a level without the action gives no label"


def test_a_level_may_name_its_label_and_one_by_the_wall_clock_marks_too() -> None:
    desk = a_desk().change("2026-03-23T09:05", state="in_progress").tick("2026-03-23T13:00")
    assert "late" in shown(desk)
    desk.tick("2026-03-23T15:00")
    assert "sla-resolution-2h-after-due-by-the-wall-clock" in shown(desk)


def test_a_mark_stays_when_the_work_is_done_late() -> None:
    desk = a_desk().tick("2026-03-23T09:12").change("2026-03-23T09:13", state="resolved")
    assert shown(desk) == ("sla-response-75",)


def test_a_mark_goes_when_its_clock_begins_anew() -> None:
    desk = a_desk().tick("2026-03-23T09:25")
    assert "sla-next-reply-75" in shown(desk)
    desk.say("2026-03-23T09:26")
    assert "sla-next-reply-75" in shown(desk)
    desk.say("2026-03-23T10:00", by="rita@example.org")
    assert "sla-next-reply-75" not in shown(desk)


def test_a_mark_goes_with_a_longer_promise_and_with_a_cancelled_ticket() -> None:
    late = a_desk().tick("2026-03-23T12:00")
    assert "sla-resolution-75" in shown(late)
    assert "sla-resolution-75" not in shown(late.change("2026-03-23T12:05", priority=2))
    over = a_desk().tick("2026-03-23T12:00").change("2026-03-23T12:05", state="cancelled")
    assert not [mark for mark in shown(over) if "resolution" in mark]


def test_what_happens_on_hold_marks_nothing() -> None:
    desk = a_desk()
    on_hold = Clock(metric="hold", agreement="", calendar="berlin", target=60, state="running", started_at=0, since=0,
                    fired=1, kind="hold")  # fmt: skip
    assert marks(replace(desk.record, clocks=(on_hold,)), MARKING) == ()


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (Level(at=75, mark="late"), "does nothing without"),
        (Level(at=75, actions=("mark-issue",), mark="too late"), "no blanks"),
        (Level(at=75, actions=("mark-issue",), mark="itsm-x"), "not itsm-"),
        (Level(at=75, actions=("mark-issue",), mark="x" * 256), "255 characters"),
    ],
)
def test_a_mark_that_is_no_label_is_refused(level: Level, word: str) -> None:
    found = dict(problems(policy(replace(STANDARD, levels=(level,)))))
    assert word in found["agreement.0.levels.0.mark"]
