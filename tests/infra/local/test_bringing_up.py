"""The stacks come up from the templates as written: in order, outputs handed on, nothing wired a second time."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from sandbox.box import Sandbox
from sandbox.compiling import TemplateError, compiled
from sandbox.listening import InUseError, PortTakenError, alone_in, listen
from sandbox.settings import Ports, Settings

from tests.infra.local.conftest import TOY, Toy


def test_outputs_of_a_nested_stack_reach_its_parent(toy: Toy) -> None:
    assert toy.box.outputs["Greeting"] == "hello from itsm"


def test_a_secret_is_referred_to_by_its_arn(toy: Toy) -> None:
    arn = toy.box.outputs["SecretArn"]
    assert arn.startswith("arn:aws:secretsmanager:")
    value = toy.box.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert len(json.loads(value)["key"]) == 32


def test_a_resource_whose_condition_fails_is_not_made(toy: Toy) -> None:
    assert toy.box.stacks.find("NotThere") is None


def test_a_type_nobody_plays_is_stubbed_aloud_and_once(toy: Toy) -> None:
    said = [line for line in toy.said if line.startswith("stub ")]
    assert [line for line in said if "AWS::CodeDeploy::Application (Deploying)" in line] == said


def test_every_step_of_the_way_up_is_told(toy: Toy) -> None:
    steps = [line.split(":")[0] for line in toy.said if not line.startswith("stub")]
    assert [step for step in steps if step.startswith("stack")] == ["stack itsm-Inner", "stack itsm"]
    assert steps[-1] == "doors open"


def test_two_sandboxes_in_one_process_are_refused(toy: Toy, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="one at a time"), Sandbox(Settings.for_tests(tmp_path, root=TOY)):
        pass


def test_two_sandboxes_on_one_directory_are_refused(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(InUseError, match="belongs to a sandbox that runs"), alone_in(tmp_path):
        pass


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as error:
            listen(port, "SMTP", "SMTP_PORT")
    assert f"port {port} (SMTP) is taken" in str(error.value)
    assert "make run SMTP_PORT=" in str(error.value)


def test_ports_come_from_the_environment_and_a_wrong_one_is_named() -> None:
    assert Ports.of({"HTTP_PORT": "9000", "WEB_PORT": "0"}) == Ports(http=9000, web=0)
    with pytest.raises(ValueError, match="JIRA_PORT='eighty' is not a port"):
        Ports.of({"JIRA_PORT": "eighty"})


def test_local_paths_survive_the_translation() -> None:
    plain = compiled(TOY / "template.yaml", TOY)["Resources"]
    assert plain["Echo"]["Properties"]["Code"] == {"S3Bucket": "local", "S3Key": "functions/toy"}
    assert plain["Inner"]["Properties"]["TemplateURL"] == "s3://local/inner/template.yaml"
    assert plain["Waiting"]["Properties"]["DefinitionS3Location"] == {
        "Bucket": "local",
        "Key": "machines/waiting.asl.json",
    }


def test_a_template_sam_refuses_is_named_with_its_reason(tmp_path: Path) -> None:
    text = """
Transform: AWS::Serverless-2016-10-31
Resources:
  One: {Type: AWS::Serverless::Function, Properties: {Handler: app.handler, Runtime: python3.13}}
"""
    path = tmp_path / "template.yaml"
    path.write_text(text)
    with pytest.raises(TemplateError, match=r"template\.yaml.*One"):
        compiled(path, tmp_path)


def test_a_template_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"nowhere\.yaml"):
        compiled(tmp_path / "nowhere.yaml", tmp_path)
