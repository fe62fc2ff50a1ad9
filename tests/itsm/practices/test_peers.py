"""Our lifecycles beside those other systems document."""

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from itsm.core.practice import load
from itsm.practices.change.rules import SCORES

OURS = {
    "New": "new",
    "Assess": "assessing",
    "Authorize": "awaiting_approval",
    "Scheduled": "scheduled",
    "Implement": "implementing",
    "Review": "in_review",
    "Closed": "closed",
    "Canceled": "cancelled",
    "In Progress": "in_progress",
    "On Hold": "on_hold",
    "Resolved": "resolved",
}
BESIDE = {("new", "awaiting_approval")}
"""Moves of theirs that take two of ours: an emergency is assessed first, since its approval depends on the risk."""


@pytest.fixture(scope="module")
def peers() -> dict[str, Any]:
    root = Path(os.environ.get("ITSM_SHARED", Path(__file__).parents[4] / "shared"))
    path = root / "cases" / "state-machines.json"
    if not path.exists():
        pytest.skip(f"shared test data is absent: {path} (set ITSM_SHARED)")
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


@pytest.mark.parametrize("kind", ["normal", "standard", "emergency"])
def test_the_main_path_of_a_servicenow_change_is_legal_here(peers: dict[str, Any], kind: str) -> None:
    path = [OURS[state] for state in peers["machines"][f"servicenow:change:{kind}"]["main_path"]]
    moves = load("change").lifecycle.moves
    assert [move for move in pairwise(path) if move[1] not in moves[move[0]] and move not in BESIDE] == []


def test_a_change_is_cancelled_until_it_is_implemented_as_there(peers: dict[str, Any]) -> None:
    assert "Canceled reachable until Implement" in peers["machines"]["servicenow:change:normal"]["rules"]
    moves = load("change").lifecycle.moves
    can = {state for state, legal in moves.items() if "cancelled" in legal}
    assert can == {"new", "assessing", "awaiting_approval", "scheduled"}


def test_an_incident_has_the_states_it_has_there(peers: dict[str, Any]) -> None:
    theirs = {OURS[state] for state in peers["machines"]["servicenow:incident"]["states"]}
    assert load("incident").lifecycle.states == theirs


def test_outcomes_of_changes_score_as_there(peers: dict[str, Any]) -> None:
    theirs = peers["change_success_score"]["multipliers"]
    named = {"with_issues": "successful with issues"}
    assert {named.get(name, name.replace("_p", " P")): score for name, score in SCORES.items()} == theirs
