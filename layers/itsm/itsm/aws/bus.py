"""Bus, processes and queues: what the product tells AWS to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from itsm.core.errors import NotFoundError, OutsideError
from itsm.core.events import Json

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef
    from mypy_boto3_stepfunctions import SFNClient

BATCH = 10
"""Entries of one PutEvents or SendMessageBatch call (AWS service limits)."""
SOURCE = "itsm"
SPENT = frozenset({"TaskTimedOut", "InvalidToken", "TaskDoesNotExist"})


def _dumps(body: Mapping[str, Json]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


class Bus:
    """The `Bus` port on EventBridge."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client, self._name = client, name

    def publish(self, facts: Sequence[Mapping[str, Json]]) -> None:
        """PutEvents in tens; one entry that was not taken fails the call, so that the stream delivers again."""
        for start in range(0, len(facts), BATCH):
            entries: list[PutEventsRequestEntryTypeDef] = [
                {"Source": SOURCE, "DetailType": str(fact["type"]), "Detail": _dumps(fact), "EventBusName": self._name}
                for fact in facts[start : start + BATCH]
            ]
            try:
                failed = self._client.put_events(Entries=entries)["FailedEntryCount"]
            except (ClientError, BotoCoreError) as error:
                raise OutsideError("the event bus could not be reached; it is tried again") from error
            if failed:
                raise OutsideError(f"the event bus refused {failed} of {len(entries)} facts; they are tried again")


class Processes:
    """The `Processes` port on Step Functions; `arns` maps a process name to the ARN of its live alias."""

    def __init__(self, client: SFNClient, arns: Mapping[str, str]) -> None:
        self._client, self._arns = client, arns

    def start(self, process: str, name: str, arguments: Mapping[str, Json]) -> None:
        """StartExecution under a name; a name that was used already means it was started already."""
        if process not in self._arns:
            raise NotFoundError(f"no process is called {process!r}")
        try:
            self._client.start_execution(stateMachineArn=self._arns[process], name=name, input=_dumps(arguments))
        except self._client.exceptions.ExecutionAlreadyExists:
            return
        except (ClientError, BotoCoreError) as error:
            raise OutsideError(f"the process {process} of {name} could not be started; it is tried again") from error

    def succeed(self, token: str, output: Mapping[str, Json]) -> None:
        """SendTaskSuccess; a token that was answered, timed out or aborted needs no answer any more."""
        try:
            self._client.send_task_success(taskToken=token, output=_dumps(output))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in SPENT:
                raise OutsideError("a waiting process could not be woken; it is tried again") from error
        except BotoCoreError as error:
            raise OutsideError("a waiting process could not be woken; it is tried again") from error


class Queue:
    """The `Queue` port on SQS."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client, self._url = client, url

    def send(self, bodies: Sequence[Mapping[str, Json]], delays: Sequence[int] = ()) -> None:
        """SendMessageBatch in tens; delays are whole seconds, 900 at most (SQS)."""
        for start in range(0, len(bodies), BATCH):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(at), "MessageBody": _dumps(bodies[at]), "DelaySeconds": delays[at] if delays else 0}
                for at in range(start, min(start + BATCH, len(bodies)))
            ]
            try:
                failed = self._client.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", [])
            except (ClientError, BotoCoreError) as error:
                raise OutsideError("the queue could not be reached; it is tried again") from error
            if failed:
                raise OutsideError(f"the queue refused {len(failed)} of {len(entries)} messages; they are tried again")
