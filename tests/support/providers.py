"""Providers: a raw mail as SendGrid, Mailgun and Postmark post it once they have taken it apart, signed."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from itsm.service_desk.sources import charsets, headers, mime

KEY = "desk:a-secret-of-ours"
CURVE = ec.derive_private_key(7_777, ec.SECP256R1())
PUBLIC = base64.b64encode(
    CURVE.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
SECRETS = {"sendgrid": PUBLIC, "mailgun": KEY, "postmark": KEY}
"""What each signs with, as the secret of its source."""
APART = ("from", "to", "cc", "reply-to", "subject", "date", "content-type", "content-transfer-encoding")
"""Headers Postmark keeps apart from the others."""
type Field = tuple[str, str, str, bytes]
"""A part of a form: name, file name, type, content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A post: its body and its headers."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A mail taken apart: its headers in order, each in one line, the texts joined, and the files."""

    head: list[tuple[str, str]]
    text: bytes
    html: bytes
    charsets: Mapping[str, str]
    files: tuple[mime.Part, ...]

    def first(self, name: str) -> str:
        return next((value for key, value in self.head if key.lower() == name), "")

    def shown(self, value: str) -> str:
        """A header's value in UTF-8."""
        return headers.text(value, self.charsets["text"])

    @property
    def envelope(self) -> str:
        """Whom the mail came from in SMTP, "" for one that nobody shall answer."""
        found = headers.addresses(self.first("return-path") or self.first("from"), limit=1)
        return "" if self.first("return-path") == "<>" or not found else found[0][1]


def apart(raw: bytes) -> Apart:
    """A mail as a provider reads it: texts in their own charset."""
    mail = mime.read(raw)
    head = [(name, re.sub(r"[\r\n]+[ \t]*", " ", value)) for name, values in mail.fields.items() for value in values]
    bodies = {
        kind: [one for one in mail.parts if one.is_body and one.type == kind] for kind in ("text/plain", "text/html")
    }
    texts, pages = bodies["text/plain"], bodies["text/html"][:1]
    files = tuple(one for one in mail.parts if one not in texts and one not in pages)
    labels = {
        name: parts[0].parameters.get("charset", "utf-8") if parts else "utf-8"
        for name, parts in (("text", texts), ("html", pages))
    }
    text, html = (b"\n".join(one.content for one in parts) for parts in (texts, pages))
    return Apart(head=head, text=text, html=html, charsets=labels, files=files)


def sendgrid(raw: bytes, at: int, **more: Any) -> Posted:
    """Inbound Parse, signed by its security policy; `kind` is the type the mail had before, when it was another."""
    mail = apart(raw)
    head = [(name, more["kind"] if name == "content-type" and "kind" in more else value) for name, value in mail.head]
    block = b"".join(headers.raw_bytes(f"{name}: {value}\n") for name, value in head)
    fields: list[Field] = [("headers", "", "", block), ("dkim", "", "", b"none"), ("SPF", "", "", b"pass")]
    fields += [("text", "", "", mail.text)] if mail.text else []
    fields += [("html", "", "", mail.html)] if mail.html else []
    fields += [(name, "", "", headers.text(mail.first(name)).encode()) for name in ("from", "to", "subject")]
    ids = {one.content_id: f"attachment{at}" for at, one in enumerate(mail.files, 1) if one.content_id}
    facts = {
        "envelope": more.get("envelope", {"to": ["in@in.example.org"], "from": mail.envelope}),
        "charsets": mail.charsets,
    }
    fields += [(name, "", "", json.dumps(value).encode()) for name, value in {**facts, "content-ids": ids}.items()]
    fields += [
        (f"attachment{at}", one.name or f"msg-{at}", one.type, one.content) for at, one in enumerate(mail.files, 1)
    ]
    body, kind = form(fields)
    signature = CURVE.sign(str(at).encode() + body, ec.ECDSA(hashes.SHA256()))
    return Posted(
        body=body,
        headers={
            "content-type": kind,
            "x-twilio-email-event-webhook-timestamp": str(at),
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        },
    )


def mailgun(raw: bytes, at: int, **more: Any) -> Posted:
    """A route's forward(), everything in UTF-8, each header posted once more as a field."""
    mail = apart(raw)
    head = [
        (name.title(), value if value.isascii() and name != "subject" else mail.shown(value))
        for name, value in mail.head
    ]
    token = str(more.get("token", hashlib.sha256(raw).hexdigest()[:50]))
    mac = hmac.new(KEY.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    texts = {
        "body-plain": _utf8(mail.text, mail.charsets["text"]),
        "body-html": _utf8(mail.html, mail.charsets["html"]),
    }
    said = {
        **{name: value.encode("utf-8", "replace") for name, value in head}, **texts,
        "message-headers": json.dumps(head).encode(), "recipient": b"in@in.example.org", "timestamp": str(at).encode(),
        "token": token.encode(), "signature": mac.encode(), "sender": mail.envelope.encode(),
        "attachment-count": b"%d" % len(mail.files),
        "content-id-map": json.dumps(
            {f"<{one.content_id}>": f"attachment-{at}" for at, one in enumerate(mail.files, 1) if one.content_id}
        ).encode(),
    }  # fmt: skip
    fields: list[Field] = [(name, "", "", value) for name, value in said.items()]
    fields += [
        (f"attachment-{at}", one.name or f"file-{at}", one.type, one.content) for at, one in enumerate(mail.files, 1)
    ]
    body, kind = form(fields)
    return Posted(body=body, headers={"content-type": kind})


def postmark(raw: bytes, at: int, **more: Any) -> Posted:
    """An inbound stream's JSON: its well-known headers apart, the files in base64."""
    mail = apart(raw)
    name, address = next(
        iter(headers.addresses(mail.first("from"))), (mail.first("from").partition("<")[0].strip(), "")
    )
    payload = {
        "From": address, "FromName": name, "FromFull": {"Email": address, "Name": name, "MailboxHash": ""},
        "To": mail.first("to"), "Cc": mail.first("cc"), "ReplyTo": mail.first("reply-to"), "Date": mail.first("date"),
        "Subject": mail.shown(mail.first("subject")), "MessageID": "73e6d360-66eb", "OriginalRecipient": "in@in.org",
        "TextBody": _utf8(mail.text, mail.charsets["text"]).decode(), "StrippedTextReply": "",
        "HtmlBody": _utf8(mail.html, mail.charsets["html"]).decode(),
        "Headers": [{"Name": key, "Value": mail.shown(value)} for key, value in mail.head if key not in APART],
        "Attachments": [
            {"Name": one.name, "Content": base64.b64encode(one.content).decode(), "ContentType": one.type,
             "ContentLength": len(one.content), "ContentID": one.content_id} for one in mail.files
        ],
    }  # fmt: skip
    word = "Basic " + base64.b64encode(KEY.encode()).decode()
    body = json.dumps({**payload, **more}).encode()
    return Posted(body=body, headers={"content-type": "application/json", "authorization": word})


VENDORS: Mapping[str, Callable[..., Posted]] = {"sendgrid": sendgrid, "mailgun": mailgun, "postmark": postmark}


def form(fields: list[Field], boundary: str = "xYzZY") -> tuple[bytes, str]:
    """A form's body and content type (RFC 7578)."""
    return b"".join(_parts(fields, boundary)), f"multipart/form-data; boundary={boundary}"


def _parts(fields: list[Field], boundary: str) -> Iterator[bytes]:
    for name, file, kind, content in fields:
        shown = f'; filename="{file}"\r\nContent-Type: {kind}' if kind else ""
        yield (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n\r\n'.encode() + content + b"\r\n"
        )
    yield f"--{boundary}--\r\n".encode()


def _utf8(content: bytes, charset: str) -> bytes:
    return charsets.decode(content, charset).encode("utf-8", "replace")
