"""What waits in a dead-letter queue is sent through again, each kind to where it belongs."""

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from itsm.runtime.quarantined import Choice
from moto import mock_aws

from infra.aws import redrive
from infra.aws.redrive import RedriveError
from tests.fakes import FakePorts
from tests.infra.aws import rules
from tests.infra.aws.estate import load

REGION = "eu-central-1"
DROPPED = {
    "DDBStreamBatchInfo": {
        "shardId": "shard-1",
        "startSequenceNumber": "200",
        "endSequenceNumber": "300",
        "streamArn": "arn:aws:dynamodb:eu-central-1:1:table/records/stream/1",
    }
}


class Stream:
    """A shard with changes 100, 200, 300 and 400; `forgotten` when they are more than a day old."""

    def __init__(self, *, forgotten: bool = False) -> None:
        self.forgotten = forgotten
        self.exceptions = SimpleNamespace(TrimmedDataAccessException=KeyError)

    def get_shard_iterator(self, *, SequenceNumber: str, **_: str) -> dict[str, str]:  # noqa: N803  # AWS's name
        """From a sequence number on."""
        if self.forgotten:
            raise KeyError(SequenceNumber)
        return {"ShardIterator": SequenceNumber}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803  # AWS's names
        """One change at a time."""
        assert Limit
        number = int(ShardIterator)
        change = {"dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": object()}}
        return {"Records": [change], "NextShardIterator": str(number + 100)}


class Function:
    """A function that remembers what it was called with and says which changes failed."""

    def __init__(self, failed: list[dict[str, str]] | None = None) -> None:
        self.failed, self.followed = failed or [], list[str]()
        self.exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  # AWS's names
        """As record_changes answers."""
        assert FunctionName == "record-changes"
        self.followed += [change["dynamodb"]["SequenceNumber"] for change in json.loads(Payload)["Records"]]
        return {"Payload": io.BytesIO(json.dumps({"batchItemFailures": self.failed}).encode())}


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Queues in memory."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("sqs", region_name=REGION)


def a_queue(sqs: Any, name: str, *bodies: str) -> str:
    """A queue with messages in it."""
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    return url


def test_messages_go_back_to_their_queue_as_they_were(sqs: Any) -> None:
    dead, queue = a_queue(sqs, "dead", '{"a":1}', '{"b":2}'), a_queue(sqs, "queue")
    assert redrive.drain(sqs, dead, redrive.back_to(sqs, queue)) == 2
    assert redrive.waiting(sqs, dead) == 0
    got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert {message["Body"] for message in got} == {'{"a":1}', '{"b":2}'}


def test_a_message_that_fails_again_stays(sqs: Any) -> None:
    dead = a_queue(sqs, "dead", "one", "two")
    assert redrive.drain(sqs, dead, lambda message: message["Body"] == "one") == 1
    left = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert left["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_exactly_the_dropped_changes_are_followed_again() -> None:
    function = Function()
    work = redrive.followed(Stream(), function, "record-changes")
    assert work({"Body": json.dumps(DROPPED)})
    assert function.followed == ["200", "300"]


def test_changes_that_fail_again_stay() -> None:
    work = redrive.followed(Stream(), Function([{"itemIdentifier": "200"}]), "record-changes")
    assert not work({"Body": json.dumps(DROPPED)})


def test_changes_the_stream_has_forgotten_stay_and_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    work = redrive.followed(Stream(forgotten=True), Function(), "record-changes")
    assert not work({"Body": json.dumps(DROPPED)})
    assert "older than the stream remembers" in capsys.readouterr().out


def test_a_function_that_cannot_be_called_from_here_leaves_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    function = Function()
    function.invoke = _missing  # type: ignore[method-assign]  # there is none
    assert not redrive.followed(Stream(), function, "record-changes")({"Body": json.dumps(DROPPED)})
    assert "cannot be called from here" in capsys.readouterr().out


def _missing(**asked: object) -> dict[str, Any]:
    raise KeyError(asked)


def nobody_knows_the_stack(service: str) -> Any:
    """Clients of an account whose CloudFormation has no such stack."""
    if service != "cloudformation":
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]  # any service by its name
    return SimpleNamespace(get_paginator=_no_stack)


def _no_stack(operation: str) -> Any:
    raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, operation)


def test_where_no_stack_can_be_asked_the_queues_are_found_by_name(sqs: Any) -> None:
    url = a_queue(sqs, "itsm-Foundation-MailDeadQueue-2F0152F88", "one")
    a_queue(sqs, "other-Foundation-MailDeadQueue-2F0152F88")
    found = redrive.queues("itsm", nobody_knows_the_stack)
    assert found == {"MailDeadQueue": url}


def test_a_list_changes_nothing_and_a_release_without_a_choice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        redrive.main(["--go"])
    assert "say what" in capsys.readouterr().err


def test_a_number_that_does_not_wait_is_said_so_and_counts_as_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive.release(FakePorts(), Choice(numbers=("SUB0000099",)), "ada", dry=False) == 1
    assert capsys.readouterr().out.split() == ["SUB0000099", "does", "not", "wait"]


def test_a_dead_letter_queue_is_only_counted_until_it_is_said_otherwise(
    sqs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    a_queue(sqs, "itsm-Foundation-MailDeadQueue-AB12", "one", "two")
    queue = a_queue(sqs, "itsm-Foundation-MailQueue-AB12")
    clients = nobody_knows_the_stack
    assert redrive.redrive("itsm", clients, dry=True) == 2
    assert "2 messages" in capsys.readouterr().out
    assert redrive.redrive("itsm", clients, only="AlarmDeadQueue", dry=False) == 0
    assert redrive.waiting(sqs, queue) == 0
    assert redrive.redrive("itsm", clients, only="MailDeadQueue", dry=False) == 0
    assert redrive.waiting(sqs, queue) == 2


def test_every_dead_letter_queue_of_the_templates_has_a_way_back() -> None:
    estate = load()
    found = {name: name for template in estate.stacks.values() for name in template["Resources"]}
    ends = [queue.name for queue in estate.of_type(rules.QUEUE) if queue.name.endswith(redrive.DEAD)]
    assert len(ends) >= 8
    for name in ends:
        assert callable(redrive.work_for(name, found, lambda service: service))


def test_a_queue_nobody_knows_is_refused() -> None:
    with pytest.raises(RedriveError, match="nobody has said"):
        redrive.work_for("StrangeDeadQueue", {}, lambda service: service)
