"""A crowd of timers: never early, each once, none lost, and within the second, whatever AWS and the agents do."""

import pytest

from tests.support.timer_storm import Outcome, Storm, simulate

LAMBDAS_OWN = 5
"""Batches at once that Lambda's own pollers begin with."""


@pytest.mark.parametrize("seed", range(3))
def test_duplicates_reordering_and_pauses_that_race_the_fire_change_nothing(seed: int) -> None:
    found = simulate(Storm(open=2_000, due=1_200, twice=300, stray=5, paused=200, seed=seed, standing=LAMBDAS_OWN))
    assert found.sound
    assert len(found.fired) > 900
    assert found.at(0.99) <= 1


def test_sweeps_at_any_second_of_their_minute_are_none_too_late() -> None:
    whole, exact = (
        simulate(Storm(open=1_000, due=1_000, stray=0, precision=precision, standing=LAMBDAS_OWN))
        for precision in (60, 1)
    )
    assert whole.sound
    assert exact.sound
    assert max(whole.at(0.99), exact.at(0.99)) <= 1


def test_a_sweeper_that_was_down_for_half_an_hour_fires_late_and_loses_nothing() -> None:
    found = simulate(Storm(open=2_000, due=2_000, window=1_700, down=1_800, paused=0))
    assert found.sound
    assert len(found.fired) == 2_000
    # the whole minute that a scheduler may take, and what strays
    assert found.drained < 1_800 + 60 + 30 + 5


def test_a_sweep_that_is_cut_short_has_sent_the_earliest_and_the_next_one_sends_the_rest() -> None:
    found = simulate(Storm(open=2_000, due=2_000, sweepers=1, send_seconds=0.5, paused=0))
    assert found.sound
    assert found.drained > 60


def test_more_than_the_functions_can_take_at_once_drains_and_none_is_lost() -> None:
    found = simulate(Storm(open=2_000, due=2_000, window=1, standing=2, ramp=0, paused=0))
    assert found.sound
    assert 10 < found.drained < 60


def test_the_simulation_would_see_a_timer_that_is_lost_or_fired_early() -> None:
    late = simulate(Storm(open=300, due=300, standing=1, ramp=0, fire_seconds=1, paused=0))
    assert late.at(0.99) > 1
    assert not Outcome(lost=1).sound
    assert not Outcome(fired=late.fired, early=1).sound
    assert not Outcome(fired=late.fired + late.fired).sound


@pytest.mark.slow
def test_a_million_open_timers_and_a_million_due_in_one_minute_are_within_the_second() -> None:
    found = simulate(Storm(open=1_000_000, due=1_000_000))
    assert found.sound
    assert found.at(0.99) <= 1
    assert found.drained < 60 + 30 + 5


@pytest.mark.slow
def test_a_million_open_timers_of_which_twenty_thousand_are_due_need_no_pollers_of_their_own() -> None:
    found = simulate(Storm(open=1_000_000, due=20_000, standing=LAMBDAS_OWN))
    assert found.sound
    assert found.at(0.99) <= 1


@pytest.mark.slow
def test_a_million_overdue_after_half_an_hour_without_a_sweeper_drain_within_three_minutes() -> None:
    found = simulate(Storm(open=1_000_000, due=1_000_000, window=1_700, down=1_800, paused=0))
    assert found.sound
    assert found.drained < 1_800 + 180
