"""TNEF: the files and the text inside a winmail.dat, as Outlook wraps them for nobody but itself."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from itsm.service_desk.sources import charsets, rtf

SIGNATURE = 0x223E9F78
TITLE, DATA, RENDERING, PROPERTIES = 0x8010, 0x800F, 0x9002, 0x9005
MESSAGE_PROPERTIES, CODEPAGE, BODY = 0x9003, 0x9007, 0x800C
SHORT_NAME, LONG_NAME, DISPLAY_NAME, OBJECT = 0x3704, 0x3707, 0x3001, 0x3701
TEXT_BODY, RTF_BODY, HTML_BODY = 0x1000, 0x1009, 0x1013
SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
VARIABLE = (0x0D, 0x1E, 0x1F, 0x102)
MANY, UNICODE, NAMED = 0x1000, 0x1F, 0x8000
MAX_FILES, MAX_DEPTH = 100, 4
MAX_PROPERTIES = 2_000


@dataclass(slots=True)
class _File:
    title: str = ""
    name: str = ""
    shown: str = ""
    content: bytes = b""
    inner: bytes = b""


@dataclass(slots=True)
class _Message:
    files: list[_File] = field(default_factory=list)
    text: str = ""
    html: str = ""
    rtf: bytes = b""


def is_one(raw: bytes) -> bool:
    """Whether these bytes are a winmail.dat at all."""
    return len(raw) >= 6 and struct.unpack_from("<I", raw)[0] == SIGNATURE


def files(raw: bytes) -> list[tuple[str, bytes]]:
    """(name, content) of each file inside, those of messages inside it too; what is damaged ends the list, no error.

    Format: Microsoft [MS-OXTNEF], properties [MS-OXCMSG] 2.2.
    """
    return list(islice(_files(_read(raw), 0, [rtf.MOST]), MAX_FILES))


def body(raw: bytes) -> tuple[str, str]:
    """(text, HTML) of the message inside, each "" where there is none."""
    message = _read(raw)
    return charsets.clean(message.text).strip("\0"), charsets.clean(message.html)


def _files(message: _Message, depth: int, left: list[int]) -> Iterator[tuple[str, bytes]]:
    """`left` are the bytes all bodies together may still grow to, for they grow slowly."""
    if message.rtf and not message.html and left[0] > 0:
        words = rtf.unpacked(message.rtf, left[0])
        left[0] -= len(words)
        if words:
            yield "body.rtf", words
    for one in message.files[:MAX_FILES]:
        if one.inner and depth < MAX_DEPTH:
            inner = _read(one.inner)
            if inner.files or inner.text or inner.html:
                yield from _files(inner, depth + 1, left)
                continue
        name = one.name or one.title or one.shown
        if name or one.content:
            yield charsets.clean(name).strip("\0 ") or "unknown.dat", one.content or one.inner


def _read(raw: bytes) -> _Message:
    message, page = _Message(), "cp1252"
    if not is_one(raw):
        return message
    for kind, data in _attributes(raw):
        if kind == CODEPAGE and len(data) >= 4:
            page = charsets.codec(f"cp{struct.unpack_from('<I', data)[0]}") or "cp1252"
        elif kind == RENDERING:
            message.files.append(_File())
        elif kind == BODY:
            message.text = message.text or charsets.decode(data.rstrip(b"\0"), page)
        elif kind == MESSAGE_PROPERTIES:
            _take_body(message, data, page)
        elif message.files:
            _take_part(message.files[-1], kind, data, page)
    return message


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at + 11 <= len(raw):
        _, kind, _, size = struct.unpack_from("<BHHI", raw, at)
        at += 9
        # A file cut short still holds what came before the cut.
        yield kind, raw[at : at + size]
        at += size + 2


def _take_part(file: _File, kind: int, data: bytes, page: str) -> None:
    if kind == TITLE:
        file.title = charsets.decode(data.rstrip(b"\0"), page)
    elif kind == DATA:
        file.content = data
    elif kind == PROPERTIES:
        for name, type_, value in _properties(data):
            if name == LONG_NAME or (name == SHORT_NAME and not file.name):
                file.name = _text(type_, value, page)
            elif name == DISPLAY_NAME:
                file.shown = _text(type_, value, page)
            elif name == OBJECT:
                file.inner = value[16:]


def _take_body(message: _Message, data: bytes, page: str) -> None:
    for name, type_, value in _properties(data):
        if name == TEXT_BODY:
            message.text = _text(type_, value, page)
        elif name == RTF_BODY:
            message.rtf = message.rtf or value
        elif name == HTML_BODY:
            message.html = charsets.decode(value.rstrip(b"\0"), page)


def _text(type_: int, value: bytes, page: str) -> str:
    return (
        value.decode("utf-16-le", "replace").strip("\0")
        if type_ == UNICODE
        else charsets.decode(value.rstrip(b"\0"), page)
    )


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(id, type, value) of each property; stops where the bytes stop making sense."""
    try:
        count, at = struct.unpack_from("<I", data)[0], 4
        for _ in range(min(count, MAX_PROPERTIES)):
            type_, name = struct.unpack_from("<HH", data, at)
            at += 4
            if name >= NAMED:
                at = _after_name(data, at)
            values, at = _values(data, at, type_)
            for value in values:
                yield name, type_ & ~MANY, value
    except struct.error:
        return


def _after_name(data: bytes, at: int) -> int:
    kind, size = struct.unpack_from("<II", data, at + 16)
    return at + 24 + (_padded(size) if kind else 0)


def _values(data: bytes, at: int, type_: int) -> tuple[list[bytes], int]:
    kind, count = type_ & ~MANY, 1
    if type_ & MANY or kind in VARIABLE:
        count = min(struct.unpack_from("<I", data, at)[0], MAX_PROPERTIES)
        at += 4
    found = []
    for _ in range(count):
        if kind in VARIABLE:
            size = struct.unpack_from("<I", data, at)[0]
            at += 4
        elif kind in SIZES:
            size = SIZES[kind]
        else:
            raise struct.error("a property of unknown type")
        if at + size > len(data):
            raise struct.error("a property reaches beyond its attribute")
        found.append(data[at : at + size])
        at += _padded(size)
    return found, at


def _padded(size: int) -> int:
    return (size + 3) // 4 * 4
