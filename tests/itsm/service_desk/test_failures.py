"""Failures: a bounce says which address is given up, why, and whether for good."""

import pytest
from itsm.service_desk.failures import failures, hard
from itsm.service_desk.filters import BOUNCE, DELAYED, FEEDBACK, RECEIPT, Own
from itsm.service_desk.sources import email, mime
from itsm.service_desk.submission import Failure

from tests.itsm.service_desk.mails import a_mail


def report(fields: str) -> bytes:
    body = (
        "--B\nContent-Type: text/plain\n\nSorry.\n--B\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.net\n\n{fields}\n--B--\n"
    )
    kind = 'multipart/report; report-type=delivery-status; boundary="B"'
    return a_mail(body, From="mailer-daemon@mx.example.net", Content_Type=kind)


GONE = "Final-Recipient: rfc822; Rita@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 unknown\n"
LATE = "Final-Recipient: rfc822; rita@example.org\nAction: delayed\nStatus: 4.4.1\n"
THERE = "Final-Recipient: rfc822; rita@example.org\nAction: deliverable\nStatus: 2.1.5\n"


@pytest.mark.parametrize(
    ("fields", "kind", "found"),
    [
        (GONE, BOUNCE, (Failure(address="rita@example.org", status="5.1.1", hard=True),)),
        (LATE, DELAYED, (Failure(address="rita@example.org", status="4.4.1", hard=False),)),
        (THERE, RECEIPT, ()),
    ],
)
def test_a_delivery_status_names_address_code_and_whether_for_good(
    fields: str, kind: str, found: tuple[Failure, ...], own: Own
) -> None:
    mail = email.parse(report(fields), received_at=0, own=own)
    assert (mail.auto.kind, mail.failures) == (kind, found)


@pytest.mark.parametrize(
    ("status", "why", "for_good"),
    [
        ("5.1.1", "550 5.1.1 user unknown", True),
        ("", "550 no such user here", True),
        ("5.2.2", "552 mailbox full", False),
        ("4.1.1", "user unknown, try again", False),
        ("5.7.1", "550 blocked by our policy", False),
        ("5.1.8", "553 sender domain not found", False),
        ("5.0.0", "host unknown", True),
    ],
)
def test_only_an_address_that_is_no_good_is_given_up_for_good(status: str, why: str, *, for_good: bool) -> None:
    assert hard(status, why) is for_good


def test_words_alone_name_the_address_before_what_is_returned() -> None:
    body = "<rita@example.org>: user unknown\n\n--- Below this line is a copy.\n\nFrom: other@example.org\n"
    raw = a_mail(body, From="MAILER-DAEMON@mx.example.net", Subject="failure notice")
    assert [one.address for one in failures(mime.read(raw))] == ["rita@example.org"]


@pytest.mark.parametrize(("told", "kind"), [("Bounce", BOUNCE), ("Complaint", FEEDBACK)])
def test_what_amazon_ses_tells_by_mail_is_no_ticket(told: str, kind: str, own: Own) -> None:
    one = '{"emailAddress":"rita@example.org","status":"5.1.1","diagnosticCode":"user unknown"}'
    body = f'{{"notificationType":"{told}","bounce":{{"bounceType":"Permanent","bouncedRecipients":[{one}]}}}}\n'
    raw = a_mail(body, From="no-reply@sns.amazonaws.com", X_Amz_Sns_Message_Id="1")
    mail = email.parse(raw, received_at=0, own=own)
    assert mail.auto.kind == kind
    assert [one.hard for one in mail.failures] == ([True] if kind == BOUNCE else [])
