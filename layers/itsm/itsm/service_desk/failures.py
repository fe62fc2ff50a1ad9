"""Failures: which addresses a bounce gives up, why, and whether for good."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from itsm.core.addresses import folded
from itsm.service_desk.sources import headers
from itsm.service_desk.sources.mime import Mail, Part
from itsm.service_desk.submission import COMPLAINT, Failure

MAX_FAILURES = 50
MAX_TEXT = 20_000
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*((?:.*)(?:\n[ \t]+.*)*)", re.MULTILINE)
RETURNED = re.compile(
    r"^[ >-]*(?:-+ ?(?:the following is|this is a copy|original message|below this line|included is|the header)"
    r"|received: |return-path: |(?:message )?header follows|original message|your message reads|unsent message)",
    re.IGNORECASE | re.MULTILINE,
)
"""Where a bounce begins to show what it returns; the addresses below that are not the ones it is about."""
OF_LINES = re.IGNORECASE | re.MULTILINE
GONE = (
    r"user unknown|unknown (?:user|address|recipient|mailbox|local)|no such (?:user|mailbox|recipient|person|address|"
    r"account|local)|(?:user|mailbox|address|account|recipient|alias|addressee)[^\n]{0,60}(?:does ?n.t exist|does not "
    r"exist|not (?:be )?found|unknown|not known|invalid|is not a valid|no longer)|no mailbox|invalid (?:mailbox|"
    r"recipient|user|address)|not listed in|not (?:a )?(?:valid|known) (?:user|recipient|mailbox)|not our customer|"
    r"unrout(?:e)?able|host (?:or domain name )?(?:unknown|not found)|no such (?:host|domain)|domain (?:does not exist|"
    r"not found)|name or service not known|bad destination|has moved|nullmx|null mx|does not accept mail|"
    r"isn't in my control|not accept mail"
)
GONE_STATUS = ("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
"""Enhanced status codes that say the address is no good (RFC 3463 3.2, RFC 7505); others tell of mail or day."""
PASSING = (
    r"quota|mailbox (?:is )?full|spam|blocked|black ?list|listed (?:at|in|by)|dmarc|spf|virus|relay|reverse dns|policy|"
    r"sender (?:address|domain|is|not|rejected)|reputation|try again|temporar|too (?:large|big|many)"
)


def failures(mail: Mail) -> tuple[Failure, ...]:
    """Each address a bounce gives up, once: from its delivery status (RFC 3464 2.3), X-Failed-Recipients, the JSON of
    Amazon SES, or else the words before what it returns."""
    found: dict[str, Failure] = {}
    for source in (_status, _headers, _json, _words):
        for one in source(mail):
            found.setdefault(one.address, one)
        if found:
            break
    return tuple(found.values())[:MAX_FAILURES]


def complaints(mail: Mail) -> tuple[Failure, ...]:
    """Each address a feedback report came from: named in the report (RFC 5965 3.2), else by Amazon SES, else whom the
    mail it returns was sent to. Many post offices black it out; then there is none."""
    found: dict[str, None] = {}
    for part in mail.parts:
        if part.type == "message/feedback-report":
            for name, value in FIELD.findall(part.text[:MAX_TEXT]):
                if name.lower() in ("original-rcpt-to", "removal-recipient"):
                    found.setdefault(_address(value))
    for part in mail.parts[:1]:
        complaint = ses(part).get("complaint", {})
        for one in complaint.get("complainedRecipients", ()) if isinstance(complaint, Mapping) else ():
            found.setdefault(_address(str(one.get("emailAddress", ""))) if isinstance(one, Mapping) else "")
    if not any(found):
        for part in mail.parts:
            if part.type in ("message/rfc822", "text/rfc822-headers"):
                to = re.search(r"(?im)^to:[ \t]*(.+)$", part.content[:MAX_TEXT].decode("utf-8", "replace"))
                found.setdefault(_address(to[1]) if to else "")
    told = [Failure(address=folded(address), status=COMPLAINT, hard=True) for address in found if address]
    return tuple(told[:MAX_FAILURES])


def hard(status: str, why: str) -> bool:
    """Whether an address is no good at all; what a full mailbox or a filter says passes."""
    if status.startswith(("2", "4")):
        return False
    words = why.lower()
    if _search(PASSING, words) and status not in ("5.1.1", "5.1.10"):
        return False
    return status in GONE_STATUS or _search(GONE, words)


def _status(mail: Mail) -> Iterator[Failure]:
    for part in mail.parts:
        if part.type.startswith("message/") and part.type.endswith("delivery-status"):
            for block in re.split(r"\n\s*\n", part.text):
                fields = {name.lower(): " ".join(value.split()) for name, value in FIELD.findall(block)}
                address = _address(fields.get("original-recipient", "")) or _address(fields.get("final-recipient", ""))
                action = fields.get("action", "failed").partition(" ")[0].lower()
                if address and action not in ("delivered", "relayed", "expanded", "deliverable"):
                    why = fields.get("diagnostic-code", "")
                    yield _failure(address, _best(fields.get("status", ""), why), why or fields.get("status", ""))


def _best(status: str, why: str) -> str:
    """The more telling of the two codes: many post offices say 5.0.0 and put the real one into the words."""
    said = STATUS.search(why)
    named = STATUS.search(status)
    if said and (not named or named[1].endswith(".0.0")):
        return said[1]
    return named[1] if named else ""


def _headers(mail: Mail) -> Iterator[Failure]:
    why = _before(mail)
    for value in mail.fields.get("x-failed-recipients", ()):
        for _, address in headers.addresses(value, limit=MAX_FAILURES):
            yield _failure(address, _code(why), why)


def _json(mail: Mail) -> Iterator[Failure]:
    for part in mail.parts[:1]:
        bounce = ses(part).get("bounce", {})
        for one in bounce.get("bouncedRecipients", ()) if isinstance(bounce, Mapping) else ():
            address = _address(str(one.get("emailAddress", ""))) if isinstance(one, Mapping) else ""
            if address:
                why = f"{one.get('diagnosticCode', '')} {bounce.get('bounceType', '')}"
                yield _failure(address, str(one.get("status", "")), why)


def ses(part: Part) -> Mapping[str, Any]:
    """The notification of Amazon SES a text holds ("Contents of Amazon SNS notifications"), {} when it is none."""
    said = part.text[:MAX_TEXT].lstrip()
    if not said.startswith("{") or "notificationType" not in said:
        return {}
    try:
        # Mail wraps what is longer than a line may be: RFC 5321's 998 bytes and an exclamation mark.
        found, _ = json.JSONDecoder().raw_decode(re.sub(r"!?\n[ \t]", "", said))
    except (ValueError, RecursionError):
        return {}
    inner = found.get("Message") if isinstance(found, Mapping) else None
    if isinstance(inner, str) and inner.startswith("{"):
        return ses(replace(part, content=inner.encode()))
    return found if isinstance(found, Mapping) else {}


def _words(mail: Mail) -> Iterator[Failure]:
    said = _before(mail)
    mine = {address for name in ("from", "to", "cc", "reply-to") for _, address in headers.addresses(mail.raw(name))}
    for match in headers.ADDRESS.finditer(said):
        address = folded(match[0]).strip(".'-")
        if address not in mine and not address.startswith(("postmaster@", "mailer-daemon@", "abuse@")):
            why = said[max(0, match.start() - 200) : match.end() + 400]
            yield _failure(address, _code(why), why)


def _before(mail: Mail) -> str:
    """The words of a bounce before what it returns."""
    said = "\n".join(part.text[:MAX_TEXT] for part in mail.parts[:3] if part.type in ("text/plain", "text/html"))
    cut = RETURNED.search(said, 1)
    return (said[: cut.start()] if cut else said)[:MAX_TEXT]


def shows_own(mail: Mail, domain: str) -> bool:
    """Whether the head of a mail from our domain stands in it, in whatever language it says why it comes back."""
    ours = re.compile(rb"^[> \t]*message-id:[ \t]*<[^<>\s@]{20,150}@" + re.escape(domain.encode()) + rb">", OF_LINES)
    return bool(domain) and any(ours.search(part.content[:65_536]) for part in mail.parts)


def shows_returned(mail: Mail) -> bool:
    """Whether it holds the mail that it is about, as a part or in its words."""
    if any(part.type in ("message/rfc822", "text/rfc822-headers") for part in mail.parts):
        return True
    said = "\n".join(part.text[:MAX_TEXT] for part in mail.parts[:3] if part.type in ("text/plain", "text/html"))
    return RETURNED.search(said, 1) is not None


def _code(why: str) -> str:
    found = STATUS.search(why)
    return found[1] if found else ""


def _address(field: str) -> str:
    found = headers.ADDRESS.search(field.rpartition(";")[2])
    return found[0].lower() if found else ""


def _failure(address: str, status: str, why: str) -> Failure:
    return Failure(address=folded(address), status=status, hard=hard(status, why))


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _search(pattern: str, text: str) -> bool:
    return _pattern(pattern).search(text) is not None
