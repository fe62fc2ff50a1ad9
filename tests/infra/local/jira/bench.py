"""A Jira site to test with: its clock, its receiver of webhooks, and short ways to call it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sandbox.jira import INTEGRATION_EMAIL, INTEGRATION_TOKEN, Catalogue, Hook, JiraSite, Response, Store
from sandbox.jira.messages import Observer
from sandbox.jira.webhooks import Post

HOOK = Hook(url="http://127.0.0.1:9/jira/webhook", secret="It's a Secret to Everybody")
ADA = "712020:5a7d03c1-ada-agent"
BEN = "712020:91e4f8b7-ben-agent"
INTEGRATION = "712020:0b1c1a52-itsm-integration"


def basic(email: str = INTEGRATION_EMAIL, token: str = INTEGRATION_TOKEN) -> dict[str, str]:
    """The header of someone who logs in with an API token."""
    return {"Authorization": "Basic " + base64.b64encode(f"{email}:{token}".encode()).decode()}


def document(text: str) -> dict[str, Any]:
    """A document of one paragraph."""
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A webhook as the receiver got it."""

    url: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def event(self) -> str:
        """What it tells of."""
        return str(self.payload["webhookEvent"])

    @property
    def payload(self) -> Any:
        """What it says."""
        return json.loads(self.body)

    @property
    def identifier(self) -> str:
        """What it is known by."""
        return self.headers["X-Atlassian-Webhook-Identifier"]


class Bench:
    """A site, its clock (``now``), and a receiver that answers what ``answers`` says, in turn, then 200."""

    def __init__(
        self,
        *,
        store: Store | None = None,
        hooks: Sequence[Hook] = (HOOK,),
        catalogue: Catalogue | None = None,
        index_lag: float = 0.0,
        observers: Iterable[Observer] = (),
        send: Post | None = None,
    ) -> None:
        self.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self.sent: list[Sent] = []
        self.answers: list[int | OSError] = []
        self.paused: list[float] = []
        self.on_webhook: Callable[[Sent], None] = lambda _: None
        ids = count(1)
        self.site = JiraSite(
            store or Store(),
            lambda: self.now,
            lambda: f"id-{next(ids)}",
            catalogue=catalogue,
            hooks=hooks,
            index_lag=index_lag,
            retry_delays=(300.0,) * 5,
            send=send or self._receive,
            pause=self.paused.append,
            observers=observers,
        )

    def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        sent = Sent(url=url, body=body, headers=headers)
        self.sent.append(sent)
        self.on_webhook(sent)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, OSError):
            raise answer
        return answer

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str | Sequence[str]] | str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Call the API as the integration, or as ``headers`` say."""
        sent = b"" if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        told = {**basic(), **kind} if headers is None else {**kind, **headers}
        return self.site.handle(method, f"/rest/api/3/{path}", query, told, sent)

    def ok(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | str = "") -> Any:
        """Call the API and give what it says; it must not refuse."""
        response = self.call(method, path, body, query)
        assert response.status < 300, response.text
        return response.json() if response.body else None

    def refused(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | str = "") -> dict[str, Any]:
        """Call the API and give the errors it answers, with the status under ``status``."""
        response = self.call(method, path, body, query)
        assert response.status >= 400, response.text
        return {"status": response.status, **response.json()}

    def create(self, summary: str = "Printer is on fire", **fields: Any) -> str:
        """A new incident; returns its key."""
        made = self.ok("POST", "issue", {"fields": incident(summary, **fields)})
        return str(made["key"])

    def fields(self, key: str) -> dict[str, Any]:
        """The fields of an issue."""
        return dict(self.ok("GET", f"issue/{key}")["fields"])

    def move(self, key: str, transition: str, **more: Any) -> None:
        """Take a transition."""
        self.ok("POST", f"issue/{key}/transitions", {"transition": {"id": transition}, **more})

    def search(self, jql: str, **more: Any) -> list[str]:
        """The keys of the issues a query finds, in order."""
        found = self.ok("POST", "search/jql", {"jql": jql, "fields": ["summary"], **more})
        return [issue["key"] for issue in found["issues"]]

    def form(self, path: str, body: str, headers: Mapping[str, str] | None = None) -> Response:
        """Post a form as a browser on the site's own page does."""
        own = {"Host": "127.0.0.1", "Origin": "http://127.0.0.1"} if headers is None else headers
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.site.handle("POST", path, "", {**kind, **own}, body.encode())

    def fault(self, **spec: Any) -> None:
        """Script a fault."""
        response = self.site.handle("POST", "/__faults", "", {}, json.dumps(spec).encode())
        assert response.status == 201, response.text


def incident(summary: str = "Printer is on fire", **fields: Any) -> dict[str, Any]:
    """The fields of a valid new incident, with these over them."""
    return {"project": {"key": "OPS"}, "issuetype": {"name": "Incident"}, "summary": summary, **fields}
