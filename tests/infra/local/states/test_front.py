"""boto3's own Step Functions client works against the interpreter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from sandbox.states.front import Front

from tests.infra.local.states.world import World, machine, task, wait_for_token

ROLE = "arn:aws:iam::111111111111:role/states"
SLOW = json.dumps(machine(("W", {"Type": "Wait", "Seconds": 60})))


def answering(front: Front) -> Any:
    """A transport that ends at `front`: what the client would send is what the front gets."""

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        sent = request.body if isinstance(request.body, (bytes, str)) else b""
        status, body = front.handle(name, sent)
        headers: Any = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "r"}
        raw = BytesIO(json.dumps(body).encode())
        raw.stream = lambda *_, **__: iter([raw.getvalue()])  # type: ignore[attr-defined]  # as urllib3 offers it
        return AWSResponse(request.url, status, headers, raw)

    return send


@pytest.fixture
def client(world: World) -> Any:
    """A client whose requests go to the world's engine."""
    session = boto3.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")
    made = session.client("stepfunctions", config=Config(retries={"max_attempts": 1}, inject_host_prefix=False))
    made.meta.events.register("before-send.stepfunctions", answering(Front(world.engine)))
    return made


def test_an_execution_from_creation_to_history(world: World, client: Any) -> None:
    definition = json.dumps(machine(("T", task(payload={"n": "{% $states.input.n %}"}))))
    arn = client.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
    assert client.describe_state_machine(stateMachineArn=arn)["definition"] == definition
    assert [m["name"] for m in client.list_state_machines()["stateMachines"]] == ["m"]
    started = client.start_execution(stateMachineArn=arn, name="e", input='{"n": 1}')
    assert started["startDate"] == datetime(2026, 1, 1, tzinfo=UTC)
    world.clock.run_out()
    shown = client.describe_execution(executionArn=started["executionArn"])
    assert (shown["status"], shown["input"], shown["output"]) == ("SUCCEEDED", '{"n": 1}', '{"n":1}')
    assert [e["name"] for e in client.list_executions(stateMachineArn=arn, statusFilter="SUCCEEDED")["executions"]] == [
        "e"
    ]
    history = client.get_execution_history(executionArn=started["executionArn"])["events"]
    assert [event["type"] for event in history][:3] == ["ExecutionStarted", "TaskStateEntered", "TaskScheduled"]
    assert history[2]["taskScheduledEventDetails"]["resource"] == "invoke"
    latest = client.get_execution_history(executionArn=started["executionArn"], reverseOrder=True, maxResults=1)
    assert latest["events"][0]["type"] == "ExecutionSucceeded"
    assert latest["nextToken"] == "1"


def test_tokens_through_the_client(world: World, client: Any) -> None:
    arn = world.start(machine(("T", wait_for_token(HeartbeatSeconds=60))))
    world.clock.advance(1)
    client.send_task_heartbeat(taskToken=world.tokens[0])
    with pytest.raises(client.exceptions.InvalidOutput):
        client.send_task_success(taskToken=world.tokens[0], output="{")
    client.send_task_success(taskToken=world.tokens[0], output='{"ok": true}')
    with pytest.raises(client.exceptions.TaskTimedOut):
        client.send_task_failure(taskToken=world.tokens[0], error="E")
    with pytest.raises(client.exceptions.InvalidToken):
        client.send_task_heartbeat(taskToken="wrong")
    world.clock.run_out()
    assert client.describe_execution(executionArn=arn)["output"] == '{"ok":true}'


def test_versions_aliases_and_tags_through_the_client(world: World, client: Any) -> None:
    made = client.create_state_machine(
        name="m", definition=SLOW, roleArn=ROLE, publish=True, tags=[{"key": "a", "value": "1"}]
    )
    arn, version = made["stateMachineArn"], made["stateMachineVersionArn"]
    routes = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = client.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    assert client.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"] == routes
    assert (
        client.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"][0]["stateMachineAliasArn"]
        == alias
    )
    other = json.dumps(machine(("A", {"Type": "Pass"})))
    second = client.update_state_machine(stateMachineArn=arn, definition=other, publish=True)["stateMachineVersionArn"]
    client.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=[{"stateMachineVersionArn": second, "weight": 100}]
    )
    found = client.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [v["stateMachineVersionArn"] for v in found] == [second, version]
    for target in (arn, version, alias):
        run = client.start_execution(stateMachineArn=target)["executionArn"]
        assert client.describe_execution(executionArn=run)["stateMachineArn"] == arn
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_state_machine_version(stateMachineVersionArn=second)
    client.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}])
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]


def test_refusals_carry_awss_codes(world: World, client: Any) -> None:
    with pytest.raises(client.exceptions.InvalidDefinition, match="These fields are required"):
        client.create_state_machine(name="m", definition="{}", roleArn=ROLE)
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.start_execution(stateMachineArn="arn:aws:states:us-east-1:111111111111:stateMachine:no")
    with pytest.raises(client.exceptions.ExecutionDoesNotExist):
        client.describe_execution(executionArn="arn:aws:states:us-east-1:111111111111:execution:no:no")
    arn = client.create_state_machine(name="m", definition=SLOW, roleArn=ROLE)["stateMachineArn"]
    with pytest.raises(client.exceptions.InvalidExecutionInput):
        client.start_execution(stateMachineArn=arn, input="{")
    client.start_execution(stateMachineArn=arn, name="n", input="{}")
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=arn, name="n", input="[]")


def test_a_stop_through_the_client(world: World, client: Any) -> None:
    arn = client.create_state_machine(name="m", definition=SLOW, roleArn=ROLE)["stateMachineArn"]
    run = client.start_execution(stateMachineArn=arn)["executionArn"]
    client.stop_execution(executionArn=run, error="E", cause="c")
    shown = client.describe_execution(executionArn=run)
    assert (shown["status"], shown["error"], shown["cause"]) == ("ABORTED", "E", "c")
    client.delete_state_machine(stateMachineArn=arn)
    assert client.list_state_machines()["stateMachines"] == []


def test_validation_gives_every_diagnostic(client: Any) -> None:
    assert client.validate_state_machine_definition(definition=SLOW)["result"] == "OK"
    found = client.validate_state_machine_definition(definition="{}")
    assert found["result"] == "FAIL"
    assert found["diagnostics"][0]["message"] == "These fields are required: [States, StartAt]"


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("AWSStepFunctions.Nonsense", "{}", "UnknownOperationException"),
        ("AWSStepFunctions.StartExecution", "{", "SerializationException"),
        ("AWSStepFunctions.StartExecution", "[1]", "SerializationException"),
        ("AWSStepFunctions.StartExecution", "{}", "ValidationException"),
    ],
)
def test_a_malformed_request_is_refused_in_awss_shape(world: World, target: str, body: str, code: str) -> None:
    status, answer = Front(world.engine).handle(target, body)
    assert status == 400
    assert answer["__type"] == code
    assert answer["message"]


def test_lists_come_in_pages(world: World, client: Any) -> None:
    arn = client.create_state_machine(name="m", definition=SLOW, roleArn=ROLE)["stateMachineArn"]
    for number in range(5):
        client.start_execution(stateMachineArn=arn, name=f"e{number}")
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=arn, PaginationConfig={"PageSize": 2})
    assert [[e["name"] for e in page["executions"]] for page in pages] == [["e4", "e3"], ["e2", "e1"], ["e0"]]
