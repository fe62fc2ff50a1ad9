"""Submission: anything that arrived, in one shape, before anybody judged it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from itsm.core.record import derived_id

MAIL, FORM, WEBHOOK, ALARM = "mail", "form", "webhook", "alarm"

FILES = "attachments"

UNANSWERED = "unanswered"
"""The fact that whoever wrote asks machines not to answer."""

COMPLAINT = "complaint"
"""In place of the status code of a bounce: the address has said that our mail is unwanted."""

REFUSED, FAILED, UNKNOWN, VERIFIED, INTERNAL = -1, 0, 1, 2, 3
"""Trust: -1 it fails DMARC and its domain asks to refuse it, 0 it fails DMARC, 1 nothing is known, 2 the channel or
sender is authenticated, 3 our own account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came along. `content` is there while parsing; afterwards the file is a blob of its ticket.

    `content_id` names it where the HTML shows it inline (RFC 2392), else "". `refused` says why it is not kept.
    """

    name: str
    type: str
    size: int
    sha256: str
    content_id: str = ""
    content: bytes = field(default=b"", repr=False)
    refused: str = ""

    def key(self, record: str) -> str:
        """Where a ticket's file is stored: by its content, so storing it again is harmless, and below the ticket's id,
        so that whoever judges the file can name the ticket."""
        return f"{FILES}/{record}/{self.sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What sort of sender wrote: `kind` is one of the words in filters.py, `reason` the header or phrase behind it."""

    kind: str = "person"
    reason: str = ""

    @property
    def automatic(self) -> bool:
        """Whether a machine wrote it, so that nothing may ever be sent in answer."""
        return self.kind != "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An address a bounce gives up: its enhanced status code (RFC 3463) or "", and whether it is no good for good."""

    address: str
    status: str = ""
    hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That `opener` asks for another, `person`, who may have a `name`; `how` says where that was said."""

    how: str
    opener: str
    person: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What arrived. Instants are whole seconds since the epoch, UTC.

    `source` is mail, the form's or the webhook's name, or alarm; `key` the source's own key of the ticket this opens,
    `delivery` the key of this very delivery (the same unless several deliveries speak of one ticket, as alarm and
    recovery do). `subject` and `text` are clean; `reply` is the text without what it quotes; `html` is sanitised.
    `fields` are answers mapped by policy: service, impact, urgency, practice, template, ... `fingerprint` groups the
    alarms of one fault; `recovered` says the fault is over. `failures` are the addresses a bounce gives up;
    `began` is when the fault did. `claims` are what is said of somebody it is for, `proven` the domains its channel
    vouches for, and `on_behalf` the claim that holds (on_behalf.judged): then the ticket is that person's.
    """

    source: str
    key: str
    kind: str
    received_at: int
    sender: str = ""
    sender_name: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    reply: str = ""
    html: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    message_id: str = ""
    references: tuple[str, ...] = ()
    trust: int = UNKNOWN
    auto: Classification = field(default_factory=Classification)
    fields: Mapping[str, str] = field(default_factory=dict)
    delivery: str = ""
    fingerprint: str = ""
    recovered: bool = False
    raw: str = ""
    failures: tuple[Failure, ...] = ()
    began: int = 0
    claims: tuple[Claim, ...] = ()
    proven: tuple[str, ...] = ()
    on_behalf: Claim | None = None

    @property
    def asks(self) -> str:
        """Whose ticket it is: the person it is for, else who sent it."""
        return self.on_behalf.person if self.on_behalf else self.sender

    @property
    def record_id(self) -> str:
        """The id of the ticket this submission opens, whatever often it is delivered."""
        return derived_id(self.source, self.key)

    @property
    def comment_id(self) -> str:
        """The id of the journal entry this delivery makes where it joins a ticket."""
        return derived_id(f"{self.source}-comment", f"{self.delivery or self.key}\n{self.digest}")

    @property
    def digest(self) -> str:
        """SHA-256 over what was said, not how it travelled: copies to two of our mailboxes have the same one."""
        said = [self.source, self.sender, self.subject, self.text, sorted(self.fields.items())]
        files = [attachment.sha256 for attachment in self.attachments]
        text = json.dumps([said, files], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def attachment(name: str, media_type: str, content: bytes, content_id: str = "") -> Attachment:
    """An attachment of these bytes."""
    return Attachment(
        name=name,
        type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content_id=content_id,
        content=content,
    )


def listed(attachments: Iterable[Attachment], record: str) -> tuple[str, ...]:
    """The attachments that are kept, as a record or comment holds them: `key|name|type|size`."""
    kept = (one for one in attachments if not one.refused)
    return tuple(f"{one.key(record)}|{one.name.replace('|', '_')}|{one.type}|{one.size}" for one in kept)
