"""Rebuilt: a mail written anew from its headers, bodies and files (RFC 5322, RFC 2045)."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from itsm.service_desk.sources import charsets, headers

HEAD_BYTES = 900_000
"""What a head may have: who reads a mail looks for its end within a megabyte."""
CONTAINERS = ("multipart/report", "multipart/signed", "multipart/encrypted")
"""Kinds of mails whose name tells what they are; others say only how a body was written, and that is gone."""
KEPT = ("report-type", "protocol")
TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
LABEL = re.compile(r"[\w.:+-]{1,40}", re.ASCII)
REPORTS: Mapping[str, re.Pattern[bytes]] = {
    "delivery-status": re.compile(rb"^(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE),
    "feedback-report": re.compile(rb"^feedback-type[ \t]*:", re.IGNORECASE | re.MULTILINE),
    "disposition-notification": re.compile(rb"^disposition[ \t]*:", re.IGNORECASE | re.MULTILINE),
}
"""Kinds of reports (RFC 3464, 5965, 8098), and a field that only their part for machines has."""
OF_REPORT = re.compile(rb"[A-Za-z-]{3,40}[ \t]*:|[ \t]+\S")

type Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A text as bytes, and the charset it is said to be in: whether that is so is judged where mail is read."""

    content: bytes = field(default=b"", repr=False)
    charset: str = "utf-8"

    @property
    def is_there(self) -> bool:
        """Whether it says anything."""
        return bool(self.content.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a mail. `damaged`: its content is what came as base64 and is not quite that."""

    name: str
    type: str
    content: bytes = field(repr=False)
    content_id: str = ""
    damaged: bool = False


def mail(given: Fields, missing: Fields, text: Body, html: Body, files: Sequence[File]) -> bytes:
    """The bytes of a mail: the same of the same, whatever carried it.

    `given` are its own headers, `missing` those that were kept apart; no value has a line end. Those that say how the
    body was written are left out, for it is written anew; but a report stays one (RFC 6522), and so does what was
    signed or encrypted. The head goes as far as HEAD_BYTES.
    """
    kind, parameters = headers.parameters(next((value for name, value in given if name.lower() == "content-type"), ""))
    # A mail of a single text has no other: what its carrier made of that is not what was written.
    bodies = [
        _entity(f"{type_}; charset={one.charset if LABEL.fullmatch(one.charset) else 'utf-8'}", one.content)
        for type_, one, other in (("text/plain", text, html), ("text/html", html, text))
        if one.is_there and not (other.is_there and kind == ("text/html" if one is text else "text/plain"))
    ]
    parts = [_attached(one, kind, parameters) for one in _reported(parameters.get("report-type", ""), files, text)]
    own = [(name, value) for name, value in given if not name.lower().startswith(("content-", "mime-version"))]
    head = _lines([*missing, *own])
    mark = hashlib.sha256(b"\0".join([head, *bodies, *parts])).hexdigest()[:40]
    if len(bodies) > 1:
        bodies = [_of(f'multipart/alternative; boundary="a-{mark}"', _joined(bodies, f"a-{mark}"))]
    whole = _joined([*bodies, *parts] or [_entity("text/plain", b"")], f"m-{mark}")
    return b"MIME-Version: 1.0\n" + _of(f'{_shown(kind, parameters)}; charset=utf-8; boundary="m-{mark}"', whole, head)


def file_type(said: str) -> str:
    """A file's media type; what would hold other parts, or is none, is only bytes."""
    kind, _ = headers.parameters(said)
    return kind if TYPE.fullmatch(kind) and not kind.startswith("multipart/") else "application/octet-stream"


def _shown(kind: str, parameters: Mapping[str, str]) -> str:
    if kind not in CONTAINERS:
        return "multipart/mixed"
    return kind + "".join(f'; {name}="{_token(parameters[name])}"' for name in KEPT if name in parameters)


def _lines(fields: Fields) -> bytes:
    lines, size = [], 0
    for name, value in fields:
        line = f"{name}: {value}\n".encode("utf-8", "replace")
        if size + len(line) <= HEAD_BYTES:
            lines.append(line)
            size += len(line)
    return b"".join(lines)


def _reported(kind: str, files: Sequence[File], text: Body) -> list[File]:
    """The files of a report, its part for machines named as what it is, wherever the carrier put it."""
    kind, found = kind.lower(), list(files)
    mark = REPORTS.get(kind)
    if mark is None or any(one.type.startswith("message/") and one.type.endswith(kind) for one in files):
        return found
    for at, one in enumerate(files):
        if one.type in ("text/plain", "application/octet-stream") and mark.search(one.content[:65_536]):
            found[at] = replace(one, type=f"message/{kind}")
            return found
    said = charsets.decode(text.content, text.charset).replace("\r\n", "\n").encode("utf-8", "replace")
    blocks = [block for block in re.split(rb"\n[ \t]*\n", said) if mark.search(block)]
    fields = [b"\n".join(line for line in block.split(b"\n") if OF_REPORT.match(line)) for block in blocks]
    return [File(name="", type=f"message/{kind}", content=b"\n\n".join(fields)), *found] if fields else found


def _attached(file: File, kind: str, parameters: Mapping[str, str]) -> bytes:
    named = f"; filename*=utf-8''{quote(file.name[:400], safe='', errors='replace')}" if file.name else ""
    lines = f"Content-Disposition: attachment{named}\n".encode()
    if content_id := re.sub(r"[<>\s\0]", "", file.content_id)[:250]:
        lines += f"Content-ID: <{content_id}>\n".encode("utf-8", "replace")
    if file.type.startswith("message/") and not file.damaged:
        return _of(file.type, file.content, lines)  # such parts are not encoded (RFC 2046 5.2)
    secure = parameters.get("smime-type", "") if file.type == kind else ""
    type_ = f'{file.type}; smime-type="{_token(secure)}"' if secure else file.type
    return _entity(type_, file.content, lines, damaged=file.damaged)


def _entity(type_: str, content: bytes, lines: bytes = b"", *, damaged: bool = False) -> bytes:
    encoded = content if damaged else base64.encodebytes(content)
    return _of(type_, encoded, lines + b"Content-Transfer-Encoding: base64\n")


def _of(type_: str, content: bytes, lines: bytes = b"") -> bytes:
    return f"Content-Type: {type_}\n".encode() + lines + b"\n" + content


def _joined(parts: Sequence[bytes], boundary: str) -> bytes:
    """The parts between boundaries that hold a hash of them all, so that none of them can hold the boundary."""
    line = f"\n--{boundary}".encode()
    return b"".join(line + b"\n" + part for part in parts) + line + b"--\n"


def _token(value: str) -> str:
    return re.sub(r"[^\w.+/-]", "", value, flags=re.ASCII)[:60]
