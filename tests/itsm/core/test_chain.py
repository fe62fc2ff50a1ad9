"""The audit chain: every edit, deletion, reorder and truncation is found."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsm.core.chain import LAG, faults
from itsm.core.events import Event

from tests.builders import NOON, an_incident

LENGTH = 6


def _trail() -> list[Event]:
    record = an_incident()
    events = [record.event]
    for at in range(1, LENGTH):
        record = record.changed("Assigned", by="ada", origin="records", at=NOON + at, assignee=f"agent {at}")
        events.append(record.event)
    return events


ID = an_incident().id
WHOLE = _trail()


def _found(trail: list[Event], head: Event | None = WHOLE[-1], now: int = NOON + 2 * LAG) -> list[str]:
    return list(faults(ID, trail, head, now))


def test_a_whole_trail_has_no_fault() -> None:
    assert _found(WHOLE) == []


@given(st.integers(0, LENGTH - 1))
def test_any_deleted_event_is_found(at: int) -> None:
    assert _found(WHOLE[:at] + WHOLE[at + 1 :])


@given(st.permutations(range(LENGTH)))
def test_any_reorder_is_found(order: list[int]) -> None:
    moved = [replace(WHOLE[place], version=at + 1) for at, place in enumerate(order)]
    assert bool(_found(moved)) == (order != sorted(order))


EDITS: dict[str, Any] = {
    "type": "Closed",
    "at": 1,
    "by": "eve",
    "origin": "elsewhere",
    "text": "new",
    "comment": "c",
    "changes": {"a": (1, 2)},
}


@pytest.mark.parametrize("field", EDITS)
@given(at=st.integers(0, LENGTH - 1))
def test_any_edited_field_is_found(field: str, at: int) -> None:
    edited = [*WHOLE[:at], replace(WHOLE[at], **{field: EDITS[field]}), *WHOLE[at + 1 :]]
    assert _found(edited)


@given(st.integers(0, LENGTH - 1))
def test_any_truncation_is_found_once_the_stream_had_its_time(length: int) -> None:
    assert _found(WHOLE[:length])
    assert not _found(WHOLE[:length], now=NOON + LENGTH)


def test_an_edit_that_hashes_anew_is_found_at_the_next_event() -> None:
    from itsm.core.events import chained

    forged = chained(ID, replace(WHOLE[2], by="eve"), WHOLE[2].previous)
    assert _found([*WHOLE[:2], forged, *WHOLE[3:]])


def test_a_forged_end_is_found_against_the_record() -> None:
    from itsm.core.events import chained

    forged = chained(ID, replace(WHOLE[-1], by="eve"), WHOLE[-1].previous)
    assert _found([*WHOLE[:-1], forged])


def test_a_record_set_back_and_a_record_gone_are_found() -> None:
    assert _found(WHOLE, head=WHOLE[3])
    assert _found(WHOLE, head=None)
