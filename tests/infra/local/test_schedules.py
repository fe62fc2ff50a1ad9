"""Schedules fire on the minute of the sandbox's clock, each instant once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sandbox.schedules import Schedule, Schedules

MINUTE = 1_795_500_000.0 // 60 * 60


class Clock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = MINUTE + 1

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("expression", "after", "now", "due"),
    [
        ("rate(1 minute)", 1, 59, False),
        ("rate(1 minute)", 59, 60, True),
        ("rate(1 minute)", 60, 61, False),
        ("rate(5 minutes)", 60, 299, False),
        ("rate(5 minutes)", 299, 301, True),
        ("rate(1 hour)", 3599, 3600, True),
        ("rate(1 day)", 3600, 7200, False),
        ("cron(0 12 * * ? *)", 12 * 3600 - 1, 12 * 3600, True),
        ("cron(0 12 * * ? *)", 12 * 3600, 13 * 3600, False),
    ],
)
def test_an_expression_is_due_at_its_instants(expression: str, after: float, now: float, due: bool) -> None:
    day = MINUTE // 86400 * 86400
    schedule = Schedule(arn="arn:aws:events:us-east-1:000000000000:rule/r", expression=expression, targets=())
    assert schedule.due(day + after, day + now) is due


def test_an_expression_that_cannot_be_read_is_refused() -> None:
    schedules = Schedules(Clock(), lambda work: work())
    with pytest.raises(ValueError, match="whenever"):
        schedules.add("arn:aws:events:us-east-1:000000000000:rule/r", "whenever", ())


def test_an_instant_is_fired_once_and_a_missed_minute_too() -> None:
    clock, fired = Clock(), list[Callable[[], None]]()
    schedules = Schedules(clock, fired.append)
    schedules.add("arn:aws:events:us-east-1:000000000000:rule/r", "rate(1 minute)", ())
    for seconds, count in ((58, 0), (1, 1), (1, 1), (180, 2), (0, 2)):
        clock.now += seconds
        schedules.tick()
        assert len(fired) == count
