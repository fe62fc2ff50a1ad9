"""Redrive: send what waits in a deployment's dead-letter queues through again; every door takes a repetition."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

DEAD = "DeadQueue"
BATCH = 10
MOST = 100_000
"""Messages of one queue in one run; what fails again comes back, and this ends it."""

type Message = Mapping[str, Any]
type Work = Callable[[Message], bool]


class RedriveError(Exception):
    """A dead-letter queue cannot be emptied; the message says why."""


def resources(cloudformation: Any, stack: str) -> Iterator[tuple[str, str]]:
    """Logical name and physical id of everything in a stack and the stacks inside it."""
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for one in page["StackResourceSummaries"]:
            if one["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from resources(cloudformation, one["PhysicalResourceId"])
            else:
                yield one["LogicalResourceId"], one["PhysicalResourceId"]


def waiting(sqs: Any, url: str) -> int:
    """About how many messages wait in a queue."""
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def drain(sqs: Any, url: str, work: Work) -> int:
    """Hand each message of a queue to `work` and delete it if that came through; how many did. Others stay."""
    done = seen = 0
    while seen < MOST:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=BATCH, VisibilityTimeout=120).get("Messages", [])
        if not got:
            break
        seen += len(got)
        for message in got:
            if work(message):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                done += 1
    return done


def back_to(sqs: Any, url: str) -> Work:
    """Work that puts the message into the queue it was meant for; a crash in between sends it twice, harmlessly."""

    def send(message: Message) -> bool:
        sqs.send_message(QueueUrl=url, MessageBody=message["Body"])
        return True

    return send


def forget(_: Message) -> bool:
    """Work for a sweep that was missed: the next one has seen all that this one would have."""
    return True


def followed(streams: Any, lambdas: Any, function: str) -> Work:
    """Work that reads the changes a message of the stream's mapping points at, and has them followed once more."""

    def follow(message: Message) -> bool:
        where = json.loads(message["Body"])["DDBStreamBatchInfo"]
        changes = list(_changes(streams, where))
        if not changes:
            print(f"  changes from {where['startSequenceNumber']} are older than the stream remembers (24 hours)")
            return False
        answer = lambdas.invoke(FunctionName=function, Payload=json.dumps({"Records": changes}).encode())
        said = json.loads(answer["Payload"].read())
        if answer.get("FunctionError") or said["batchItemFailures"]:
            print(f"  changes from {where['startSequenceNumber']} failed again: see the log of {function}")
            return False
        return True

    return follow


def _changes(streams: Any, where: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    try:
        shard = streams.get_shard_iterator(
            StreamArn=where["streamArn"],
            ShardId=where["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=where["startSequenceNumber"],
        )["ShardIterator"]
    except streams.exceptions.TrimmedDataAccessException:
        return
    last = int(where["endSequenceNumber"])
    while shard:
        page = streams.get_records(ShardIterator=shard, Limit=100)
        for change in page["Records"]:
            if int(change["dynamodb"]["SequenceNumber"]) > last:
                return
            change["dynamodb"].pop("ApproximateCreationDateTime", None)  # boto3 made a datetime of it
            yield change
            if int(change["dynamodb"]["SequenceNumber"]) == last:
                return
        shard = page.get("NextShardIterator") if page["Records"] else None


def work_for(name: str, found: Mapping[str, str], clients: Callable[[str], Any]) -> Work:
    """What becomes of a message in the dead-letter queue of this logical name. Raises RedriveError for a new one."""
    path = name.removesuffix(DEAD)
    if f"{path}Queue" in found:
        return back_to(clients("sqs"), found[f"{path}Queue"])
    if path == "Change":
        return followed(clients("dynamodbstreams"), clients("lambda"), found["RecordChanges"])
    if path.endswith("Sweep"):
        return forget
    raise RedriveError(f"{name}: nobody has said where its messages belong; see work_for in infra/aws/redrive.py")


def redrive(stack: str, clients: Callable[[str], Any], *, dry: bool) -> int:
    """Go through every dead-letter queue of a stack; how many messages are left in them."""
    sqs, found, left = clients("sqs"), dict(resources(clients("cloudformation"), stack)), 0
    for name in sorted(name for name in found if name.endswith(DEAD)):
        there = waiting(sqs, found[name])
        done = drain(sqs, found[name], work_for(name, found, clients)) if there and not dry else 0
        left += max(0, there - done)
        print(f"{name}: {there} waited, {done} sent through again")
    return left


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when nothing is left waiting, 1 when something is."""
    import boto3

    parser = argparse.ArgumentParser(prog="redrive", description=__doc__)
    parser.add_argument("--stack", default="itsm", help="name of the deployed stack")
    parser.add_argument("--region", default=None)
    parser.add_argument("--dry-run", action="store_true", help="count only")
    options = parser.parse_args(arguments)
    session: Any = boto3.Session(region_name=options.region)
    return 1 if redrive(options.stack, session.client, dry=options.dry_run) else 0


if __name__ == "__main__":
    sys.exit(main())
