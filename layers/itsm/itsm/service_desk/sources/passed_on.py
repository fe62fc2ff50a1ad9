"""Passed on: whom a mail says it was written by, beside who sent it: Sender, Resent-From, or a forwarded mail in it."""

import re
from collections.abc import Iterator

from itsm.service_desk.on_behalf import FORWARD, FORWARDED
from itsm.service_desk.sources import headers, mime
from itsm.service_desk.submission import Claim

SENT_BY, RESENT_BY = "sender", "resent"
WRITER = re.compile(
    r"^[>\s*]*(?:from|von|de|da|van|från|fra|od|lähettäjä|feladó|от|发件人|寄件者|差出人|보낸\s?사람)\s*\*?\s*[:：]\s*\*?\s*(.+)$",
    re.IGNORECASE,
)
FIELD = re.compile(r"^[>\s*]*[^\s:：][^:：\n]{1,24}[:：]\s*\S")
MAILTO = re.compile(r"mailto:([^\s\])>]+)", re.IGNORECASE)
LINES, NEAR, FIELDS = 400, 8, 2
"""Lines of a mail that are looked at; a forwarded head has at least two more fields within that many lines."""


def claims(mail: mime.Mail, sender: str, sender_name: str, said: str) -> tuple[Claim, ...]:
    """What the mail says of somebody else than its sender, nothing of it believed yet.

    A mail with several writers in its From says nothing: it cannot be said whose domain the channel vouches for.
    """
    if not has_one_writer(mail):
        return ()
    found = [
        Claim(how=how, opener=address, person=sender, name=sender_name)
        for name, how in (("sender", SENT_BY), ("resent-from", RESENT_BY))
        for _, address in headers.addresses(mail.raw(name), limit=1)
        if address != sender
    ]
    if FORWARD.match(mail.first("subject")):
        found += [
            Claim(how=FORWARDED, opener=sender, person=address, name=name)
            for name, address in _writers(mail, said)
            if address != sender
        ][:1]
    return tuple(found)


def has_one_writer(mail: mime.Mail) -> bool:
    """Whether its From names exactly one address, which is then the one that DMARC speaks of (RFC 7489 6.6.1)."""
    found = headers.addresses(mail.raw("from"), limit=2) if len(mail.fields.get("from", ())) == 1 else []
    return len(found) == 1 and headers.is_only(found[0][1], mail.raw("from"))


def _writers(mail: mime.Mail, said: str) -> Iterator[tuple[str, str]]:
    """Who wrote what is forwarded: of an attached mail its From, else what stands in the first head in the text."""
    for part in mail.parts:
        if part.type == "message/rfc822":
            head = re.split(rb"\r?\n\r?\n", part.content[:65_536], maxsplit=1)[0].decode("utf-8", "surrogateescape")
            whole = re.sub(r"\r?\n[ \t]+", " ", head)
            for line in re.findall(r"(?im)^from:(.*)$", whole)[:1]:
                yield from headers.addresses(line, limit=1)
    yield from _head(said)


def _head(said: str) -> Iterator[tuple[str, str]]:
    lines = said.splitlines()[:LINES]
    for at, line in enumerate(lines):
        found = WRITER.match(line[:500])
        fields = sum(bool(FIELD.match(one[:500])) for one in lines[at + 1 : at + 1 + NEAR]) if found else 0
        if found and fields >= FIELDS:
            plain, linked = MAILTO.sub("", found[1]), MAILTO.sub(r"<\1>", found[1])
            written = plain if "@" in plain else linked
            yield from headers.addresses(re.sub(r"[\[\]]", " ", written).replace("<>", ""), limit=1)
            return
