"""Joining: the whole corpus through the mail door of one desk in memory, and strangers who try to join its tickets."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from itsm.core.record import Record
from itsm.service_desk.threading import own_message_id

from functions.intake_mail.app import handler
from tests.corpus.reading import NOBODY
from tests.corpus.shelf import MAIL, Item
from tests.fakes import FakePorts, sqs
from tests.support.mail import notification

STRANGERS = 150
"""Tickets that a stranger tries to join, in every way that needs no secret and no part in them."""


@dataclass(slots=True)
class Outcomes:
    """What became of the mails: those without exactly one outcome, joins, and joins nothing gave the right to."""

    mails: int = 0
    lost: list[str] = field(default_factory=list)
    joined: int = 0
    wrong: list[str] = field(default_factory=list)
    attempts: int = 0


def run(items: Iterable[Item]) -> Outcomes:
    """Deliver every mail once, then the strangers'."""
    ports, found = FakePorts(), Outcomes()
    for item in items:
        if item.kind == MAIL:
            found.mails += 1
            _deliver(item.id, item.raw, ports, found)
            ports.blobs.stored.clear()
    tickets = [one for one in ports.records.stored.values() if one.practice == "incident"]
    for ticket in tickets[:STRANGERS]:
        for number, head in enumerate(_pointers(ticket, ports)):
            found.attempts += 1
            mail = (
                f"From: stranger{number}@elsewhere.example.net\nTo: support@desk.example.org\n"
                f"Message-ID: <{ticket.id}.{number}@elsewhere.example.net>\n{head}\n\nLet me in.\n"
            )
            _deliver(f"stranger to {ticket.number}", mail.encode(), ports, found)
    return found


def _pointers(ticket: Record, ports: FakePorts) -> list[str]:
    ours = own_message_id(ports.link_secret, ticket.id, 1, "ack", "desk.example.org")
    title = re.sub(r"\s+", " ", ticket.title)[:100]
    heads = [
        f"Subject: Re: {title}",
        f"Subject: [{ticket.number}] {title}",
        f"Subject: Hello\nIn-Reply-To: <{ours}>",
        f"Subject: Hello\nReferences: <x@y.example>\n <{ours}>",
        "Subject: Hello\nIn-Reply-To:\nReferences:",
    ]
    if theirs := str(ticket.details.get("message_id", "")):
        heads.append(f"Subject: Hello\nIn-Reply-To: <{theirs}>")
    return heads


def _deliver(name: str, raw: bytes, ports: FakePorts, found: Outcomes) -> None:
    before = {one.id: one for one in ports.records.stored.values()}
    entries = {record: len(journal) for record, journal in ports.records.journal.items()}
    key = f"mail/{len(before)}-{name}"
    ports.blobs.put(key, raw, MAIL)
    taken = handler.on(sqs(notification(key)), ports) == {"batchItemFailures": []}
    made = [one for one in ports.records.stored.values() if one.id not in before]
    grown = [id_ for id_, journal in ports.records.journal.items() if len(journal) > entries.get(id_, 0)]
    again = not made and not grown and taken
    if not taken or len(made) + len(grown) > 1 or (again and not _known(raw, before.values())):
        found.lost.append(name)
    for id_ in grown:
        found.joined += 1
        entry, ticket = ports.records.journal[id_][-1], before[id_]
        if entry.public and not _has_right(raw, entry.by, ticket):
            found.wrong.append(f"{name} joined {ticket.number}")


def _known(raw: bytes, before: Iterable[Record]) -> bool:
    """Whether a mail that made nothing new is a copy of one that is there: same words, same sender."""
    from tests.corpus.reading import read

    mail = read(raw) or read(NOBODY + raw)
    if mail is None:
        return any(one.practice == "submission" for one in before)
    return any(one.digest == mail.digest or one.title == mail.subject[:200] or not one.digest for one in before)


def _has_right(raw: bytes, by: str, ticket: Record) -> bool:
    """Whether the sender takes part in the ticket and the mail points at it; judged from the raw bytes alone."""
    part = by in {ticket.requester, *ticket.participants}
    theirs = str(ticket.details.get("message_id", "")).encode()
    points = ticket.number.encode() in raw or ticket.id.encode() in raw or (bool(theirs) and theirs in raw)
    return part and points
