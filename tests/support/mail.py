"""Mail: raw mails and the word SES puts into the mail queue about them."""

from collections.abc import Mapping
from typing import Any

from tests.fakes import FakePorts

VERDICTS = ("spf", "dkim", "dmarc", "spam", "virus")


def raw(
    text: str = "It burns.",
    *,
    sender: str = "Rita Requester <rita@example.org>",
    to: str = "support@desk.example.org",
    subject: str = "The printer burns",
    message_id: str = "first@example.org",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A plain mail."""
    lines = {"From": sender, "To": to, "Subject": subject, "Message-ID": f"<{message_id}>", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{head}\r\n{text}\r\n".encode()


def notification(key: str, **verdicts: str) -> dict[str, Any]:
    """SES's notification about a mail stored under `key`; verdicts pass unless said otherwise."""
    receipt: dict[str, Any] = {f"{name}Verdict": {"status": verdicts.get(name, "PASS")} for name in VERDICTS}
    receipt["action"] = {"type": "S3", "bucketName": "blobs", "objectKey": key}
    if "dmarc_policy" in verdicts:
        receipt["dmarcPolicy"] = verdicts["dmarc_policy"]
    mail = {"messageId": key, "timestamp": "2025-11-24T16:00:00.000Z"}
    return {"notificationType": "Received", "mail": mail, "receipt": receipt}


def stored(ports: FakePorts, key: str, body: bytes) -> str:
    """Put a raw mail where SES puts it."""
    ports.blobs.put(key, body, "message/rfc822")
    return key
