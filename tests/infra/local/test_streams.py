"""A table's stream feeds its function in order: from the first failure on, halved, given up on, never skipped."""

from __future__ import annotations

import json

from tests.infra.local.conftest import Toy


def _things(toy: Toy, prefix: str) -> list[str]:
    return [note["key"] for note in toy.seen("thing") if note["key"].startswith(prefix)]


def _batches(toy: Toy, prefix: str) -> list[list[str]]:
    return [note["keys"] for note in toy.seen("batch") if note["keys"][0].startswith(prefix)]


def test_changes_are_followed_once_each(toy: Toy) -> None:
    toy.put("a1", "a2", "a3")
    toy.box.wait_for(lambda: len(_things(toy, "a")) == 3)
    toy.box.wait_for(toy.box.quiet)
    assert sorted(_things(toy, "a")) == ["a1", "a2", "a3"]


def test_after_a_reported_failure_the_batch_goes_on_from_there_until_it_is_given_up(toy: Toy) -> None:
    toy.put("b1", "b2", "b3", fail="b2")
    toy.box.wait_for(lambda: "b3" in _things(toy, "b"), 15)
    toy.box.wait_for(toy.box.quiet)
    assert sorted(_things(toy, "b")) == ["b1", "b3"]
    assert len([batch for batch in _batches(toy, "b") if batch[0] == "b2"]) >= 2


def test_a_batch_that_fails_whole_is_halved_until_the_bad_change_is_alone(toy: Toy) -> None:
    toy.put("c1", "c2", "c3", "c4", boom="c3")
    toy.box.wait_for(lambda: "c4" in _things(toy, "c"), 20)
    toy.box.wait_for(toy.box.quiet, 20)
    assert sorted(_things(toy, "c")) == ["c1", "c2", "c4"]
    assert ["c3"] in _batches(toy, "c")


def test_what_was_given_up_is_told_to_the_destination_by_its_place(toy: Toy) -> None:
    toy.put("d1", boom="d1")

    def told() -> list[dict[str, object]]:
        found = [json.loads(message["Body"]) for message in toy.received("GivenUpQueue")]
        return [one for one in found if one["DDBStreamBatchInfo"]["batchSize"] == 1]

    (first, *_) = toy.box.wait_for(told, 15)
    assert first["requestContext"]["condition"] == "RetryAttemptsExhausted"  # type: ignore[index]  # JSON
    assert "/stream/" in first["DDBStreamBatchInfo"]["streamArn"]  # type: ignore[index]  # JSON


def test_changes_written_while_a_batch_fails_wait_for_it(toy: Toy) -> None:
    toy.put("e1", boom="e1")
    toy.put("e2")
    toy.box.wait_for(lambda: _things(toy, "e") == ["e2"], 15)
    batches = _batches(toy, "e")
    assert ["e1"] in batches
