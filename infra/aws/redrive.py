"""Redrive: list what waits in a deployment, dead letters, held and suppressed submissions, and let it through again."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from itsm.runtime import quarantined
from itsm.runtime.deployment import Deployment
from itsm.runtime.quarantined import Choice
from itsm.runtime.verify_audit import add_deployment, table_names

if TYPE_CHECKING:
    from itsm.runtime.ports import Ports

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
    """Work for a run of a schedule that was missed: the next one sees all that it would have."""
    return True


def followed(streams: Any, lambdas: Any, function: str) -> Work:
    """Work that reads the changes a message of the stream's mapping points at, and has them followed once more."""

    def follow(message: Message) -> bool:
        where = json.loads(message["Body"])["DDBStreamBatchInfo"]
        changes = list(_changes(streams, where))
        if not changes:
            print(f"  changes from {where['startSequenceNumber']} are older than the stream remembers (24 hours)")
            return False
        try:
            answer = lambdas.invoke(FunctionName=function, Payload=json.dumps({"Records": changes}).encode())
        except lambdas.exceptions.ResourceNotFoundException:
            print(f"  {function} cannot be called from here (in the sandbox no function can)")
            return False
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
        return followed(clients("dynamodbstreams"), clients("lambda"), found.get("RecordChanges", "RecordChanges"))
    if path.endswith("Sweep") or path == "Feeds":
        return forget
    raise RedriveError(f"{name}: nobody has said where its messages belong; see work_for in infra/aws/redrive.py")


def queues(stack: str, clients: Callable[[str], Any]) -> dict[str, str]:
    """Everything of a stack by its logical name; where CloudFormation cannot be asked (the sandbox), its queues."""
    from botocore.exceptions import ClientError

    try:
        return dict(resources(clients("cloudformation"), stack))
    except ClientError:
        pages = clients("sqs").get_paginator("list_queues").paginate(QueueNamePrefix=f"{stack}-")
        urls = [url for page in pages for url in page.get("QueueUrls", ())]
        return {url.rpartition("/")[2].split("-")[-2]: url for url in urls}


def redrive(stack: str, clients: Callable[[str], Any], *, only: str = "", dry: bool) -> int:
    """Go through the dead-letter queues of a stack; how many messages are left in them."""
    sqs, found, left = clients("sqs"), queues(stack, clients), 0
    for name in sorted(name for name in found if name.endswith(DEAD) and only in ("", name)):
        there = waiting(sqs, found[name])
        done = drain(sqs, found[name], work_for(name, found, clients)) if there and not dry else 0
        left += max(0, there - done)
        if there:
            print(row(name, f"{there} messages", "", "stays" if dry else f"{done} sent through again"))
    return left


def row(*cells: str) -> str:
    """A line of the table."""
    widths = (22, 20, 52, 0)
    return "  ".join(f"{cell[: width or None]:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def release(ports: Ports, choice: Choice, by: str, *, dry: bool) -> int:
    """Go through what is held and what is suppressed; how many are left, with those asked for that do not wait."""
    left, absent = 0, dict.fromkeys(choice.numbers)
    for record in quarantined.waiting(ports, choice):
        absent.pop(record.number, None)
        came = datetime.fromtimestamp(record.opened_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        done = not dry and quarantined.release(record, by, ports)
        left += not done
        said = "released" if done else "stays" if dry else "gone meanwhile"
        print(row(f"{record.number} {record.state}", came, f"{record.source}: {quarantined.reason_of(record)}", said))
    for number in absent:
        print(row(number, "", "", "does not wait"))
    return left + len(absent)


def operator(session: Any) -> str:
    """Who does it: whom AWS takes the credentials for."""
    return str(session.client("sts").get_caller_identity()["Arn"])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="redrive", description=__doc__)
    add_deployment(parser)
    parser.add_argument("--go", action="store_true", help="do it; without, the table says what waits")
    parser.add_argument("--all", action="store_true", help="everything")
    parser.add_argument("--queue", default="", help="one dead-letter queue by its name in the table")
    parser.add_argument(
        "--number", action="append", default=[], help="one submission, like SUB0000012; may be repeated"
    )
    parser.add_argument("--reason", default="", help="submissions whose reason holds these words")
    parser.add_argument("--state", choices=quarantined.WAITING, default="", help="held or suppressed ones alone")
    parser.add_argument("--since", type=_instant, default=0, help="that came from this day or instant on (UTC)")
    parser.add_argument("--until", type=_instant, default=0, help="and before this one")
    parser.add_argument("--by", default="", help="who releases them, as the record will say (default: from AWS)")
    options = parser.parse_args(arguments)
    if options.go and not (options.all or options.queue or _chosen(options)):
        parser.error("say what: --all, --queue, --number, --reason, --state, --since or --until")
    return options


def _instant(text: str) -> int:
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def _chosen(options: argparse.Namespace) -> bool:
    return bool(options.number or options.reason or options.state or options.since or options.until)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when all that was meant went through or was only listed, 1 when some did not, 2 for no deployment."""
    import boto3

    options = _options(arguments)
    tables = table_names(options)
    if tables is None:
        print(f"no stack {options.stack!r} with its tables was found in {options.region}")
        return 2
    session: Any = boto3.Session(region_name=options.region)
    ports = Deployment({"RECORDS_TABLE": tables[0], "AUDIT_TABLE": tables[1], "AWS_REGION": options.region})
    numbers = tuple(number.upper() for number in options.number)
    choice = Choice(
        numbers=numbers, reason=options.reason, state=options.state, since=options.since, until=options.until
    )
    print(row("WHAT", "SINCE", "WHY", "AND NOW"))
    left, dry = 0, not options.go
    if not _chosen(options):
        left += redrive(options.stack, session.client, only=options.queue, dry=dry)
    if not options.queue:
        left += release(ports, choice, options.by or operator(session), dry=dry)
    what = "of these left" if _chosen(options) or options.queue else "left waiting"
    print(f"{left} {what}" + ("; --go with --all or a choice lets them through again" if dry and left else ""))
    return 1 if left and not dry else 0


if __name__ == "__main__":
    sys.exit(main())
