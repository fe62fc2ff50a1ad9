"""MIME: a mail whose parts are said wrongly is taken apart all the same, in the time its size explains."""

import base64
import time

import pytest
from itsm.core.errors import MalformedError
from itsm.service_desk.filters import BOUNCE, Own
from itsm.service_desk.sources import email
from itsm.service_desk.submission import Submission

from tests.builders import NOON
from tests.itsm.service_desk.mails import a_mail

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))
PARTS = (
    "--b\r\nContent-Type: text/plain\r\n\r\nIt is slow.\r\n"
    "--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1\r\n--b--\r\n"
)


def read(raw: bytes) -> Submission:
    return email.parse(raw, received_at=NOON, own=OWN)


@pytest.mark.parametrize(
    ("said", "encoding", "body"),
    [
        ("multipart/mixed", "7bit", PARTS),
        ('multipart/mixed; boundary="c"', "7bit", PARTS),
        ('multipart/mixed; boundary="b"', "base64", base64.encodebytes(PARTS.encode()).decode()),
    ],
)
def test_parts_are_found_by_their_own_lines_where_the_head_misleads(said: str, encoding: str, body: str) -> None:
    mail = read(a_mail(body, Content_Type=said, Content_Transfer_Encoding=encoding))
    assert (mail.text, [one.name for one in mail.attachments]) == ("It is slow.", ["a.csv"])


def test_a_mail_that_says_it_has_parts_and_has_none_is_a_text() -> None:
    mail = read(a_mail("It is slow.", Content_Type="multipart/mixed; boundary=b"))
    assert (mail.text, mail.attachments) == ("It is slow.", ())


def test_a_mail_that_was_attached_in_base64_is_opened() -> None:
    inner = base64.encodebytes(b"From: a@b.example\nSubject: Inner\n\nHello\n").decode()
    kind = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    mail = read(a_mail(f"--b\r\n{kind}{inner}\r\n--b--\r\n", Content_Type="multipart/mixed; boundary=b"))
    assert [(one.name, one.content) for one in mail.attachments] == [
        ("Inner.eml", b"From: a@b.example\nSubject: Inner\n\nHello\n")
    ]


def test_a_delivery_status_in_base64_says_what_failed() -> None:
    status = "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1"
    kind = "Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = f"--b\r\n{kind}{base64.encodebytes(status.encode()).decode()}\r\n--b--\r\n"
    mail = read(a_mail(body, Content_Type="multipart/report; report-type=delivery-status; boundary=b"))
    assert (mail.auto.kind, [one.address for one in mail.failures]) == (BOUNCE, ["a@b.example"])


def test_a_blank_before_the_colon_of_the_first_line_makes_it_no_mbox_line() -> None:
    mail = read(b"From : rita@example.org\nSubject : Slow\n\nIt is.\n")
    assert (mail.sender, mail.subject) == ("rita@example.org", "Slow")


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ("message/delivery-status", b"a: b\n\n" * 200_000),
        ("multipart/mixed; boundary=b", b"--b\n\nx\n" * 200_000),
        ("text/plain", b"x\n" * 1_600_000),
    ],
)
def test_a_mail_of_absurdly_many_pieces_is_refused_before_they_are_made(said: str, body: bytes) -> None:
    started = time.process_time()
    with pytest.raises(MalformedError, match="more than"):
        read(a_mail(body, Content_Type=said))
    assert time.process_time() - started < 1


def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(MalformedError, match="no end"):
        read(b"From: rita@example.org\n" + b"x-a: b\n" * 200_000)


def test_what_was_written_under_base64_is_no_part_of_the_file() -> None:
    kind = "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = base64.encodebytes(b"%PDF-1.4 hello").decode() + "\nThis mail was scanned\n"
    mail = read(a_mail(f"--b\r\n{kind}{body}--b--\r\n", Content_Type="multipart/mixed; boundary=b"))
    assert mail.attachments[0].content == b"%PDF-1.4 hello"


def test_lines_that_were_encoded_each_for_itself_stay_over_what_was_written_under_them() -> None:
    lines = "".join(base64.encodebytes(line).decode() for line in (b"one\n", b"two\n", b"three\n", b"four\n"))
    mail = read(a_mail(lines + "-- \nThis mail was scanned\n", Content_Transfer_Encoding="base64"))
    assert mail.text == "one\ntwo\nthree\nfour"


def test_a_page_is_read_beside_an_alternative_that_has_lost_its_parts() -> None:
    parts = (
        "--b\r\nContent-Type: text/html\r\n\r\n<p>Slow</p>\r\n--b\r\nContent-Type: multipart/related; boundary=c\r\n"
    )
    mail = read(a_mail(f"{parts}\r\nlost\r\n--b--\r\n", Content_Type="multipart/alternative; boundary=b"))
    assert mail.text == "Slow\n\nlost"


def test_base64_that_was_glued_from_pieces_is_read_to_its_end() -> None:
    glued = base64.encodebytes(b"It is ").decode() + "\n" + base64.encodebytes(b"a b").decode() + "c2xvdw==\n"
    mail = read(a_mail(glued.replace("YSBi", "YQ=="), Content_Transfer_Encoding="base64"))
    assert mail.text == "It is aslow"
