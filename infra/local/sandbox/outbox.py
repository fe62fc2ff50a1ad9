"""The outbox: what SES would have sent, kept as files to look at."""

from __future__ import annotations

import email
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.policy import default
from email.utils import format_datetime
from pathlib import Path

SIZE_LIMIT = 40 * 1024 * 1024
"""Bytes of an outgoing mail (Amazon SES quotas)."""
MESSAGE_ID_DOMAIN = "email.amazonses.com"


class RejectedError(Exception):
    """SES would not take the mail; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One sent mail as it left: its number in the outbox, the people it went to, its bytes."""

    number: int
    to: tuple[str, ...]
    raw: bytes
    path: Path

    @property
    def message(self) -> Message:
        """The mail, parsed."""
        return email.message_from_bytes(self.raw, policy=default)

    def header(self, name: str) -> str:
        """A header's text, "" where it is absent."""
        return str(self.message.get(name, ""))

    @property
    def text(self) -> str:
        """The plain text."""
        part = email.message_from_bytes(self.raw, policy=default).get_body(("plain",))
        return "" if part is None else str(part.get_content())

    @property
    def message_id(self) -> str:
        """The Message-ID, without brackets."""
        return self.header("Message-ID").strip().strip("<>")


class Outbox:
    """Mails in `folder`, oldest first; it outlives the sandbox."""

    def __init__(self, folder: Path, clock: Callable[[], float], ids: Callable[[], str]) -> None:
        self._folder, self._clock, self._ids = folder, clock, ids
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._mails = [self._read(path) for path in sorted(folder.glob("*.eml"))]

    def take(self, raw: bytes, to: Sequence[str]) -> str:
        """Send a mail: SES sets Message-ID and Date itself. Returns SES's number for it. Raises RejectedError."""
        if len(raw) > SIZE_LIMIT:
            raise RejectedError(f"Message length is more than {SIZE_LIMIT} bytes long: '{len(raw)}'.")
        if not to:
            raise RejectedError("Missing final '@domain': the mail has nobody to go to")
        number = f"0100{self._ids().replace('-', '')[:12]}-{self._ids()}-000000"
        with self._lock:
            at = self._mails[-1].number + 1 if self._mails else 1
            path = self._folder / f"{at:06d}.eml"
            fresh = path.with_suffix(".new")
            envelope = f"X-Sandbox-Envelope-To: {', '.join(to)}\r\n".encode()
            fresh.write_bytes(envelope + self._stamped(raw, number))
            fresh.replace(path)
            self._mails.append(self._read(path))
        return number

    def all(self) -> list[Sent]:
        """Every mail, oldest first."""
        with self._lock:
            return list(self._mails)

    def to(self, address: str) -> list[Sent]:
        """The mails somebody got, oldest first."""
        return [mail for mail in self.all() if address in mail.to]

    def _read(self, path: Path) -> Sent:
        envelope, _, raw = path.read_bytes().partition(b"\r\n")
        to = envelope.decode().partition(":")[2]
        return Sent(number=int(path.stem), to=tuple(one.strip() for one in to.split(",")), raw=raw, path=path)

    def _stamped(self, raw: bytes, number: str) -> bytes:
        """The mail with the Message-ID SES gives it, and a Date if it has none (SES: "Header fields in Amazon SES")."""
        head, gap, body = raw.partition(b"\r\n\r\n")
        lines = re.split(rb"\r\n(?![ \t])", head)
        kept = [line for line in lines if not line.lower().startswith(b"message-id:")]
        if not any(line.lower().startswith(b"date:") for line in kept):
            kept.append(b"Date: " + format_datetime(datetime.fromtimestamp(self._clock(), UTC)).encode())
        kept.append(f"Message-ID: <{number}@{MESSAGE_ID_DOMAIN}>".encode())
        return b"\r\n".join(kept) + gap + body
