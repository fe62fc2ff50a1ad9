"""Email: whatever is wrong with a mail's bytes, its words, sender and files come out, or one named error does."""

import random
import time

import pytest
from itsm.core.errors import MalformedError
from itsm.service_desk.filters import Own
from itsm.service_desk.sources import email
from itsm.service_desk.submission import Submission

from tests.builders import NOON
from tests.itsm.service_desk.mails import a_mail

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))


def read(raw: bytes) -> Submission:
    return email.parse(raw, received_at=NOON, own=OWN, blob="mail/raw")


def test_a_plain_mail_is_read_as_it_was_written() -> None:
    mail = read(a_mail())
    assert (mail.sender, mail.sender_name, mail.subject, mail.text) == (
        "rita@example.org",
        "Rita Requester",
        "The mail server is slow",
        "It is slow.",
    )
    assert (mail.key, mail.raw, mail.recipients) == (
        "first@mail.example.org",
        "mail/raw",
        ("support@desk.example.org",),
    )


def test_an_mbox_line_a_byte_order_mark_and_blank_lines_before_the_head_are_no_part_of_it() -> None:
    for before in (b"From rita@example.org Mon Nov 24 16:00:00 2025\n", b"\xef\xbb\xbf", b"\r\n\r\n"):
        assert read(before + a_mail()).subject == "The mail server is slow"


def test_a_mail_with_bare_carriage_returns_is_read() -> None:
    assert read(a_mail().replace(b"\r\n", b"\r")).text == "It is slow."


def test_a_continuation_line_that_lost_its_indent_belongs_to_its_header() -> None:
    raw = a_mail().replace(b"Subject: The mail", b"Subject: The\r\nmail")
    assert read(raw).subject == "The mail server is slow"


def test_a_head_without_a_blank_line_ends_where_no_header_follows() -> None:
    assert read(b"From: rita@example.org\nSubject: Slow\nThis is the body.\nStill the body.\n").text.startswith(
        "This is the body."
    )


def test_blanks_before_the_colon_do_not_hide_a_header() -> None:
    assert read(a_mail().replace(b"Subject:", b"Subject :")).subject == "The mail server is slow"


def test_encoded_words_that_split_a_character_are_joined_before_they_are_decoded() -> None:
    assert read(a_mail(Subject="=?utf-8?B?xbzDs8WC?=\r\n =?utf-8?B?xIc=?=")).subject == "żółć"
    assert read(a_mail(Subject="=?utf-8?Q?=C5?= =?utf-8?Q?=BC?=")).subject == "ż"


def test_a_wrong_charset_label_does_not_garble_what_is_plainly_something_else() -> None:
    said = "Drukarka drukuje żółte paski"
    assert read(a_mail(said.encode(), Content_Type="text/plain; charset=us-ascii")).text == said
    assert read(a_mail(said.encode(), Content_Type="text/plain; charset=no-such-charset")).text == said
    assert read(a_mail("Größe".encode("cp1252"), Content_Type="text/plain; charset=utf-8")).text == "Größe"
    assert read(a_mail("价格".encode("gb18030"), Content_Type="text/plain; charset=iso-gb2312")).text == "价格"


def test_a_charset_no_mail_may_name_is_not_used() -> None:
    assert read(a_mail("plain", Content_Type="text/plain; charset=unicode_escape")).text == "plain"
    assert read(a_mail("plain", Content_Type="text/plain; charset=punycode")).text == "plain"


def test_base64_with_rubbish_in_it_and_no_padding_is_read() -> None:
    headers = {"Content_Transfer_Encoding": "base64", "Content_Type": "text/plain; charset=utf-8"}
    assert read(a_mail("SXQg!aXM g\r\nc2x\x00vdw", **headers)).text == "It is slow"


def test_a_file_name_is_joined_decoded_and_stripped_of_folders() -> None:
    named = "filename*0*=utf-8''..%2F%C5%BC; filename*1*=%C3%B3%C5%82.png"
    parts = f"Content-Type: image/png\r\nContent-Disposition: attachment; {named}"
    raw = a_mail(f"--b\r\n{parts}\r\n\r\nxx\r\n--b--\r\n", Content_Type="multipart/mixed; boundary=b")
    assert [(one.name, one.size) for one in read(raw).attachments] == [("żół.png", 2)]


def test_an_attached_mail_stays_whole() -> None:
    inner = "From: a@b.example\r\nSubject: Inner\r\n\r\nHello"
    raw = a_mail(
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n", Content_Type="multipart/mixed; boundary=b"
    )
    (attached,) = read(raw).attachments
    assert (attached.name, attached.type) == ("Inner.eml", "message/rfc822")
    assert b"Subject: Inner" in attached.content
    assert b"Hello" in attached.content


def test_uuencoded_files_in_the_text_become_attachments() -> None:
    raw = a_mail("See the file.\n\nbegin 644 notes.txt\n#0V%T\n`\nend\n")
    mail = read(raw)
    assert [(one.name, one.content) for one in mail.attachments] == [("notes.txt", b"Cat")]
    assert mail.text == "See the file."


def test_nul_bidi_overrides_and_lone_surrogates_do_not_survive() -> None:
    mail = read(a_mail("a\x00b\u202ec\xed".encode("utf-8", "replace"), Subject="x\u202egnp.exe\udcff"))
    assert mail.text == "abcí"
    mail.subject.encode()
    assert "\u202e" not in mail.subject


def test_of_text_and_html_that_say_the_same_the_text_is_kept_once() -> None:
    body = "--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--b--"
    mail = read(a_mail(body, Content_Type="multipart/alternative; boundary=b"))
    assert (mail.text, mail.html) == ("Hello", "<p>Hello</p>")


def test_several_texts_are_read_one_after_the_other() -> None:
    body = "--b\r\nContent-Type: text/plain\r\n\r\nOne\r\n--b\r\nContent-Type: text/plain\r\n\r\nTwo\r\n--b--"
    assert read(a_mail(body, Content_Type="multipart/mixed; boundary=b")).text == "One\n\nTwo"


def test_files_beyond_the_limit_are_counted_not_forgotten() -> None:
    parts = "--b\nContent-Type: image/png; name=x.png\n\nxx\n" * 53
    mail = read(a_mail(f"{parts}--b--\n", Content_Type="multipart/mixed; boundary=b"))
    assert (len(mail.attachments), mail.fields) == (50, {"files_left_out": "3"})


@pytest.mark.parametrize("header", ["Reply-To", "Sender", "Return-Path"])
def test_a_mail_without_from_has_the_sender_another_header_names(header: str) -> None:
    raw = a_mail(without="From", **{header.replace("-", "_"): "<Rita@Example.org>"})
    assert read(raw).sender == "rita@example.org"


def test_a_mail_that_names_no_sender_is_malformed() -> None:
    with pytest.raises(MalformedError, match="names no sender"):
        read(a_mail(without="From"))


def test_a_mail_without_any_header_is_malformed() -> None:
    with pytest.raises(MalformedError):
        read(b"")
    with pytest.raises(MalformedError):
        read(b"just words\nand more words\n")


@pytest.mark.parametrize("depth", [60, 1_200])
def test_absurd_nesting_is_malformed(depth: int) -> None:
    body = "".join(f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n" for level in range(depth))
    with pytest.raises(MalformedError, match="nests absurdly"):
        read(b"From: rita@example.org\n" + body.encode())


def test_absurdly_many_parts_are_malformed() -> None:
    with pytest.raises(MalformedError, match="nests absurdly"):
        read(a_mail("--b\n\nx\n" * 500, Content_Type="multipart/mixed; boundary=b"))


@pytest.mark.parametrize(
    "raw",
    [
        a_mail(To="(" * 500_000),
        a_mail(To=", ".join(f"a{n}@example.org" for n in range(20_000))),
        a_mail(Subject="=?utf-8?Q?" + "=C5=BC" * 40_000 + "?="),
        a_mail(Subject=" ".join(["=?utf-8?B?xbw=?="] * 10_000)),
        a_mail(Subject="x" * 400_000),
        a_mail("<div>" * 20_000, Content_Type="text/html"),
        a_mail("<!--" * 50_000, Content_Type="text/html"),
        a_mail("<blockquote>" * 5_000, Content_Type="text/html"),
        a_mail("> " * 200_000),
        a_mail("On " * 100_000 + "wrote:\n"),
        a_mail("\n".join(["On 1 Jan a@b.example"] * 20_000)),
        a_mail(Content_Type="multipart/mixed; " + "a*0=b; " * 20_000),
        a_mail(References=" ".join(f"<{n}@example.org>" for n in range(20_000))),
        a_mail("begin 644 x\n" * 20_000 + "end\n"),
        a_mail(From=":" * 30_000 + "a@b.example"),
    ],
    ids=lambda raw: f"{len(raw)} bytes",
)
def test_no_known_killer_takes_a_second(raw: bytes) -> None:
    started = time.process_time()
    read(raw)
    assert time.process_time() - started < 1


def test_no_mutant_of_a_mail_raises_anything_but_malformed() -> None:
    chance = random.Random(20251124)
    plain = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nżó\r\n"
    body = f"{plain}--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--b--\r\n"
    seed = a_mail(
        body,
        Content_Type="multipart/alternative; boundary=b",
        Subject="=?utf-8?Q?=C5=BC?= x",
        Cc="a <b@c.example>, d@e.example",
    )
    for _ in range(600):
        raw = bytearray(seed)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randint(0, 3)] = bytes(
                chance.choices(b'\x00\r\n \t":;<>(=?*-@\xff\xc5azA1', k=chance.randint(0, 4))
            )
        try:
            mail = read(bytes(raw))
        except MalformedError:
            continue
        f"{mail.subject}{mail.text}{mail.html}{mail.sender}{mail.sender_name}{mail.recipients}".encode()
