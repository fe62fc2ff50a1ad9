"""Plain: the handler one would write first, to measure ours beside: boto3, pynamodb and pydantic, check then act."""

import email
import email.policy
import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3
from pydantic import BaseModel
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

s3, bus = boto3.client("s3"), boto3.client("events")


class Ticket(BaseModel):
    """A ticket."""

    id: str
    number: str
    title: str
    requester: str
    text: str
    state: str
    opened_at: datetime


class Item(Model):
    """Everything in one table."""

    class Meta:
        """Settings."""

        table_name = os.environ.get("RECORDS_TABLE", "records")
        region = os.environ.get("AWS_REGION", "us-east-1")

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute(null=True)
    n = NumberAttribute(null=True)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the mail, look whether it is known, count, write the ticket, its audit row and its pointer, publish."""
    for message in event["Records"]:
        action = json.loads(message["body"])["receipt"]["action"]
        raw = s3.get_object(Bucket=action["bucketName"], Key=action["objectKey"])["Body"].read()
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        known = f"MSG#{mail['message-id']}"
        if next(Item.query(known, limit=1), None) is not None:
            continue
        counter = Item("CTR#PLAIN", "B")
        counter.update(actions=[Item.n.add(1)])
        body = mail.get_body(("plain", "html"))
        ticket = Ticket(
            id=uuid.uuid4().hex,
            number=f"INC{int(counter.n or 0):07d}",
            title=str(mail["subject"]),
            requester=str(mail["from"]),
            text=body.get_content() if body else "",
            state="new",
            opened_at=datetime.now(UTC),
        )
        Item(f"PLAIN#{ticket.id}", "META", body=ticket.model_dump_json()).save()
        Item(f"PLAIN#{ticket.id}", "E#1", body=json.dumps({"type": "opened", "at": str(ticket.opened_at)})).save()
        Item(known, ticket.id).save()
        detail = json.dumps({"id": ticket.id, "number": ticket.number})
        bus.put_events(Entries=[{"Source": "plain", "DetailType": "opened", "Detail": detail, "EventBusName": "itsm"}])
    return {"batchItemFailures": []}
