"""What every practice's lifecycle keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsm.core.errors import IllegalMoveError, NotFoundError
from itsm.core.lifecycle import Lifecycle
from itsm.core.practice import StepContext, load
from itsm.core.record import Record
from itsm.core.steps import move
from itsm.core.voting import Terms
from itsm.practices.change import lifecycle as change_terms
from itsm.practices.request import lifecycle as request_terms

from tests.builders import NOON, a_record

STATES = {
    "incident": {"new", "in_progress", "on_hold", "resolved", "closed", "cancelled"},
    "problem": {"new", "in_analysis", "known_error", "resolved", "closed", "cancelled"},
    "request": {
        *("new", "awaiting_approval", "in_progress", "on_hold"),
        *("fulfilled", "closed", "rejected", "cancelled"),
    },
    "change": {
        *("new", "assessing", "awaiting_approval", "scheduled", "implementing"),
        *("in_review", "closed", "rejected", "cancelled"),
    },
}
PRACTICES = sorted(STATES)


def lifecycle_of(practice: str) -> Lifecycle:
    return load(practice).lifecycle


def reached(lifecycle: Lifecycle, start: str) -> set[str]:
    seen, todo = set(), [start]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            todo += lifecycle.moves[state]
    return seen


@pytest.mark.parametrize("practice", PRACTICES)
def test_a_practice_has_its_states_and_begins_with_new(practice: str) -> None:
    lifecycle = lifecycle_of(practice)
    assert lifecycle.states == STATES[practice]
    assert lifecycle.initial == "new"
    assert reached(lifecycle, "new") == lifecycle.states


@pytest.mark.parametrize("practice", PRACTICES)
def test_every_state_can_reach_a_final_one_and_final_ones_are_met(practice: str) -> None:
    lifecycle = lifecycle_of(practice)
    for state in lifecycle.states:
        assert reached(lifecycle, state) & lifecycle.final, state
    assert lifecycle.final <= lifecycle.met
    assert all(to in lifecycle.states for legal in lifecycle.moves.values() for to in legal)
    assert lifecycle.held | lifecycle.answered | lifecycle.met <= lifecycle.states


@pytest.mark.parametrize("practice", PRACTICES)
@given(data=st.data())
def test_only_legal_moves_are_made_whatever_is_asked_for(practice: str, data: st.DataObject) -> None:
    lifecycle = lifecycle_of(practice)
    record: Record = a_record(practice=practice)
    for to in data.draw(st.lists(st.sampled_from(sorted(lifecycle.states)), max_size=12)):
        before, take, legal = record, move(lifecycle, to), lifecycle.moves[record.state]
        if to != before.state and to not in legal:
            with pytest.raises(IllegalMoveError) as refused:
                take(record, StepContext(now=NOON, policy=None))
            assert set(refused.value.legal) == legal
            continue
        record = take(record, StepContext(now=NOON, policy=None))
        assert (record.state, record.version) == (to, before.version + (to != before.state))


@pytest.mark.parametrize(("practice", "terms"), [("change", change_terms.TERMS), ("request", request_terms.TERMS)])
def test_an_approval_makes_legal_moves_only(practice: str, terms: Terms) -> None:
    moves = lifecycle_of(practice).moves
    assert all(terms.waiting in moves[state] for state in terms.asking)
    assert {terms.accepted, terms.refused, terms.voided} <= moves[terms.waiting]
    assert terms.voided in moves[terms.accepted]


def test_a_comment_of_the_requester_must_not_take_a_record_past_its_approval() -> None:
    # whoever writes on a held record takes it off hold
    for practice in PRACTICES:
        assert "awaiting_approval" not in lifecycle_of(practice).held


def test_no_hand_takes_a_change_past_its_approval() -> None:
    lifecycle, seen, todo = lifecycle_of("change"), set(), ["new", "assessing", "awaiting_approval"]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            todo += lifecycle.by_hand(state)
    assert not seen & {"scheduled", "implementing", "in_review"}


def test_a_closed_record_is_never_reopened() -> None:
    for practice in PRACTICES:
        assert lifecycle_of(practice).moves["closed"] == frozenset()


def test_numbers_begin_with_the_practice() -> None:
    assert [load(practice).prefix for practice in PRACTICES] == ["CHG", "INC", "PRB", "REQ"]


def test_an_unknown_practice_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="'gardening'"):
        load("gardening")
