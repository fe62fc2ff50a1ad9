"""Approving: ask the approvers of a record, show one of them what is asked, take the vote."""

from collections.abc import Mapping
from typing import Any

from itsm.core.errors import GoneError, NotFoundError
from itsm.core.events import Json
from itsm.core.journal import opening_words
from itsm.core.practice import load
from itsm.core.record import Record
from itsm.core.signing import sign
from itsm.core.voting import Approval, Opened, link_payload, open_link
from itsm.runtime import desk, links
from itsm.runtime.door import StepCall
from itsm.runtime.http import Request, Response, check_origin, page
from itsm.runtime.ports import Ports
from itsm.runtime.speaking import spoken
from itsm.service_desk import approval_page
from itsm.service_desk.pages import switch
from itsm.service_desk.sources.form import answers

PURPOSE = "approval"


def ask(call: StepCall, ports: Ports) -> Mapping[str, Json]:
    """Ask for the approval the record's policy demands and wait for the decision; asked again it asks nothing new."""
    after = bool(call.arguments.get("after"))

    def asked(record: Record) -> Record:
        return _approval(record).ask(record, getattr(ports.policies, record.practice), ports.now(), after=after)

    desk.update(ports, call.record, asked)
    return desk.await_states(call, ports)


def show(request: Request, ports: Ports) -> Response:
    """GET and HEAD /approvals/{link}: the page to decide on; reading it decides nothing, whoever reads it."""
    record, opened = _opened(request, ports)
    if opened.voter not in asked_people(record):
        raise GoneError(f"{record.number} is decided, or was decided without you; it is {record.state} now")
    words = spoken(request, record, opened.voter, ports)
    head, others = _journal_head(record, ports), switch(words, ports.policies.languages)
    return page(200, approval_page.question(record, opened.voter, head, words, others))


def decide(request: Request, ports: Ports) -> Response:
    """POST /approvals/{link}: the vote of the person the link was issued to."""
    check_origin(request)
    record, opened = _opened(request, ports)
    given = answers(request.body, request.headers.get("content-type", ""))
    decision, note = given.get("decision", ""), given.get("note", "").strip()

    def voted(current: Record) -> Record:
        return _approval(current).vote(current, opened.voter, decision, note, ports.now(), link=opened.link)

    saved = desk.update(ports, record.id, voted)
    return page(200, approval_page.thanks(saved, decision, spoken(request, saved, opened.voter, ports)))


def link(record: Record, approver: str, ports: Ports) -> str:
    """The address of one approver's page; only for them, only for this content, until the question expires."""
    token = sign(ports.link_secret, PURPOSE, link_payload(record, approver))
    return f"{ports.address('PUBLIC_URL').rstrip('/')}/approvals/{token}"


def void(record: Record, ports: Ports) -> Record:
    """The record with its approval voided if an edit has overtaken it; else as it is."""
    approval = load(record.practice).approval
    if approval is None:
        return record
    return desk.update(ports, record.id, lambda current: approval.void(current, ports.now()))


def asked_people(record: Record) -> tuple[str, ...]:
    """Who is asked now."""
    kept: Any = record.details.get("approval") or {}
    return () if kept.get("decision") else tuple(kept.get("asked", ()))


def _opened(request: Request, ports: Ports) -> tuple[Record, Opened]:
    payload = links.payload(PURPOSE, request.params["link"], ports)
    record = ports.records.get(payload.partition(".")[0])
    if _approval(record).stale(record):
        raise GoneError(f"{record.number} was changed after this link was sent; you will be asked anew")
    return record, open_link(record, payload)


def _journal_head(record: Record, ports: Ports) -> str:
    return opening_words(ports.records.comments(record.id))


def _approval(record: Record) -> Approval:
    """How it is approved. Raises NotFoundError for what never is."""
    approval = load(record.practice).approval
    if approval is None:
        raise NotFoundError(f"{record.number} is nothing to approve")
    return approval
