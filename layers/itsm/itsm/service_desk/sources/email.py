"""Email: a raw mail becomes a submission; whatever is wrong with it, one answer and no crash."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from itsm.core.errors import MalformedError
from itsm.service_desk import quotes, text
from itsm.service_desk.failures import complaints, failures
from itsm.service_desk.filters import BOUNCE, DELAYED, FEEDBACK, Own, classify
from itsm.service_desk.patterns import holds
from itsm.service_desk.protection import protection
from itsm.service_desk.sources import charsets, headers, mime, passed_on, tnef
from itsm.service_desk.submission import FAILED, MAIL, UNANSWERED, UNKNOWN, Attachment, Failure, Submission, attachment

SENDERS = ("from", "reply-to", "sender", "return-path", "x-sender", "envelope-from")
SILENCED = r"\b(?:all|autoreply)\b"
WRITTEN = ("from", "date", "subject")
MAX_RECIPIENTS = 100
MAX_WRAPPED = 2
"""Files of Outlook's that are opened; a mail has one."""
MAX_ATTACHMENTS = 50
"""Files of one mail that are stored apart; more are counted on the ticket and stay in the raw mail."""
EXTENSIONS: Mapping[str, str] = {
    "message/rfc822": ".eml", "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "image/png": ".png",
    "image/jpeg": ".jpg", "image/gif": ".gif", "application/pdf": ".pdf", "application/pgp-signature": ".asc",
    "application/ms-tnef": ".dat", "message/delivery-status": ".txt", "text/rfc822-headers": ".txt",
}  # fmt: skip


def parse(raw: bytes, *, received_at: int, own: Own, trust: int = UNKNOWN, blob: str = "") -> Submission:
    """The submission of a raw mail. `blob` is where the raw bytes are stored, `trust` what the channel's verdicts say.

    Its key is the Message-ID, or a hash of the mail where it has none. Without exactly one address in From no
    verdict is about its sender, and it is trusted like one that fails. Raises MalformedError, and nothing else, for
    what cannot be read, nests absurdly, or names no sender in any header (a bounce need not name one).
    """
    mail = _opened(mime.read(raw))
    name, sender = _sender(mail)
    auto = classify(mail, sender, own)
    if not sender and not auto.automatic:
        raise MalformedError("the mail names no sender: From, Reply-To, Sender and Return-Path hold no address")
    said, html = _body(mail)
    files = _attachments(mail)
    message_id = "".join(headers.message_ids(mail.raw("message-id"))[:1])
    return Submission(
        source=MAIL,
        key=message_id or _unnamed(mail, raw),
        kind=MAIL,
        received_at=received_at,
        sender=sender,
        sender_name=name[:200],
        recipients=_recipients(mail),
        subject=mail.first("subject"),
        text=said,
        reply=quotes.split(said).reply,
        html=html,
        attachments=tuple(files[:MAX_ATTACHMENTS]),
        fields=_facts(mail, len(files)),
        message_id=message_id,
        references=_references(mail) + (_returned(mail, own) if auto.automatic else ()),
        trust=trust if passed_on.has_one_writer(mail) else min(trust, FAILED),
        auto=auto,
        raw=blob,
        failures=_failures(mail, auto.kind),
        claims=() if auto.automatic else passed_on.claims(mail, sender, name[:200], said),
    )


def _unnamed(mail: mime.Mail, raw: bytes) -> str:
    """The key of a mail without a Message-ID: who wrote what at which second, however the copy travelled; the bytes of
    one that does not say when."""
    if not mail.raw("date").strip():
        return hashlib.sha256(raw).hexdigest()
    said = hashlib.sha256("\n".join(mail.raw(name) for name in WRITTEN).encode("utf-8", "surrogateescape"))
    for part in mail.parts:
        said.update(f"\0{part.type}\0{part.name}\0".encode("utf-8", "replace") + part.content)
    return said.hexdigest()


def _failures(mail: mime.Mail, kind: str) -> tuple[Failure, ...]:
    if kind == FEEDBACK:
        return complaints(mail)
    return failures(mail) if kind in (BOUNCE, DELAYED) else ()


def _facts(mail: mime.Mail, files: int) -> Mapping[str, str]:
    """What is worth telling of how it came: files beyond the limit, that it was signed or encrypted, and that its
    sender asks machines not to answer ([MS-OXCMAIL] 2.2.3.2.14)."""
    facts = {"files_left_out": str(files - MAX_ATTACHMENTS) if files > MAX_ATTACHMENTS else ""}
    facts["protection"] = protection(mail)
    facts[UNANSWERED] = "yes" if holds(SILENCED, mail.raw("x-auto-response-suppress")) else ""
    return {name: value for name, value in facts.items() if value}


def _opened(mail: mime.Mail) -> mime.Mail:
    """The mail with what Outlook wrapped into a winmail.dat beside its other parts, in that file's place."""
    wrapped = [id(part) for part in mail.parts if _is_wrapped(part)][:MAX_WRAPPED]
    if not wrapped:
        return mail
    bare = not any(part.is_body and part.content.strip() for part in mail.parts)
    parts = [one for part in mail.parts for one in (_inside(part, bare=bare) if id(part) in wrapped else [part])]
    return replace(mail, parts=tuple(parts))


def _is_wrapped(part: mime.Part) -> bool:
    return part.type in ("application/ms-tnef", "application/vnd.ms-tnef") or part.name.lower() == "winmail.dat"


def _inside(part: mime.Part, *, bare: bool) -> list[mime.Part]:
    """The files of a winmail.dat, and its words where the mail has none of its own; itself when it cannot be opened."""
    plain, html = tnef.body(part.content) if bare else ("", "")
    words = [
        replace(part, type=type_, name="", disposition="", parameters={"charset": "utf-8"}, content=said.encode())
        for type_, said in (("text/html", html), ("text/plain", "" if html else plain))
        if said
    ]
    files = [
        replace(
            part, type="application/octet-stream", name=mime.file_name(name), disposition="attachment", content=body
        )
        for name, body in tnef.files(part.content)
        if bare or name != "body.rtf"
    ]
    return [*words, *files] if words or files or tnef.is_one(part.content) else [part]


def _sender(mail: mime.Mail) -> tuple[str, str]:
    charset = mail.charset
    for header in SENDERS:
        for value in mail.fields.get(header, ()):
            found = headers.addresses(value, charset, limit=1)
            if found:
                return found[0]
    return "", ""


def _recipients(mail: mime.Mail) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for header in ("to", "cc", "delivered-to", "x-original-to"):
        for value in mail.fields.get(header, ()):
            found |= dict.fromkeys(address for _, address in headers.addresses(value, limit=MAX_RECIPIENTS))
    return tuple(found)[:MAX_RECIPIENTS]


def _references(mail: mime.Mail) -> tuple[str, ...]:
    """What it answers, nearest first: In-Reply-To, then References from the newest to the oldest."""
    answered = headers.message_ids(mail.raw("in-reply-to"))
    return tuple(dict.fromkeys([*answered, *reversed(headers.message_ids(mail.raw("references")))]))


def _returned(mail: mime.Mail, own: Own) -> tuple[str, ...]:
    """Our Message-IDs in what a bounce returns or quotes of our mail, wherever the post office put it (RFC 3464 2)."""
    ours = re.compile(rb"<([^<>\s@]{20,150}@" + re.escape(own.domain.encode()) + rb")>", re.IGNORECASE)
    found = (match.decode("ascii", "replace") for part in mail.parts for match in ours.findall(part.content[:65_536]))
    return tuple(dict.fromkeys(found))[:10]


def _body(mail: mime.Mail) -> tuple[str, str]:
    """(text, sanitised HTML): of each alternative the best, several texts one after the other. Of all HTML together at
    most MAX_HTML is read."""
    segments: dict[int, dict[str, list[mime.Part]]] = {}
    for number, part in enumerate(mail.parts):
        if part.is_body:
            group = part.alternative or -number - 1
            segments.setdefault(group, {}).setdefault(part.type, []).append(part)
    said: list[str] = []
    pages: list[str] = []
    has_html, left = any("text/html" in kinds for kinds in segments.values()), text.MAX_HTML
    for kinds in segments.values():
        plain = "\n".join(part.text for part in kinds.get("text/plain", ())).strip("\n")
        shown: list[str] = []
        for part in kinds.get("text/html", ()):
            written = part.text[:left]
            left -= len(written)
            shown.append(text.sanitised(written))
        html = "\n".join(shown)
        said.append(plain if plain.strip() else text.readable(html))
        if has_html:
            pages.append(html or text.escaped(plain))
    return "\n\n".join(one for one in said if one.strip())[: text.MAX_TEXT].rstrip(), "\n".join(pages)[: text.MAX_HTML]


def _attachments(mail: mime.Mail) -> list[Attachment]:
    found: list[Attachment] = []
    for part in mail.parts:
        if part.is_body or (part.parent in ("", "multipart/report") and not part.name and not part.content.strip()):
            continue
        name = part.name or f"{part.type.partition('/')[0]}-{len(found) + 1}{EXTENSIONS.get(part.type, '')}"
        if part.type == "message/rfc822" and not part.name:
            name = _subject_of(part.content) or name
        found.append(attachment(name, part.type, part.content, part.content_id))
    return found


def _subject_of(content: bytes) -> str:
    head = content.partition(b"\n\n")[0].decode("utf-8", "surrogateescape")
    for line in head.split("\n"):
        if line.lower().startswith("subject:"):
            name = mime.file_name(charsets.clean(headers.text(line[8:])))[:100]
            return f"{name}.eml" if name else ""
    return ""
