"""What an incident's whole life costs when the doors themselves live it, over the metered tables."""

from collections.abc import Callable

import pytest
from itsm.core.journal import CARRIED_BYTES

from tests.itsm.aws.conftest import Store
from tests.itsm.aws.life import Life, a_life, begin, end, is_late, mirror, waits
from tests.itsm.aws.test_units import CREATE_UNITS, LIFE_UNITS, TRANSITION_UNITS

WAIT_UNITS, LINK_UNITS = 1, 6


@pytest.fixture
def life(store: Store) -> Life:
    """An incident whose mail has just arrived."""
    return a_life(store)


def check(life: Life) -> None:
    """Each act within its budget."""
    kinds = {"create": CREATE_UNITS, "await": WAIT_UNITS, "link": LINK_UNITS}
    over = {act: units for act, units in life.acts.items() if units > kinds.get(act, TRANSITION_UNITS)}
    assert not over, life.acts


def test_an_incident_lived_through_its_doors_keeps_to_the_budget(life: Life) -> None:
    begin(life)
    mirror(life)
    end(life)
    check(life)
    assert life.total <= LIFE_UNITS, life.acts


def test_a_hold_with_a_reason_costs_what_any_move_costs(life: Life) -> None:
    begin(life)
    life.patch(state="on_hold", details={"hold_reason": "requester"})
    assert [clock.kind for clock in life.record.clocks].count("hold") == 1
    life.patch(state="in_progress")
    mirror(life)
    end(life)
    check(life)


@pytest.mark.parametrize("events", [(waits,), (is_late,), (waits, is_late)], ids=["a hold", "an escalation", "both"])
def test_a_life_keeps_to_the_budget_whatever_happens_more_in_it(
    life: Life, events: tuple[Callable[[Life], None], ...]
) -> None:
    begin(life)
    for happens in events:
        happens(life)
    mirror(life)
    end(life)
    check(life)
    assert life.total <= LIFE_UNITS, life.acts


@pytest.mark.parametrize("length", [20, 200, CARRIED_BYTES])
def test_an_answer_that_stops_a_clock_costs_no_more_than_a_move(life: Life, length: int) -> None:
    begin(life, "y" * length)
    check(life)
