"""The mailbox does what SES does: stores, announces, strips what is forged, and only then says 250."""

from __future__ import annotations

import json
import smtplib
from pathlib import Path
from typing import Any

import pytest
from sandbox.mailbox import DropFolder, Mailbox
from sandbox.outbox import Outbox, RejectedError

from tests.infra.local.conftest import Toy

NOW = 1_795_500_000.0
RAW = (
    b"X-SES-Spam-Verdict: PASS\r\nx-ses-virus-verdict: PASS\r\n folded\r\nReturn-Path: <forged@example.org>\r\n"
    b"From: Ann <ann@example.org>\r\nTo: support@itsm.example.com\r\nSubject: Help\r\n\r\nX-SES-Body: stays\r\n"
)


class Stored:
    """What a mailbox stored and announced, in the order it did."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.objects: dict[str, bytes] = {}
        self.told: list[dict[str, Any]] = []
        self.ids = iter(f"{number:032x}" for number in range(1, 100))
        self.mailbox = Mailbox(
            "itsm.example.com",
            "blobs",
            store=self.store,
            announce=self.announce,
            ids=lambda: next(self.ids),
            clock=lambda: NOW,
        )

    def store(self, key: str, raw: bytes) -> None:
        self.steps.append("store")
        self.objects[key] = raw

    def announce(self, text: str) -> None:
        self.steps.append("announce")
        self.told.append(json.loads(text))


def test_a_mail_is_stored_before_it_is_announced() -> None:
    stored = Stored()
    number = stored.mailbox.deliver(RAW, "ann@example.org", ["support@itsm.example.com"])
    assert stored.steps == ["store", "announce"]
    assert list(stored.objects) == [f"mail/{number}"]


def test_the_notification_is_that_of_an_s3_action() -> None:
    stored = Stored()
    number = stored.mailbox.deliver(RAW, "ann@example.org", ["support@itsm.example.com"])
    (told,) = stored.told
    assert told["notificationType"] == "Received"
    assert told["mail"]["messageId"] == number
    assert told["mail"]["timestamp"] == "2026-11-24T06:00:00.000Z"
    assert told["receipt"]["recipients"] == ["support@itsm.example.com"]
    assert told["receipt"]["action"] | {"topicArn": ""} == {
        "type": "S3", "topicArn": "", "bucketName": "blobs", "objectKeyPrefix": "mail/", "objectKey": f"mail/{number}",
    }  # fmt: skip
    verdicts = ("spf", "dkim", "dmarc", "spam", "virus")
    assert {told["receipt"][f"{name}Verdict"]["status"] for name in verdicts} == {"PASS"}


def test_headers_that_only_ses_may_write_are_its_own() -> None:
    stored = Stored()
    stored.mailbox.deliver(RAW, "ann@example.org", ["support@itsm.example.com"])
    (raw,) = stored.objects.values()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"forged" not in head
    assert b"folded" not in head
    assert head.lower().count(b"x-ses-spam-verdict") == 1
    assert b"Return-Path: <ann@example.org>" in head
    assert body == b"X-SES-Body: stays\r\n"


@pytest.mark.parametrize("raw", [b"", b"no header at all", b"From: a@b.example\n\nunix", b"\xff\xfe\x00"])
def test_any_bytes_are_taken(raw: bytes) -> None:
    stored = Stored()
    stored.mailbox.deliver(raw, "", [])
    assert stored.steps == ["store", "announce"]


def test_a_mail_with_an_endless_header_is_announced_in_a_message_sns_takes() -> None:
    stored = Stored()
    endless = "".join(f"{name}: {'=?utf-8?q?a?= ' * 30_000}\n" for name in ("From", "To", "Subject"))
    stored.mailbox.deliver(f"{endless}\nx".encode(), "", [])
    assert len(json.dumps(stored.told[0])) < 262_144


def test_a_file_in_the_drop_folder_is_delivered_once_it_is_whole_and_moved_away(tmp_path: Path) -> None:
    stored = Stored()
    drop = DropFolder(tmp_path, stored.mailbox, "support@itsm.example.com")
    (tmp_path / "one.eml").write_bytes(RAW[:20])
    assert drop.look() == 0
    (tmp_path / "one.eml").write_bytes(RAW)
    assert drop.look() == 0
    assert drop.look() == 1
    assert not (tmp_path / "one.eml").exists()
    assert len(list((tmp_path / "done").glob("one-*.eml"))) == 1
    assert stored.told[0]["mail"]["source"] == "forged@example.org"


def test_a_dropped_mail_to_nobody_of_ours_goes_to_the_desk(tmp_path: Path) -> None:
    stored = Stored()
    drop = DropFolder(tmp_path, stored.mailbox, "support@itsm.example.com")
    (tmp_path / "one.eml").write_bytes(b"From: ann@example.org\nTo: you@elsewhere.example\n\nhello")
    drop.look()
    drop.look()
    assert stored.told[0]["receipt"]["recipients"] == ["support@itsm.example.com"]


def test_smtp_says_250_when_the_mail_is_in_the_bucket_and_the_queue(toy: Toy) -> None:
    with smtplib.SMTP("127.0.0.1", toy.box.smtp.port) as client:
        client.sendmail("ann@example.org", ["support@itsm.example.com"], RAW)
        (message,) = toy.received("MailQueue")
    told = json.loads(message["Body"])
    key = told["receipt"]["action"]["objectKey"]
    bucket = toy.box.stacks.find("BlobBucket")
    stored = toy.box.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert stored.endswith(b"X-SES-Body: stays\r\n")


def test_smtp_refuses_mail_for_other_domains(toy: Toy) -> None:
    with smtplib.SMTP("127.0.0.1", toy.box.smtp.port) as client, pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        client.sendmail("ann@example.org", ["you@elsewhere.example"], RAW)
    assert error.value.recipients["you@elsewhere.example"][0] == 550


def test_smtp_takes_lines_longer_than_the_rfc_allows(toy: Toy) -> None:
    with smtplib.SMTP("127.0.0.1", toy.box.smtp.port) as client:
        client.sendmail("ann@example.org", ["support@itsm.example.com"], RAW + b"x" * 200_000 + b"\r\n")


# --- the other way: what is sent


def _send(toy: Toy, raw: bytes, *to: str) -> str:
    answer = toy.box.client("sesv2").send_email(Destination={"ToAddresses": list(to)}, Content={"Raw": {"Data": raw}})
    return str(answer["MessageId"])


def test_a_sent_mail_is_in_the_outbox_with_the_number_ses_gives_it(toy: Toy) -> None:
    raw = b"From: desk@itsm.example.com\r\nMessage-ID: <ours@itsm.example.com>\r\nSubject: Hi\r\n\r\nhello\r\n"
    number = _send(toy, raw, "ann@example.org")
    mail = toy.box.outbox.to("ann@example.org")[-1]
    assert mail.message_id == f"{number}@email.amazonses.com"
    assert mail.header("Date")
    assert mail.text.strip() == "hello"
    assert b"ours@itsm.example.com" not in mail.raw


def test_what_ses_would_reject_is_rejected(toy: Toy) -> None:
    client = toy.box.client("sesv2")
    with pytest.raises(client.exceptions.MessageRejected):
        _send(toy, b"Subject: nobody\r\n\r\n")


def test_the_outbox_outlives_the_sandbox(tmp_path: Path) -> None:
    for number in range(2):
        outbox = Outbox(tmp_path, lambda: NOW, lambda: "0000-1111-2222")
        outbox.take(b"Subject: Hi\r\n\r\nhello", ["ann@example.org"])
        assert [mail.number for mail in outbox.all()] == list(range(1, number + 2))
    with pytest.raises(RejectedError):
        outbox.take(b"", [])
