"""Addresses: whom nothing is sent to any more, since a bounce for good or a complaint, until they write again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from itsm.core.ports import Message, Suppression
from itsm.core.record import Record
from itsm.runtime.approving import asked_people
from itsm.runtime.door import logger
from itsm.runtime.ports import Ports
from itsm.service_desk import threading
from itsm.service_desk.submission import COMPLAINT, MAIL, Submission

DAY = 86_400
BOUNCED, COMPLAINED = "bounce", "complaint"


def proved(submission: Submission, ports: Ports) -> Submission:
    """The submission with those failures alone whose address was sent the mail that it returns."""
    if not submission.failures:
        return submission
    secrets = [value.encode() for value in ports.secrets.get("link").values()]
    return threading.proved(submission, secrets, ports.address("MAIL_DOMAIN"))


def give_up(submission: Submission, record: Record, ports: Ports) -> None:
    """Suppress the addresses a bounce gives up for good, and those a complaint came from.

    Only of people we write to about the ticket whose mail it answers, and only of those it is `proved` for: nobody
    silences another by a forged bounce.
    """
    ours = {record.requester, *record.participants, *asked_people(record)}
    for one in submission.failures:
        if one.hard and one.address in ours:
            why = COMPLAINED if one.status == COMPLAINT else f"{BOUNCED} {one.status}".strip()
            told = f"{record.number} {submission.message_id or submission.key}"[:500]
            at = submission.received_at
            ports.records.suppress(Suppression(address=one.address, since=at, reason=why, message=told))


def deliverable(fact: Mapping[str, Any], messages: Iterable[Message], ports: Ports) -> Iterator[Message]:
    """The mails of a fact to those who get mail; who has written by mail since an address was given up gets it again.

    One read for all of a fact's addresses, and none for a fact that no mail follows and no mail led to. What is left
    out is logged with its effect and stays suppressed for `suppressed_days`.
    """
    wanted = list(messages)
    wrote = str(fact.get("by", "")) if fact.get("origin") == MAIL and "@" in str(fact.get("by", "")) else ""
    asked = {address for message in wanted for address in message.to} | ({wrote} if wrote else set())
    if not asked:
        return
    given_up = dict(ports.records.suppressed(asked))
    if wrote in given_up and _is_back(fact, given_up[wrote]):
        ports.records.lift(wrote, ports.now())
        del given_up[wrote]
    expired = ports.now() - ports.policies.sources.mail.suppressed_days * DAY
    silent = {address for address, one in given_up.items() if one.since > expired}
    for message in wanted:
        to = tuple(address for address in message.to if address not in silent)
        if len(to) < len(message.to):
            logger().info("mail to suppressed addresses left out", extra={"effect": message.effect})
        if to:
            yield replace(message, to=to)


def _is_back(fact: Mapping[str, Any], suppression: Suppression) -> bool:
    """Whether the address has said something since. After a complaint only a new matter counts: an answer by itself may
    be a machine's."""
    since = int(fact.get("at", 0)) > suppression.since
    return since and (suppression.reason != COMPLAINED or fact["version"] == 1)
