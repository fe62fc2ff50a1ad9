"""Opening: a submission becomes a new record, or an entry in the journal of one that is there."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from itsm.core.events import Json
from itsm.core.journal import CUT
from itsm.core.lifecycle import Lifecycle
from itsm.core.record import SYSTEM, Comment, Record, opened
from itsm.service_desk import pictures, quarantine
from itsm.service_desk.attachments import told
from itsm.service_desk.filters import Own
from itsm.service_desk.on_behalf import bare
from itsm.service_desk.policy import People
from itsm.service_desk.submission import FAILED, FORM, MAIL, Attachment, Submission, listed

INLINE_BYTES, EXCERPT_BYTES = 900, 700
"""A text up to the first travels in the record's item; of a longer one the second, and all of it is a blob (design 3.4:
small items)."""
ENTRY_BYTES = 6_000
MAX_TITLE = 200
MAX_LISTED = 20
MAX_DETAIL = 2_000
NO_SUBJECT = "(no subject)"
ENDED = "ended_at"
"""The detail of a ticket at its end that holds since when (epoch seconds), once an entry was added to it later."""
HEADER_FIELDS = ("practice", "service", "impact", "urgency")
LEVELS = ("1", "2", "3", "4", "5")
NUMBERS = ("planned_start", "planned_end", "cost")
LISTS = ("items",)
UNATTENDED = re.compile(r"^(?:no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?)(?:[-+=.].*)?@", re.IGNORECASE)

type Priority = Callable[[int, int, str], int]
"""impact, urgency and service -> priority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes to store beside a record before it is written."""

    key: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A record to create and what to store first."""

    record: Record
    blobs: tuple[Blob, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A journal entry to save and what to store first."""

    comment: Comment
    blobs: tuple[Blob, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a record gets where the submission says nothing, and how many people may take part in it."""

    practice: str = "incident"
    service: str = ""
    impact: int = 3
    urgency: int = 3
    participants: int = 40
    people: People = field(default_factory=People)


def known_of(submission: Submission, people: People) -> Submission:
    """The submission with what policy knows of who asks: organisation, language, and that it is a VIP.

    A mail that fails DMARC may be anybody's: it is answered in the language of whom it names, and is no VIP's.
    """
    organisation, is_believed = people.organisations.get(submission.asks.rpartition("@")[2]), submission.trust > FAILED
    facts = {"vip": "yes" if is_believed and submission.asks in people.vip else ""}
    if organisation:
        facts |= {"organisation": organisation.title if is_believed else "", "language": organisation.language}
    told = {name: value for name, value in facts.items() if value and name not in submission.fields}
    return replace(submission, fields={**submission.fields, **told}) if told else submission


def opening(
    submission: Submission,
    *,
    defaults: Defaults,
    own: Own,
    priority: Priority,
    lifecycle: Callable[[str], Lifecycle],
    key: str = "",
    related: str = "",
) -> Opening:
    """The record a submission opens, in its practice's first state, with the service desk until it is routed.

    `key` replaces the submission's own where the outcome says so; `related` is the number of a ticket it may have to do
    with. The same submission always makes the same record.
    """
    named = known_of(replace(submission, key=key or submission.key), defaults.people)
    practice = named.fields.get("practice") or defaults.practice
    said, blobs = kept(named.text, f"text/{named.record_id}/1", INLINE_BYTES, EXCERPT_BYTES)
    shown = page(named, f"text/{named.record_id}/1.html")
    everybody = participants(named, own)
    record = opened(
        f"{practice.capitalize()}Opened",
        by=(named.on_behalf.opener if named.on_behalf else named.sender) or SYSTEM,
        origin=named.kind,
        at=named.received_at,
        text=said,
        id=named.record_id,
        practice=practice,
        state=lifecycle(practice).initial,
        title=title(bare(named.subject) if named.on_behalf else named.subject),
        source=named.source,
        requester=named.asks or SYSTEM,
        requester_name=named.on_behalf.name if named.on_behalf else named.sender_name,
        group=quarantine.GROUP,
        participants=everybody[: defaults.participants],
        details=_details(named, related, [blob.key for blob in blobs], len(everybody[defaults.participants :])),
        digest=submission.digest,
        **_standing(named.fields, defaults, priority),
    )
    return Opening(record=record, blobs=(*blobs, *shown, *_files(named.attachments, record.id)))


def _standing(fields: Mapping[str, str], defaults: Defaults, priority: Priority) -> Mapping[str, Any]:
    """How much it matters: what was said, else what the source's policy says."""
    impact, urgency = _level(fields, "impact", defaults.impact), _level(fields, "urgency", defaults.urgency)
    urgency = max(1, urgency - 1) if fields.get("vip") else urgency
    service = (fields.get("service") or defaults.service)[:100]
    return {"service": service, "impact": impact, "urgency": urgency, "priority": priority(impact, urgency, service)}


def entry(submission: Submission, record: Record, *, note: str = "") -> Entry:
    """What a submission adds to a record's journal: the reply without its quotes; with `note`, an internal entry that
    begins so. What a machine says (alarm, webhook) is internal too.

    The same delivery makes the same entry, which the store keeps once.
    """
    words = submission.reply or submission.text or submission.subject or NO_SUBJECT
    text, blobs = kept(
        f"{note}\n\n{words}" if note else words, f"text/{record.id}/{submission.comment_id}", ENTRY_BYTES, ENTRY_BYTES
    )
    if left_out := told(submission.attachments):
        text = f"{text}\n\n{left_out}"
    public = not note and submission.kind in (MAIL, FORM)
    shown = page(submission, f"text/{record.id}/{submission.comment_id}.html") if public else ()
    comment = Comment(
        id=submission.comment_id,
        record=record.id,
        at=submission.received_at,
        by=submission.sender or SYSTEM,
        text=text,
        origin=submission.kind,
        public=public,
        attachments=listed(submission.attachments, record.id)[:MAX_LISTED],
        page="".join(blob.key for blob in shown),
    )
    return Entry(comment=comment, blobs=(*blobs, *shown, *_files(submission.attachments, record.id)))


def hold(submission: Submission, reason: str, related: str = "") -> Record:
    """The held record of a submission that could be read but must be judged by a person."""
    return quarantine.held(
        submission.delivery or submission.key,
        reason,
        source=submission.source,
        at=submission.received_at,
        raw=submission.raw,
        sender=submission.sender,
        subject=title(submission.subject),
        related=related,
    )


def title(subject: str) -> str:
    """The subject as a title: one line, at most 200 characters."""
    line = re.sub(r"\s+", " ", subject).strip()
    if len(line) > MAX_TITLE:
        return line[: MAX_TITLE - 1].rstrip() + "…"
    return line or NO_SUBJECT


def participants(submission: Submission, own: Own) -> tuple[str, ...]:
    """Who takes part: who asks, who asked for them, and whom the mail was addressed to beside us; no address that
    nobody reads."""
    opener = [submission.on_behalf.opener] if submission.on_behalf else []
    people = [submission.asks, *opener, submission.sender, *submission.recipients]
    wanted = dict.fromkeys(one for one in people if "@" in one and not own.is_own(one) and not UNATTENDED.match(one))
    return tuple(wanted)


def kept(text: str, key: str, most: int, excerpt: int) -> tuple[str, tuple[Blob, ...]]:
    """A text as an item keeps it: whole, or its beginning with the whole as a blob; sizes in bytes of UTF-8."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return text, ()
    beginning = raw[:excerpt].decode("utf-8", "ignore").rstrip() + CUT
    return beginning, (Blob(key=key, body=raw, content_type="text/plain; charset=utf-8"),)


def page(submission: Submission, key: str) -> tuple[Blob, ...]:
    """The mail's HTML as a blob, its inline pictures bound to the files that are listed; nothing for what has none."""
    if not submission.html:
        return ()
    kept_ones = [one for one in submission.attachments if not one.refused]
    body = pictures.bound(submission.html, kept_ones[:MAX_LISTED])
    return (Blob(key=key, body=body.encode("utf-8", "replace"), content_type="text/html; charset=utf-8"),)


def _files(attachments: tuple[Attachment, ...], record: str) -> tuple[Blob, ...]:
    kept_ones = (one for one in attachments if not one.refused)
    octets = "application/octet-stream"
    return tuple(Blob(key=one.key(record), body=one.content, content_type=octets) for one in kept_ones)


def _level(fields: Mapping[str, str], name: str, default: int) -> int:
    given = fields.get(name, "")
    return int(given) if given in LEVELS else default


def _details(submission: Submission, related: str, texts: list[str], left_out: int) -> Mapping[str, Json]:
    """What only this record knows; empty facts are left out, so that items stay small."""
    facts: dict[str, Json] = {
        "source_key": "" if submission.key == submission.message_id else submission.key[:MAX_DETAIL],
        "message_id": submission.message_id,
        "trust": submission.trust,
        "raw": submission.raw,
        "text": texts[0] if texts else "",
        "related": related,
        "people_left_out": left_out,
        "fingerprint": submission.fingerprint,
        "opened_by": submission.on_behalf.opener if submission.on_behalf else "",
        "auto": submission.auto.kind if submission.auto.automatic else "",
        "attachments": list(listed(submission.attachments, submission.record_id)[:MAX_LISTED]),
        "sent_as_html": bool(submission.html),
        "files": sum(not one.refused for one in submission.attachments),
        "refused_files": list[Json](
            [f"{one.name}: {one.refused}" for one in submission.attachments if one.refused][:MAX_LISTED]
        ),
    }
    for name, value in submission.fields.items():
        if name not in HEADER_FIELDS:
            facts[name] = _detail(name, value)
    return {name: value for name, value in facts.items() if value not in ("", [], 0) or name == "trust"}


def _detail(name: str, value: str) -> Json:
    if name in NUMBERS and value.isdecimal():
        return int(value)
    if name in LISTS:
        return [part.strip() for part in re.split(r"[,\n]", value) if part.strip()][:50]
    return value[:MAX_DETAIL]
