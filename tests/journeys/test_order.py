"""An order in the sandbox, over real HTTP and SMTP: form, approval by mail and page, tasks by API and in Jira."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from sandbox.tickets import request

from tests.journeys.conftest import Journey, Ticket

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
RITA, MANAGER = "rita.orders@example.org", "mona.manager@example.org"


def send(address: str, fields: Mapping[str, str]) -> int:
    return request(address, "POST", urlencode(fields).encode(), FORM).status


def task(desk: Journey, group: str, what: str) -> Ticket:
    """The task on a group's worklist, once it is there."""

    def look() -> Ticket | None:
        rows = desk.agent("GET", f"/worklists/{group}?limit=100").json()["rows"]
        found = [Ticket(id=row["id"], number=row["number"]) for row in rows if row["title"].startswith(what)]
        return found[0] if found else None

    found = desk.wait(look, f"the task {what!r} of {group}")
    assert found is not None
    return found


def test_a_laptop_goes_from_its_form_through_mail_page_api_and_jira_to_its_owner(desk: Journey) -> None:
    address = f"{desk.box.front.url}/forms/laptop"
    token = re.search(r'name="token"[^>]*value="([^"]+)"', request(address).body.decode())
    assert token is not None
    given = {"token": token[1], "sender": RITA, "model": "light", "manager": MANAGER, "vpn": "yes"}
    assert send(address, given) == 201
    order = desk.ticket("A new laptop")
    desk.reaches(order, state="awaiting_approval")
    asked = desk.wait(lambda: desk.mails(order, MANAGER), "the manager's mail")[0]
    link = re.search(r"https?://\S+/approvals/\S+", asked.text)
    assert link is not None
    assert request(link[0], headers={"Accept": "text/html"}).status == 200
    assert send(link[0], {"decision": "accept", "note": "Fine."}) == 200
    desk.reaches(order, state="in_progress")
    desk.stands(order, "Work the tasks")
    deliver, access = task(desk, "workplace", "Get the laptop"), task(desk, "network", "Grant access to the VPN")
    assert desk.patch(access, state="done").status == 200
    assert desk.status(deliver) == "To Do"
    desk.move(deliver, "Start work")
    desk.reaches(deliver, state="in_progress")
    desk.move(deliver, "Done")
    desk.reaches(deliver, state="done")
    hand_over = task(desk, "workplace", "Set the laptop up and hand it over")
    assert desk.patch(hand_over, state="done").status == 200
    desk.reaches(order, state="fulfilled")
    desk.stands(order, "Wait for the closure")
    desk.wait(lambda: len(desk.mails(order, RITA)) == 3, "what Rita is told: received, approved, done")
    assert desk.patch(order, state="closed").status == 200
    assert desk.mails(deliver, RITA) == []
