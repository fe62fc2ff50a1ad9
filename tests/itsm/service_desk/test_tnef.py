"""TNEF: what Outlook wraps into a winmail.dat comes out again, and damage ends it without an error."""

import struct
import time

from itsm.service_desk.filters import Own
from itsm.service_desk.sources import email, rtf, tnef

from tests.itsm.service_desk.mails import a_mail

PDF = b"%PDF-1.4 a plan"


def attribute(kind: int, data: bytes, level: int = 2) -> bytes:
    return struct.pack("<BHHI", level, kind, 6, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def text_property(name: int, said: str) -> bytes:
    raw = said.encode("utf-16-le") + b"\0\0"
    return struct.pack("<HHII", 0x1F, name, 1, len(raw)) + raw + b"\0" * (-len(raw) % 4)


def winmail(name: str = "Büroplan.pdf", body: str = "See the plan.") -> bytes:
    long_name = struct.pack("<I", 1) + text_property(tnef.LONG_NAME, name)
    said = struct.pack("<I", 1) + text_property(tnef.TEXT_BODY, body)
    return (
        struct.pack("<IH", tnef.SIGNATURE, 1)
        + attribute(tnef.MESSAGE_PROPERTIES, said, 1)
        + attribute(tnef.RENDERING, b"\0" * 14)
        + attribute(tnef.TITLE, b"BUEROP~1.PDF\0")
        + attribute(tnef.DATA, PDF)
        + attribute(tnef.PROPERTIES, long_name)
    )


def wrapped(inside: bytes, words: str = "") -> bytes:
    import base64

    head = 'Content-Type: text/plain\n\n{}\n--B\nContent-Type: application/ms-tnef; name="winmail.dat"\n'
    body = "--B\n" + head.format(words) + "Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(inside).decode()
    return a_mail(body + "--B--\n", Content_Type='multipart/mixed; boundary="B"')


def test_a_file_comes_out_under_its_long_name() -> None:
    assert tnef.files(winmail()) == [("Büroplan.pdf", PDF)]


def test_the_files_stand_on_the_ticket_in_place_of_winmail_dat(own: Own) -> None:
    mail = email.parse(wrapped(winmail(), "Hello."), received_at=0, own=own)
    assert ([one.name for one in mail.attachments], mail.text) == (["Büroplan.pdf"], "Hello.")


def test_the_words_inside_are_the_mails_words_when_it_has_none(own: Own) -> None:
    assert email.parse(wrapped(winmail()), received_at=0, own=own).text == "See the plan."


def test_what_cannot_be_opened_is_kept_as_it_came(own: Own) -> None:
    mail = email.parse(wrapped(b"no such thing"), received_at=0, own=own)
    assert [one.name for one in mail.attachments] == ["winmail.dat"]


def test_a_file_cut_anywhere_raises_nothing() -> None:
    whole = winmail()
    for at in range(len(whole)):
        tnef.files(whole[:at])
        tnef.body(whole[:at])


def test_compressed_rich_text_is_unpacked_and_bounded() -> None:
    # Microsoft [MS-OXRTFCP] 4.1: the example's bytes and what they say.
    raw = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf.unpacked(raw) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.unpacked(raw[:15]) == b""
    assert len(rtf.unpacked(struct.pack("<IIII", 0, 2**31, rtf.COMPRESSED, 0) + b"\0aaaaaaaa" * 9)) == 72


def test_rich_text_that_grows_is_unpacked_once() -> None:
    packed = b"".join(
        b"\xff" + b"".join(struct.pack(">H", (at * 136 + step * 17 + 107) % 4096 << 4 | 15) for step in range(8))
        for at in range(rtf.MOST // 136 + 1)
    )
    whole = struct.pack("<IIII", len(packed) + 12, 2**31 - 1, rtf.COMPRESSED, 0) + packed
    held = struct.pack("<HHII", 0x102, tnef.RTF_BODY, 1, len(whole)) + whole + b"\0" * (-len(whole) % 4)
    inside = struct.pack("<IH", tnef.SIGNATURE, 1) + attribute(tnef.MESSAGE_PROPERTIES, struct.pack("<I", 9) + held * 9)
    started = time.process_time()
    assert [name for name, _ in tnef.files(inside)] == ["body.rtf"]
    assert time.process_time() - started < 2


def test_of_many_winmail_dat_a_few_are_opened_and_the_others_kept(own: Own) -> None:
    part = b"--b\nContent-Type: application/ms-tnef\n\n" + winmail().replace(b"\n", b" ") + b"\n"
    mail = email.parse(a_mail(part * 4 + b"--b--", Content_Type="multipart/mixed; boundary=b"), received_at=0, own=own)
    names = [one.name for one in mail.attachments]
    assert names[-2:] == ["application-3.dat", "application-4.dat"]
    assert "application-1.dat" not in names
