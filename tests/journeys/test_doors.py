"""The doors over HTTP: forms, webhooks, the records API, and how each refuses."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import urlencode

import pytest
from sandbox.samples import signature
from sandbox.tickets import request

from tests.journeys.conftest import Journey

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
JSON = {"Content-Type": "application/json"}


def test_a_person_fills_in_the_form_and_gets_a_number_and_a_mail(desk: Journey) -> None:
    address = f"{desk.box.front.url}/forms/request"
    page = request(address, headers={"Accept": "text/html"})
    assert page.status == 200
    assert b"<script" not in page.body
    token = re.search(r'name="token"[^>]*value="([^"]+)"', page.body.decode())
    assert token is not None
    given = {"token": token[1], "sender": "fay@example.org", "subject": "A second screen", "service": "workplace"}
    answer = request(address, "POST", urlencode(given).encode(), FORM)
    assert answer.status in (200, 201)
    ticket = desk.ticket("A second screen")
    assert ticket.number in answer.body.decode()
    assert ticket.number.startswith("REQ")
    link = re.search(r"https?://\S+/tickets/\S+", desk.acknowledged(ticket, "fay@example.org").text)
    assert link is not None
    shown = request(link[0], headers={"Accept": "text/html"})
    assert (shown.status, "A second screen" in shown.body.decode()) == (200, True)
    # Pressing the button again changes nothing.
    assert ticket.number in request(address, "POST", urlencode(given).encode(), FORM).body.decode()
    # Nobody need agree to it: people work it, and its process goes on.
    desk.stands(ticket, "Wait for the fulfilment")
    for state in ("in_progress", "fulfilled"):
        assert desk.patch(ticket, state=state).status == 200
    desk.stands(ticket, "Wait for the closure")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/forms/nothing", b"", 404),
        ("POST", "/intake/nobody", b"{}", 404),
        ("POST", "/intake/monitoring", b"{}", 401),
        ("POST", "/jira/webhook", b"{}", 401),
        ("GET", "/tickets/forged.link", b"", 403),
        ("GET", "/records/INC0000001", b"", 401),
        ("GET", "/nowhere", b"", 404),
    ],
)
def test_what_may_not_enter_is_told_so(desk: Journey, method: str, path: str, body: bytes, status: int) -> None:
    answer = request(f"{desk.box.front.url}{path}", method, body or None, JSON)
    assert answer.status in ({403, 401, 404} if status == 403 else {status})


def test_a_signed_webhook_is_a_ticket_and_a_wrong_signature_is_none(desk: Journey) -> None:
    body = json.dumps(
        {"id": "evt-1", "title": "Disk full", "text": "on db-1", "reporter": "probe@example.org"}
    ).encode()
    secret = desk.box.sources_secret()["monitoring"]
    good = signature(secret, "evt-1", int(time.time()), body)
    address = f"{desk.box.front.url}/intake/monitoring"
    assert request(address, "POST", body, {**JSON, **good, "webhook-signature": "v1,AAAA"}).status == 401
    assert request(address, "POST", body.replace(b"db-1", b"db-2"), {**JSON, **good}).status == 401
    assert request(address, "POST", body, {**JSON, **good}).status < 300
    desk.ticket("Disk full")
    old = signature(secret, "evt-2", int(time.time()) - 3600, body)
    assert request(address, "POST", body, {**JSON, **old}).status == 401


def test_the_records_api_says_what_is_wrong(desk: Journey) -> None:
    desk.mail("Screen flickers", sender="sara@example.org")
    ticket = desk.ticket("Screen flickers")
    desk.stands(ticket, "Wait for the resolution")
    assert desk.agent("GET", "/records/INC9999999").status == 404
    stale = desk.agent("PATCH", f"/records/{ticket.number}", {"version": 1, "state": "in_progress"})
    illegal = desk.patch(ticket, state="closed")
    unknown = desk.patch(ticket, colour="red")
    for answer, status in ((stale, 409), (illegal, 409), (unknown, 422)):
        assert (answer.status, answer.headers["content-type"].split(";")[0]) == (status, "application/problem+json")
    assert "in_progress" in illegal.json()["legal"]
    assert desk.agent("GET", "/worklists/network").status == 200


def test_a_change_is_approved_by_its_approver_with_a_button_and_by_nothing_else(desk: Journey) -> None:
    when = "%Y-%m-%dT%H:%M"
    given = {
        "token": "journey-change-0001", "sender": "sam@example.org", "subject": "New load balancer", "type": "normal",
        "service": "website", "impact": "2", "items": "lb-1", "implementer": "omar@example.org",
        "text": "Out of support.", "plan": "Switch.", "backout": "Switch back.",
        "planned_start": time.strftime(when, time.gmtime(time.time() + 86_400)),
        "planned_end": time.strftime(when, time.gmtime(time.time() + 90_000)),
    }  # fmt: skip
    answer = request(f"{desk.box.front.url}/forms/change", "POST", urlencode(given).encode(), FORM)
    assert answer.status < 300, answer.body
    ticket = desk.ticket("New load balancer")

    def asked() -> list[str]:
        mails = [one for one in desk.box.outbox.all() if f"[{ticket.number}]" in one.header("Subject")]
        return [hit[0] for one in mails if (hit := re.search(r"https?://\S+/approvals/\S+", one.text))]

    link = desk.wait(asked, "the approval mail")[0]
    before = desk.reaches(ticket, state="awaiting_approval")
    for method in ("GET", "HEAD", "GET"):
        request(link, method, headers={"Accept": "text/html"})
    assert desk.tickets.facts(ticket.number)["version"] == before["version"]
    accepted = request(link, "POST", urlencode({"decision": "accept"}).encode(), FORM)
    assert accepted.status == 200
    desk.reaches(ticket, state="scheduled")
    again = request(link, "POST", urlencode({"decision": "refuse"}).encode(), FORM)
    assert again.status >= 400
    assert desk.tickets.facts(ticket.number)["state"] == "scheduled"
