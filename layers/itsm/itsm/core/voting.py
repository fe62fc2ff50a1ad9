"""Voting: ask, vote, lapse and void, each from record to record; the arithmetic is in core/approvals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itsm.core import approvals as kept
from itsm.core.addresses import folded
from itsm.core.approvals import ACCEPT, ACCEPTED, REFUSE, REFUSED, WAITING, ApprovalRule, Approvals
from itsm.core.errors import ForbiddenError, GoneError, IllegalMoveError, InvalidInputError, UnauthenticatedError
from itsm.core.record import SYSTEM, Record

ORIGIN = "approval"
VOIDED, LAPSED = "voided", "lapsed"
NOTE_CHARS = 2_000
GONE = "this approval is over: {}; the record's page shows where it stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an approval means to one practice: the details it covers, and the states around it.

    `asking` are the states it may be asked in; an edit that voids it leads to `voided`.
    """

    content: tuple[str, ...]
    asking: frozenset[str]
    waiting: str
    accepted: str
    refused: str
    voided: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """How the records of one practice are approved: its terms, and the line of its policy's table a record falls under.

    The policy keeps its table as `approval`. What is asked `after` the work leads to `afterwards` in any case.
    """

    terms: Terms
    rule_for: Callable[[Record, Any], ApprovalRule]
    afterwards: str = ""

    def ask(self, record: Record, policy: Any, now: int, *, after: bool = False) -> Record:
        """The record waiting for the approval its line asks for; one that needs none goes on at once."""
        then = self.afterwards if after else ""
        return ask(record, self.rule_for(record, policy), policy.approval, self.terms, now, accepted=then, refused=then)

    def vote(self, record: Record, voter: str, decision: str, note: str, now: int, *, link: int = 0) -> Record:
        """The record with one vote more (`vote` below)."""
        return vote(record, self.terms, voter, decision, note, now, link=link)

    def covered(self, record: Record) -> bool:
        """Whether the record was approved exactly as it is now."""
        return covered(record, self.terms)

    def stale(self, record: Record) -> bool:
        """Whether an edit has overtaken the approval."""
        return stale(record, self.terms)

    def void(self, record: Record, now: int) -> Record:
        """The record back where it is assessed if an edit has overtaken its approval, else as it is."""
        return void(record, self.terms, now)

    def lapse(self, record: Record, now: int) -> Record:
        """The record refused because nobody decided in time; as it is when nobody is asked."""
        return lapse(record, self.terms, now)


def ask(
    record: Record,
    rule: ApprovalRule,
    policy: Approvals,
    terms: Terms,
    now: int,
    accepted: str = "",
    refused: str = "",
) -> Record:
    """The record waiting for the first step's people. Asked again about the same content it is returned as it is.

    `accepted` and `refused` are the states a decision leads to, if not the usual ones. What was accepted before and is
    still the same is not asked about twice: the record goes on at once. Raises IllegalMoveError where nothing can be
    asked, PolicyError when nobody could answer.
    """
    approval = kept.pending(record)
    content, then = kept.content_hash(record, terms.content), accepted or terms.accepted
    if approval.get("hash") == content and approval["accepted"] == then:
        if record.state not in terms.asking or (record.state == then and approval["decision"] == ACCEPTED):
            return record
        if approval["decision"] == ACCEPTED:
            return record.changed("Approved", by=SYSTEM, origin=ORIGIN, at=now, state=then)
    if record.state not in terms.asking:
        raise IllegalMoveError(record.number, record.state, terms.waiting, ())
    if not rule.steps:
        return record.changed("Approved", by=SYSTEM, origin=ORIGIN, at=now, state=then)
    new = {
        "hash": content,
        "accepted": then,
        "refused": refused or terms.refused,
        "past": [],
        "decision": "",
        **_first_step(record, rule, policy, now),
    }
    return _kept(record, "ApprovalRequested", new, by=SYSTEM, now=now, state=terms.waiting)


def _first_step(record: Record, rule: ApprovalRule, policy: Approvals, now: int) -> dict[str, Any]:
    steps = [
        {
            "asked": list(kept.resolve(step, record, policy, now)),
            "percent": step.percent,
            "count": step.count,
            "seconds": step.hours * 3600,
        }
        for step in rule.steps
    ]
    return {"steps": steps, **_opened_step(steps, 0, now, 0)}


def _opened_step(steps: Sequence[Mapping[str, Any]], number: int, now: int, before: int) -> dict[str, Any]:
    # a link names the instant its question expires, so no two steps may expire in the same second
    expires = now + steps[number]["seconds"]
    return {
        "step": number,
        "asked": steps[number]["asked"],
        "votes": {},
        "expires": expires + 1 if expires == before else expires,
    }


def _kept(record: Record, event: str, approval: Mapping[str, Any], *, by: str, now: int, state: str) -> Record:
    details = {**record.details, "approval": approval}
    return record.changed(event, by=by, origin=ORIGIN, at=now, state=state, details=details)


def vote(record: Record, terms: Terms, voter: str, decision: str, note: str, now: int, *, link: int = 0) -> Record:
    """The record with one vote more, and the decision as soon as it is certain; the same vote again changes nothing.

    `link` is the expiry the voter's link names (0: not by link): one of an earlier step cannot vote in a later one.
    Raises InvalidInputError for a wrong decision, ForbiddenError for somebody not asked and for the requester,
    GoneError when the approval is decided, expired, or the content was edited, and for a second, different vote.
    """
    if decision not in (ACCEPT, REFUSE):
        raise InvalidInputError("decision", f"is {ACCEPT} or {REFUSE}")
    if len(note) > NOTE_CHARS:
        raise InvalidInputError("note", f"has {len(note)} characters; {NOTE_CHARS} are taken")
    approval, person = kept.pending(record), folded(voter)
    if person == folded(record.requester):
        raise ForbiddenError(f"{record.number}: who asks for a thing cannot approve it")
    earlier = _earlier(approval, person, link)
    if earlier is not None:
        if earlier["decision"] == decision:
            return record
        raise GoneError(GONE.format(f"you already chose to {earlier['decision']}"))
    _check_open(record, approval, terms, person, now, link)
    votes = {**approval["votes"], person: {"decision": decision, "note": note, "at": now}}
    return _counted(record, {**approval, "votes": votes}, person, now)


def _earlier(approval: Mapping[str, Any], person: str, link: int) -> Mapping[str, Any] | None:
    """The person's vote in the question the link names; without a link, in the one open to them, else in any."""
    if not approval:
        return None
    rounds = [*approval["past"], {name: approval[name] for name in ("asked", "votes", "expires")}]
    if not link and not approval["decision"] and person in approval["asked"]:
        rounds = rounds[-1:]
    found = [one["votes"][person] for one in rounds if person in one["votes"] and link in (0, one["expires"])]
    return found[-1] if found else None


def _check_open(record: Record, approval: Mapping[str, Any], terms: Terms, person: str, now: int, link: int) -> None:
    if not approval or approval["decision"] or record.state != terms.waiting:
        raise GoneError(GONE.format(approval.get("decision") or f"{record.number} is {record.state}"))
    if approval["hash"] != kept.content_hash(record, terms.content):
        raise GoneError(GONE.format(f"{record.number} was changed after it was asked about"))
    if person not in approval["asked"]:
        if link and any(one["expires"] == link for one in approval["past"]):
            raise GoneError(GONE.format("the others decided this step"))
        raise ForbiddenError(f"{record.number}: {person} was not asked to approve it")
    if now >= approval["expires"] or (link and link != approval["expires"]):
        raise GoneError(GONE.format("the time to answer has run out"))


def _counted(record: Record, approval: Mapping[str, Any], person: str, now: int) -> Record:
    verdict = standing(approval)
    if verdict == WAITING:
        return _kept(record, "VoteCast", approval, by=person, now=now, state=record.state)
    if verdict == REFUSED:
        done = {**approval, "decision": REFUSED}
        return _kept(record, "Refused", done, by=person, now=now, state=approval["refused"])
    if approval["step"] + 1 == len(approval["steps"]):
        done = {**approval, "decision": ACCEPTED}
        return _kept(record, "Approved", done, by=person, now=now, state=approval["accepted"])
    past = [*approval["past"], {name: approval[name] for name in ("asked", "votes", "expires")}]
    step = _opened_step(approval["steps"], approval["step"] + 1, now, approval["expires"])
    asked = {**approval, **step, "past": past}
    return _kept(record, "ApprovalRequested", asked, by=person, now=now, state=record.state)


def standing(approval: Mapping[str, Any]) -> str:
    """accepted, refused or waiting: what the votes of the current step come to."""
    cast = [vote["decision"] for vote in approval["votes"].values()]
    step = approval["steps"][approval["step"]]
    return kept.quorum(
        cast.count(ACCEPT), cast.count(REFUSE), len(approval["asked"]), percent=step["percent"], count=step["count"]
    )


def covered(record: Record, terms: Terms) -> bool:
    """Whether the record was approved exactly as it is now."""
    approval = kept.pending(record)
    return approval.get("decision") == ACCEPTED and approval["hash"] == kept.content_hash(record, terms.content)


def stale(record: Record, terms: Terms) -> bool:
    """Whether an approval, asked for or given, still counts but is about something the record no longer is."""
    approval = kept.pending(record)
    counts = approval.get("decision") in ("", ACCEPTED)
    if not counts or record.state not in (terms.waiting, terms.accepted):
        return False
    return bool(approval["hash"] != kept.content_hash(record, terms.content))


def void(record: Record, terms: Terms, now: int) -> Record:
    """The record with its approval voided, back where it is assessed, if an edit overtook it; else as it is."""
    if not stale(record, terms):
        return record
    approval = kept.pending(record)
    # one asked for after the work leads back to where the work is looked at, never into planning
    state = terms.voided if approval["accepted"] == terms.accepted else approval["accepted"]
    return _kept(record, "ApprovalVoided", {**approval, "decision": VOIDED}, by=SYSTEM, now=now, state=state)


def lapse(record: Record, terms: Terms, now: int) -> Record:
    """The record refused because nobody decided in time; as it is when the decision was made after all."""
    approval = kept.pending(record)
    if not approval or approval["decision"] or record.state != terms.waiting:
        return record
    lapsed = {**approval, "decision": LAPSED}
    return _kept(record, "Refused", lapsed, by=SYSTEM, now=now, state=approval["refused"])


def link_payload(record: Record, approver: str) -> str:
    """What an approval link signs: record, content, approver, and when the question expires."""
    approval = kept.pending(record)
    return f"{record.id}.{approval['hash']}.{kept.approver_hash(approver)}.x{approval['expires']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A link that was opened: whose it is, and which question of the record it asks (its expiry)."""

    voter: str
    link: int


def open_link(record: Record, payload: str) -> Opened:
    """Whose link this is.

    Raises GoneError when the record was edited since or other people are asked now, UnauthenticatedError for a payload
    that is no approval link's, or another record's.
    """
    parts = payload.split(".")
    if len(parts) != 4 or parts[0] != record.id or not parts[3].removeprefix("x").isdecimal():
        raise UnauthenticatedError("this is no link to this record's approval; open it again from the mail it came in")
    _, content, approver, expiry = parts
    approval = kept.pending(record)
    if approval.get("hash") != content:
        raise GoneError(GONE.format(f"{record.number} was changed after this link was sent"))
    people = [*approval["asked"], *(person for one in approval["past"] for person in one["asked"])]
    voter = next((person for person in people if kept.approver_hash(person) == approver), None)
    if voter is None:
        raise GoneError(GONE.format("you are no longer asked"))
    return Opened(voter=voter, link=int(expiry.removeprefix("x")))
