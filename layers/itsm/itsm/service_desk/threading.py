"""Threading: which ticket a mail belongs to, and whether its sender may join it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from itsm.core.addresses import folded
from itsm.core.errors import GoneError, UnauthenticatedError
from itsm.core.record import Record, derived_id
from itsm.core.signing import sign, verify
from itsm.service_desk.filters import LIST, PERSON
from itsm.service_desk.submission import FAILED, MAIL, UNKNOWN, Submission

REPLY_PREFIX = "reply+"
NUMBER = re.compile(r"\[\s*([A-Z]{2,4}\d{7,12})\s*\]|(?<![A-Za-z0-9])([A-Z]{3}\d{7,12})(?![A-Za-z0-9])")
MAX_LOOKUPS, MAX_NUMBERS = 10, 3
"""Each pointer that anybody can write costs a read; a stranger may cause this many."""
RECORD_ID = re.compile(r"[a-z2-7]{16}")

REPLY_ADDRESS, OWN_MESSAGE_ID, OPENING_MAIL, SUBJECT = "reply address", "own Message-ID", "opening mail", "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A ticket a mail may belong to: its id, or its number when only the subject names it; `how` says what points
    there.

    `needs_participant` holds for what anybody can write or guess; a signed reply address carries its own right.
    """

    how: str
    record: str = ""
    number: str = ""
    needs_participant: bool = True


def reply_address(secret: bytes, record_id: str, domain: str) -> str:
    """The address that brings an answer to this ticket; only we can have made it."""
    return f"{REPLY_PREFIX}{sign(secret, 'reply', record_id)}@{domain}"


def own_message_id(secret: bytes, record_id: str, version: int, purpose: str, domain: str) -> str:
    """The Message-ID, without brackets, of a mail of ours about one version of a ticket. `purpose` holds [a-z0-9-]
    only."""
    return f"{sign(secret, 'message', f'{record_id}.{version}.{purpose}')}@{domain}"


def delivery_proof(secret: bytes, record_id: str, address: str, domain: str) -> str:
    """What a mail of ours about a ticket to this address alone holds, shaped like a Message-ID, without brackets.

    It stands in a header that no mail client copies into an answer: who returns it has got that very mail.
    """
    return f"{sign(secret, 'delivery', _delivered(record_id, address))}@{domain}"


def proved(submission: Submission, secrets: Sequence[bytes], domain: str) -> Submission:
    """The submission with those failures alone whose address was sent the mail that it returns.

    Who takes part in a ticket has our mails about it, and could send one back as if it were another's. The mail may be
    about a ticket that was merged into another since.
    """
    domain, returned = domain.lower(), {one.lower() for one in submission.references}
    about = {record for one in returned if (record := _own(one, secrets, domain))}
    shown = {proof for one in returned if (proof := _payload(secrets, "delivery", one, domain))}
    good = tuple(
        one for one in submission.failures if any(_delivered(record, one.address) in shown for record in about)
    )
    return replace(submission, failures=good)


def _delivered(record_id: str, address: str) -> str:
    return f"{record_id}.{derived_id('address', folded(address))}"


def candidates(submission: Submission, secrets: Sequence[bytes], domain: str) -> tuple[Candidate, ...]:
    """The tickets a mail may belong to, the surest first, each once.

    Signed reply address, own Message-ID anywhere in In-Reply-To or References, the mail that opened a ticket, subject
    token. `secrets` are all live ones, the current first.
    """
    found: dict[tuple[str, str], Candidate] = {}
    for one in _pointers(submission, secrets, domain.lower()):
        found.setdefault((one.record, one.number), one)
    return tuple(found.values())


def _pointers(submission: Submission, secrets: Sequence[bytes], domain: str) -> Iterator[Candidate]:
    for address in submission.recipients:
        local, _, host = address.lower().rpartition("@")
        if host == domain and local.startswith(REPLY_PREFIX):
            record = _record(_signed(secrets, "reply", local.removeprefix(REPLY_PREFIX)))
            if record:
                yield Candidate(how=REPLY_ADDRESS, record=record, needs_participant=False)
    for reference in submission.references:
        record = _own(reference, secrets, domain)
        if record:
            yield Candidate(how=OWN_MESSAGE_ID, record=record)
    for reference in submission.references[:MAX_LOOKUPS]:
        yield Candidate(how=OPENING_MAIL, record=derived_id(MAIL, reference))
    for bracketed, bare in NUMBER.findall(submission.subject)[:MAX_NUMBERS]:
        yield Candidate(how=SUBJECT, number=bracketed or bare)


def _own(message_id: str, secrets: Iterable[bytes], domain: str) -> str:
    return _record(_payload(secrets, "message", message_id, domain))


def _record(payload: str) -> str:
    record = payload.partition(".")[0]
    return record if RECORD_ID.fullmatch(record) else ""


def _payload(secrets: Iterable[bytes], purpose: str, message_id: str, domain: str) -> str:
    local, _, host = message_id.lower().rpartition("@")
    return _signed(secrets, purpose, local) if host == domain else ""


def _signed(secrets: Iterable[bytes], purpose: str, token: str) -> str:
    """The payload of a signed token, "" when no live secret made it."""
    for secret in secrets:
        try:
            return verify(secret, purpose, token)
        except (UnauthenticatedError, GoneError):
            continue
    return ""


def may_join(candidate: Candidate, submission: Submission, record: Record) -> bool:
    """Whether the sender may add to the ticket.

    A mail that fails DMARC never joins, whatever its domain asks to do about it. A signed reply address is a right by
    itself; whatever else points at a ticket can be guessed or forwarded, so its sender must take part in it. A bounce
    comes from the post office, which signs little, and not from a participant: it joins by our own signed Message-ID,
    unless its domain asks to refuse it.
    """
    returned = candidate.how == OWN_MESSAGE_ID and submission.auto.kind not in (PERSON, LIST)
    if submission.trust < (FAILED if returned else UNKNOWN):
        return False
    if returned or not candidate.needs_participant:
        return True
    return bool(submission.sender) and submission.sender in {record.requester, record.assignee, *record.participants}
