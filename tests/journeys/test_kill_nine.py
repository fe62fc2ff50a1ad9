"""kill -9 before and after every AWS call of intake and record changes: nothing lost, nothing doubled."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.cloud import ROOT, Cloud, cloud

CASES = 60


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Cloud]:
    """One endpoint for the module; every case has its own mail."""
    with cloud() as made:
        yield made


def _kill(made: Cloud, door: str, events: list[Mapping[str, Any]]) -> dict[str, Any]:
    done = subprocess.run(  # our own program
        [sys.executable, "-m", "tests.support.killing"],
        input=json.dumps({"door": door, "events": events}),
        env=dict(made.environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _mail(made: Cloud, case: int) -> Mapping[str, Any]:
    raw = (
        f"From: Rita <rita@example.org>\r\nTo: support@desk.example.org\r\nSubject: Case {case}\r\n"
        f"Message-ID: <case-{case}@example.org>\r\n\r\nThe printer burns, case {case}.\r\n"
    )
    made.client("s3").put_object(Bucket="blobs", Key=f"mail/{case}", Body=raw.encode())
    passed = {
        name: {"status": "PASS"}
        for name in ("spfVerdict", "dkimVerdict", "dmarcVerdict", "spamVerdict", "virusVerdict")
    }
    body = {
        "notificationType": "Received",
        "mail": {"messageId": str(case), "timestamp": "2026-11-24T10:00:00.000Z"},
        "receipt": {**passed, "action": {"type": "S3", "bucketName": "blobs", "objectKey": f"mail/{case}"}},
    }
    return {"Records": [{"messageId": str(case), "body": json.dumps(body)}]}


def _items(made: Cloud, table: str) -> list[Any]:
    pages = made.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


def test_a_mail_is_one_ticket_whenever_intake_is_killed(endpoint: Cloud) -> None:
    result = _kill(endpoint, "functions.intake_mail.app", [_mail(endpoint, case) for case in range(CASES)])
    tickets = [item for item in _items(endpoint, "records") if item["sk"]["S"] == "META"]
    titles = Counter(item["title"]["S"] for item in tickets)
    assert result["killed"] >= 6
    assert set(result["endings"]) == {0}
    assert titles == Counter(f"Case {case}" for case in range(result["used"]))
    assert len({item["num"]["S"] for item in tickets}) == len(tickets)


def test_what_follows_a_change_happens_whenever_record_changes_is_killed(endpoint: Cloud) -> None:
    from tests.builders import an_incident

    changes = [_written(endpoint, an_incident(f"change {case}"), case) for case in range(CASES)]
    result = _kill(endpoint, "functions.record_changes.app", [{"Records": [change]} for change in changes])
    used = {change["dynamodb"]["Keys"]["pk"]["S"] for change in changes[: result["used"]]}
    audit = Counter(item["pk"]["S"] for item in _items(endpoint, "audit"))
    openings = Counter(item["pk"]["S"] for item in _items(endpoint, "records") if item["sk"]["S"] == "C#opening")
    states = endpoint.client("stepfunctions")
    machine = endpoint.environment["PROCESS_INCIDENT"]
    started = Counter(
        execution["name"]
        for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        for execution in page["executions"]
    )
    assert result["killed"] >= 6
    assert set(result["endings"]) == {0}
    assert audit == openings == Counter(used)
    assert set(started.values()) == {1}
    assert len(started) == len(used)


def _written(made: Cloud, record: Any, case: int) -> dict[str, Any]:
    """The stream's word of a new record, without writing it: the door works from the image."""
    from dataclasses import replace

    from itsm.aws.items import to_item
    from itsm.aws.models import tables

    names = {"records": "records", "audit": "audit", "ephemeral": "ephemeral"}
    item = to_item(replace(record, number=f"INC{case + 5000:07d}"), tables(**names, region="us-east-1"))
    image = item.serialize()
    keys = {"pk": image["pk"], "sk": image["sk"]}
    return {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(case), "Keys": keys, "NewImage": image}}
