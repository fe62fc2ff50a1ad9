"""On behalf: who may open a ticket for somebody else; of everybody else the claim counts for nothing."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from itsm.core.addresses import folded
from itsm.service_desk.filters import PERSON, Own
from itsm.service_desk.submission import INTERNAL, VERIFIED, Claim, Submission

FORWARDED = "forwarded"
FORWARD = re.compile(
    r"^\s*(?:fwd?|fw|wg|weitergeleitet|tr|rv|rif|i|vs|doorst|vb|vl|pd|enc|encam|ilt|továbbítás|转发|轉寄|転送|전달)\s*[:：]\s*",
    re.IGNORECASE,
)
"""How mail programs begin the subject of a forwarded mail, in many languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBehalf:
    """[on_behalf]: who may open tickets for others: the people of the support groups (`agents`), further addresses, and
    everybody of some mail domains.

    `trust` is the least their mail must have: 2 its sender is authenticated, 3 no mail, only the form by a personal
    link. `forwards`: a mail they forward is a ticket of whom it came from first.
    """

    agents: bool = True
    senders: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    trust: int = VERIFIED
    forwards: bool = True

    def allows(self, address: str, agents: Collection[str]) -> bool:
        """Whether somebody may; `agents` are the addresses of the support groups' people."""
        address = folded(address)
        if address in {folded(one) for one in self.senders} or (self.agents and address in map(folded, agents)):
            return True
        return address.rpartition("@")[2] in {folded(one) for one in self.domains}


def judged(submission: Submission, policy: OnBehalf, agents: Collection[str], own: Own) -> Submission:
    """The submission with the claim that holds as its `on_behalf`, and without any where none does.

    A claim holds when whoever makes it is allowed to, is proven to be who they are, and names another person. The
    digest of what arrived stays the same: another policy tomorrow does not make it another submission.
    """
    held = next((one for one in submission.claims if _holds(one, submission, policy, agents, own)), None)
    return replace(submission, on_behalf=held)


def _holds(claim: Claim, submission: Submission, policy: OnBehalf, agents: Collection[str], own: Own) -> bool:
    if submission.trust < policy.trust or submission.auto.kind != PERSON:
        return False
    if claim.how == FORWARDED and not policy.forwards:
        return False
    names_another = "@" in claim.person and claim.person != claim.opener and not own.is_own(claim.person)
    return names_another and policy.allows(claim.opener, agents) and _proven(claim.opener, submission)


def _proven(opener: str, submission: Submission) -> bool:
    """Whether the channel vouches for the domain the opener writes from; our own account vouches for itself."""
    return submission.trust == INTERNAL or opener.rpartition("@")[2] in submission.proven


def bare(subject: str) -> str:
    """A subject without what a mail program puts before a forwarded one's."""
    while FORWARD.match(subject):
        subject = FORWARD.sub("", subject, count=1)
    return subject


def problems(policy: OnBehalf) -> list[tuple[str, str]]:
    """What is wrong in [on_behalf], as (key, reason)."""
    found = []
    if not VERIFIED <= policy.trust <= INTERNAL:
        found.append(("on_behalf.trust", "is 2 or 3: below that anybody could write in another's name"))
    found += [
        (f"on_behalf.senders.{at}", f"{one!r} is no mail address")
        for at, one in enumerate(policy.senders)
        if not all(one.partition("@")[::2]) or one.count("@") != 1
    ]
    found += [
        (f"on_behalf.domains.{at}", f"{one!r} is no mail domain; write it without @")
        for at, one in enumerate(policy.domains)
        if "@" in one or "." not in one.strip(".")
    ]
    return found
