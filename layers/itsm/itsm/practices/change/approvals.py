"""Approvals: ask a change's approvers, take their votes, decide."""

from itsm.core import voting
from itsm.core.record import Record
from itsm.core.voting import Opened, link_payload, open_link
from itsm.practices.change.lifecycle import IN_REVIEW, TERMS
from itsm.practices.change.policy import ChangePolicy
from itsm.practices.change.rules import rule_for

__all__ = ["Opened", "ask", "covered", "lapse", "link_payload", "open_link", "stale", "void", "vote"]


def ask(record: Record, policy: ChangePolicy, now: int, *, after: bool = False) -> Record:
    """The change awaiting the approval its line of the table asks for; one that needs none is scheduled at once.

    `after` asks once the work is done (an emergency), and an acceptance leads back to the review.
    """
    accepted = IN_REVIEW if after else TERMS.accepted
    return voting.ask(record, rule_for(record, policy), policy.approval, TERMS, now, accepted=accepted)


def vote(record: Record, voter: str, decision: str, note: str, now: int, *, link: int = 0) -> Record:
    """The change with one vote more (core/voting.vote)."""
    return voting.vote(record, TERMS, voter, decision, note, now, link=link)


def covered(record: Record) -> bool:
    """Whether the change was approved as it is now."""
    return voting.covered(record, TERMS)


def stale(record: Record) -> bool:
    """Whether an edit has overtaken the approval."""
    return voting.stale(record, TERMS)


def void(record: Record, now: int) -> Record:
    """The change back in assessment if an edit has overtaken its approval, else as it is."""
    return voting.void(record, TERMS, now)


def lapse(record: Record, now: int) -> Record:
    """The change rejected because nobody decided in time."""
    return voting.lapse(record, TERMS, now)
