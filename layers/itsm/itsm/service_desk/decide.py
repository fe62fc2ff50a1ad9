"""Decide: the one outcome of a mail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from itsm.core.lifecycle import Lifecycle
from itsm.core.record import Record
from itsm.service_desk import filters, relations
from itsm.service_desk.opening import ENDED
from itsm.service_desk.policy import MailSource
from itsm.service_desk.submission import REFUSED, Submission
from itsm.service_desk.threading import OWN_MESSAGE_ID, Candidate, may_join

CREATE, APPEND, REOPEN, HOLD, DROP = "create", "append", "reopen", "hold", "drop"
REOPENED = "in_progress"
FOLLOWED_BY = "followed_by"
"""The detail of a finished ticket that holds the id of the newest one a late reply to it opened."""
DAY = 86_400

WORDS = {
    filters.BOUNCE: "A mail about this ticket could not be delivered",
    filters.DELAYED: "A mail about this ticket is delayed",
    filters.AUTO_REPLY: "An automatic reply came",
    filters.RECEIPT: "A read receipt came",
    filters.FEEDBACK: "A complaint about a mail of ours came",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a mail, once.

    create: open a ticket under `key`; `related` is the number of a ticket it may have to do with. append: a journal
    entry on `record`, seen by the requester. reopen: the same, and the ticket goes on in state `in_progress`. drop: an
    internal entry on `record` and nothing else, nobody is told. hold: a submission kept for a person to judge, `reason`
    says why. `after` is the finished ticket that a created one goes on from.
    """

    kind: str
    reason: str
    record: Record | None = None
    after: Record | None = None
    key: str = ""
    related: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a decision may ask: the record of an id or number, whether an entry is there, a practice's lifecycle.

    `reopen_days` says how long a reply reopens what a group has done; None: as the policy of mail says.
    """

    record: Callable[[str], Record | None]
    has_entry: Callable[[str, str], bool]
    lifecycle: Callable[[str], Lifecycle]
    reopen_days: Callable[[str], int | None] = lambda group: None


def decide(
    submission: Submission, pointers: Sequence[Candidate], known: Known, policy: MailSource, now: int
) -> Outcome:
    """The outcome of a mail; the same mail again comes to the same outcome, as long as its ticket lives and after.

    `pointers` come from threading.candidates.
    """
    kind = submission.auto.kind
    if kind == filters.OWN:
        return Outcome(kind=HOLD, reason=f"loop: {submission.auto.reason}")
    joined, how, related = _joined(submission, pointers, known)
    if submission.auto.automatic and kind != filters.LIST:
        if joined:
            return Outcome(kind=DROP, record=joined, reason=f"{WORDS.get(kind, kind)} ({submission.auto.reason})")
        return Outcome(kind=HOLD, reason=f"{kind}: {submission.auto.reason}", related=related)
    if submission.trust == REFUSED:
        return Outcome(
            kind=HOLD, reason="the sender's domain says this mail is not from there (DMARC)", related=related
        )
    mine = known.record(submission.record_id)
    if mine and mine.digest == submission.digest:
        return Outcome(kind=CREATE, record=mine, key=submission.key, reason="delivered again")
    if joined:
        return _on_ticket(submission, joined, how, known, policy, now, taken=mine is not None)
    if kind == filters.LIST and policy.lists == "hold":
        return Outcome(kind=HOLD, reason=f"{kind}: {submission.auto.reason}")
    return Outcome(kind=CREATE, key=_key(submission, taken=mine is not None), reason="a new matter", related=related)


def _joined(submission: Submission, pointers: Sequence[Candidate], known: Known) -> tuple[Record | None, str, str]:
    """The ticket the mail joins and what pointed there; else the number of the first it may not join."""
    related = ""
    for pointer in pointers:
        record = known.record(pointer.record or pointer.number)
        if record is None or record.practice == "submission" or record.id == submission.record_id:
            continue
        record = relations.follow(record, known.record)
        if may_join(pointer, submission, record):
            return record, pointer.how, ""
        related = related or record.number
    return None, "", related


def _newest(submission: Submission, record: Record, known: Known) -> Record:
    """The ticket a late reply to this one opened already, where the sender takes part in it; else this one."""
    named = str(record.details.get(FOLLOWED_BY, ""))
    newest = known.record(named) if named and _is_over(record, known) else None
    if newest is None or not may_join(Candidate(how=OWN_MESSAGE_ID, record=newest.id), submission, newest):
        return record
    return relations.follow(newest, known.record)


def _is_over(record: Record, known: Known) -> bool:
    lifecycle = known.lifecycle(record.practice)
    return record.state in lifecycle.met or record.state in lifecycle.final


def _on_ticket(
    submission: Submission, joined: Record, how: str, known: Known, policy: MailSource, now: int, *, taken: bool
) -> Outcome:
    record = _newest(submission, joined, known)
    lifecycle = known.lifecycle(record.practice)
    if not _is_over(record, known):
        return Outcome(kind=APPEND, record=record, reason=how)
    if known.has_entry(record.id, submission.comment_id):
        return Outcome(kind=APPEND, record=record, reason="delivered again")
    is_list = submission.auto.kind == filters.LIST
    if is_list and policy.lists == "hold":
        reason = f"{filters.LIST}: {submission.auto.reason}; {record.number} is {record.state}"
        return Outcome(kind=HOLD, reason=reason, related=record.number)
    days = known.reopen_days(record.group)
    # What a late reply opened is noted on the ticket, which must not make it a recent one; nor must a machine's mail.
    within, ended = (policy.reopen_days if days is None else days) * DAY, record.details.get(ENDED, record.updated_at)
    recent = isinstance(ended, int) and now - ended <= within and FOLLOWED_BY not in record.details
    leads_back = REOPENED in lifecycle.moves.get(record.state, frozenset()) or record.state in lifecycle.revived
    if recent and leads_back and not is_list:
        return Outcome(kind=REOPEN, record=record, reason=how)
    return Outcome(
        kind=CREATE,
        key=_key(submission, taken=taken),
        related=record.number,
        after=joined,
        reason=f"{record.number} is {record.state}",
    )


def _key(submission: Submission, *, taken: bool) -> str:
    """The ticket's key; other content under a Message-ID that opened a ticket already is a matter of its own."""
    return f"{submission.key}#{submission.digest[:16]}" if taken else submission.key
