"""The whole product in the sandbox, and the people of a journey: who writes in, who works in Jira, who operates it."""

from __future__ import annotations

import base64
import json
import smtplib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest
from sandbox.box import Sandbox
from sandbox.jira.model import Comment, Issue
from sandbox.outbox import Sent
from sandbox.settings import Settings
from sandbox.tickets import Reply, Tickets, request

DESK = "support@itsm.example.com"
AGENT = "ada.agent@example.org"
PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket of a journey."""

    id: str
    number: str


class Journey:
    """What people do with a running sandbox, and what they see of it."""

    def __init__(self, box: Sandbox) -> None:
        self.box, self.tickets = box, Tickets(box)

    def wait[T](self, look: Callable[[], T], what: str) -> T:
        """The first truthy value of `look`."""
        return self.box.wait_for(look, PATIENCE, what)

    # --- who writes in

    def mail(
        self,
        subject: str,
        text: str = "It does not work.",
        *,
        sender: str = "rosa@example.org",
        to: str = DESK,
        **headers: str,
    ) -> None:
        """Send a mail as a mail program does."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.box.smtp.port) as client:
            client.sendmail(sender, [to], message.as_bytes())

    def ticket(self, title: str) -> Ticket:
        """The ticket of a title, once it is there."""

        def look() -> Ticket | None:
            for record, number in self.tickets.numbers().items():
                if self.tickets.facts(number)["title"] == title:
                    return Ticket(id=record, number=number)
            return None

        found = self.wait(look, f"the ticket {title!r}")
        assert found is not None
        return found

    def mails(self, ticket: Ticket, to: str) -> list[Sent]:
        """What somebody got about a ticket, oldest first."""
        return [mail for mail in self.box.outbox.to(to) if f"[{ticket.number}]" in mail.header("Subject")]

    def acknowledged(self, ticket: Ticket, to: str = "rosa@example.org") -> Sent:
        """The first mail about a ticket."""
        return self.wait(lambda: self.mails(ticket, to), f"an acknowledgement of {ticket.number}")[0]

    def reaches(self, ticket: Ticket, **facts: Any) -> Mapping[str, Any]:
        """The ticket's facts once they are these."""

        def look() -> Mapping[str, Any] | None:
            now = self.tickets.facts(ticket.number)
            return now if facts.items() <= now.items() else None

        found = self.wait(look, f"{ticket.number} with {facts}")
        assert found is not None
        return found

    def stands(self, ticket: Ticket, state: str) -> None:
        """Wait until the ticket's process is in this state."""

        def look() -> bool:
            run = self.tickets.process(ticket.number)
            return run is not None and self.tickets.standing(run) == state

        self.wait(look, f"the process of {ticket.number} in {state!r}")

    # --- who works in Jira

    def issue(self, ticket: Ticket) -> Issue:
        """The issue as it is now."""
        found = self.wait(lambda: self.tickets.issue(ticket.id), f"the issue of {ticket.number}")
        assert found is not None
        return found

    def status(self, ticket: Ticket) -> str:
        """The issue's status by its name."""
        return self.box.jira.catalogue.status(self.issue(ticket).status).name

    def in_jira(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """What Ada does in Jira, by its API."""
        entry = base64.b64encode(b"ada@example.com:ada-token").decode()
        headers = {"Authorization": f"Basic {entry}", "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        answer = request(f"{self.box.jira_url}/rest/api/3{path}", method, sent, headers)
        assert answer.status < 300, answer.body
        return answer

    def move(self, ticket: Ticket, name: str, **fields: Any) -> None:
        """Ada moves the issue by a transition's name."""
        key = self.issue(ticket).key
        ways = self.in_jira("GET", f"/issue/{key}/transitions").json()["transitions"]
        (number,) = [way["id"] for way in ways if way["name"] == name]
        self.in_jira("POST", f"/issue/{key}/transitions", {"transition": {"id": number}, "fields": fields})

    def said_in_jira(self, ticket: Ticket) -> list[str]:
        """The texts of the issue's comments, oldest first."""
        return [json.dumps(comment.body) for comment in self.box.jira.store.of(Comment, self.issue(ticket).id)]

    # --- who works by the records API

    def agent(self, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str) -> Reply:
        """A call of the records API with a token."""
        sent = None if body is None else json.dumps(body).encode()
        token = {"Authorization": f"Bearer {self.box.token(AGENT)}", "Content-Type": "application/json"}
        return request(f"{self.box.front.url}{path}", method, sent, {**token, **headers})

    def patch(self, ticket: Ticket, **changes: Any) -> Reply:
        """Change a ticket as it is now."""
        version = self.tickets.facts(ticket.number)["version"]
        return self.agent("PATCH", f"/records/{ticket.number}", {"version": version, **changes})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """One sandbox of the product for the journeys of a module."""
    with Sandbox(Settings.for_tests(tmp_path_factory.mktemp("desk"))) as box:
        yield Journey(box)
