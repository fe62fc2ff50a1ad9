"""File scans: what a scanner says of a file is on its ticket, once; a scan that never comes is, too."""

from typing import Any

import pytest
from itsm.core import scan
from itsm.core.record import Record
from itsm.core.signing import sign
from itsm.service_desk.submission import attachment, listed

from functions.file_scans.app import handler
from functions.ticket_pages.app import handler as pages
from tests.builders import an_incident
from tests.fakes import FakePorts, sqs
from tests.support.http import event

AGAIN = "Given out again: plan.pdf (a scanner passed it)"
FILE = attachment("plan.pdf", "application/pdf", b"%PDF")


def desk() -> tuple[FakePorts, Record]:
    ports = FakePorts(SCAN_ATTACHMENTS="true")
    named = an_incident()
    ports.blobs.put(FILE.key(named.id), FILE.content, FILE.type)
    return ports, ports.records.create(an_incident(details={"attachments": list(listed([FILE], named.id))})).record


def result(key: str, status: str | None) -> dict[str, Any]:
    """What EventBridge delivers; GuardDuty's user guide, "Monitoring S3 object scans with Amazon EventBridge"."""
    said = {"scanResultStatus": status, "threats": None} if status else None
    return {
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "source": "aws.guardduty",
        "detail": {
            "schemaVersion": "1.0",
            "scanStatus": "COMPLETED",
            "resourceType": "S3_OBJECT",
            "s3ObjectDetails": {"bucketName": "blobs", "objectKey": key, "versionId": "v1", "s3Throttled": False},
            "scanResultDetails": said,
        },
    }


def reminder(key: str) -> dict[str, Any]:
    return {"detail-type": "Object Created", "source": "aws.s3", "detail": {"object": {"key": key}}}


def told(ports: FakePorts, record: Record, *events: dict[str, Any]) -> list[str]:
    """What the ticket's journal says of files after these events."""
    assert handler.on(sqs(*events), ports) == {"batchItemFailures": []}
    return [one.text for one in ports.records.comments(record.id) if one.by == "system" and not one.public]


def page(ports: FakePorts, record: Record) -> str:
    link = sign(ports.link_secret, "ticket", record.id)
    body: str = pages.on(event("GET /tickets/{link}", params={"link": link}), ports)["body"]
    return body


def test_a_clean_file_costs_its_ticket_nothing() -> None:
    ports, record = desk()
    assert told(ports, record, result(FILE.key(record.id), "NO_THREATS_FOUND"), reminder(FILE.key(record.id))) == []
    assert ports.records.get(record.id).version == 1


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("THREATS_FOUND", scan.INFECTED),
        ("UNSUPPORTED", scan.LOCKED),
        ("ACCESS_DENIED", scan.DENIED),
        ("FAILED", scan.FAILED),
        ("A_NEW_WORD_OF_AWS", scan.FAILED),
        (None, scan.FAILED),
    ],
)
def test_whatever_is_not_clean_is_held_and_named_with_the_reason(status: str | None, verdict: str) -> None:
    ports, record = desk()
    assert told(ports, record, result(FILE.key(record.id), status)) == [f"Held: plan.pdf ({scan.WHY[verdict]})"]
    assert f"<li>Held: plan.pdf ({scan.WHY[verdict]})</li>" in page(ports, record)
    assert "/files/" not in page(ports, record)


def test_a_result_that_comes_again_is_told_once() -> None:
    ports, record = desk()
    found = result(FILE.key(record.id), "THREATS_FOUND")
    assert len(told(ports, record, found, found)) == 1
    assert len(told(ports, record, found)) == 1


def test_a_file_that_no_scanner_spoke_of_is_named_and_given_out_again_when_one_does() -> None:
    ports, record = desk()
    key = FILE.key(record.id)
    ports.blobs.scanning = {key}
    assert told(ports, record, reminder(key)) == [f"Held: plan.pdf ({scan.WHY[scan.PENDING]})"]
    assert "Held: plan.pdf" in page(ports, record)
    ports.blobs.scanning = set()
    assert told(ports, record, result(key, "NO_THREATS_FOUND"))[1:] == [AGAIN]
    assert "/files/" in page(ports, record)
    assert "held_files" not in ports.records.get(record.id).details


def test_a_reminder_says_nothing_of_a_file_that_was_warned_of() -> None:
    ports, record = desk()
    key = FILE.key(record.id)
    ports.blobs.scanning = {key}
    assert len(told(ports, record, result(key, "UNSUPPORTED"), reminder(key))) == 1


def test_a_result_before_its_ticket_is_delivered_again_unless_it_is_clean() -> None:
    ports = FakePorts()
    answer = handler.on(sqs(result("attachments/nobody/abc", "THREATS_FOUND")), ports)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert handler.on(sqs(result("attachments/nobody/abc", "NO_THREATS_FOUND")), ports) == {"batchItemFailures": []}


@pytest.mark.parametrize("key", ["malware-protection-resource-validation-object", "attachments/abc", "mail/x/y"])
def test_a_result_of_an_object_that_is_no_tickets_file_is_nothing_to_us(key: str) -> None:
    assert handler.on(sqs(result(key, "THREATS_FOUND")), FakePorts()) == {"batchItemFailures": []}


def test_a_reminder_of_a_file_that_is_gone_is_nothing_to_us() -> None:
    ports, record = desk()
    assert told(ports, record, reminder(f"attachments/{record.id}/gone")) == []


def test_a_held_file_is_not_given_out_even_where_its_tag_says_clean() -> None:
    ports, record = desk()
    link = page(ports, record).split("/files/")[1].split('"')[0]
    told(ports, record, result(FILE.key(record.id), "THREATS_FOUND"))
    assert pages.on(event("GET /files/{link}", params={"link": link}), ports)["statusCode"] == 410
