"""Intake: a submission becomes a record or an entry on one; every delivery ends in exactly one recorded outcome."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from itsm.core.addresses import folded
from itsm.core.errors import MalformedError, NotFoundError, OutsideError
from itsm.core.ports import Created
from itsm.core.practice import load
from itsm.core.record import SYSTEM, Comment, Record
from itsm.runtime import desk
from itsm.runtime.addresses import give_up, proved
from itsm.runtime.caps import capped
from itsm.runtime.ports import Ports
from itsm.service_desk import delivery, on_behalf, quarantine
from itsm.service_desk.attachments import screened
from itsm.service_desk.decide import APPEND, CREATE, DROP, FOLLOWED_BY, HOLD, REOPEN, REOPENED, Known, Outcome, decide
from itsm.service_desk.filters import Own
from itsm.service_desk.opening import ENDED, Blob, Defaults, Entry, entry, hold, opening
from itsm.service_desk.sources import email
from itsm.service_desk.submission import MAIL, Submission
from itsm.service_desk.threading import candidates
from itsm.service_desk.verdicts import believed, refused, trust

DONE_BY_RECOVERY = "resolved"
SUCCESSOR = "successor"
"""The detail of a finished ticket that holds the id of the newest one opened under its key since."""


def own(ports: Ports) -> Own:
    """What is ours: our mail domain and every address that reaches us or that we send from."""
    domain = ports.address("MAIL_DOMAIN")
    listed = ports.policies.sources.mail.addresses
    sender = ports.address("MAIL_FROM").rpartition("<")[2].rstrip(">")
    addresses = [one if "@" in one else f"{one}@{domain}" for one in listed]
    return Own(domain=domain, addresses=tuple(folded(one) for one in (*addresses, sender) if "@" in one))


def vouched(submission: Submission, ports: Ports) -> Submission:
    """The submission with whom it is for, where policy lets whoever says so speak for others."""
    if not submission.claims:
        return submission
    groups = ports.policies.groups.groups.values()
    agents = {address for group in groups for address in (group.lead, *group.members)}
    return on_behalf.judged(submission, ports.policies.sources.on_behalf, agents, own(ports))


def take(
    submission: Submission, ports: Ports, defaults: Defaults | None = None, related: str = ""
) -> tuple[Record, bool]:
    """The ticket a submission opens, and whether it is new.

    Other words under its key are added to it; when its work is done, they open a ticket of their own that names it,
    since nobody looks at a closed one.
    """
    created = create(submission, ports, defaults, related)
    known = created.record
    if created.new or known.digest == submission.digest:
        return known, created.new
    if is_over(known) and not has_entry(known.id, submission.comment_id, ports):
        return _succeed(submission, known, ports, defaults)
    return append(submission, known, ports), False


def create(submission: Submission, ports: Ports, defaults: Defaults | None = None, related: str = "") -> Created:
    """The ticket under the submission's key, made if nobody has made it yet."""
    found = opening(
        vouched(submission, ports),
        defaults=_defaults(submission, defaults or Defaults(), ports),
        own=own(ports),
        priority=lambda impact, urgency, service: desk.priority_of(impact, urgency, service, submission.fields, ports),
        lifecycle=lambda practice: load(practice).lifecycle,
        related=related,
    )
    store(found.blobs, ports)
    practice = load(found.record.practice)
    details = {**found.record.details, **practice.at_opening(getattr(ports.policies, practice.name))}
    return ports.records.create(replace(found.record, details=details))


def _defaults(submission: Submission, defaults: Defaults, ports: Ports) -> Defaults:
    """What holds where nothing is said: a ticket about a configuration item is about that item's service."""
    item = ports.policies.configuration.item(submission.fields)
    service = (item.service if item else "") or defaults.service
    return replace(defaults, service=service, people=ports.policies.sources.people)


def _succeed(submission: Submission, known: Record, ports: Ports, defaults: Defaults | None) -> tuple[Record, bool]:
    """The ticket for what is said under the key of a finished one: its newest successor at work, or another.

    The finished ticket names its newest successor, so that a recovery finds it by the key alone.
    """
    anew, last = replace(submission, key=f"{submission.key}#{submission.digest[:16]}"), _successor(known, ports)
    joins = last is not None and (not is_over(last) or has_entry(last.id, submission.comment_id, ports))
    if last is not None and joins and _found(anew.record_id, ports) is None:
        return append(submission, last, ports), False
    record, new = take(anew, ports, defaults, known.number)
    # by age and not by newness: a delivery that comes again mends what a kill left undone, and never points back
    if last is None or (record.opened_at, record.number) > (last.opened_at, last.number):
        desk.update(ports, known.id, lambda current: _pointing(current, record, submission.kind, ports.now()))
    return record, new


def _pointing(record: Record, successor: Record, origin: str, at: int, by: str = SUCCESSOR) -> Record:
    if record.details.get(by) == successor.id:
        return record
    details = {**record.details, by: successor.id}
    return record.changed("FieldsChanged", by=SYSTEM, origin=origin, at=at, details=details)


def _successor(record: Record, ports: Ports) -> Record | None:
    return _found(str(record.details.get(SUCCESSOR, "")), ports) if SUCCESSOR in record.details else None


def is_over(record: Record) -> bool:
    """Whether its work is done, however it ended."""
    lifecycle = load(record.practice).lifecycle
    return record.state in lifecycle.met | lifecycle.final


def _found(record_id: str, ports: Ports) -> Record | None:
    try:
        return ports.records.get(record_id)
    except NotFoundError:
        return None


def append(submission: Submission, record: Record, ports: Ports, note: str = "") -> Record:
    """The record with what the submission says in its journal, once; with a note, for the agents alone."""
    said = _stored(entry(submission, record, note=note), ports)
    return desk.update(ports, record.id, lambda current: _appended(current, said.comment, submission), said.comment)


def _appended(record: Record, comment: Comment, submission: Submission) -> Record:
    """The record with the entry, and with what it tells about where our own mails arrive; when it ended stays known."""
    details = record.details if submission.auto.automatic else delivery.heard_from(record, submission.sender)
    if record.state in load(record.practice).lifecycle.final:
        details = {ENDED: record.updated_at, **details}
    if submission.failures:
        details = delivery.failed(replace(record, details=details), submission.failures)
        return record.changed("CommentAdded", **desk.said_with(comment), details=details)
    return desk.commented(record, comment, details)


def recover(submission: Submission, ports: Ports) -> Record:
    """The ticket of a fault that is over, or its newest successor, resolved.

    Raises OutsideError while its alarm has not arrived.
    """
    record = _found(submission.record_id, ports)
    if record is None:
        raise OutsideError("a recovery came before its alarm; deliver it again")
    # of a source that tells its deliveries apart, one that resolved the first ticket is not for the second
    repeated = submission.delivery != submission.key and has_entry(record.id, submission.comment_id, ports)
    if is_over(record) and not repeated:
        record = _successor(record, ports) or record
    return resolve(submission, record, ports)


def resolve(submission: Submission, record: Record, ports: Ports) -> Record:
    """The record with the word that its fault is over, resolved where its lifecycle allows it."""
    said = _stored(entry(submission, record), ports)

    def resolved(current: Record) -> Record:
        if DONE_BY_RECOVERY not in desk.legal_moves(current):
            return desk.commented(current, said.comment)
        return current.changed("StateChanged", state=DONE_BY_RECOVERY, **desk.said_with(said.comment))

    return desk.update(ports, record.id, resolved, said.comment)


def take_mail(message: Mapping[str, Any], ports: Ports) -> None:
    """One message of the mail queue: a mail SES has stored, or the word that a held submission was released."""
    if message.get("detail-type") == "SubmissionReleased":
        # only here: releasing stands on intake, of which it makes use for all kinds of submissions
        from itsm.runtime.releasing import release

        release(ports.records.get(message["detail"]["record"]), ports)
        return
    at, key = datetime.fromisoformat(message["mail"]["timestamp"]), message["receipt"]["action"]["objectKey"]
    _read(ports.blobs.get(key), key, int(at.timestamp()), ports, message)


def take_posted_mail(raw: bytes, ports: Ports) -> None:
    """A mail that a provider posted: stored first, like any other, and then on the way of all mail.

    What the provider found out about its sender is not known here, so it is trusted no more than an unknown one.
    """
    _read(raw, stored_mail(raw, ports), ports.now(), ports, {})


def stored_mail(raw: bytes, ports: Ports) -> str:
    """Where a mail that a provider posted is stored: by its content, so that the same one again is the same blob."""
    key = f"mail/posted/{hashlib.sha256(raw).hexdigest()}"
    ports.blobs.put(key, raw, "message/rfc822")
    return key


def _read(raw: bytes, key: str, at: int, ports: Ports, told: Mapping[str, Any]) -> None:
    receipt = told.get("receipt", {})
    try:
        submission = email.parse(raw, received_at=at, own=own(ports), trust=trust(receipt), blob=key)
    except MalformedError as error:
        ports.records.create(quarantine.held(key, str(error), source=MAIL, at=at, raw=key))
        return
    submission = believed(screened(submission, ports.policies.sources.attachments), receipt, told.get("mail", {}))
    held = Outcome(kind=HOLD, reason=refused(receipt))
    outcome = held if held.reason else capped(decided(submission, ports), submission, ports)
    _act(outcome, submission, ports)


def decided(submission: Submission, ports: Ports) -> Outcome:
    """The outcome of a mail, by what is known of the tickets it points at."""
    secrets = [value.encode() for value in ports.secrets.get("link").values()]
    pointers = candidates(submission, secrets, ports.address("MAIL_DOMAIN"))

    def record(name: str) -> Record | None:
        try:
            return ports.records.find(name) if name[:3].isupper() else ports.records.get(name)
        except NotFoundError:
            return None

    def is_entered(record_id: str, comment_id: str) -> bool:
        return has_entry(record_id, comment_id, ports)

    def reopen_days(group: str) -> int | None:
        found = ports.policies.groups.groups.get(group)
        return found.reopen_days if found else None

    known = Known(
        record=record,
        has_entry=is_entered,
        lifecycle=lambda practice: load(practice).lifecycle,
        reopen_days=reopen_days,
    )
    return decide(submission, pointers, known, ports.policies.sources.mail, ports.now())


def has_entry(record_id: str, comment_id: str, ports: Ports) -> bool:
    """Whether the record's journal holds the entry."""
    return any(comment.id == comment_id for comment in ports.records.comments(record_id))


def _act(outcome: Outcome, submission: Submission, ports: Ports) -> None:
    if outcome.kind == HOLD:
        ports.records.create(hold(submission, outcome.reason, outcome.related))
    elif outcome.kind == CREATE:
        record, after = open_mail(submission, outcome, ports), outcome.after
        if after is not None:
            desk.update(ports, after.id, lambda current: _pointing(current, record, MAIL, ports.now(), FOLLOWED_BY))
    elif outcome.record is not None and outcome.kind == REOPEN:
        _reopen(submission, outcome.record, ports)
    elif outcome.record is not None and outcome.kind in (APPEND, DROP):
        told = proved(submission, ports)
        append(told, outcome.record, ports, outcome.reason if outcome.kind == DROP else "")
        give_up(told, outcome.record, ports)


def open_mail(submission: Submission, outcome: Outcome, ports: Ports) -> Record:
    """The ticket a mail opens, by the policy of mail."""
    policy = ports.policies.sources.mail
    defaults = Defaults(
        practice=policy.practice,
        service=policy.service,
        impact=policy.impact,
        urgency=policy.urgency,
        participants=policy.participants,
    )
    keyed = replace(submission, key=outcome.key or submission.key)
    return take(keyed, ports, defaults, outcome.related)[0]


def _reopen(submission: Submission, record: Record, ports: Ports) -> None:
    said = _stored(entry(submission, record), ports)

    def reopened(current: Record) -> Record:
        is_revived = current.state in load(current.practice).lifecycle.revived
        if not is_revived and REOPENED not in desk.legal_moves(current):
            return _appended(current, said.comment, submission)
        # the process of a closed ticket has ended: another of the next generation takes it up
        more: dict[str, Any] = {"generation": current.generation + 1} if is_revived else {}
        heard = delivery.heard_from(current, submission.sender)
        more["details"] = {name: value for name, value in heard.items() if name != ENDED}
        return current.changed("Reopened", state=REOPENED, **desk.said_with(said.comment), **more)

    desk.update(ports, record.id, reopened, said.comment)


def _stored(said: Entry, ports: Ports) -> Entry:
    store(said.blobs, ports)
    return said


def store(blobs: Iterable[Blob], ports: Ports) -> None:
    """Store what a record or an entry refers to."""
    for blob in blobs:
        ports.blobs.put(blob.key, blob.body, blob.content_type)
