"""kill -9 before and after every AWS call of intake and record changes: nothing lost, nothing doubled."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from itsm.aws.items import from_image, to_item
from itsm.aws.models import tables
from itsm.core.practice import load
from itsm.core.record import Record
from itsm.practices.service_level import rules
from itsm.runtime.policies import Policies
from itsm.service_desk.threading import reply_address

from tests.builders import an_incident
from tests.support.cloud import ROOT, SOURCE_SECRET, Cloud, cloud
from tests.support.http import event, standard_webhook
from tests.support.mail import notification

CASES = 60


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Cloud]:
    """One endpoint for the module; every case has its own mail."""
    with cloud() as made:
        yield made


def _kill(made: Cloud, door: str, events: list[Mapping[str, Any]], handler: str = "handler") -> dict[str, Any]:
    done = subprocess.run(  # our own program
        [sys.executable, "-m", "tests.support.killing"],
        input=json.dumps({"door": door, "handler": handler, "events": events}),
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
    head = f"To: support@desk.example.org\r\nSubject: Case {case}\r\n"
    return _notified(made, f"case-{case}", head, f"The printer burns, case {case}.")


def _notified(made: Cloud, key: str, head: str, text: str) -> Mapping[str, Any]:
    """Store a mail as SES does and give the queue's word of it."""
    raw = f"From: Rita <{key}@example.org>\r\n{head}Message-ID: <{key}@example.org>\r\n\r\n{text}\r\n"
    made.client("s3").put_object(Bucket="blobs", Key=f"mail/{key}", Body=raw.encode())
    body = notification(f"mail/{key}")
    return {"Records": [{"messageId": key, "body": json.dumps(body)}]}


def _items(made: Cloud, table: str) -> list[Any]:
    pages = made.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


def test_a_mail_is_one_ticket_whenever_intake_is_killed(endpoint: Cloud) -> None:
    result = _kill(endpoint, "functions.intake_mail.app", [_mail(endpoint, case) for case in range(CASES)])
    tickets = [item for item in _items(endpoint, "records") if item["sk"]["S"] == "META"]
    titles = Counter(item["title"]["S"] for item in tickets if item["title"]["S"].startswith("Case"))
    assert result["killed"] >= 4
    assert set(result["endings"]) == {0}
    assert titles == Counter(f"Case {case}" for case in range(result["used"]))
    assert len({item["num"]["S"] for item in tickets}) == len(tickets)


def _put(made: Cloud, record: Record, number: str) -> Record:
    """Write a record past the doors, as if it had come in before."""
    numbered = replace(record, number=number)
    bound = tables(records="records", audit="audit", ephemeral="ephemeral", region="us-east-1")
    made.client("dynamodb").put_item(TableName="records", Item=to_item(numbered, bound).serialize())
    return numbered


def test_a_reply_is_one_entry_whenever_intake_is_killed(endpoint: Cloud) -> None:
    tickets = [_put(endpoint, an_incident(f"ticket {case}"), f"INC{case + 7000:07d}") for case in range(CASES)]
    replies = [_reply(endpoint, ticket, case) for case, ticket in enumerate(tickets)]
    result = _kill(endpoint, "functions.intake_mail.app", replies)
    items = _items(endpoint, "records")
    said = {(item["pk"]["S"], item["sk"]["S"].removeprefix("C#")) for item in items if item["sk"]["S"].startswith("C#")}
    newest = {item["pk"]["S"]: json.loads(item["ev"]["S"]) for item in items if item["sk"]["S"] == "META"}
    said |= {(key, event["comment"]) for key, event in newest.items() if "comment" in event}
    entries = Counter(key for key, _ in said)
    versions = {item["pk"]["S"]: item["ver"]["N"] for item in items if item["sk"]["S"] == "META"}
    used = [f"T#{ticket.id}" for ticket in tickets[: result["used"]]]
    assert result["killed"] >= 4
    assert set(result["endings"]) == {0}
    assert {key: entries[key] for key in used} == dict.fromkeys(used, 1)
    assert {versions[key] for key in used} == {"2"}


def _reply(made: Cloud, ticket: Record, case: int) -> Mapping[str, Any]:
    to = reply_address(b"s3cret", ticket.id, "desk.example.org")
    return _notified(made, f"reply-{case}", f"To: {to}\r\nSubject: Re: {case}\r\n", f"Still burning, case {case}.")


def test_a_webhook_is_one_ticket_whenever_intake_is_killed(endpoint: Cloud) -> None:
    result = _kill(endpoint, "functions.intake.app", [_webhook(case) for case in range(CASES)])
    titles = Counter(
        item["title"]["S"]
        for item in _items(endpoint, "records")
        if item["sk"]["S"] == "META" and item["source"]["S"] == "monitoring"
    )
    assert result["killed"] >= 4
    assert set(result["endings"]) == {0}
    assert titles == Counter(f"Disk {case} is full" for case in range(result["used"]))


def _webhook(case: int) -> Mapping[str, Any]:
    # of services of their own, or they would be one storm
    facts = {"id": f"disk-{case}", "title": f"Disk {case} is full", "service": f"service-{case}"}
    body = json.dumps(facts).encode()
    headers = standard_webhook(body, SOURCE_SECRET, f"kill-{case}", int(time.time()))
    return event("POST /intake/{source}", params={"source": "monitoring"}, body=body, headers=headers)


def test_what_follows_a_change_happens_whenever_record_changes_is_killed(endpoint: Cloud) -> None:
    changes = [_written(an_incident(f"change {case}"), case) for case in range(CASES)]
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
    assert result["killed"] >= 4
    assert set(result["endings"]) == {0}
    assert audit == openings == Counter(used)
    assert set(started.values()) == {1}
    assert len(started) == len(used)


def _written(record: Record, case: int) -> dict[str, Any]:
    """The stream's word of a new record, without writing it: the door works from the image."""
    names = {"records": "records", "audit": "audit", "ephemeral": "ephemeral"}
    item = to_item(replace(record, number=f"INC{case + 5000:07d}"), tables(**names, region="us-east-1"))
    image = item.serialize()
    keys = {"pk": image["pk"], "sk": image["sk"]}
    return {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(case), "Keys": keys, "NewImage": image}}


def _overdue(made: Cloud, case: int) -> Record:
    """An incident of a critical service that has run through all its levels, one of which opens a problem."""
    levels = Policies().service_level
    ticket = an_incident(f"overdue {case}", service="platform", at=int(time.time()) - 90 * 86_400)
    clocks = rules.started(ticket, ticket.opened_at, levels, load("incident").lifecycle)
    return _put(made, replace(ticket, clocks=clocks), f"INC{case + 8000:07d}")


def test_an_incident_leads_to_one_problem_whenever_the_door_of_deadlines_is_killed(endpoint: Cloud) -> None:
    tickets = [_overdue(endpoint, case) for case in range(CASES)]
    bodies = [json.dumps({"record": ticket.id, "due": ticket.next_timer}) for ticket in tickets]
    fires: list[Mapping[str, Any]] = [
        {"Records": [{"messageId": str(case), "body": body}]} for case, body in enumerate(bodies)
    ]
    result = _kill(endpoint, "functions.sla_timers.app", fires, "fire")
    assert result["killed"] >= 4
    assert set(result["endings"]) == {0}
    items = [item for item in _items(endpoint, "records") if item["sk"]["S"] == "META"]
    problems = {item["num"]["S"]: item for item in items if item["practice"]["S"] == "problem"}
    incidents = {item["pk"]["S"]: item for item in items}
    used = [incidents[f"T#{ticket.id}"] for ticket in tickets[: result["used"]]]
    assert len(problems) == len(used)
    assert {item["ver"]["N"] for item in used} == {"2"}
    stored = [from_image(item) for item in used]
    assert sorted(str(one.details["problem"]) for one in stored) == sorted(problems)
    for one in stored:
        assert from_image(problems[str(one.details["problem"])]).details["incidents"] == [one.number]
