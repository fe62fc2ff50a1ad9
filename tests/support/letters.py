"""Letters: a sender for tests, and every kind of mail the product sends, each about one ticket."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from itsm.core.ports import Message
from itsm.core.record import Comment, Record
from itsm.runtime.policies import Policies
from itsm.service_desk import letters, outgoing
from itsm.service_desk.filters import Own
from itsm.service_desk.outgoing import Sender

from tests.builders import a_comment

LINK = "https://desk.example.org/approvals/abc.def"


def sender(policies: Policies | None) -> Sender:
    """A sender with a policy's letters and words; with none, and no known person, for None."""
    bare = Sender(
        secret=b"secret", domain="desk.example.org", url="https://desk.example.org", own=Own(domain="desk.example.org")
    )
    return replace(bare, letters=policies.letters, languages=policies.languages) if policies else bare


def _one(message: Message | None) -> Iterable[Message]:
    return () if message is None else (message,)


def _ended(state: str, decision: str = "") -> Callable[[Record, Comment, Sender], Iterable[Message]]:
    def made(record: Record, comment: Comment, desk: Sender) -> Iterable[Message]:
        votes = {"ada@example.org": {"decision": "refuse", "note": comment.text, "at": 1}}
        approval = {"decision": decision, "votes": votes if decision == "refused" else {}}
        details: Mapping[str, Any] = {**record.details, "approval": approval} if decision else record.details
        return outgoing.resolved(replace(record, state=state, details=details), desk)

    return made


def _level(letter: str) -> Callable[[Record, Comment, Sender], Iterable[Message]]:
    return lambda record, comment, desk: outgoing.escalated(record, comment, (record.requester,), desk, letter)


def _decide(record: Record, comment: Comment, desk: Sender) -> Iterable[Message]:
    asked = replace(record, details={**record.details, "approval": {"expires": 1_764_000_000}})
    return _one(outgoing.approval_request(asked, record.requester, LINK, desk))


KINDS: Mapping[str, Callable[[Record, Comment, Sender], Iterable[Message]]] = {
    letters.RECEIVED: lambda record, comment, desk: _one(outgoing.acknowledgement(record, desk)),
    letters.SAID: lambda record, comment, desk: outgoing.public_comment(record, comment, desk),
    letters.REMINDED: lambda record, comment, desk: outgoing.waited(record, comment, desk, over=False),
    letters.PRESUMED: lambda record, comment, desk: outgoing.waited(record, comment, desk, over=True),
    letters.DONE: _ended("resolved"),
    letters.CANCELLED: _ended("cancelled"),
    letters.REFUSED: _ended("rejected", "refused"),
    letters.LAPSED: _ended("rejected", "lapsed"),
    letters.APPROVED: lambda record, comment, desk: outgoing.approved(record, desk),
    letters.BLOCKED: lambda record, comment, desk: outgoing.blocked(record, comment.text, desk),
    letters.DECIDE: _decide,
    letters.WARNED: _level(letters.WARNED),
    letters.BREACHED: _level(letters.BREACHED),
    letters.FOLLOW_UP: _level(letters.FOLLOW_UP),
}
"""How each mail is made of a record and something that was said."""


def mail(kind: str, record: Record, text: str, desk: Sender) -> Message:
    """The one mail of a kind about a record."""
    (made,) = KINDS[kind](record, a_comment(record, text=text), desk)
    return made
