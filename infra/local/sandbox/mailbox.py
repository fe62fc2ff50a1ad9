"""The mailbox: an SMTP listener and a drop folder that do what SES does with a mail that arrives."""

from __future__ import annotations

import asyncio
import email
import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.policy import compat32
from email.utils import format_datetime, getaddresses
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
SIZE_LIMIT = 40 * 1024 * 1024
"""Bytes of an incoming mail (Amazon SES quotas, email receiving)."""
LINE_LIMIT = 4 * 1024 * 1024
MAX_HEADER = 8_192
"""Characters of a header that are announced: a message of SNS holds 256 KB, and the mail itself is stored whole."""
LOOK_EVERY = 0.25
DONE = "done"
REFUSED = "refused"
_FORGED = re.compile(rb"x-ses-|x-amazon-|return-path:", re.IGNORECASE)

type Store = Callable[[str, bytes], None]
type Announce = Callable[[str], None]


class Mailbox:
    """Takes mail for `domain`. `store(key, raw)` and `announce(notification)` must have done their work on return."""

    def __init__(
        self,
        domain: str,
        bucket: str,
        *,
        store: Store,
        announce: Announce,
        ids: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._domain, self._bucket = domain.lower(), bucket
        self._store, self._announce, self._ids, self._clock = store, announce, ids, clock

    def takes(self, address: str) -> bool:
        """Whether the receipt rule is for this address."""
        return address.rpartition("@")[2].lower() == self._domain

    def stamp(self) -> str:
        """Something to tell apart two files of one name."""
        return self._ids()[:8]

    def deliver(self, raw: bytes, sender: str, recipients: Sequence[str], peer: str = "127.0.0.1") -> str:
        """Store a mail and say that it is there; returns SES's number for it.

        The notification is that of a receipt rule's S3 action (SES: "Contents of notifications for Amazon SES email
        receiving"); every check passes, since there is nothing to check on this machine.
        """
        number = self._ids().replace("-", "")
        at = datetime.fromtimestamp(self._clock(), UTC)
        key = f"mail/{number}"
        self._store(key, self._received(raw, sender, recipients, peer, number, at))
        self._announce(json.dumps(self._notification(raw, sender, recipients, number, key, at)))
        return number

    def _received(
        self, raw: bytes, sender: str, recipients: Sequence[str], peer: str, number: str, at: datetime
    ) -> bytes:
        """The mail with SES's own headers in front; the same headers sent along by the sender are forged, and go."""
        head, gap, body = _parts(raw)
        kept = b"\n".join(line for line in re.split(rb"\n(?![ \t])", head) if not _FORGED.match(line))
        trace = (
            f"Return-Path: <{sender}>\r\n"
            f"Received: from client ([{peer}]) by inbound-smtp.sandbox with SMTP id {number}"
            f" for {recipients[0] if recipients else ''}; {format_datetime(at)}\r\n"
            "X-SES-Spam-Verdict: PASS\r\n"
            "X-SES-Virus-Verdict: PASS\r\n"
            f"Authentication-Results: sandbox; spf=pass smtp.mailfrom={sender}; dkim=pass; dmarc=pass\r\n"
        )
        return trace.encode("utf-8", "surrogateescape") + kept + gap + body

    def _notification(
        self, raw: bytes, sender: str, recipients: Sequence[str], number: str, key: str, at: datetime
    ) -> dict[str, Any]:
        headers = email.message_from_bytes(_parts(raw)[0] + b"\n\n", policy=compat32)
        instant = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        verdicts = {f"{name}Verdict": {"status": "PASS"} for name in ("spam", "virus", "spf", "dkim", "dmarc")}
        return {
            "notificationType": "Received",
            "mail": {
                "timestamp": instant,
                "source": sender,
                "messageId": number,
                "destination": list(recipients),
                "headersTruncated": True,
                "headers": [],
                "commonHeaders": {
                    "returnPath": sender,
                    "from": [str(headers.get("from", ""))[:MAX_HEADER]],
                    "to": [str(headers.get("to", ""))[:MAX_HEADER]],
                    "messageId": str(headers.get("message-id", ""))[:MAX_HEADER],
                    "subject": str(headers.get("subject", ""))[:MAX_HEADER],
                },
            },
            "receipt": {
                "timestamp": instant,
                "processingTimeMillis": 1,
                "recipients": list(recipients),
                **verdicts,
                "action": {
                    "type": "S3",
                    "topicArn": "",
                    "bucketName": self._bucket,
                    "objectKeyPrefix": "mail/",
                    "objectKey": key,
                },
            },
        }


class SmtpDoor:
    """SMTP on a listening socket; 250 once the mail is stored and announced."""

    def __init__(self, listening: socket.socket, mailbox: Mailbox) -> None:
        self.port = int(listening.getsockname()[1])
        self._listening, self._mailbox = listening, mailbox
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()
        self._listening.close()

    def _run(self) -> None:
        from aiosmtpd.smtp import SMTP

        class Listener(SMTP):
            # Mail in the wild has lines far over RFC 5321's limit, and SES takes it.
            line_length_limit = LINE_LIMIT

        asyncio.set_event_loop(self._loop)

        def protocol() -> Any:
            return Listener(
                self, data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, decode_data=False, hostname="sandbox",
                ident="service desk sandbox", loop=self._loop,
            )  # fmt: skip

        server = self._loop.run_until_complete(self._loop.create_server(protocol, sock=self._listening))
        self._loop.run_until_complete(self._over.wait())
        server.close()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd looks for
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Mail for other domains is refused, as SES refuses what no receipt rule is for."""
        if not self._mailbox.takes(address):
            return f"550 5.1.1 {address} is not at the domain this sandbox receives mail for"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Store and announce, then answer."""
        raw, sender, people, peer = envelope.content, envelope.mail_from or "", list(envelope.rcpt_tos), session.peer[0]
        try:
            number = await asyncio.to_thread(self._mailbox.deliver, raw, sender, people, peer)
        except (OSError, LookupError, ValueError):
            log.exception("a mail could not be stored")
            return "451 4.3.0 the mail could not be stored; try again"
        return f"250 OK {number}"


class DropFolder:
    """A folder: a *.eml that is put there is delivered and moved to done/."""

    def __init__(self, folder: Path, mailbox: Mailbox, fallback: str) -> None:
        self.folder, self._mailbox, self._fallback = folder, mailbox, fallback
        for each in (folder, folder / DONE, folder / REFUSED):
            each.mkdir(parents=True, exist_ok=True)
        self._sizes: dict[Path, int] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="drop-folder", daemon=True)

    def start(self) -> None:
        """Watch the folder from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> int:
        """Deliver every file whose size has not changed since the last look; returns how many."""
        delivered = 0
        sizes = {path: path.stat().st_size for path in sorted(self.folder.glob("*.eml"))}
        for path, size in sizes.items():
            if self._sizes.get(path) == size:
                self._deliver(path)
                delivered += 1
        self._sizes = sizes
        return delivered

    def _deliver(self, path: Path) -> None:
        raw = path.read_bytes()
        headers = email.message_from_bytes(_parts(raw)[0] + b"\n\n", policy=compat32)
        named = getaddresses(
            [str(value) for name in ("to", "cc", "delivered-to") for value in headers.get_all(name, [])]
        )
        people = [address for _, address in named if self._mailbox.takes(address)] or [self._fallback]
        senders = getaddresses([str(headers.get("return-path") or headers.get("from") or "")])
        folder = DONE
        if len(raw) > SIZE_LIMIT:
            folder = REFUSED
            log.warning("%s has %d bytes; %d are taken", path, len(raw), SIZE_LIMIT)
        else:
            self._mailbox.deliver(raw, senders[0][1] if senders else "", people)
        path.replace(self.folder / folder / f"{path.stem}-{self._mailbox.stamp()}.eml")

    def _work(self) -> None:
        while not self._closing.wait(LOOK_EVERY):
            try:
                self.look()
            except (OSError, LookupError, ValueError):
                log.exception("a mail of the drop folder could not be delivered; it is tried again")


def _parts(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Header, the gap, body: whatever line ends the mail has."""
    found = re.search(rb"\r?\n\r?\n", raw)
    if found is None:
        return raw, b"\r\n\r\n", b""
    return raw[: found.start()], found[0], raw[found.end() :]
