"""Stopped, killed or changed: what was there before the sandbox ended is there when it comes up again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextvars import Context
from dataclasses import replace
from pathlib import Path

import pytest
from sandbox.box import Sandbox
from sandbox.compiling import TemplateError
from sandbox.settings import ROOT, Settings
from sandbox.snapshots import StateError
from sandbox.stacks import StackError
from sandbox.tickets import Tickets, request

from tests.infra.local.conftest import TOY, Toy


def _settings(folder: Path, root: Path = TOY) -> Settings:
    return Settings.for_tests(folder / "state", root=root)


def test_state_survives_stop_and_start(tmp_path: Path) -> None:
    with Sandbox(_settings(tmp_path)) as box:
        toy = Toy(box, [])
        box.sources.pause(True)
        toy.put("kept")
        toy.send(name="waiting")
        box.client("s3").put_object(Bucket=box.stacks.find("BlobBucket"), Key="some/key", Body=b"\x00bytes")
        secret = box.client("secretsmanager").get_secret_value(SecretId=box.outputs["SecretArn"])["SecretString"]
        outputs = {name: value for name, value in box.outputs.items() if name != "ApiUrl"}
        token = box.token("ann@example.org")
    with Sandbox(_settings(tmp_path)) as box:
        toy = Toy(box, [])
        assert {name: value for name, value in box.outputs.items() if name != "ApiUrl"} == outputs
        assert (
            box.client("s3").get_object(Bucket=box.stacks.find("BlobBucket"), Key="some/key")["Body"].read()
            == b"\x00bytes"
        )
        assert (
            box.client("secretsmanager").get_secret_value(SecretId=box.outputs["SecretArn"])["SecretString"] == secret
        )
        # What had not been followed or worked yet is now: neither the stream nor the queue was lost.
        box.wait_for(lambda: [note for note in toy.seen("thing") if note["key"] == "kept"])
        box.wait_for(lambda: toy.seen("work", name="waiting"))
        # The key of the identity provider stays; the issuer is another, since these ports are random.
        header = {"Authorization": f"Bearer {token}"}
        assert request(f"{box.front.url}/private", headers=header).status == 401


def test_what_was_followed_before_is_not_followed_again(tmp_path: Path) -> None:
    with Sandbox(_settings(tmp_path)) as box:
        toy = Toy(box, [])
        toy.put("once")
        box.wait_for(lambda: toy.seen("thing"))
        box.wait_for(box.quiet)
    with Sandbox(_settings(tmp_path)) as box:
        toy = Toy(box, [])
        toy.put("after")
        box.wait_for(lambda: len(toy.seen("thing")) == 2)
        assert sorted(note["key"] for note in toy.seen("thing")) == ["after", "once"]


def test_a_waiting_process_goes_on_with_its_token_after_a_restart(tmp_path: Path) -> None:
    with Sandbox(_settings(tmp_path)) as box:
        toy = Toy(box, [])
        run = box.engine.start_execution(box.outputs["Process"], {}, "waits")
        token = box.wait_for(lambda: toy.seen("token"))[0]["token"]
    with Sandbox(_settings(tmp_path)) as box:
        box.client("stepfunctions").send_task_success(taskToken=token, output='"done"')
        box.wait_for(lambda: box.engine.execution(run.arn).status == "SUCCEEDED")
        assert box.engine.execution(run.arn).output == '"done"'


def test_a_changed_template_changes_what_stands_and_keeps_the_rest(tmp_path: Path) -> None:
    root = tmp_path / "product"
    shutil.copytree(TOY, root, ignore=shutil.ignore_patterns("__pycache__"))
    with Sandbox(_settings(tmp_path, root)) as box:
        table = box.outputs["ThingsTable"]
        Toy(box, []).put("kept")
    text = (root / "template.yaml").read_text()
    (root / "template.yaml").write_text(
        text.replace("hello from", "goodbye from").replace('Default: "no"', 'Default: "yes"')
    )
    with Sandbox(_settings(tmp_path, root)) as box:
        assert box.outputs["Greeting"] == "goodbye from itsm"
        assert box.outputs["ThingsTable"] == table
        assert box.stacks.find("NotThere") is not None
        assert box.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "kept"}})["Item"]
    (root / "template.yaml").write_text(text)
    with Sandbox(_settings(tmp_path, root)) as box:
        assert box.stacks.find("NotThere") is None


def test_a_table_that_gets_an_index_keeps_its_items_and_its_stream(tmp_path: Path) -> None:
    root = tmp_path / "product"
    shutil.copytree(TOY, root, ignore=shutil.ignore_patterns("__pycache__"))
    inner = root / "inner/template.yaml"
    table = "  Things:\n    Type: AWS::DynamoDB::Table\n"
    text = inner.read_text().replace(table, f"  First: {{Type: AWS::S3::Bucket}}\n{table}    DependsOn: First\n")
    inner.write_text(text)
    name = Context().run(_puts, _settings(tmp_path, root), "kept")
    index = (
        "GlobalSecondaryIndexes: [{IndexName: marked, Projection: {ProjectionType: KEYS_ONLY}, "
        "KeySchema: [{AttributeName: mark, KeyType: HASH}]}]"
    )
    more = f"[{{AttributeName: pk, AttributeType: S}}, {{AttributeName: mark, AttributeType: S}}]\n      {index}"
    inner.write_text(text.replace("[{AttributeName: pk, AttributeType: S}]", more, 1))
    assert Context().run(_puts, _settings(tmp_path, root), "after") == name
    with Sandbox(_settings(tmp_path, root)) as box:
        dynamodb, yes = box.client("dynamodb"), {":yes": {"S": "yes"}}
        asked = {"TableName": name, "IndexName": "marked", "KeyConditionExpression": "mark = :yes"}
        found = dynamodb.query(**asked, ExpressionAttributeValues=yes)["Items"]
        assert {item["pk"]["S"] for item in found} == {"kept", "after"}


def _puts(settings: Settings, key: str) -> str:
    """A sandbox as a process of its own would start it, and a thing that its stream is followed for; the table."""
    with Sandbox(settings) as box:
        toy = Toy(box, [])
        toy.put(key, mark=key)
        box.wait_for(lambda: [note for note in toy.seen("thing") if note["key"] == key])
        return box.outputs["ThingsTable"]


@pytest.mark.parametrize("saved", ['{"format": 1, "services": {}}', '{"services": {}}', "[]", "{", ""])
def test_state_this_sandbox_cannot_have_saved_is_refused_with_what_to_do(tmp_path: Path, saved: str) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "aws.json").write_text(saved)
    with pytest.raises(StateError, match="run `make clean`"), Sandbox(_settings(tmp_path)):
        pass
    assert (folder / "aws.json").read_text() == saved


def test_an_edit_is_what_the_next_call_runs(tmp_path: Path) -> None:
    root = tmp_path / "product"
    shutil.copytree(TOY, root, ignore=shutil.ignore_patterns("__pycache__"))
    with Sandbox(replace(_settings(tmp_path, root), watch=True)) as box:
        assert box.functions.call("itsm-Echo", {"queryStringParameters": {"bare": ""}}).value() == {"just": "this"}
        app = root / "functions/toy/app.py"
        app.write_text(app.read_text().replace('{"just": "this"}', '{"just": "that"}'))
        bare = {"queryStringParameters": {"bare": ""}}
        box.wait_for(lambda: box.functions.call("itsm-Echo", bare).value() == {"just": "that"})


CANNOT = {
    "itsm/R": "R: {Type: AWS::SecretsManager::Secret, Properties: {ReplicaRegions: nowhere}}",
    "source tree": "F: {Type: AWS::Lambda::Function, Properties: {Handler: a.b, Code: {S3Bucket: b}}}",
    "itsm/S": "S: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt T.No}}, T: {Type: AWS::SNS::Topic}",
}


@pytest.mark.parametrize("said", CANNOT)
def test_a_resource_that_cannot_be_made_is_named(tmp_path: Path, said: str) -> None:
    (tmp_path / "template.yaml").write_text(f"Resources: {{{CANNOT[said]}}}")
    with pytest.raises((StackError, TemplateError), match=said), Sandbox(_settings(tmp_path, tmp_path)):
        pass


def test_after_a_failed_start_another_may_follow(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {F: {Type: AWS::Lambda::Function, Properties: {Handler: a}}}")
    with pytest.raises((StackError, TemplateError)), Sandbox(_settings(tmp_path, tmp_path)):
        pass
    with Sandbox(_settings(tmp_path)) as box:
        assert box.outputs["Greeting"]


_RUN = """
import json, sys
from pathlib import Path
from sandbox.box import Sandbox
from sandbox.settings import Settings
with Sandbox(Settings.for_tests(Path(sys.argv[1]) / "state", root=Path(sys.argv[2]))) as box:
    pid = box.functions.call("itsm-Step", {"look": True}).value()["pid"]
    box.engine.start_execution(box.outputs["Process"], {}, "killed")
    box.wait_for(lambda: any(run.frames for run in box.engine.kernel.runs.values()))
    box.snapshots.quick_ms = 60_000.0
    print(json.dumps({"front": box.front.url, "worker": pid, "nursery": box.nursery.pid}), flush=True)
    sys.stdin.read()
"""


def _gone(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    return "State:\tZ" in status


def test_after_kill_nine_what_got_a_2xx_is_there_and_no_child_lives_on(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "infra/local")}
    child = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(tmp_path), str(TOY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    with child.stdout, child.stdin:
        about = json.loads(child.stdout.readline())
        answer = request(f"{about['front']}/echo?keep=kill", "POST", b"{}", {"Content-Type": "application/json"})
        assert answer.status == 200
        child.send_signal(signal.SIGKILL)
        child.wait()
    said: list[str] = []
    with Sandbox(_settings(tmp_path), lambda step, ms: said.append(step)) as box:
        kept = [note for note in Toy(box, []).seen("kept") if note["name"] == "kill"]
        assert len(kept) == 1
        # Processes are those of the instant of that answer.
        names = {run.name for run in Tickets(box).runs()}
        assert "killed" in names
        assert any("was killed" in line for line in said)
        box.wait_for(lambda: _gone(about["worker"]) and _gone(about["nursery"]), 5, "the children's end")
