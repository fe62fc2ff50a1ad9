"""Passed on: whom a mail says it was written by, beside who sent it: Sender, Resent-From, or a forwarded mail in it."""

import re
from collections.abc import Iterator

from itsm.core.addresses import folded
from itsm.service_desk.on_behalf import FORWARD, FORWARDED
from itsm.service_desk.sources import headers, mime
from itsm.service_desk.submission import Claim

SENT_BY, RESENT_BY = "sender", "resent"
WRITER = re.compile(
    r"^[>\s*]*(?:from|von|de|de la|da|van|från|fra|od|lähettäjä|feladó|kimden|από|від"
    r"|от|发件人|寄件者|差出人|보낸\s?사람)\s*\*?\s*[:：]\s*\*?\s*(.+)$",
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
        written = list(_writers(mail, said))[:1]
        found += [Claim(how=FORWARDED, opener=sender, person=one, name=name) for name, one in written if one != sender]
    return tuple(found)


def has_one_writer(mail: mime.Mail) -> bool:
    """Whether its From names exactly one address, which is then the one that DMARC speaks of (RFC 7489 6.6.1)."""
    found = headers.addresses(mail.raw("from"), limit=2) if len(mail.fields.get("from", ())) == 1 else []
    return len(found) == 1 and headers.is_only(found[0][1], mail.raw("from"))


def _writers(mail: mime.Mail, said: str) -> Iterator[tuple[str, str]]:
    """Who wrote what is forwarded: what stands in the first head in the text, without one the From of an attached mail.

    A mail beside such a head came along with what is forwarded, and says what its sender wants it to.
    """
    head = _head(said)
    if head is not None:
        yield from _writer(head)
        return
    for part in mail.parts:
        if part.type == "message/rfc822":
            inner = re.split(rb"\r?\n\r?\n", part.content[:65_536], maxsplit=1)[0].decode("utf-8", "surrogateescape")
            whole = re.sub(r"\r?\n[ \t]+", " ", inner)
            for line in re.findall(r"(?im)^from:(.*)$", whole)[:1]:
                yield from headers.addresses(line, limit=1)
            return


def _head(said: str) -> str | None:
    """The writer's line of the first forwarded head in a text, what stands behind its colon."""
    lines = [line[:500] for line in said.splitlines()[:LINES]]
    for at, line in enumerate(lines):
        found = WRITER.match(line)
        if found is None:
            continue
        # some programs name the subject and the date before the writer
        after = sum(bool(FIELD.match(one)) for one in lines[at + 1 : at + 1 + NEAR])
        before = sum(bool(FIELD.match(one)) for one in lines[max(0, at - FIELDS) : at])
        if after and after + before >= FIELDS:
            return found[1]
    return None


def _writer(line: str) -> Iterator[tuple[str, str]]:
    """Who a line names; nobody where it names two, for one of them is only what the other is called."""
    if len({folded(one.strip(".'")) for one in headers.ADDRESS.findall(line)}) <= 1:
        plain, linked = MAILTO.sub("", line), MAILTO.sub(r"<\1>", line)
        written = plain if "@" in plain else linked
        yield from headers.addresses(re.sub(r"[\[\]]", " ", written).replace("<>", ""), limit=1)
