"""Outgoing: the mails we send about a ticket, threaded on the requester's own and never to be answered by a machine."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

from itsm.core.ports import Message
from itsm.core.record import Comment, Record
from itsm.core.signing import sign
from itsm.service_desk.delivery import undeliverable
from itsm.service_desk.filters import LIST, Own
from itsm.service_desk.letters import ENDED, RECEIVED, SAID, Letters
from itsm.service_desk.opening import UNATTENDED
from itsm.service_desk.threading import own_message_id, reply_address

MAX_TO = 40
MAX_QUOTED = 10_000
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a mail of ours needs to know: the secret that signs, our mail domain, our public address, what is ours."""

    secret: bytes
    domain: str
    url: str
    own: Own
    name: str = "Service desk"
    letters: Letters = field(default_factory=Letters)

    def ticket_link(self, record: Record) -> str:
        """The requester's page of the ticket."""
        return f"{self.url.rstrip('/')}/tickets/{sign(self.secret, 'ticket', record.id)}"


def reachable(address: str, sender: Sender) -> bool:
    """Whether a mail may go there: an address, not our own, and one that somebody reads."""
    return (
        bool(re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", address))
        and not sender.own.is_own(address)
        and not UNATTENDED.match(address)
    )


def acknowledgement(record: Record, sender: Sender) -> Message | None:
    """The mail that says we have it, once per ticket; None where no person would read it (RFC 3834 2)."""
    if record.practice == "submission" or record.details.get("auto") == LIST or not reachable(record.requester, sender):
        return None
    facts = {"number": record.number, "title": record.title, "name": record.requester_name}
    said = sender.letters.paragraphs(RECEIVED, _language(record), **facts) or [
        f"Thank you for writing. We have it under the number {record.number}: {record.title}",
        "Answer this mail to add something; the answer comes to us with this number.",
    ]
    return _message(
        record, sender, "ack", 1, (record.requester,), said, sender.ticket_link(record), automatic="auto-replied"
    )


def public_comment(record: Record, comment: Comment, sender: Sender) -> Message | None:
    """What was said on the ticket, to all who take part but the one who said it; None when nobody is left."""
    if not comment.public:
        return None
    words = comment.text[:MAX_QUOTED]
    facts = {"number": record.number, "title": record.title, "author": comment.by, "text": words}
    said = sender.letters.paragraphs(SAID, _language(record), **facts) or [
        f"{comment.by} wrote about {record.number}:",
        words,
    ]
    return _message(
        record,
        sender,
        f"comment-{comment.id}",
        comment.version,
        _people(record, sender, {comment.by}),
        said,
        sender.ticket_link(record),
    )


def _language(record: Record) -> str:
    return str(record.details.get("language", ""))


ENDINGS = {"rejected": "was not approved and will not be done", "cancelled": "was cancelled"}


def resolved(record: Record, sender: Sender) -> Message | None:
    """The mail that says how it ended: done, refused or cancelled."""
    ending = ENDINGS.get(record.state)
    facts = {"number": record.number, "title": record.title, "state": record.state}
    said = sender.letters.paragraphs(ENDED, _language(record), **facts) or [
        f"{record.number} {ending or 'is done'}: {record.title}",
        "If that is not right, answer this mail." if ending else "If it is not, answer this mail and we go on with it.",
    ]
    return _to_people(record, sender, f"done-{record.version}", said)


def approved(record: Record, sender: Sender) -> Message | None:
    """The mail that says it was approved and goes on."""
    said = [f"{record.number} was approved: {record.title}", "We go on with it and tell you when it is done."]
    return _to_people(record, sender, f"approved-{record.version}", said)


def blocked(record: Record, reason: str, sender: Sender) -> Message | None:
    """The mail that says it cannot be done as it was planned, and why."""
    said = [
        f"{record.number} cannot go on as planned: {record.title}",
        f"The reason: {reason}.",
        "Answer this mail with another plan, or ask us for one.",
    ]
    return _to_people(record, sender, f"blocked-{record.version}", said)


def _to_people(record: Record, sender: Sender, purpose: str, said: Iterable[str]) -> Message | None:
    """A mail about one version of the ticket to everybody who takes part in it."""
    people, link = _people(record, sender, set()), sender.ticket_link(record)
    return _message(record, sender, purpose, record.version, people, said, link)


def approval_request(record: Record, approver: str, link: str, sender: Sender, *, why: str = "") -> Message | None:
    """The mail that asks for a decision; its link opens a page, and only pressing a button there decides."""
    said = [
        f"Your decision is needed on {record.number}: {record.title}",
        why or f"Asked for by {record.requester_name or record.requester}.",
        "Open the page below, read it, and accept or refuse there. The link is for you alone and works once.",
    ]
    to = (approver,) if reachable(approver, sender) else ()
    # Two links to one person are two asks (after an edit voids the first); the same link is asked once.
    once = hashlib.sha256(f"{approver}\n{link}".encode()).hexdigest()[:16]
    return _message(record, sender, f"approval-{once}", record.version, to, said, link)


def escalated(record: Record, note: Comment, people: Iterable[str], sender: Sender) -> Message | None:
    """The mail to those whom an escalation level wants told; None when it wants nobody told."""
    said = [
        note.text,
        f"{record.title}\nPriority {record.priority}, group {record.group or 'none'}, worked by "
        f"{record.assignee or 'nobody yet'}.",
    ]
    to = tuple(one for one in dict.fromkeys(people) if reachable(one, sender))[:MAX_TO]
    return _message(record, sender, f"level-{note.id}", note.version, to, said, sender.ticket_link(record))


def _people(record: Record, sender: Sender, without: set[str]) -> tuple[str, ...]:
    everybody = dict.fromkeys([record.requester, *record.participants])
    gone = without | undeliverable(record)
    return tuple(one for one in everybody if one not in gone and reachable(one, sender))[:MAX_TO]


def _message(
    record: Record,
    sender: Sender,
    purpose: str,
    version: int,
    to: tuple[str, ...],
    said: Iterable[str],
    link: str,
    automatic: str = "auto-generated",
) -> Message | None:
    """A mail on the ticket's thread, None without anybody to send it to.

    SES puts its own Message-ID in place of ours, so our signed one also stands last in References, where every client
    copies it into an answer: the ticket is found by it even when the answer goes to another address.
    """
    if not to:
        return None
    paragraphs = [*said, link]
    theirs = str(record.details.get("message_id", ""))
    anchor = own_message_id(sender.secret, record.id, 1, "ack", sender.domain)
    mine = own_message_id(sender.secret, record.id, version, purpose, sender.domain)
    return Message(
        effect=f"mail.{record.id}.{purpose}",
        id=mine,
        to=to,
        subject=header(f"[{record.number}] {record.title}"),
        text="\n\n".join(paragraphs) + f"\n\n-- \n{sender.name}\n",
        html=_html(paragraphs, link, sender.name),
        reply_to=reply_address(sender.secret, record.id, sender.domain),
        in_reply_to=theirs or ("" if purpose == "ack" else anchor),
        references=tuple(dict.fromkeys(one for one in (theirs, anchor) if one)),
        headers={"Auto-Submitted": automatic, "X-Auto-Response-Suppress": "All", "X-Itsm-Instance": sender.domain},
    )


def _html(paragraphs: Iterable[str], link: str, name: str) -> str:
    shown = [
        f'<p><a href="{escape(one)}">{escape(one)}</a></p>'
        if one == link
        else "<p>" + escape(one).replace("\n", "<br>\n") + "</p>"
        for one in paragraphs
    ]
    return f'<!doctype html><html lang="en"><body>{"".join(shown)}<p>-- <br>{escape(name)}</p></body></html>'


def header(text: str) -> str:
    """A text fit for one header line: no line end or control gets through, so no header can be injected."""
    return CONTROL.sub(" ", text).strip()[:900]


def to_mime(message: Message, from_: str) -> bytes:
    """The mail as RFC 5322 bytes with CRLF; text and HTML as alternatives, header words encoded (RFC 2047).

    The same message makes the same bytes. No Date: the mail service sets it.
    """
    from email.header import Header
    from email.mime.multipart import MIMEMultipart
    from email.mime.text import MIMEText
    from email.policy import compat32

    boundary = "=_" + hashlib.sha256(f"{message.effect}\n{message.text}".encode()).hexdigest()[:40]
    root = MIMEMultipart("alternative", boundary=boundary)
    root["From"] = _mailbox(from_)
    root["To"] = ",\n ".join(header(address) for address in message.to)
    subject = header(message.subject)
    root["Subject"] = subject if subject.isascii() else Header(subject, "utf-8", header_name="Subject").encode()
    root["Message-ID"] = f"<{header(message.id)}>"
    root["Reply-To"] = header(message.reply_to)
    if message.in_reply_to:
        root["In-Reply-To"] = f"<{header(message.in_reply_to)}>"
    if message.references:
        root["References"] = "\n ".join(f"<{header(one)}>" for one in message.references)
    for name, value in (message.headers or {}).items():
        root[header(name)] = header(value)
    root.attach(MIMEText(message.text, "plain", "utf-8"))
    root.attach(MIMEText(message.html, "html", "utf-8"))
    return root.as_bytes(policy=compat32.clone(linesep="\r\n", max_line_length=998))


def _mailbox(from_: str) -> str:
    """A From as it was set, its name encoded where it needs to be."""
    from email.utils import formataddr, parseaddr

    name, address = parseaddr(header(from_))
    return formataddr((name, address)) if address else header(from_)
