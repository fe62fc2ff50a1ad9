"""Filters: a machine's mail is known by what the standards say, and by what those say who keep to none."""

import pytest
from itsm.core.record import derived_id
from itsm.service_desk import filters
from itsm.service_desk.filters import Own
from itsm.service_desk.sources.email import parse
from itsm.service_desk.submission import Submission
from itsm.service_desk.threading import OWN_MESSAGE_ID, candidates, own_message_id

from tests.builders import NOON
from tests.itsm.service_desk.mails import a_mail

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))
TICKET = derived_id("mail", "x")


def read(raw: bytes) -> Submission:
    return parse(raw, received_at=NOON, own=OWN)


def report(kind: str, part: str, body: str) -> bytes:
    parts = (
        f"--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\nContent-Type: {part}\r\n\r\n{body}\r\n--b--\r\n"
    )
    return a_mail(parts, Content_Type=f"multipart/report; report-type={kind}; boundary=b")


FAILED = "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (a_mail(), filters.PERSON),
        (a_mail(X_Itsm_Instance="desk.example.org"), filters.OWN),
        (a_mail(From="support@desk.example.org"), filters.OWN),
        (a_mail(From="reply+x.y@desk.example.org"), filters.OWN),
        (report("delivery-status", "message/delivery-status", FAILED), filters.BOUNCE),
        (report("delivery-status", "message/delivery-status", FAILED.replace("failed", "delayed")), filters.DELAYED),
        (report("feedback-report", "message/feedback-report", "Feedback-Type: abuse"), filters.FEEDBACK),
        (report("disposition-notification", "message/disposition-notification", "Disposition: x"), filters.RECEIPT),
        (a_mail(From="MAILER-DAEMON@mx.example.org"), filters.BOUNCE),
        (a_mail(X_Failed_Recipients="a@b.example"), filters.BOUNCE),
        (a_mail(Auto_Submitted="auto-replied"), filters.AUTO_REPLY),
        (a_mail(Auto_Submitted="no"), filters.PERSON),
        (a_mail(Subject="Out of Office: holidays"), filters.AUTO_REPLY),
        (a_mail(Precedence="auto_reply"), filters.AUTO_REPLY),
        (a_mail(Precedence="bulk"), filters.LIST),
        (a_mail(List_Id="<news.example.org>"), filters.LIST),
        (a_mail(X_Auto_Response_Suppress="All"), filters.PERSON),
        (a_mail(Subject="Delivery of my new laptop failed to happen", From="Rita <rita@example.org>"), filters.PERSON),
    ],
)
def test_a_sender_is_told_by_headers_and_words(raw: bytes, kind: str) -> None:
    assert read(raw).auto.kind == kind


def test_another_installations_mark_is_not_ours() -> None:
    assert read(a_mail(X_Itsm_Instance="desk.example.net")).auto.kind == filters.PERSON


def test_a_bounce_points_at_the_ticket_whose_mail_it_returns() -> None:
    ours = own_message_id(b"secret", TICKET, 4, "ack", "desk.example.org")
    raw = report("delivery-status", "text/rfc822-headers", f"Subject: x\r\nMessage-ID: <{ours}>")
    pointers = candidates(read(raw), (b"secret",), "desk.example.org")
    assert (pointers[0].how, pointers[0].record) == (OWN_MESSAGE_ID, TICKET)


def test_a_person_who_pastes_our_message_id_into_a_text_points_at_nothing() -> None:
    ours = own_message_id(b"secret", TICKET, 4, "ack", "desk.example.org")
    assert candidates(read(a_mail(f"<{ours}>")), (b"secret",), "desk.example.org") == ()
