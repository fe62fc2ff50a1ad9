"""A crowd of timers: never early, each once, none lost, and on the second, whatever the queue and the agents do."""

import pytest

from tests.support.timer_storm import Outcome, Storm, simulate


def is_sound(found: Outcome) -> bool:
    """What holds in any weather."""
    return not found.early and not found.while_paused and not found.lost and set(found.fired.values()) == {1}


@pytest.mark.parametrize("seed", range(3))
def test_duplicates_reordering_and_pauses_that_race_the_fire_change_nothing(seed: int) -> None:
    found = simulate(Storm(open=2_500, due=1_500, twice=300, paused=200, seed=seed))
    assert is_sound(found)
    assert len(found.fired) > 1_000
    assert found.on_the_clock(0.99) <= 1
    # a queue delays by whole seconds, from an instant within one: by a stopwatch it is up to one more
    assert found.at(0.999) <= 1.5


def test_a_sweeper_that_was_down_for_half_an_hour_fires_late_and_loses_nothing() -> None:
    found = simulate(Storm(open=2_000, due=2_000, window=1_700, down=1_800, paused=0))
    assert is_sound(found)
    assert len(found.fired) == 2_000
    assert found.drained < 1_800 + 60


def test_more_than_the_workers_can_take_at_once_drains_in_order_and_none_is_lost() -> None:
    found = simulate(Storm(open=3_000, due=3_000, window=1, workers=10, paused=0))
    assert is_sound(found)
    assert 3 < found.drained < 60


def test_the_simulation_would_see_a_timer_that_is_lost_or_fired_early() -> None:
    late = simulate(Storm(open=300, due=300, workers=1, fire_seconds=5, paused=0))
    assert late.on_the_clock(0.99) > 1
    assert not is_sound(Outcome(lost=1))
    assert not is_sound(Outcome(fired=late.fired + late.fired))


@pytest.mark.slow
def test_a_million_open_timers_and_a_million_due_in_one_minute_are_on_the_second() -> None:
    found = simulate(Storm(open=1_000_000, due=1_000_000))
    assert is_sound(found)
    assert found.on_the_clock(0.99) <= 1
    assert found.at(0.99) <= 1.5


@pytest.mark.slow
def test_a_million_overdue_after_half_an_hour_without_a_sweeper_drain_within_two_minutes() -> None:
    found = simulate(Storm(open=1_000_000, due=1_000_000, window=1_700, down=1_800, paused=0))
    assert is_sound(found)
    assert found.drained < 1_800 + 120
