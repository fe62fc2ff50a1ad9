"""Seams: the inside of ministack that the sandbox reaches for, each under a name of ours."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

type Message = dict[str, Any]
type Change = dict[str, Any]


def wake() -> threading.Event:
    """Set by ministack whenever a queue or a stream has got something."""
    from ministack.core.concurrency import esm_wake

    event: threading.Event = esm_wake
    return event


# --- queues


def queue_url(arn: str) -> str:
    """The URL ministack keeps a queue under."""
    from ministack.services import sqs

    return str(sqs._queue_url(arn.rsplit(":", 1)[1]))


def receive(url: str, most: int) -> list[Message]:
    """ReceiveMessage for an event source: up to ten, invisible from now on; what is spent goes to its dead letters."""
    from ministack.services import sqs

    return list(sqs._receive_messages_for_esm(url, most))


def waiting(url: str) -> bool:
    """Whether a queue holds anything at all."""
    from ministack.services import sqs

    queue = sqs._queues.get(url)
    return bool(queue and queue["messages"])


def visible(url: str) -> bool:
    """Whether a queue holds something that could be received now."""
    from ministack.services import sqs

    queue = sqs._queues.get(url)
    now = time.time()
    return any(message["visible_at"] <= now for message in queue["messages"]) if queue else False


def delete(url: str, handles: set[str]) -> None:
    """DeleteMessage."""
    from ministack.services import sqs

    sqs._delete_messages_for_esm(url, handles)


def send(arn: str, body: str) -> None:
    """SendMessage by a service. Raises LookupError when there is no such queue."""
    from ministack.core.arn import parse_arn
    from ministack.services import eventbridge, sqs

    if sqs._queue_by_arn(arn) is None:
        raise LookupError(f"no queue {arn}")
    eventbridge._dispatch_to_sqs(parse_arn(arn), body)


def queues() -> list[tuple[str, int, int]]:
    """(name, messages that wait, messages in flight) of every queue."""
    from ministack.services import sqs

    rows: list[tuple[str, int, int]] = []
    for url, queue in sqs._queues.items():
        sqs._refresh_counts(queue)
        counts = queue["attributes"]
        waiting_, flying = counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]
        rows.append((url.rsplit("/", 1)[1], int(waiting_), int(flying)))
    return rows


# --- streams


def stream_table(arn: str) -> str:
    """The table of a stream."""
    return arn.split(":table/")[1].split("/stream/")[0]


def stream_end(table: str) -> int:
    """Behind the newest change of a table's stream (LATEST)."""
    from ministack.services import dynamodb

    return int(dynamodb.stream_end_position(table))


def stream_start(table: str) -> int:
    """The oldest change still there (TRIM_HORIZON)."""
    from ministack.services import dynamodb

    return int(dynamodb.stream_start_position(table))


def stream_read(table: str, position: int, most: int) -> list[Change]:
    """Changes from a position on, oldest first."""
    from ministack.services import dynamodb

    return list(dynamodb.stream_records_since(table, position, most))


def stream_trim(table: str, position: int) -> None:
    """Forget the changes before a position. AWS keeps them for a day; nothing here reads them again."""
    from ministack.services import dynamodb

    spent = position - stream_start(table)
    records = dynamodb._stream_records.get(table)
    if spent > 0 and records:
        del records[:spent]
        dynamodb._stream_trimmed[table] = dynamodb._stream_trimmed.get(table, 0) + spent


def filtered(records: Sequence[Mapping[str, Any]], mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What FilterCriteria let through."""
    from ministack.services import lambda_svc

    return list(lambda_svc._apply_filter_criteria(list(records), dict(mapping)))


# --- bus, topics, objects


def put_event(source: str, kind: str, detail: str, resources: Sequence[str] = (), bus: str = "default") -> None:
    """PutEvents by a service: unlike a caller it may use a source of aws.*."""
    from ministack.services import eventbridge

    entry = {"Source": source, "DetailType": kind, "Detail": detail, "Resources": list(resources), "EventBusName": bus}
    status, _, body = eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    if status != 200 or json.loads(body)["FailedEntryCount"]:
        raise ValueError(f"the bus {bus} refused the event {kind}: {body!r}")


def fire_targets(rule: str, targets: Sequence[Mapping[str, Any]]) -> None:
    """Deliver a scheduled event to a rule's targets."""
    from ministack.core.responses import new_uuid
    from ministack.services import eventbridge

    event = {
        "EventId": new_uuid(), "Source": "aws.events", "DetailType": "Scheduled Event", "Detail": "{}", "Account": None,
        "EventBusName": "default", "Time": int(eventbridge._now_ts()), "Resources": [rule], "Region": None,
    }  # fmt: skip
    event["Account"], event["Region"] = rule.split(":")[4], rule.split(":")[3]
    for target in targets:
        eventbridge._invoke_target(dict(target), event, {"Arn": rule, "Name": rule.rsplit("/", 1)[1]})


def cron_due(expression: str, after: float, now: float) -> bool:
    """Whether a cron(...) expression has an instant in (after, now]. Raises ValueError for one it cannot read."""
    from datetime import UTC, datetime

    from ministack.services import eventbridge

    fields = eventbridge._parse_cron_fields(expression)
    if fields is None:
        raise ValueError(f"{expression} is neither rate(...) nor cron(...)")
    due = eventbridge._cron_next_fire(fields, datetime.fromtimestamp(after, UTC))
    return due is not None and due.timestamp() <= now


def publish(topic: str, message: str, subject: str) -> None:
    """Publish to a topic by a service. Raises LookupError when there is no such topic."""
    from ministack.services import sns

    if sns.publish_internal(topic, message, subject) is None:
        raise LookupError(f"no topic {topic}")


def to_functions(call: Callable[[str, str], None]) -> None:
    """Have EventBridge hand what it has for a function to `call(arn, payload)`; SNS to functions is not used here."""
    from ministack.services import eventbridge

    eventbridge._dispatch_to_lambda = call


def to_processes(start: Callable[[str, str], None]) -> None:
    """Have EventBridge start processes by `start(arn, input)`."""
    from ministack.services import eventbridge

    eventbridge._dispatch_to_stepfunctions = start


# --- secrets


def put_secret(name: str, value: str) -> str:
    """Create a secret, or give it a new value if it has another. Returns its ARN."""
    from ministack.services import secretsmanager

    secret = secretsmanager._secrets.get(name)
    if secret is None:
        status, _, body = secretsmanager._create_secret({"Name": name, "SecretString": value})
    else:
        current = next(one for one in secret["Versions"].values() if "AWSCURRENT" in one["Stages"])
        if current["SecretString"] == value:
            return str(secret["ARN"])
        status, _, body = secretsmanager._put_secret_value({"SecretId": name, "SecretString": value})
    if status != 200:
        raise ValueError(f"the secret {name} could not be stored: {body!r}")
    return str(json.loads(body)["ARN"])


# --- tables


def items(table: str, sort_key: str) -> list[dict[str, Any]]:
    """The items of a table under one sort key, as DynamoDB writes them."""
    from ministack.services import dynamodb

    found = dynamodb._tables.get(table)
    rows = {} if found is None else found["items"]
    return [under[sort_key] for under in rows.values() if sort_key in under]


def hurry(url: str) -> None:
    """Let what is delayed, or invisible after a failure, be received now: as if its time were over."""
    from ministack.services import sqs

    for message in sqs._queues[url]["messages"]:
        message["visible_at"] = 0.0
    wake().set()


def release() -> None:
    """Let every message that was taken and not finished be received again; that it was taken does not count."""
    from ministack.services import sqs

    for queue in sqs._queues.values():
        for message in queue["messages"]:
            if message["receive_count"]:
                message["visible_at"] = 0.0
                message["receive_count"] -= 1
