"""Approvals: ask a request's approvers, take their votes, decide."""

from itsm.core import voting
from itsm.core.record import Record
from itsm.core.voting import Opened, link_payload, open_link
from itsm.practices.request.lifecycle import TERMS
from itsm.practices.request.policy import RequestPolicy
from itsm.practices.request.rules import rule_for

__all__ = ["Opened", "ask", "covered", "lapse", "link_payload", "open_link", "stale", "void", "vote"]


def ask(record: Record, policy: RequestPolicy, now: int, *, after: bool = False) -> Record:
    """The request awaiting the approval its line of the table asks for; one that needs none is in progress at once.

    `after` is there for the sake of one shape with changes; a request is never approved afterwards.
    """
    return voting.ask(record, rule_for(record, policy), policy.approval, TERMS, now)


def vote(record: Record, voter: str, decision: str, note: str, now: int, *, link: int = 0) -> Record:
    """The request with one vote more (core/voting.vote)."""
    return voting.vote(record, TERMS, voter, decision, note, now, link=link)


def covered(record: Record) -> bool:
    """Whether the request was approved as it is now."""
    return voting.covered(record, TERMS)


def stale(record: Record) -> bool:
    """Whether an edit has overtaken the approval."""
    return voting.stale(record, TERMS)


def void(record: Record, now: int) -> Record:
    """The request back at its start if an edit has overtaken its approval, else as it is."""
    return voting.void(record, TERMS, now)


def lapse(record: Record, now: int) -> Record:
    """The request rejected because nobody decided in time."""
    return voting.lapse(record, TERMS, now)
