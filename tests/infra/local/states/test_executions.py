"""Machines and executions as their API sees them: names, versions, stops, histories."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox.states.errors import ApiError
from sandbox.states.history import as_api

from tests.infra.local.states.world import World, failing, machine, task, wait_for_token

ONE = machine(("A", {"Type": "Pass", "Output": 1}))
TWO = machine(("A", {"Type": "Pass", "Output": 2}))
SLOW = machine(("W", {"Type": "Wait", "Seconds": 60}))


def outputs(world: World, *arns: str) -> list[str | None]:
    started = [world.engine.start_execution(arn).arn for arn in arns]
    world.clock.run_out()
    return [world.engine.execution(arn).output for arn in started]


def test_a_name_with_the_same_input_is_the_same_execution_while_it_runs(world: World) -> None:
    arn = world.engine.create_state_machine("m", SLOW)
    first = world.engine.start_execution(arn, {"k": 1}, "INC-1-1")
    assert world.engine.start_execution(arn, {"k": 1}, "INC-1-1").arn == first.arn
    with pytest.raises(ApiError, match="ExecutionAlreadyExists"):
        world.engine.start_execution(arn, {"k": 2}, "INC-1-1")
    world.clock.run_out()
    with pytest.raises(ApiError, match="ExecutionAlreadyExists"):
        world.engine.start_execution(arn, {"k": 1}, "INC-1-1")
    assert len(world.engine.executions(arn)) == 1


def test_a_running_execution_keeps_the_definition_it_started_with(world: World) -> None:
    old = machine(("W", {"Type": "Wait", "Seconds": 60}), ("A", {"Type": "Pass", "Output": "old"}))
    arn = world.engine.create_state_machine("m", old)
    begun = world.engine.start_execution(arn)
    world.engine.update_state_machine(arn, TWO)
    world.restart()
    assert outputs(world, arn) == ["2"]
    assert world.engine.execution(begun.arn).output == '"old"'


def test_an_alias_points_at_a_published_version(world: World) -> None:
    arn = world.engine.create_state_machine("m", ONE)
    machines = world.engine.machines
    with world.engine.transaction():
        first = machines.publish(arn, "first")["arn"]
        machines.create_alias("live", "", [{"stateMachineVersionArn": first, "weight": 100}])
    world.engine.update_state_machine(arn, TWO)
    assert outputs(world, arn, first, f"{arn}:live") == ["2", "1", "1"]
    with world.engine.transaction():
        second = machines.publish(arn, "second")["arn"]
        assert machines.publish(arn, "again")["arn"] == second
        machines.update_alias(f"{arn}:live", None, [{"stateMachineVersionArn": second, "weight": 100}])
    assert outputs(world, f"{arn}:live") == ["2"]
    assert [version["number"] for version in machines.versions(arn)] == [2, 1]
    run = world.engine.executions(arn)[0]
    assert (run.version, run.alias) == (second, f"{arn}:live")


def test_weights_of_an_alias_share_the_starts(world: World) -> None:
    arn = world.engine.create_state_machine("m", ONE)
    with world.engine.transaction():
        first = world.engine.machines.publish(arn, "")["arn"]
    world.engine.update_state_machine(arn, TWO)
    with world.engine.transaction():
        second = world.engine.machines.publish(arn, "")["arn"]
        routes = [{"stateMachineVersionArn": first, "weight": 80}, {"stateMachineVersionArn": second, "weight": 20}]
        world.engine.machines.create_alias("live", "", routes)
    found = outputs(world, *[f"{arn}:live"] * 200)
    assert 20 <= found.count("2") <= 60


def test_creating_the_same_machine_again_is_no_error_and_another_one_is(world: World) -> None:
    arn = world.engine.create_state_machine("m", ONE)
    assert world.engine.create_state_machine("m", ONE) == arn
    with pytest.raises(ApiError, match="StateMachineAlreadyExists"):
        world.engine.create_state_machine("m", TWO)


def test_putting_a_machine_creates_it_or_changes_it(world: World) -> None:
    arn = world.engine.put_state_machine("m", ONE)
    assert outputs(world, arn) == ["1"]
    before = world.engine.machines.machine(arn)["revision"]
    assert world.engine.put_state_machine("m", ONE) == arn
    assert world.engine.machines.machine(arn)["revision"] == before
    assert world.engine.put_state_machine("m", TWO) == arn
    assert outputs(world, arn) == ["2"]


def test_a_refused_definition_changes_nothing(world: World) -> None:
    arn = world.engine.create_state_machine("m", ONE)
    with pytest.raises(ApiError, match="InvalidDefinition"):
        world.engine.update_state_machine(arn, {"StartAt": "A"})
    assert outputs(world, arn) == ["1"]


def test_a_deleted_machine_starts_nothing_and_its_executions_run_on(world: World) -> None:
    arn = world.engine.create_state_machine("m", SLOW)
    begun = world.engine.start_execution(arn)
    with world.engine.transaction():
        world.engine.machines.delete(arn)
    with pytest.raises(ApiError, match="StateMachineDoesNotExist"):
        world.engine.start_execution(arn)
    world.clock.run_out()
    assert world.engine.execution(begun.arn).status == "SUCCEEDED"


def test_stopping_an_execution_aborts_it_and_kills_its_token(world: World) -> None:
    arn = world.start(machine(("T", wait_for_token())))
    world.clock.advance(5)
    run = world.engine.stop_execution(arn, "Enough", "said the owner")
    assert (run.status, run.error, run.cause, run.stopped) == ("ABORTED", "Enough", "said the owner", world.clock.now())
    with pytest.raises(ApiError, match="TaskTimedOut"):
        world.engine.send_task_success(world.tokens[0], 1)
    assert world.types(arn)[-1] == "ExecutionAborted"
    assert world.engine.stop_execution(arn).stopped == run.stopped


def test_a_redrive_goes_on_at_the_state_that_failed(world: World) -> None:
    world.functions["f"] = failing("E")
    world.functions["g"] = lambda _: "once"
    arn = world.start(machine(("G", task("g")), ("F", task())))
    world.clock.run_out()
    assert world.engine.execution(arn).status == "FAILED"
    world.engine.redrive_execution(arn)
    world.clock.run_out()
    run = world.engine.execution(arn)
    assert (run.status, run.output, run.redrives) == ("SUCCEEDED", '"done"', 1)
    assert [name for name, _ in world.events] == ["g", "f", "f"]
    with pytest.raises(ApiError, match="ExecutionNotRedrivable"):
        world.engine.redrive_execution(arn)


def test_history_entries_have_the_shape_of_aws(world: World) -> None:
    run = world.run(machine(("A", {"Type": "Pass", "Assign": {"v": 1}})), {"k": 1})
    entered, exited = (as_api(event) for event in world.history(run.arn)[1:3])
    assert entered == {
        "timestamp": run.started, "type": "PassStateEntered", "id": 2, "previousEventId": 0,
        "stateEnteredEventDetails": {"name": "A", "input": '{"k":1}', "inputDetails": {"truncated": False}},
    }  # fmt: skip
    assert exited["stateExitedEventDetails"] == {
        "name": "A", "output": '{"k":1}', "outputDetails": {"truncated": False},
        "assignedVariables": {"v": "1"}, "assignedVariablesDetails": {"truncated": False},
    }  # fmt: skip


def test_statuses_are_told_when_executions_start_and_end(world: World) -> None:
    arn = world.engine.create_state_machine("m", SLOW)
    world.engine.start_execution(arn, name="a")
    world.engine.stop_execution(world.engine.start_execution(arn, name="b").arn)
    world.clock.run_out()
    assert world.statuses == [("a", "RUNNING"), ("b", "RUNNING"), ("b", "ABORTED"), ("a", "SUCCEEDED")]


@pytest.mark.parametrize("name", ["", "a b", "x" * 81, "a/b"])
def test_a_name_aws_would_refuse_is_refused(world: World, name: Any) -> None:
    with pytest.raises(ApiError, match="InvalidName"):
        world.engine.create_state_machine(name, ONE)
