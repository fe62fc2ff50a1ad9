"""Notify: which mails a fact on the bus leads to; each is sent once, however often the fact is delivered."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from itsm.core.errors import OutsideError
from itsm.core.ports import Message
from itsm.core.practice import load
from itsm.core.record import Comment, Record
from itsm.practices.service_level import escalation
from itsm.runtime import approving
from itsm.runtime.addresses import deliverable
from itsm.runtime.door import logger
from itsm.runtime.intake import own
from itsm.runtime.metrics import count
from itsm.runtime.ports import Ports
from itsm.service_desk import letters, outgoing
from itsm.service_desk.outgoing import Sender

ESCALATIONS = {"ClockWarned": letters.WARNED, "ClockBreached": letters.BREACHED, "HoldFollowedUp": letters.FOLLOW_UP}
HOLD_REMINDED, HOLD_ENDED = "HoldReminded", "HoldEnded"
"""The comment of the second says already that the ticket is taken to be done."""

DAY = 86_400
FELL_BACK = "LetterFellBack"
"""The metric of letters whose template failed; infra/aws/notifications.yaml has an alarm on it."""


def send(fact: Mapping[str, Any], ports: Ports) -> None:
    """Send the mails of one fact. Raises OutsideError when one was not taken, after the others were tried."""
    refused = None
    for message in deliverable(fact, messages(fact, ports), ports):
        try:
            ports.mail.send(message)
        except OutsideError as error:
            refused = error
    if refused is not None:
        raise refused


def messages(fact: Mapping[str, Any], ports: Ports) -> Iterator[Message]:
    """The mails a fact leads to, from the record as it is now; none for most facts."""
    record = ports.records.get(fact["record"])
    if record.practice == "submission":
        return
    sender = _sender(ports)
    wanted: list[Message | None] = []
    if fact["version"] == 1 and _may_acknowledge(record, ports):
        wanted.append(outgoing.acknowledgement(record, sender))
    for comment in _said(fact, record, ports) if fact["comment"] else ():
        wanted += _of_comment(fact, record, comment, sender, ports)
    ended = fact["type"] == HOLD_ENDED
    # Told of by the version it happened in: the same fact again, when more was said since, is the same mail.
    then = replace(record, version=fact["version"])
    if "state" in fact["changed"] and not ended and fact["state"] in _told(record) and record.state == fact["state"]:
        wanted += outgoing.resolved(then, sender)
    if fact["type"] == "Approved":
        wanted += outgoing.approved(then, sender)
    reason = record.details.get("blocked")
    if {"details.blocked", "details.blocked_at"} & set(fact["changed"]) and reason:
        wanted += outgoing.blocked(then, str(reason), sender)
    if fact["type"] == "ApprovalRequested":
        wanted += [
            outgoing.approval_request(record, person, approving.link(record, person, ports), sender)
            for person in approving.asked_people(record)
        ]
    yield from (message for message in wanted if message is not None)


def _of_comment(
    fact: Mapping[str, Any], record: Record, comment: Comment, sender: Sender, ports: Ports
) -> tuple[Message, ...]:
    """The mails of a fact that something was said with: a level reached, an answer waited for, or just said."""
    if fact["type"] in ESCALATIONS:
        people = escalation.whom(ports.records.history(record.id, fact["version"] - 1, 1), fact["version"])
        return outgoing.escalated(record, comment, people, sender, ESCALATIONS[fact["type"]])
    if fact["type"] in (HOLD_REMINDED, HOLD_ENDED):
        return outgoing.waited(record, comment, sender, over=fact["type"] == HOLD_ENDED)
    return outgoing.public_comment(record, comment, sender)


def _may_acknowledge(record: Record, ports: Ports) -> bool:
    """Whether the requester has had fewer acknowledgements today than one address gets (RFC 3834 2)."""
    if not ports.once.first(f"ack#{record.id}", DAY):
        return True  # counted already: the fact is delivered again, and the mail itself goes out once
    return ports.once.count(f"ack#{record.requester}", DAY) <= ports.policies.sources.mail.acknowledgements


def _said(fact: Mapping[str, Any], record: Record, ports: Ports) -> Iterator[Comment]:
    return (comment for comment in ports.records.comments(record.id) if comment.id == fact["comment"])


def _told(record: Record) -> frozenset[str]:
    """The states whose reaching the requester is told of: the work is done, however it ended."""
    lifecycle = load(record.practice).lifecycle
    return lifecycle.met - {"closed"} if record.practice != "change" else lifecycle.met


def _sender(ports: Ports) -> Sender:
    return Sender(
        secret=ports.link_secret,
        domain=ports.address("MAIL_DOMAIN"),
        url=ports.address("PUBLIC_URL"),
        own=own(ports),
        letters=ports.policies.letters,
        languages=ports.policies.languages,
        people=ports.policies.sources.people,
        fallen=_fell_back,
    )


def _fell_back(key: str) -> None:
    logger().error("a letter's template failed; the mail goes out by the next one", extra={"template": key})
    count(FELL_BACK)
