"""Outgoing: the mails we send about a ticket, threaded on the requester's own and never to be answered by a machine."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from itsm.core.ports import Message
from itsm.core.record import SYSTEM, Comment, Record, derived_id
from itsm.core.signing import sign
from itsm.service_desk import letters
from itsm.service_desk.delivery import undeliverable
from itsm.service_desk.filters import Own
from itsm.service_desk.letters import Fallen, Letters, unheard
from itsm.service_desk.opening import UNATTENDED
from itsm.service_desk.policy import People
from itsm.service_desk.submission import UNANSWERED
from itsm.service_desk.threading import delivery_proof, own_message_id, reply_address
from itsm.service_desk.words import Languages, Words

MAX_TO = 40
"""Readers of one mail; SES takes 50 (Amazon SES quotas: recipients per message)."""
MAX_PEOPLE = 101
"""Who asked, and as many as policy lets take part: each gets a mail of their own."""
MAX_QUOTED = 10_000
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
PROOF = "X-Itsm-Delivery"
"""The header by which a mail that is sent back shows whom it was sent to."""
ENDINGS = {"cancelled": letters.CANCELLED, "rejected": letters.REFUSED}

type Facts = Callable[[Words], Mapping[str, str]]
"""What a letter says beside what all say, in the words of a language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a mail of ours needs to know: the secret that signs, our mail domain, our public address, what is ours.

    And how we write: our letters, our words, whose language we know; `fallen` hears of a template that failed.
    """

    secret: bytes
    domain: str
    url: str
    own: Own
    letters: Letters = field(default_factory=Letters)
    languages: Languages = field(default_factory=Languages)
    people: People = field(default_factory=People)
    fallen: Fallen = unheard

    def ticket_link(self, record: Record) -> str:
        """The requester's page of the ticket."""
        return f"{self.url.rstrip('/')}/tickets/{sign(self.secret, 'ticket', record.id)}"

    def language(self, mail: str, address: str, record: Record) -> str:
        """The language a person reads a mail in: theirs as far as we know it and write it, else that of the desk."""
        return self.letters.spoken(mail, *self.people.reads(address, record))


def reachable(address: str, sender: Sender) -> bool:
    """Whether a mail may go there: an address, not our own, and one that somebody reads."""
    return (
        bool(re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", address))
        and not sender.own.is_own(address)
        and not UNATTENDED.match(address)
    )


def acknowledgement(record: Record, sender: Sender) -> Message | None:
    """The mail that says we have it, once per ticket; None where no person would read it (RFC 3834 2), or
    its sender asks for none."""
    if record.practice == "submission" or {"auto", UNANSWERED} & record.details.keys():
        return None
    if not reachable(record.requester, sender):
        return None
    mail = _Mail(
        letter=letters.RECEIVED,
        purpose="ack",
        version=1,
        facts=lambda _: {"name": record.requester_name},
        automatic="auto-replied",
    )
    return next(iter(_sent(record, sender, mail, (record.requester,))), None)


def public_comment(record: Record, comment: Comment, sender: Sender) -> tuple[Message, ...]:
    """What was said on the ticket, to all who take part but the one who said it; nothing when nobody is left."""
    if not comment.public:
        return ()
    named = record.requester_name if comment.by == record.requester else ""
    author = "" if comment.by == SYSTEM else named or comment.by
    facts = {"author": author, "text": comment.text[:MAX_QUOTED]}
    mail = _Mail(letter=letters.SAID, purpose=f"comment-{comment.id}", version=comment.version, facts=lambda _: facts)
    return _sent(record, sender, mail, _people(record, sender, {comment.by}))


def waited(record: Record, comment: Comment, sender: Sender, *, over: bool) -> tuple[Message, ...]:
    """The mail that asks for an answer once more, or (`over`) says that we take the ticket to be done without one."""
    letter = letters.PRESUMED if over else letters.REMINDED
    mail = _Mail(letter=letter, purpose=f"comment-{comment.id}", version=comment.version)
    return _sent(record, sender, mail, _people(record, sender, set()))


def resolved(record: Record, sender: Sender) -> tuple[Message, ...]:
    """The mail that says how it ended: done, refused with the approvers' own words, decided by nobody, or cancelled."""
    approval: Any = record.details.get("approval") or {}
    letter = ENDINGS.get(record.state, letters.DONE)
    if letter == letters.REFUSED and approval.get("decision") == "lapsed":
        letter = letters.LAPSED
    votes = approval.get("votes", {}).items() if letter == letters.REFUSED else ()
    refused = {person: str(vote.get("note", "")) for person, vote in votes if vote["decision"] == "refuse"}
    facts = {"note": "\n\n".join(filter(None, refused.values())), "by": ", ".join(refused)}
    return _told(record, sender, letter, "done", facts if letter == letters.REFUSED else {})


def approved(record: Record, sender: Sender) -> tuple[Message, ...]:
    """The mail that says it was approved and goes on."""
    return _told(record, sender, letters.APPROVED, "approved")


def blocked(record: Record, reason: str, sender: Sender) -> tuple[Message, ...]:
    """The mail that says it cannot be done as it was planned, and why."""
    mail = _Mail(
        letter=letters.BLOCKED,
        purpose=f"blocked-{record.version}",
        version=record.version,
        facts=lambda words: {"reason": words.again(reason)},
    )
    return _sent(record, sender, mail, _people(record, sender, set()))


def _told(
    record: Record, sender: Sender, letter: str, purpose: str, facts: Mapping[str, str] | None = None
) -> tuple[Message, ...]:
    """A mail about one version of the ticket to everybody who takes part in it."""
    named = f"{purpose}-{record.version}"
    mail = _Mail(letter=letter, purpose=named, version=record.version, facts=lambda _: facts or {})
    return _sent(record, sender, mail, _people(record, sender, set()))


def approval_request(record: Record, approver: str, link: str, sender: Sender) -> Message | None:
    """The mail that asks for a decision; its link opens a page, and only pressing a button there decides."""
    approval: Any = record.details.get("approval") or {}
    until = approval.get("expires")
    asker = record.requester_name or record.requester
    # Two links to one person are two asks (after an edit voids the first); the same link is asked once.
    once = hashlib.sha256(f"{approver}\n{link}".encode()).hexdigest()[:16]
    mail = _Mail(
        letter=letters.DECIDE,
        purpose=f"approval-{once}",
        version=record.version,
        facts=lambda words: {"asker": asker, "until": words.moment(until) if until else ""},
        link=link,
    )
    return next(iter(_sent(record, sender, mail, (approver,) if reachable(approver, sender) else ())), None)


def escalated(
    record: Record, note: Comment, people: Iterable[str], sender: Sender, letter: str = letters.WARNED
) -> tuple[Message, ...]:
    """The mail to those whom a level wants told; nothing when it wants nobody told. `letter`: warned, breached,
    follow_up."""
    about = {"priority": str(record.priority), "group": record.group, "assignee": record.assignee}
    mail = _Mail(
        letter=letter,
        purpose=f"level-{note.id}",
        version=note.version,
        facts=lambda words: {**about, "note": words.again(note.text)},
        together=True,
    )
    return _sent(record, sender, mail, tuple(one for one in dict.fromkeys(people) if reachable(one, sender))[:MAX_TO])


def _people(record: Record, sender: Sender, without: set[str]) -> tuple[str, ...]:
    everybody = dict.fromkeys([record.requester, *record.participants])
    gone = without | undeliverable(record)
    return tuple(one for one in everybody if one not in gone and reachable(one, sender))[:MAX_PEOPLE]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mail:
    """One thing to say: by which letter, for which purpose (sent once), about which version of the ticket.

    `together` goes to the desk's own people, who are to see who else was told.
    """

    letter: str
    purpose: str
    version: int
    facts: Facts = field(default=lambda _: {})
    link: str = ""
    automatic: str = "auto-generated"
    together: bool = False


def _sent(record: Record, sender: Sender, mail: _Mail, to: tuple[str, ...]) -> tuple[Message, ...]:
    """A message to each person who takes part, or one together to the readers of each language.

    One of a person's own holds the proof that it was sent to them; the requester's keeps the plain purpose.
    """
    home = sender.language(mail.letter, record.requester, record)
    groups: dict[tuple[str, str], list[str]] = {}
    for address in to:
        language = sender.language(mail.letter, address, record)
        if mail.together:
            suffix = "" if language == home else f"-{language}"
        else:
            suffix = "" if address == record.requester else f"-{derived_id('to', address)}"
        groups.setdefault((language, suffix), []).append(address)
    return tuple(
        _message(record, sender, mail, language, tuple(people), suffix) for (language, suffix), people in groups.items()
    )


def _message(record: Record, sender: Sender, mail: _Mail, language: str, to: tuple[str, ...], suffix: str) -> Message:
    """A mail on the ticket's thread.

    SES puts its own Message-ID in place of ours, so our signed one also stands last in References, where every client
    copies it into an answer: the ticket is found by it even when the answer goes to another address.
    """
    purpose, link = f"{mail.purpose}{suffix}", mail.link or sender.ticket_link(record)
    common = {"number": record.number, "title": record.title, "link": link}
    facts = {**common, **mail.facts(sender.languages.of(language))}
    written = sender.letters.write(mail.letter, language, facts, sender.fallen)
    theirs = str(record.details.get("message_id", ""))
    anchor = own_message_id(sender.secret, record.id, 1, "ack", sender.domain)
    return Message(
        effect=f"mail.{record.id}.{purpose}",
        id=own_message_id(sender.secret, record.id, mail.version, purpose, sender.domain),
        to=to,
        subject=header(written.subject),
        text=written.text,
        html=written.html,
        reply_to=reply_address(sender.secret, record.id, sender.domain),
        in_reply_to=theirs or ("" if purpose == "ack" else anchor),
        references=tuple(dict.fromkeys(one for one in (theirs, anchor) if one)),
        headers={
            "Auto-Submitted": mail.automatic,
            "X-Auto-Response-Suppress": "All",
            "X-Itsm-Instance": sender.domain,
            "Content-Language": language,
            **({} if mail.together else {PROOF: f"<{delivery_proof(sender.secret, record.id, to[0], sender.domain)}>"}),
        },
    )


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
