"""MIME: the parts of a mail, decoded, within bounds; the standard library splits, this file forgives."""

import binascii
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import compat32
from itertools import count

from itsm.core.errors import MalformedError
from itsm.service_desk.sources import charsets, headers
from itsm.service_desk.sources.repair import repaired

MAX_BYTES = 41_943_040
"""The largest mail SES receives (Amazon SES quotas: 40 MB)."""
MAX_DEPTH, MAX_PARTS, MAX_FIELDS = 24, 400, 2_000
MAX_MESSAGES, MAX_LINES = 4_000, 1_500_000
"""What the library may make a message of (parts, and those of attached mails; each block of a delivery status too), and
lines: encoded, a mail of MAX_BYTES has a third of them."""
GUESSED = re.compile(rb"^--([^\s\"\\]{1,70})[ \t]*\n(?=content-[a-z-]{2,30}[ \t]*:)", re.IGNORECASE | re.MULTILINE)
"""A line that can only be a boundary, whatever the head says."""
CONTAINER = re.compile(rb"^content-type:[ \t]*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
UU = re.compile(rb"^begin [0-7]{3,4} ([^\n]{1,200})\n((?:[\x20-\x60]{1,90}+\n)*+)(?:`?[ ]*\n)?end[ ]*$", re.MULTILINE)
PADDED = re.compile(rb"=[ \t]*\r?\n")
NO_BASE64 = re.compile(rb"(?<=[A-Za-z0-9+/])[ \t]+[A-Za-z]|[^A-Za-z0-9+/=\s]")
"""What stands in words and in no base64: blanks between letters, marks."""
UNSAFE_NAME = re.compile(r"[\\/:*?\"<>|\x00-\x1f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One leaf of a mail. `content` is decoded; `parent` is the media type of what holds it."""

    type: str
    parameters: dict[str, str]
    disposition: str
    name: str
    content_id: str
    content: bytes = field(repr=False)
    parent: str = ""
    alternative: int = 0

    @property
    def text(self) -> str:
        """The content as clean text, by its charset or in spite of it."""
        return charsets.clean(charsets.decode(self.content, self.parameters.get("charset", "")))

    @property
    def is_body(self) -> bool:
        """Whether it is text to read, not a file that came along."""
        return self.type in ("text/plain", "text/html") and self.disposition != "attachment" and not self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail taken apart: header values by lower-case name in order, raw, and the leaves in order."""

    fields: dict[str, list[str]]
    parts: tuple[Part, ...]
    type: str
    parameters: dict[str, str]

    def first(self, name: str) -> str:
        """The first value of a header as words to read, "" if it is missing."""
        return headers.text(self.fields.get(name, [""])[0], self.charset)

    @property
    def charset(self) -> str:
        """The charset its raw 8-bit header values are most likely in: the mail's, else that of its first text."""
        named = (part.parameters.get("charset", "") for part in self.parts if part.type.startswith("text/"))
        return self.parameters.get("charset", "") or next(named, "")

    def raw(self, name: str) -> str:
        """All values of a header in one line, undecoded."""
        return ", ".join(value.replace("\r", " ").replace("\n", " ") for value in self.fields.get(name, ()))


def read(raw: bytes) -> Mail:
    """Take a mail apart. Raises MalformedError for what is no mail, is too large, or nests absurdly."""
    if len(raw) > MAX_BYTES:
        raise MalformedError(f"the mail has {len(raw)} bytes; {MAX_BYTES} are taken")
    whole = repaired(raw)
    if len(CONTAINER.findall(whole)) > MAX_PARTS:
        raise MalformedError(f"the mail nests absurdly: more than {MAX_PARTS} containers")
    if whole.count(b"\n") > MAX_LINES:
        raise MalformedError(f"the mail has more than {MAX_LINES} lines")
    try:
        message = _regained(_parsed(whole))
    except RecursionError as error:
        raise MalformedError("the mail nests absurdly deep") from error
    fields: dict[str, list[str]] = {}
    for number, (name, value) in enumerate(message.raw_items()):
        if number >= MAX_FIELDS:
            break
        fields.setdefault(name.lower(), []).append(str(value))
    if not fields:
        raise MalformedError("this is no mail: it has no header")
    kind, parameters = headers.parameters(fields.get("content-type", [""])[0])
    parts = tuple(_leaves(message))
    return Mail(fields=fields, parts=parts, type=kind, parameters=parameters)


def _parsed(whole: bytes) -> Message:
    """Fed in pieces: given a mail at once, the library holds it four times over, in four bytes a character."""
    made = count()

    def message() -> Message:
        if next(made) > MAX_MESSAGES:
            raise MalformedError(f"the mail nests absurdly: more than {MAX_MESSAGES} parts of parts")
        return Message(compat32)

    parser = BytesFeedParser(message, policy=compat32)
    for at in range(0, len(whole), 65_536):
        parser.feed(whole[at : at + 65_536])
    return parser.close()


def _regained(message: Message) -> Message:
    """A mail in parts whose boundary is missing or wrong, or that was encoded as a whole, taken apart all the same."""
    kind, _ = headers.parameters(_raw(message, "content-type"))
    if message.is_multipart() or not kind.startswith("multipart/"):
        return message
    encoding = _raw(message, "content-transfer-encoding")
    body = _decoded(b"" if message.get_payload() is None else _body(copy(message)), encoding).replace(b"\r\n", b"\n")
    found = GUESSED.search(body)
    if found:
        whole = _parsed(b'Content-Type: multipart/mixed; boundary="' + found[1] + b'"\n\n' + body)
        message.set_payload(whole.get_payload())
    return message


def _leaves(message: Message) -> Iterator[Part]:
    """The leaves from the first to the last, without recursion; attached mails stay whole."""
    count, groups = 0, 0
    stack: list[tuple[Message, int, str, int]] = [(message, 0, "", 0)]
    while stack:
        one, depth, parent, alternative = stack.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_PARTS:
            raise MalformedError(f"the mail nests absurdly: more than {MAX_DEPTH} levels or {MAX_PARTS} parts")
        kind, parameters = headers.parameters(_raw(one, "content-type"))
        if kind.startswith("multipart/") and one.is_multipart():
            if kind == "multipart/alternative":
                groups += 1
                alternative = alternative or groups
            stack += [(child, depth + 1, kind, alternative) for child in reversed(_children(one))]
            continue
        # What has no parts but should is no version of what stands beside it.
        yield from _leaf(one, kind, parameters, parent, 0 if kind.startswith("multipart/") else alternative)


def _leaf(message: Message, kind: str, parameters: dict[str, str], parent: str, alternative: int) -> Iterator[Part]:
    shown, shown_as = headers.parameters(_raw(message, "content-disposition"))
    name = file_name(shown_as.get("filename") or parameters.get("name", ""))
    content_id = "".join(headers.message_ids(_raw(message, "content-id"))[:1])
    encoding = _raw(message, "content-transfer-encoding")
    if message.is_multipart():
        # message/rfc822, message/delivery-status: the parser opened it, we hand it on whole.
        content = _undone(b"\n".join(_flat(child, 0) for child in _children(message)), encoding)
        kind = kind if kind.startswith("message/") else "message/rfc822"
    else:
        is_kind = re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind) and not kind.startswith("multipart/")
        kind = kind if is_kind else ("text/plain" if not name else "application/octet-stream")
        content = _decoded(_as_sent(_body(message), kind, encoding), encoding)
    disposition = shown if shown in ("inline", "attachment") else ""
    found: list[tuple[str, bytes]] = []
    if kind == "text/plain" and not name and disposition != "attachment" and b"\nend" in content:
        content, found = _uuencoded(content)
    yield Part(
        type=kind, parameters=parameters, disposition=disposition, name=name, content_id=content_id, content=content,
        parent=parent, alternative=alternative,
    )  # fmt: skip
    for inner, body in found:
        yield Part(
            type="application/octet-stream",
            parameters={},
            disposition="attachment",
            name=inner,
            content_id="",
            content=body,
        )


def _undone(content: bytes, encoding: str) -> bytes:
    """An attached mail without the encoding none may have (RFC 2046 5.2.1), and some have."""
    is_encoded = encoding.strip().lower().startswith("base64") and re.fullmatch(rb"[A-Za-z0-9+/=\s]+", content)
    return headers.base64_bytes(content) if is_encoded else content


def _raw(message: Message, name: str) -> str:
    """A header's value as it travelled; `get` of the library makes raw 8-bit characters unreadable."""
    return next((str(value) for key, value in message.raw_items() if key.lower() == name), "")


def _body(message: Message) -> bytes:
    """A leaf's body as it travelled. Its headers that say how to read it go first: the library would believe them and
    garble it."""
    del message["content-transfer-encoding"], message["content-type"]
    body = message.get_payload(decode=True)
    return body if isinstance(body, bytes) else b""


def _as_sent(raw: bytes, kind: str, encoding: str) -> bytes:
    """A line end that travelled as one in a file that is no text was CRLF (RFC 2045 6.7, rule 4)."""
    if encoding.strip().lower().startswith("quoted") and not kind.startswith("text/"):
        return raw.replace(b"\n", b"\r\n")
    return raw


def _decoded(raw: bytes, encoding: str) -> bytes:
    """The bytes behind a transfer encoding, although they break its rules (RFC 2045 6)."""
    encoding = encoding.strip().strip("\"';").lower()
    if encoding.startswith("quoted"):
        return binascii.a2b_qp(raw)
    if encoding.startswith("base64"):
        sample = raw[:4096]
        odd = len(re.sub(rb"[A-Za-z0-9+/=\s]", b"", sample))
        # Mostly other characters: the label lies and the text stands there in the clear.
        return raw if odd * 5 > len(sample) else headers.base64_bytes(_without_footer(raw))
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        _, found = _uuencoded(raw)
        return found[0][1] if found else raw
    return raw


def _without_footer(raw: bytes) -> bytes:
    """Base64 without the words a scanner or a list put under its last line; pieces glued together stay, and lines that
    were encoded each for itself."""
    ended = PADDED.search(raw)
    words = NO_BASE64.search(raw, ended.end()) if ended else None
    return raw[: raw.rfind(b"=", 0, words.start()) + 1] if words else raw


def _uuencoded(content: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    found: list[tuple[str, bytes]] = []

    def take(match: re.Match[bytes]) -> bytes:
        found.append((file_name(charsets.decode(match[1])) or "file", _uudecoded(match[2])))
        return b""

    return UU.sub(take, content.replace(b"\r\n", b"\n")), found


def _uudecoded(lines: bytes) -> bytes:
    whole = bytearray()
    for line in filter(None, lines.split(b"\n")):
        try:
            whole += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders pad short lines with rubbish: only the bytes the length says count.
            size = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                whole += binascii.a2b_uu(line[:size])
            except binascii.Error:
                continue
    return bytes(whole)


def _children(message: Message) -> list[Message]:
    payload = message.get_payload() if message.is_multipart() else []
    return [one for one in payload if isinstance(one, Message)]


def _flat(message: Message, depth: int) -> bytes:
    """A parsed mail as bytes again, its raw header values untouched; what nests deeper than the bound is cut."""
    head = b"".join(headers.raw_bytes(f"{name}: {value}\n") for name, value in message.raw_items())
    kind = _raw(message, "content-type")
    if not message.is_multipart():
        return head + b"\n" + _body(message)
    if depth > MAX_DEPTH:
        return head + b"\n"
    _, parameters = headers.parameters(kind)
    boundary = headers.raw_bytes(parameters.get("boundary", ""))
    inner = [_flat(child, depth + 1) for child in _children(message)]
    if not boundary:
        return head + b"\n" + b"\n".join(inner)
    line = b"--" + boundary
    return head + b"\n" + b"".join(line + b"\n" + one.rstrip(b"\n") + b"\n" for one in inner) + line + b"--\n"


def file_name(name: str) -> str:
    """A file name safe to show and store: decoded, without folders or hidden characters, at most 180 characters."""
    shown = headers.text(name) if name else ""
    shown = UNSAFE_NAME.sub("_", shown.replace("\\", "/").rpartition("/")[2]).strip(" .")
    if len(shown) > 180:
        stem, dot, ending = shown.rpartition(".")
        shown = f"{stem[:160]}{dot}{ending[:19]}" if dot else shown[:180]
    return shown
