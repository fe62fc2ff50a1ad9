"""Killers: mails known to stop, exhaust or crash a mail reader, made here; each must be read or refused fast."""

import struct
from collections.abc import Iterator

from itsm.service_desk.sources import rtf, tnef

HEAD = b"From: a@example.org\nTo: support@desk.example.org\nMessage-ID: <k@example.org>\n"


def killers() -> Iterator[tuple[str, bytes]]:
    """(what it is, the raw mail), from small to large."""
    yield "deep comment", b"From: a@example.org\nTo: " + b"(" * 500 + b"\n\nx\n"
    yield "unclosed quote", b'From: "' + b"a" * 20_000 + b"@example.org\n\nx\n"
    yield "many encoded words", _with(b"Subject: " + b"\n ".join([b"=?utf-8?B?w6TDtsO8?="] * 9_000))
    yield "long subject", _with(b"Subject: " + b"a " * 200_000)
    yield "many recipients", _with(b"Cc: " + b", ".join(b"p%d@example.org" % n for n in range(20_000)))
    yield "many headers", _with(b"\n".join(b"X-H%d: v" % n for n in range(50_000)))
    yield "no blank line", HEAD + b"a stray line\n" * 30_000
    yield "nested multiparts", HEAD + _nested(1_000)
    yield "nested mails", HEAD + b"Content-Type: message/rfc822\n\n" * 2_000
    yield "many parts", _multipart(b"Content-Type: text/plain\n\nx\n", 5_000)
    yield "blocks of a status", HEAD + b"Content-Type: message/delivery-status\n\n" + b"a: b\n\n" * 500_000
    yield "many small parts", HEAD + b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--B\n\nx\n" * 500_000
    yield "many lines", HEAD + b"a: b\n" * 1_600_000
    yield "head without end", HEAD + b"x-a: b\n" * 200_000
    yield "many pages", _multipart(b"Content-Type: text/html\n\n" + b"<div>" * 390 + b"x" * 60_000 + b"\n", 60)
    yield "address without at", b"From: " + b"a" * 32_000 + b" <a@example.org>\n\nx\n"
    yield "sender in encoded words", b"From: =?utf-8?B?" + b"QQ" * 16_000 + b"?= <a@example.org>\n\nx\n"
    yield "uuencoded lines", _with(b"Subject: s") + b"begin 644 a\n" + b"!\n" * 500_000 + b"end\n"
    yield "same boundary inside", HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n" * 100_000
    yield "parameters without end", HEAD + b"Content-Type: text/plain; " + b"a*0*=x; " * 50_000 + b"\n\nx\n"
    yield "one long line", _with(b"Subject: s") + b"x" * 5_000_000
    yield "many quoted lines", _with(b"Subject: s") + b"> > > quoted\n" * 100_000
    yield "many attributions", _with(b"Subject: s") + b"On Mon, Jan 1, 2024 at 10:00 AM A <a@b.c> wrote:\n" * 20_000
    yield "blank lines", _with(b"Subject: s") + b" \n" * 500_000
    yield "uuencode begins", _with(b"Subject: s") + b"begin 644 a\n" * 50_000 + b"end\n"
    yield "base64 of nothing", HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"=\n" * 500_000
    for what, page in _pages():
        yield what, HEAD + b"Content-Type: text/html; charset=utf-8\n\n" + page
    yield "charset without end", HEAD + b"Content-Type: text/plain; charset=" + b"x" * 60_000 + b"\n\nx\n"
    yield "utf-7 and hz", HEAD + b"Content-Type: text/plain; charset=utf-7\n\n" + b"+AGE-" * 200_000
    yield "references", _with(b"References: " + b" ".join(b"<%d@example.org>" % n for n in range(20_000)))
    yield "addresses without end", _with(b"Cc: " + b"@" * 100_000 + b" " + b"a@" * 50_000)
    yield "rich text that grows", HEAD + b"Content-Type: application/ms-tnef\n\n" + _rich()
    yield "large attachment", _multipart(b"Content-Type: application/pdf\n\n" + b"x" * 8_000_000 + b"\n", 1)


def _pages() -> Iterator[tuple[str, bytes]]:
    yield "nested div", b"<div>" * 20_000 + b"x"
    yield "nested tables", b"<table><tr><td>" * 5_000 + b"x"
    yield "open comments", b"<!--" * 50_000
    yield "open tags", b"<a href=" * 100_000
    yield "open declarations", b"<![" * 100_000 + b"<?" * 100_000
    yield "entities", b"&#x41;&amp" * 100_000
    yield "quotes", b"<blockquote>" * 5_000 + b"x"
    yield "items in items", b"<dd><li>" * 120_000
    yield "ends of nothing", b"<b></p>" * 140_000
    yield "marks in rows", b"<dd>><dd x=1>" * 40_000
    yield "paragraphs without end", b"<p>x" * 260_000
    yield "words in pieces", b"<i>x</i>" * 120_000
    yield "attributes", b"<p " + b"a=b " * 200_000 + b">x"


def _rich() -> bytes:
    """A winmail.dat whose text says eight bytes with one, thirty times over."""
    packed = b"".join(
        b"\xff" + b"".join(((at * 136 + step * 17 + 107) % 4096 << 4 | 15).to_bytes(2, "big") for step in range(8))
        for at in range(8_000)
    )
    whole = struct.pack("<IIII", len(packed) + 12, 2**31 - 1, rtf.COMPRESSED, 0) + packed
    held = struct.pack("<HHII", 0x102, tnef.RTF_BODY, 1, len(whole)) + whole + b"\0" * (-len(whole) % 4)
    said = struct.pack("<I", 30) + held * 30
    return struct.pack("<IHBHHI", tnef.SIGNATURE, 1, 1, tnef.MESSAGE_PROPERTIES, 0, len(said)) + said


def _with(header: bytes) -> bytes:
    return HEAD + header + b"\n\nIt is slow.\n"


def _nested(levels: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels))


def _multipart(part: bytes, times: int) -> bytes:
    head = HEAD + b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n'
    return head + (b"--B\n" + part) * times + b"--B--\n"
