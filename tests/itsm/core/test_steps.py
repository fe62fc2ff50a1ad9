"""The steps every practice shares."""

import pytest
from itsm.core import steps
from itsm.core.errors import IllegalMoveError
from itsm.core.practice import StepContext, load

from tests.builders import NOON, an_incident

CLOSE = steps.move(load("incident").lifecycle, "closed")


def told(**arguments: object) -> StepContext:
    return StepContext(now=NOON + 5, policy=None, arguments=arguments)


def test_a_step_to_where_the_record_is_changes_nothing() -> None:
    record = an_incident(state="closed")
    assert CLOSE(record, told()) is record


def test_a_step_makes_the_move_in_the_name_of_the_system() -> None:
    record = CLOSE(an_incident(state="resolved"), told())
    assert (record.state, record.event.by, record.event.origin, record.event.at) == (
        "closed",
        "system",
        "process",
        NOON + 5,
    )


def test_a_step_cannot_make_an_illegal_move() -> None:
    with pytest.raises(IllegalMoveError, match="in_progress"):
        CLOSE(an_incident(state="new"), told())


def test_a_process_has_one_successor_however_often_it_asks() -> None:
    record = an_incident()
    second = steps.renew(record, told(generation=1))
    assert (second.generation, second.event.type) == (2, "ProcessRenewed")
    assert "generation" in second.event.changes
    assert steps.renew(second, told(generation=1)) is second
    assert steps.renew(second, told(generation=2)).generation == 3


def test_a_failure_is_left_on_the_record_once() -> None:
    failed = steps.report_failure(an_incident(number="INC1"), told(error="E", cause="c" * 999, generation=1))
    assert failed.event.type == "ProcessFailed"
    trouble = failed.details["trouble"]
    assert trouble == {"error": "E", "cause": "c" * 300, "process": "INC1-1", "at": NOON + 5}
    later = StepContext(now=NOON + 99, policy=None, arguments={"error": "E", "cause": "c" * 999, "generation": 1})
    assert steps.report_failure(failed, later) is failed


def test_notes_are_set_and_removed_and_nothing_is_written_for_nothing() -> None:
    record = an_incident(details={"a": 1})
    assert steps.noted(record, "X", NOON, a=1, b=None) is record
    changed = steps.noted(record, "X", NOON, a=None, b=2)
    assert (changed.details, changed.event.type, changed.state) == ({"b": 2}, "X", "new")
