"""Verify audit: read every trail, record and journal of a deployment and say what does not fit: `make verify-audit`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from itsm.core.chain import LAG, faults, journal_faults
from itsm.core.events import Event
from itsm.core.record import Comment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from mypy_boto3_dynamodb import DynamoDBClient

    from itsm.aws.models import Tables


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when every trail is whole, 1 when one is not, 2 when the deployment cannot be found.

    This reads both tables whole, with the rights of whoever runs it: no function of the product may do that.
    """
    options = _options(arguments)
    from itsm.aws.models import tables

    names = table_names(options)
    if names is None:
        print(f"no stack {options.stack!r} with outputs RecordsTable and AuditTable was found in {options.region}")
        return 2
    bound = tables(records=names[0], audit=names[1], ephemeral="unused", region=options.region)
    broken = events = records = late = 0
    now = int(time.time())  # before anything is read: what is written from now on may lack what follows from it
    for record_id, trail, head, journal in _trails(bound, *names, options.region):
        records, events = records + 1, events + len(trail)
        found = list(faults(record_id, trail, head, now))
        late += not found and head is not None and head.version > len(trail)
        found = found or list(journal_faults(record_id, _known(trail, head), journal, now))
        broken += len(found)
        for fault in found:
            print(f"{record_id}: {fault}")
    print(f"{records} records, {events} events, {broken} faults")
    if late:
        print(f"{late} trails lack events of the last {LAG // 60} minutes, on their way or gone: look again after that")
    return 1 if broken else 0


def _known(trail: list[Event], head: Event | None) -> list[Event]:
    """The events of the trail, and the record's own newest."""
    return trail if head is None or head.version <= len(trail) else [*trail, head]


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="verify-audit", description=__doc__)
    add_deployment(parser)
    return parser.parse_args(arguments)


def add_deployment(parser: argparse.ArgumentParser) -> None:
    """The options that say which deployment is read."""
    parser.add_argument("--stack", default="itsm", help="name of the deployed stack")
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--records", help="the records table, instead of looking it up in the stack")
    parser.add_argument("--audit", help="the audit table, instead of looking it up in the stack")


def table_names(options: argparse.Namespace) -> tuple[str, str] | None:
    """The records and the audit table of a deployment, None when it cannot be found or AWS cannot be asked."""
    if options.records and options.audit:
        return options.records, options.audit
    from botocore.exceptions import BotoCoreError

    try:
        return _looked_up(options)
    except BotoCoreError as error:  # no credentials, or nobody answers
        print(f"AWS cannot be asked: {error}", file=sys.stderr)
        return None


def _looked_up(options: argparse.Namespace) -> tuple[str, str] | None:
    import boto3
    from botocore.exceptions import ClientError

    outputs: dict[str, str] = {}
    with suppress(ClientError):
        (stack,) = boto3.client("cloudformation", region_name=options.region).describe_stacks(StackName=options.stack)[
            "Stacks"
        ]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    if not {"RecordsTable", "AuditTable"} <= outputs.keys():
        outputs = _named_after(options.stack, boto3.client("dynamodb", region_name=options.region))
    found = (outputs.get("RecordsTable"), outputs.get("AuditTable"))
    return (found[0], found[1]) if found[0] and found[1] else None


def _named_after(stack: str, client: DynamoDBClient) -> dict[str, str]:
    """The tables CloudFormation named after the stack, where the stack itself cannot be asked (as in the sandbox)."""
    pages = client.get_paginator("list_tables").paginate()
    names = [name for page in pages for name in page["TableNames"] if name.startswith(f"{stack}-")]
    return {kind: name for kind in ("RecordsTable", "AuditTable") for name in names if f"-{kind}-" in name}


def _trails(
    bound: Tables, records: str, audit: str, region: str
) -> Iterator[tuple[str, list[Event], Event | None, dict[str, Comment]]]:
    import boto3

    from itsm.aws.items import to_head
    from itsm.aws.models import COMMENT

    trails: dict[str, list[Event]] = defaultdict(list)
    journals: dict[str, dict[str, Comment]] = defaultdict(dict)
    # as it is stored: a row that can no longer be read must be a fault of its own record, not the end of the search
    scan = boto3.client("dynamodb", region_name=region).get_paginator("scan").paginate
    # What follows is read before what it follows from: an entry or an event of a change made meanwhile is no fault.
    kept = scan(
        TableName=records,
        FilterExpression="begins_with(sk, :c)",
        ExpressionAttributeValues={":c": {"S": COMMENT}},
    )
    for row in (row for page in kept for row in page["Items"]):
        entry = _entry(row)
        journals[row["pk"]["S"]][entry.id] = entry
    for row in (row for page in scan(TableName=audit) for row in page["Items"]):
        trails[row["pk"]["S"]].append(_placed(row["sk"]["S"], row.get("ev", {}).get("S", "")))
    newest = bound.record.scan(bound.record.sk == "META", consistent_read=True)
    heads = {item.pk: to_head(item) for item in newest}
    for key in sorted(heads.keys() | trails.keys() | journals.keys()):
        trail = sorted(trails[key], key=lambda event: event.version)
        yield key.removeprefix("T#"), trail, heads.get(key), journals[key]


def _entry(row: dict[str, Any]) -> Comment:
    """The journal's entry; one that cannot be read is of no version."""
    from itsm.aws.items import to_comment
    from itsm.aws.models import COMMENT, CommentItem

    record, name = row["pk"]["S"].removeprefix("T#"), row["sk"]["S"].removeprefix(COMMENT)
    try:
        return to_comment(CommentItem.from_raw_data(row))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Comment(id=name, record=record, at=0, by="", text="", origin="")


def _placed(key: str, stored: str) -> Event:
    """The event; its row's key speaks for its place, or a row moved to another place would go unseen."""
    from itsm.aws.items import to_event

    place = int(key) if key.isdecimal() else 0
    try:
        return replace(to_event(json.loads(stored)), version=place)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Event(type="unreadable", version=place, at=0, by="", origin="")  # no hash fits it


if __name__ == "__main__":
    sys.exit(main())
