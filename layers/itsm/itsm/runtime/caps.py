"""Caps: how much mail one sender may turn into tickets; what is too much waits for a person, and none of it is lost."""

import hashlib

from itsm.core.errors import NotFoundError
from itsm.core.ports import Records
from itsm.runtime.ports import Ports
from itsm.service_desk.decide import APPEND, CREATE, HOLD, REOPEN, Outcome
from itsm.service_desk.opening import hold
from itsm.service_desk.submission import FAILED, Submission

HOUR = 3_600
FREE = 3
"""Mails of a sender in an hour that cost one count only: nearly everybody stays below."""


def capped(outcome: Outcome, submission: Submission, ports: Ports) -> Outcome:
    """The outcome, or HOLD where its sender writes too much: in all, on one ticket, or the same words again and again.

    The last is the breaker of loops: two machines that answer each other say the same thing (RFC 3834 2 and 5). A mail
    that has had its outcome already keeps it. What fails DMARC is counted apart: a forger uses up nobody's mail.
    """
    if outcome.kind not in (CREATE, APPEND, REOPEN) or (outcome.kind == CREATE and outcome.record is not None):
        return outcome
    count, policy = ports.once.count, ports.policies.sources.mail
    who = f"mail#{'' if submission.trust > FAILED else 'failed#'}{submission.sender}"
    if (sent := count(who, HOUR)) <= FREE:
        return outcome
    if not ports.once.first(f"mail#{submission.comment_id}", HOUR):
        return _as_before(outcome, submission, ports.records)
    words = hashlib.sha256(submission.reply.encode("utf-8", "replace")).hexdigest()[:32]
    reason = ""
    if count(f"{who}#{words}", HOUR) > policy.same_words - FREE:
        reason = "the same words came again and again from this sender: a loop?"
    elif outcome.record and count(f"{who}#{outcome.record.id}", HOUR) > policy.per_thread - FREE:
        reason = f"more than {policy.per_thread} mails on one ticket came from this sender in an hour"
    elif sent > policy.per_sender:
        reason = f"more than {policy.per_sender} mails came from this sender in an hour"
    if not reason or _has_entry(ports.records, outcome, submission):
        return outcome
    return Outcome(kind=HOLD, reason=reason, related=outcome.record.number if outcome.record else outcome.related)


def _as_before(outcome: Outcome, submission: Submission, records: Records) -> Outcome:
    """The outcome of a mail delivered again: it is not counted twice, and one that was held stays held."""
    try:
        held = records.get(hold(submission, "").id)
    except NotFoundError:
        return outcome
    return Outcome(kind=HOLD, reason=str(held.details.get("reason", "")), related=outcome.related)


def _has_entry(records: Records, outcome: Outcome, submission: Submission) -> bool:
    if outcome.record is None:
        return False
    try:
        return any(entry.id == submission.comment_id for entry in records.comments(outcome.record.id))
    except NotFoundError:
        return False
