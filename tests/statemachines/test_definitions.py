"""What every process keeps: retries, catches, time limits, no waiting state, and steps that exist."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from itsm.core.practice import load

from tests.statemachines.desk import FILES, ROOT, definition

PROCESSES = sorted(FILES)
BY_PEOPLE = {"cancel", "fulfil"}
"""Steps no process takes: people do this, through a door; they are there for processes of one's own."""
SUBSTITUTIONS = {"PracticeStepsArn", "RoutingArn", "ClocksArn", "ApprovalsArn", "IncidentsArn", "FulfilmentArn"}
TOKEN = ".waitForTaskToken"
HALF_A_YEAR = 183 * 86_400


def tasks(process: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, state) for name, state in definition(process)["States"].items() if state["Type"] == "Task")


def test_every_definition_in_the_folder_is_a_known_process() -> None:
    found = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.asl.json")}
    assert found == set(FILES.values())


@pytest.mark.parametrize("process", PROCESSES)
def test_every_task_retries_with_full_jitter_catches_and_has_a_time_limit(process: str) -> None:
    for name, state in tasks(process):
        last = state["Retry"][-1]
        assert last["ErrorEquals"] == ["States.ALL"], name
        assert last["JitterStrategy"] == "FULL", name
        assert last["MaxDelaySeconds"] <= 60, name
        assert 3 <= last["MaxAttempts"] <= 10, name
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        assert state["TimeoutSeconds"], name


@pytest.mark.parametrize("process", PROCESSES)
def test_what_no_retry_can_mend_is_not_retried(process: str) -> None:
    for name, state in tasks(process):
        first = state["Retry"][0]
        assert first["MaxAttempts"] == 0, name
        assert {"IllegalMoveError", "NotFoundError"} <= set(first["ErrorEquals"]), name


@pytest.mark.parametrize("process", PROCESSES)
def test_nothing_waits_but_a_task_with_a_token_and_an_end(process: str) -> None:
    states = definition(process)["States"].values()
    assert not [state for state in states if state["Type"] == "Wait"]
    for name, state in tasks(process):
        if not state["Resource"].endswith(TOKEN):
            assert state["TimeoutSeconds"] == 60, name
            continue
        assert "States.Timeout" in state["Retry"][0]["ErrorEquals"], name
        assert state["Catch"][0]["ErrorEquals"] == ["States.Timeout"], name
        limit = state["TimeoutSeconds"]
        assert limit < HALF_A_YEAR if isinstance(limit, int) else limit.startswith("{% $exists("), name


@pytest.mark.parametrize("process", PROCESSES)
def test_a_definition_holds_arns_as_substitutions_and_nothing_else(process: str) -> None:
    text = json.dumps(definition(process))
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= SUBSTITUTIONS
    assert not re.search(r"arn:aws:(?!states:::lambda:invoke)", text)
    assert definition(process)["QueryLanguage"] == "JSONata"


def called(practice: str) -> set[str]:
    found = set()
    for process in PROCESSES:
        if process.partition("-")[0] != practice:
            continue
        for _, state in tasks(process):
            arguments = state["Arguments"]
            if arguments["FunctionName"] == "${PracticeStepsArn}":
                found.add(arguments["Payload"]["step"])
    return found - {"await"}


@pytest.mark.parametrize("practice", ["incident", "problem", "request", "change"])
def test_the_steps_of_a_practice_and_of_its_processes_are_the_same(practice: str) -> None:
    assert called(practice) == set(load(practice).steps) - BY_PEOPLE


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_waits_only_for_states_its_practice_has(process: str) -> None:
    states = load(process.partition("-")[0]).lifecycle.states
    for name, state in tasks(process):
        if state["Resource"].endswith(TOKEN):
            until = state["Arguments"]["Payload"]["arguments"]["until"]
            named = set(re.findall(r"'(\w+)'", until)) if isinstance(until, str) else set(until)
            assert named <= states, name


@pytest.mark.parametrize("process", PROCESSES)
def test_every_state_can_be_reached_and_every_next_leads_somewhere(process: str) -> None:
    machine = definition(process)
    states, seen, todo = machine["States"], set(), [machine["StartAt"]]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += re.findall(r'"(?:Next|Default)": "([^"]+)"', json.dumps(states[name]))
    assert seen == set(states)
