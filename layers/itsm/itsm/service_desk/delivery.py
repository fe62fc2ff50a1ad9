"""Delivery: what became of the mails we sent about a ticket; an address that is no good gets no more of them."""

from collections.abc import Mapping, Sequence

from itsm.core.events import Json
from itsm.core.record import Record
from itsm.service_desk.submission import COMPLAINT, Failure

DELIVERY, UNDELIVERABLE = "delivery", "undeliverable"
MAX_ADDRESSES = 40


def undeliverable(record: Record) -> frozenset[str]:
    """The addresses of a ticket that nothing is sent to any more."""
    held = record.details.get(UNDELIVERABLE)
    return frozenset(str(one) for one in held) if isinstance(held, list) else frozenset()


def failed(record: Record, failures: Sequence[Failure]) -> Mapping[str, Json]:
    """The ticket's details with what a bounce says about the people we write to; others it names are not ours to judge.

    A hard failure suppresses the address on this ticket, until its owner writes from it again (SES keeps an
    account-wide suppression list beside this one).
    """
    people = {record.requester, *record.participants}
    ours = [one for one in failures if one.address in people]
    if not ours:
        return record.details
    said = {**_table(record), **{one.address: _words(one) for one in ours}}
    gone = sorted(undeliverable(record) | {one.address for one in ours if one.hard})[:MAX_ADDRESSES]
    details = {**record.details, DELIVERY: dict(list(said.items())[-MAX_ADDRESSES:])}
    return {**details, UNDELIVERABLE: list[Json](gone)} if gone else details


def heard_from(record: Record, sender: str) -> Mapping[str, Json]:
    """The ticket's details once somebody wrote from an address that was given up: it is good after all."""
    if sender not in undeliverable(record) and sender not in _table(record):
        return record.details
    gone = sorted(undeliverable(record) - {sender})
    said = {address: words for address, words in _table(record).items() if address != sender}
    kept = {name: value for name, value in record.details.items() if name not in (DELIVERY, UNDELIVERABLE)}
    return {**kept, **({DELIVERY: said} if said else {}), **({UNDELIVERABLE: list[Json](gone)} if gone else {})}


def _words(failure: Failure) -> str:
    if failure.status == COMPLAINT:
        return "complained"
    way = "failed for good" if failure.hard else "delayed" if failure.status.startswith("4") else "failed"
    return f"{way} {failure.status}".strip()


def _table(record: Record) -> Mapping[str, Json]:
    held = record.details.get(DELIVERY)
    return held if isinstance(held, Mapping) else {}
