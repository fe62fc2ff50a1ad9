"""State machines of the stacks run on our interpreter, behind boto3, with real functions."""

from __future__ import annotations

import json

import pytest
from sandbox.tickets import request

from tests.infra.local.conftest import Toy


def test_a_process_waits_for_its_token_and_goes_on(toy: Toy) -> None:
    client = toy.box.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=toy.box.outputs["Process"], name="waits", input="{}")["executionArn"]
    before = toy.box.wait_for(lambda: toy.seen("token"))
    client.send_task_success(taskToken=before[-1]["token"], output='{"by": "hand"}')
    toy.box.wait_for(lambda: client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    assert json.loads(client.describe_execution(executionArn=arn)["output"]) == {"by": "hand"}


def test_a_functions_error_is_caught_by_its_class(toy: Toy) -> None:
    run = toy.box.engine.start_execution(toy.box.outputs["Process"], {"boom": True}, "caught")
    toy.box.wait_for(lambda: toy.box.engine.execution(run.arn).status == "SUCCEEDED")
    assert toy.box.engine.execution(run.arn).output == '"caught by its name"'


def test_an_alias_leads_to_a_version(toy: Toy) -> None:
    alias = toy.box.client("stepfunctions").describe_state_machine_alias(
        stateMachineAliasArn=toy.box.outputs["Process"]
    )
    assert alias["routingConfiguration"][0]["stateMachineVersionArn"].endswith("itsm-Waiting:1")


def test_an_unknown_machine_is_an_error_boto3_knows(toy: Toy) -> None:
    client = toy.box.client("stepfunctions")
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.start_execution(stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:nobody")


def test_the_pages_show_where_a_process_is(toy: Toy) -> None:
    run = toy.box.engine.start_execution(toy.box.outputs["Process"], {}, "shown")
    toy.box.wait_for(
        lambda: toy.box.engine.execution(run.arn).frames and "Submitted" in _page(toy, f"/processes/{run.arn}")
    )
    text = _page(toy, f"/processes/{run.arn}")
    assert "Wait (here now)" in text
    assert "Try (done)" in text
    assert "shown" in _page(toy, "/processes")


@pytest.mark.parametrize("path", ["/", "/outbox", "/processes", "/logs/itsm-Step"])
def test_every_page_answers_without_a_script(toy: Toy, path: str) -> None:
    answer = request(f"{toy.box.web.url}{path}")
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert b"<script" not in answer.body


@pytest.mark.parametrize(
    "path", ["/nowhere", "/outbox/99999", "/processes/arn", "/logs/..%2f..%2fsecrets", "/logs/nobody", "/outbox/9.eml"]
)
def test_what_is_not_there_is_not_found(toy: Toy, path: str) -> None:
    assert request(f"{toy.box.web.url}{path}").status == 404


def test_pages_are_for_this_machine_only(toy: Toy) -> None:
    assert request(f"{toy.box.web.url}/outbox", headers={"Host": "rebound.example"}).status == 403
    assert request(f"{toy.box.web.url}/outbox", "POST", b"").status == 405


def _page(toy: Toy, path: str) -> str:
    return request(f"{toy.box.web.url}{path}").body.decode()
