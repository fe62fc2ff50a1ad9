"""Taken apart: what a provider posts as fields is the mail it was, and nothing in a field can pass for a header."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsm.core.errors import MalformedError
from itsm.runtime.policies import Policies
from itsm.service_desk.filters import Own
from itsm.service_desk.sources import email, mime, taken_apart
from itsm.service_desk.submission import Submission

from tests.support.mail import raw
from tests.support.providers import VENDORS, Field, form

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))
SOURCES = Policies().sources.webhook
HEAD = [{"Name": "Message-ID", "Value": "<a@example.org>"}]
RITA = {"FromFull": {"Email": "rita@example.org", "Name": "Rita"}, "Subject": "Hello", "TextBody": "It burns."}


def posted(source: str, body: bytes, kind: str = "application/json") -> bytes:
    return taken_apart.whole_mail(body, {"content-type": kind}, SOURCES[source])


def read(mail: bytes) -> Submission:
    assert mail
    return email.parse(mail, received_at=1, own=OWN)


def postmark(**fields: Any) -> Submission:
    return read(posted("postmark", json.dumps({**RITA, "Headers": HEAD, **fields}).encode()))


def sendgrid(*files: Field, **fields: bytes) -> Submission:
    given = {"headers": b"From: Rita <rita@example.org>\nMessage-ID: <a@example.org>\n", "text": b"It burns.", **fields}
    return read(posted("sendgrid", *form([*((name, "", "", value) for name, value in given.items()), *files])))


def mailgun(head: Any, **fields: bytes) -> Submission:
    given = {"message-headers": json.dumps(head).encode(), "body-plain": b"It burns.", **fields}
    return read(posted("mailgun", *form([(name, "", "", value) for name, value in given.items()])))


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\n\r\n", "\n\0"])
def test_no_value_begins_a_header_or_the_body(end: str) -> None:
    evil = f"<a@example.org>{end}Auto-Submitted: auto-replied{end}X-Itsm-Instance: desk.example.org"
    for found in (
        postmark(Headers=[{"Name": "Message-ID", "Value": evil}], Subject=f"Hello{end}Auto-Submitted: auto-replied"),
        mailgun([["From", "rita@example.org"], ["Message-ID", evil]], subject=f"Hello{end}Precedence: bulk".encode()),
    ):
        assert (found.auto.kind, found.sender, found.message_id) == ("person", "rita@example.org", "a@example.org")
        assert (found.text, found.subject.startswith("Hello")) == ("It burns.", True)


def test_what_is_no_header_s_name_is_none() -> None:
    names = ["Auto-Submitted: x\r\nX", "Auto Submitted", "Auto-Submitted:", "", "\u00c4", None, 3, ["a"]]
    heads = [{"Name": name, "Value": "auto-replied"} for name in names]
    assert postmark(Headers=[*HEAD, *heads, "nonsense", None]).auto.kind == "person"
    found = mailgun([["From", "rita@example.org"], *([name, "auto-replied"] for name in names), ["From"], "x", None])
    assert (found.auto.kind, found.sender) == ("person", "rita@example.org")


def test_a_blank_line_ends_no_block_and_a_line_without_a_name_goes_on_the_one_before() -> None:
    block = b"From: Rita\r\n <rita@example.org>\r\n\r\nSubject: It\nis so\nMessage-ID: <a@example.org>\n\n"
    found = sendgrid(headers=block)
    assert (found.sender, found.subject, found.message_id) == ("rita@example.org", "It is so", "a@example.org")


@pytest.mark.parametrize("name", ['eve" <ceo@example.org>, "x', "ceo@example.org, x\\", "ceo@example.org\r\nFrom: x"])
def test_a_sender_s_name_is_no_second_address(name: str) -> None:
    found = postmark(FromFull={"Email": "eve@evil.example", "Name": name})
    assert found.sender == "eve@evil.example"
    assert found.trust == 1


def test_two_writers_stay_two_and_are_believed_least() -> None:
    assert sendgrid(headers=b"From: a@example.org\nFrom: b@example.org\n").trust == 0


def test_a_header_the_block_has_is_not_filled_in_and_one_it_lacks_is() -> None:
    found = sendgrid(headers=b"From: rita@example.org\nX: y\n", **{"from": b"eve@evil.example", "subject": b"Hello"})
    assert (found.sender, found.subject) == ("rita@example.org", "Hello")


def test_how_the_body_was_written_before_is_forgotten() -> None:
    block = (
        b"From: rita@example.org\nContent-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n"
        b"MIME-Version: 1.0\nContent-Disposition: attachment; filename=x.exe\n"
    )
    found = sendgrid(headers=block)
    assert (found.text, found.attachments) == ("It burns.", ())


@pytest.mark.parametrize(
    ("said", "label", "words"),
    [
        ("Türen".encode(), "iso-8859-1", "Türen"),
        ("Türen".encode("cp1252"), "windows-1252", "Türen"),
        ("Türen".encode("cp1252"), "utf-8", "Türen"),
        ("ツール".encode("shift_jis"), "Shift_JIS", "ツール"),
        ("Türen".encode(), 'x"; name="evil', "Türen"),
        ("Türen".encode("utf-16"), "utf-16", "Türen"),
    ],
)
def test_a_charset_is_judged_as_that_of_any_mail(said: bytes, label: str, words: str) -> None:
    found = sendgrid(text=said, charsets=json.dumps({"text": label, "from": 3}).encode())
    assert (found.text, found.attachments) == (words, ())


def test_8_bit_headers_are_read_in_the_charset_of_the_text_or_in_their_own() -> None:
    block = "From: rita@example.org\nSubject: ツール\n".encode("shift_jis")
    assert sendgrid(headers=block, charsets=b'{"text": "shift_jis"}').subject == "ツール"
    assert mailgun([["From", "Jürgen <j@example.org>"], ["Subject", "Tür"]]).sender_name == "Jürgen"


def test_a_mail_of_html_alone_has_no_text_of_its_provider_s_making() -> None:
    head = [["From", "rita@example.org"], ["Content-Type", "text/html; charset=utf-8"]]
    found = mailgun(head, **{"body-plain": b"made up", "body-html": b"<p>It <b>burns</b>.</p>"})
    assert found.text == "It burns."
    assert read(posted("mailgun", *form([("message-headers", "", "", json.dumps(head).encode())]))).text == ""


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ("SGVsbG8", b"Hello"),
        ("SGVs\r\nbG8=\r\n", b"Hello"),
        ("this is no base64 at all: ---- !!!! ????", b"this is no base64 at all: ---- !!!! ????"),
        ("", b""),
        (None, b""),
        (["SGVsbG8="], b"Hello"),
    ],
)
def test_a_file_in_bad_base64_is_named_and_nothing_of_it_lost(content: Any, kept: bytes) -> None:
    file = {"Name": "../../\u202egnp.a|b.txt\r\nX: y", "ContentType": "text/plain; x=y", "Content": content}
    (found,) = postmark(Attachments=[file, "nonsense", None]).attachments
    assert (found.content, found.type) == (kept, "text/plain")
    assert not set("/\\\r\n\u202e|") & set(found.name)


def test_files_keep_the_order_of_the_mail_and_their_content_ids() -> None:
    files = [(f"attachment{at}", f"{at}.bin", "image/png", b"\0\r\n%d\r\r\n" % at) for at in (10, 2, 1)]
    found = sendgrid(*files, **{"content-ids": b'{"p1": "attachment1"}', "attachment3": b"nameless"}).attachments
    assert [one.name for one in found][:2] == ["1.bin", "2.bin"]
    assert [one.content for one in found] == [b"\0\r\n1\r\r\n", b"\0\r\n2\r\r\n", b"nameless", b"\0\r\n10\r\r\n"]
    assert [one.content_id for one in found] == ["p1", "", "", ""]


@pytest.mark.parametrize("kind", ["multipart/mixed; boundary=x", "nonsense", "text/html\r\nX-Y: z", "\u0442/\u0442"])
def test_a_file_of_an_odd_type_is_a_file(kind: str) -> None:
    file = {"Name": "a", "ContentType": kind, "Content": base64.b64encode(b"--x\r\n\r\nhi").decode()}
    (found,) = postmark(Attachments=[file]).attachments
    assert found.content == b"--x\r\n\r\nhi"


def test_an_attached_mail_stays_whole() -> None:
    inner = raw("Inner words.", subject="Inner").replace(b"\r\n", b"\n")
    file = {"Name": "", "ContentType": "message/rfc822", "Content": base64.b64encode(inner).decode()}
    found = postmark(Attachments=[file])
    assert (found.text, [one.name for one in found.attachments]) == ("It burns.", ["Inner.eml"])
    assert b"Inner words." in found.attachments[0].content


def test_a_signed_mail_is_told_as_one() -> None:
    kind = 'multipart/signed; protocol="application/pgp-signature"; boundary=x'
    assert sendgrid(headers=b"From: rita@example.org\nContent-Type: " + kind.encode()).fields == {
        "protection": "PGP signed"
    }


def test_a_part_for_machines_is_found_among_the_files_of_a_report() -> None:
    block = b"From: mta@mx.example.net\nContent-Type: multipart/report; report-type=Delivery-Status\n"
    said = b"Final-Recipient: rfc822; rita@example.org\nAction: delayed\nStatus: 4.4.1\n"
    found = sendgrid(("attachment1", "details.txt", "application/octet-stream", said), headers=block)
    assert (found.auto.kind, [one.address for one in found.failures]) == ("delayed", ["rita@example.org"])


def test_a_person_who_attaches_what_a_post_office_said_is_a_person() -> None:
    said = b"Final-Recipient: rfc822; rita@example.org\nAction: failed\nStatus: 5.1.1\n"
    assert sendgrid(("attachment1", "details.txt", "text/plain", said)).auto.kind == "person"


def test_a_head_without_end_leaves_the_body_to_be_read() -> None:
    long = [["X-Long", "a" * 700_000], ["X-Longer", "b" * 700_000]] + [["X", "y"]] * 5_000
    found = mailgun([*long, ["Subject", "After all"]], **{"from": b"Rita <rita@example.org>"})
    assert (found.sender, found.text) == ("rita@example.org", "It burns.")


def test_a_mail_with_hundreds_of_headers_posted_one_by_one_is_taken() -> None:
    fields = {f"X-Header-{number}": b"1" for number in range(600)}
    assert mailgun([["From", "rita@example.org"]], **fields).text == "It burns."


def test_the_same_mail_in_another_post_is_the_same_bytes() -> None:
    mails = {
        posted("sendgrid", *form([("headers", "", "", b"From: a@b.org\n"), ("SPF", "", "", spf)], boundary))
        for spf, boundary in ((b"pass", "one"), (b"fail", "two"))
    }
    assert len(mails) == 1


def test_what_cannot_be_read_as_a_mail_is_left_to_the_mapping() -> None:
    for body in (b"", b"[]", b"{", b'{"Headers": {}}', b'{"Headers": "From: x"}', b"null", b'{"Headers": [[[]]]}'):
        assert posted("postmark", body) == b""
    assert posted("sendgrid", b"headers=", "application/x-www-form-urlencoded") == b""
    assert posted("mailgun", b"message-headers=[", "application/x-www-form-urlencoded") == b""
    assert posted("mailgun", b"x" * 10, "multipart/form-data") == b""
    assert posted("github", b"{}") == b""
    small = replace(SOURCES["postmark"], max_bytes=10)
    assert taken_apart.whole_mail(json.dumps({"Headers": HEAD}).encode(), {}, small) == b""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["Name", "Value", "Content"]), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["Headers", "From", "FromFull", "Subject", "Attachments", "TextBody"]), JSON))
def test_nothing_that_is_posted_raises(payload: Mapping[str, Any]) -> None:
    mail = posted("postmark", json.dumps({"Headers": HEAD, **payload}).encode())
    if mail:
        assert mime.read(mail).parts


TEXT = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["a\r\nX-Evil: 1", "\n\nX-Evil: 1", "\rX-Evil: 1"]
)


@given(st.lists(st.tuples(st.sampled_from(["Subject", "X-A", "x-b"]) | TEXT, TEXT), min_size=1), TEXT)
def test_a_mail_has_the_headers_it_was_posted_with_and_no_other(pairs: list[tuple[str, str]], subject: str) -> None:
    heads = [{"Name": name, "Value": value} for name, value in pairs]
    post = {"Headers": [*HEAD, *heads], "Subject": subject, "FromFull": {"Name": subject, "Email": subject}}
    names = {name.strip().lower() for name, _ in pairs} | {"message-id", "from", "subject"}
    mail = mime.read(posted("postmark", json.dumps(post).encode()))
    assert set(mail.fields) - names == {"mime-version", "content-type"} - names
    assert len(mail.fields["content-type"]) == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_mail_that_was_taken_apart_says_what_it_said(vendor: str, shared: Callable[[str], Path]) -> None:
    """Every mail of the corpus with a head that a provider would post: who, what and which kind, as it came."""
    own, odd, told = Own(domain="desk.example.org"), [], 0
    for path in sorted(shared("mail/zammad").glob("*.box")) + sorted(shared("mail/flufl.bounce").glob("*.txt")):
        whole = path.read_bytes()
        try:
            straight = email.parse(whole, received_at=1, own=own)
        except MalformedError:
            continue
        post = VENDORS[vendor](whole, 1)
        mail = taken_apart.whole_mail(post.body, post.headers, SOURCES[vendor])
        if mail:
            told += 1
            found = email.parse(mail, received_at=1, own=own)
            same = (found.auto.kind, found.message_id) == (straight.auto.kind, straight.message_id)
            odd += [] if same and found.sender == straight.sender else [path.name]
    assert told > 100
    assert len(odd) <= told // 50, odd


@pytest.mark.parametrize(
    ("source", "name", "subject", "files"),
    [
        ("sendgrid", "sendgrid__valid", "Test", ["foo.txt", "msg-12415-313.html", "bar.txt", "msg-12415-314.html"]),
        ("sendgrid", "sendgrid__encoding", "Hello €", []),
        ("sendgrid", "sendgrid__spam", "", None),
        ("mailgun", "mailgun__parsed__valid", "Test", ["foo.txt", "bar.txt"]),
        ("postmark", "postmark__valid", "Test", ["foo.txt", "bar.txt"]),
    ],
)
def test_what_providers_really_posted_is_a_mail(
    source: str, name: str, subject: str, files: list[str] | None, shared: Callable[[str], Path]
) -> None:
    whole = shared(f"webhooks/multi_mail/{name}.txt").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head, _, body = whole.partition(b"\r\n\r\n")
    kind = next(line for line in head.decode().split("\r\n") if line.lower().startswith("content-type:"))
    found = read(posted(source, body, kind.partition(":")[2].strip()))
    assert (found.sender, found.sender_name) == ("james@opennorth.ca", "James McKinney")
    assert (found.subject, found.message_id.endswith("@opennorth.ca")) == (subject, True)
    assert files is None or sorted(one.name for one in found.attachments) == sorted(files)
