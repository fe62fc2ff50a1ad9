"""Ours: the mail door as it is deployed, over HTTP to a local AWS endpoint, its calls recorded."""

import json
from typing import Any

import boto3

from functions.intake_mail.app import handler
from tests.benchmarks.peers.race import LOST, OTHER, TICKET, run


class Door:
    """Our door and what it writes to the records table: the practice of each new record, "" for anything else."""

    def __init__(self) -> None:
        from botocore import handlers

        self.writes: list[str] = []
        self.answer: dict[str, Any] = {}
        self.event: dict[str, Any] = {}
        handlers.BUILTIN_HANDLERS.append(("before-call.dynamodb", self.seen))
        self.blobs = boto3.client("s3")

    def seen(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        """Note what a call is about to write."""
        body = json.loads(params["body"])
        if model.name == "PutItem" and body["TableName"] == "records":
            self.writes.append(body["Item"].get("practice", {}).get("S", ""))
        elif model.name == "TransactWriteItems":
            self.writes.append("")

    def deliver(self, raw: bytes, at: int) -> None:
        """Store the mail as SES does, and have its notification ready."""
        key = f"mail/{at}"
        self.blobs.put_object(Bucket="blobs", Key=key, Body=raw)
        self.writes.clear()
        passed = {f"{name}Verdict": {"status": "PASS"} for name in ("spf", "dkim", "dmarc", "spam", "virus")}
        body = {
            "mail": {"messageId": key, "timestamp": "2026-11-24T10:00:00.000Z"},
            "receipt": {**passed, "action": {"type": "S3", "bucketName": "blobs", "objectKey": key}},
        }
        self.event = {"Records": [{"messageId": key, "body": json.dumps(body)}]}

    def work(self) -> None:
        """Hand the notification to the door."""
        self.answer = handler(self.event, None)

    def outcome(self) -> str:
        """By what it wrote."""
        if self.answer["batchItemFailures"] or not self.writes:
            return LOST
        return TICKET if "incident" in self.writes else OTHER


if __name__ == "__main__":
    run(Door())
