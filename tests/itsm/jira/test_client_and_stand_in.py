"""The real client against the stand-in Jira over HTTP, every exchange checked against Atlassian's own contracts."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from itsm.core.clock import Clock
from itsm.core.errors import (
    AmbiguousError,
    InvalidInputError,
    NotFoundError,
    OutsideError,
    ThrottledError,
    UnauthenticatedError,
)
from itsm.jira.client import Client
from itsm.jira.outcome import AGAIN, DONE, PARKED
from itsm.jira.policy import FieldRules, JiraPolicy
from itsm.jira.signature import nudge, verify
from itsm.runtime.policies import Policies
from sandbox.jira import INTEGRATION_EMAIL, INTEGRATION_TOKEN, Hook, JiraSite, Store
from sandbox.jira.model import CustomField

from tests.itsm.jira.world import World, a_policy
from tests.support.jira_guard import JiraGuard

HOOK = Hook(url="http://127.0.0.1:9/jira/webhook", secret="the webhook secret")


@pytest.fixture(scope="module")
def contracts(openapi: Path, adf_schema: Path) -> JiraGuard:
    """Atlassian's contracts, loaded once."""
    return JiraGuard(openapi, adf_schema, refused_too=True)


class Served(World):
    """A world whose Jira is the stand-in, on a port of this machine, reached by the real client."""

    def __init__(self, guard: JiraGuard, policy: JiraPolicy | None = None, **record: Any) -> None:
        super().__init__(policy, **record)
        ids = count(1)
        self.hooks: list[tuple[bytes, Mapping[str, str]]] = []
        self.site = JiraSite(
            Store(),
            lambda: datetime.fromtimestamp(self.time, UTC),
            lambda: f"id-{next(ids)}",
            hooks=(HOOK,),
            send=self._receive,
            pause=lambda seconds: None,
            observers=[guard.observer],
        )
        self.serving = self.site.serve(deliver=False)
        self.client = Client(self.serving.url, INTEGRATION_EMAIL, INTEGRATION_TOKEN, now=lambda: self.time)
        self.issues = self.client

    def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.hooks.append((body, headers))
        return 200

    def fault(self, **spec: Any) -> None:
        """Script a fault."""
        assert self.site.handle("POST", "/__faults", "", {}, json.dumps(spec).encode()).status == 201

    def by_ada(self, method: str, path: str, body: object = None) -> Any:
        """Ada works in Jira."""
        headers = {"Authorization": "Bearer ada-token", "Content-Type": "application/json"}
        sent = b"" if body is None else json.dumps(body).encode()
        answer = self.site.handle(method, f"/rest/api/3/{path}", "", headers, sent)
        assert answer.status < 300, answer.text
        return answer.json() if answer.body else None

    def seen(self) -> dict[str, Any]:
        """The issue as Jira shows it."""
        return dict(self.by_ada("GET", f"issue/{self.link.issue}")["fields"])

    def writes(self) -> int:
        """How many writes Jira was asked for."""
        return sum(call.method != "GET" for call in self.site.calls)

    def deliver(self) -> None:
        """Take Jira's webhooks as the receiver does, and nudge."""
        self.site.webhooks.drain()
        hooks, self.hooks = self.hooks, []
        for body, headers in hooks:
            hint = nudge(verify(body, headers, [HOOK.secret], self.time))
            if hint is not None and (self.records.linked(hint.issue) or hint.record).startswith(self.id):
                self.nudged(hint.issue, hint.kind)


@pytest.fixture
def world(contracts: JiraGuard) -> Iterator[Served]:
    """A ticket and the stand-in; a violation of Atlassian's contracts fails the test."""
    contracts.violations.clear()
    served = Served(contracts)
    yield served
    served.serving.stop()
    contracts.assert_clean()


def document(text: str) -> dict[str, Any]:
    """A document of one paragraph."""
    said = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [said]}


def test_nothing_is_connected_or_imported_before_the_first_call() -> None:
    client = Client("http://127.0.0.1:9", "a@example.com", "t", now=lambda: 0)

    assert "_jira" not in vars(client)


def test_a_ticket_lives_in_jira_from_opening_to_closing(world: Served) -> None:
    assert world.settle().state == DONE
    fields = world.seen()
    assert (fields["summary"], fields["priority"]["name"], fields["labels"]) == (
        world.record.title,
        "Low",
        [f"itsm-{world.id}"],
    )
    world.later(60)
    world.says("one", "We look at it.\n\n- disk\n- network")
    world.says("two", "Looks like the disk.", public=False)
    world.by_ada("POST", f"issue/{world.link.issue}/comment", {"body": document("Rebooted.")})
    world.by_ada("POST", f"issue/{world.link.issue}/transitions", {"transition": {"id": "11"}})
    edit = {"fields": {"summary": "Mail is slow"}, "update": {"labels": [{"add": "vip"}]}}
    world.by_ada("PUT", f"issue/{world.link.issue}", edit)
    world.deliver()
    world.settle()

    assert (world.record.state, world.record.title) == ("in_progress", "Mail is slow")
    assert world.record.details["labels"] == ["vip"]
    journal = [(entry.text, entry.public) for entry in world.records.comments(world.id) if entry.origin == "jira"]
    assert journal == [("Rebooted.", True)]
    shown = world.by_ada("GET", f"issue/{world.link.issue}/comment")["comments"]
    assert [entry["jsdPublic"] for entry in shown] == [True, True, False]

    world.goes("resolved", "closed")
    world.settle()
    assert world.seen()["status"]["name"] == "Closed"
    assert world.seen()["resolution"]["name"] == "Done"

    writes, versions = world.writes(), len(world.records.written)
    world.deliver()
    world.settle()
    assert (world.writes(), len(world.records.written)) == (writes, versions)


def test_a_changes_steps_live_under_its_issue(contracts: JiraGuard) -> None:
    contracts.violations.clear()
    world = Served(contracts, Policies().jira, practice="change")
    world.goes("assessing", "awaiting_approval", "scheduled", "implementing")
    world.settle()
    world.later(60)
    (below,) = world.seen()["subtasks"]
    assert below["fields"]["summary"] == f"Implement: {world.record.title}"
    for transition in ("11", "51"):
        world.by_ada("POST", f"issue/{below['id']}/transitions", {"transition": {"id": transition}})
    world.deliver()
    world.settle()

    assert world.record.state == "in_review"
    assert [step["fields"]["status"]["name"] for step in world.seen()["subtasks"]] == ["Done", "To Do"]
    world.goes("closed")
    world.settle()
    assert {step["fields"]["status"]["statusCategory"]["key"] for step in world.seen()["subtasks"]} == {"done"}
    writes = world.writes()
    world.deliver()
    assert world.writes() == writes
    world.serving.stop()
    contracts.assert_clean()


@pytest.mark.parametrize("kind", ["drop_after", "html_200", "truncated_json", "status"])
def test_fault_1_and_36_a_create_whose_answer_was_lost_makes_one_issue(world: Served, kind: str) -> None:
    world.fault(
        kind=kind, method="POST", path="*/issue", **({} if kind.startswith(("drop", "trunc")) else {"after": True})
    )

    assert world.nudged().state == AGAIN
    assert world.settle().state == DONE
    posts = [call for call in world.site.calls if (call.method, call.path) == ("POST", "/rest/api/3/issue")]
    assert len(posts) == 1


def test_fault_2_and_4_lost_before_it_was_done_is_asked_again_after_ten_minutes(world: Served) -> None:
    started = world.time
    world.fault(kind="drop_before", method="POST", path="*/issue")

    assert world.settle().state == DONE
    assert world.time - started >= 600
    posts = [call for call in world.site.calls if (call.method, call.path) == ("POST", "/rest/api/3/issue")]
    assert len(posts) == 2


@pytest.mark.parametrize("path", ["*/comment", "*/transitions"])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_fault_40_a_lost_answer_to_a_post_doubles_nothing(world: Served, kind: str, path: str) -> None:
    world.settle()
    world.later(60)
    world.says("one")
    world.goes("in_progress")
    world.fault(kind=kind, method="POST", path=path)

    assert world.nudged().state == AGAIN
    assert world.settle().state == DONE
    assert len(world.by_ada("GET", f"issue/{world.link.issue}/comment")["comments"]) == 1
    assert world.seen()["status"]["name"] == "In Progress"
    assert world.record.state == "in_progress"


def test_fault_33_a_throttled_read_is_waited_out(world: Served) -> None:
    world.settle()
    world.fault(kind="429", method="GET", path="*/issue/*", retry_after=7)
    outcome = world.nudged()

    assert (outcome.state, outcome.seconds) == (AGAIN, 7)


def test_fault_28_a_deleted_issue_breaks_the_link_and_not_the_ticket(world: Served) -> None:
    world.settle()
    world.deliver()
    version = world.record.version
    world.by_ada("DELETE", f"issue/{world.link.issue}")
    world.deliver()

    assert (world.link.state, world.outcomes[-1].state) == ("broken", PARKED)
    assert world.record.version == version


def test_an_unknown_priority_is_refused_by_name_of_the_field(world: Served) -> None:
    world.settle()
    with pytest.raises(InvalidInputError) as caught:
        world.client.edit(world.link.issue, {"priority": "Nonsense"})

    assert caught.value.field == "priority"


def test_an_account_is_found_by_its_exact_address_only(world: Served) -> None:
    assert world.client.account("ada@example.com") == "712020:5a7d03c1-ada-agent"
    assert world.client.account("ada@example.co") is None
    assert world.client.account("nobody@example.com") is None


def test_changed_issues_are_found_with_their_labels(world: Served) -> None:
    world.settle()

    (found,) = world.client.changed(["OPS", "OPS"], 12)
    assert (found.id, found.labels) == (world.link.issue, (f"itsm-{world.id}",))
    assert world.client.changed([], 12) == ()


def test_all_pages_of_comments_are_read(world: Served) -> None:
    world.settle()
    for number in range(230):
        world.by_ada("POST", f"issue/{world.link.issue}/comment", {"body": document(f"note {number}")})

    assert [said.text for said in world.client.comments(world.link.issue)] == [f"note {n}" for n in range(230)]


def test_wrong_credentials_are_told_apart(world: Served) -> None:
    client = Client(world.serving.url, INTEGRATION_EMAIL, "wrong", now=lambda: 0)
    with pytest.raises(UnauthenticatedError):
        client.get("10001")


@pytest.mark.parametrize("name", ["", "../10001", "1?x=1", '" OR 1=1', "1/comment", "é"])
def test_an_id_that_is_none_never_becomes_part_of_an_address(world: Served, name: str) -> None:
    with pytest.raises(InvalidInputError):
        world.client.get(name)


def test_what_is_not_there_is_not_found(world: Served) -> None:
    with pytest.raises(NotFoundError):
        world.client.get("999999")


def test_fault_36_no_answer_in_time_leaves_a_posts_fate_unknown(world: Served, silent: Callable[[], str]) -> None:
    client = Client(silent(), "a@example.com", "t", now=lambda: 0, timeout=(1.0, 0.05))

    with pytest.raises(AmbiguousError):
        client.comment("10001", document("x"), "ours", public=True)
    with pytest.raises(OutsideError) as caught:
        client.get("10001")
    assert not isinstance(caught.value, AmbiguousError | ThrottledError)


@pytest.fixture
def silent() -> Iterator[Callable[[], str]]:
    """A server that takes connections and never answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    yield lambda: f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.close()


def test_a_refused_connection_is_certain_even_for_a_post() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}", "a@example.com", "t", now=lambda: 0)

    with pytest.raises(OutsideError) as caught:
        client.comment("10001", document("x"), "ours", public=True)
    assert not isinstance(caught.value, AmbiguousError)


class Redirecting(BaseHTTPRequestHandler):
    """Sends every caller somewhere else, and counts them."""

    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """302."""
        self.paths.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        """Say nothing."""


def test_a_redirect_is_not_followed() -> None:
    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        client = Client(f"http://127.0.0.1:{server.server_port}", "a@example.com", "t", now=lambda: 0)
        with pytest.raises(OutsideError):
            client.transitions("10001")
        server.shutdown()
        thread.join()

    assert [path.partition("?")[0] for path in Redirecting.paths] == ["/rest/api/3/issue/10001/transitions"]


class Forgetful(BaseHTTPRequestHandler):
    """Answers once per connection and breaks it at the second request, as a balancer does that forgot it."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_POST(self) -> None:
        """201, the first time."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked += 1
        if self.asked > 1:
            self.close_connection = True
            return
        body = b'{"id": "10001"}'
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        """Say nothing."""


def test_a_connection_that_slept_is_not_trusted_with_a_post() -> None:
    now = [100]
    with ThreadingHTTPServer(("127.0.0.1", 0), Forgetful) as server:
        server.daemon_threads, server.block_on_close = True, False
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        client = Client(f"http://127.0.0.1:{server.server_port}", "a@example.com", "t", now=lambda: now[0])
        first = client.comment("10001", document("x"), "ours", public=True)
        now[0] += 60
        second = client.comment("10001", document("x"), "ours", public=True)
        with pytest.raises(AmbiguousError):
            client.comment("10001", document("x"), "ours", public=True)
        server.shutdown()
        thread.join()

    assert (first, second) == ("10001", "10001")


def running(world: Served, **changes: Any) -> None:
    """The ticket under a clock that runs until four hours from now."""
    clock = Clock(metric="resolution", agreement="gold", calendar="always", target=14_400, state="running",
                  started_at=world.time, since=world.time, due=world.time + 14_400)  # fmt: skip
    world.sets(clocks=(replace(clock, **changes),))


def test_people_and_machines_see_in_jira_how_the_clocks_stand(world: Served) -> None:
    world.settle()
    running(world)
    world.settle()
    shown = world.site.handle("GET", f"/browse/{world.link.key}", "", {}, b"").text
    assert '<div class="panel info"><p><strong>Service level · INC0000001</strong></p>' in shown
    assert '<strong>Resolution </strong><span class="status blue">Running</span> due 2025-11-24 20:00 UTC' in shown
    value = world.by_ada("GET", f"issue/{world.link.issue}/properties/itsm.clocks")["value"]
    assert value["clocks"][0]["due"] == "2025-11-24T20:00:00Z"

    theirs = world.seen()["description"]
    theirs["content"].append(document("Ada was here.")["content"][0])
    world.by_ada("PUT", f"issue/{world.link.issue}", {"fields": {"description": theirs}})
    running(world, state="paused", due=None)
    world.deliver()
    world.settle()
    said = world.seen()["description"]["content"]
    assert "Paused" in str(said[0])
    assert said[1:] == theirs["content"][1:]
    assert "Ada was here." in str(said[-1])

    writes, versions = world.writes(), len(world.records.written)
    world.later(3600)
    world.deliver()
    world.settle()
    assert (world.writes(), len(world.records.written)) == (writes, versions)


def test_a_paragraph_field_takes_the_clocks_where_policy_names_one(contracts: JiraGuard) -> None:
    contracts.violations.clear()
    served = Served(contracts, a_policy(fields=FieldRules(clocks="customfield_10060")))
    field = CustomField(id="customfield_10060", name="Service level", kind="text")
    served.site.catalogue = replace(served.site.catalogue, custom_fields=(field,))
    running(served)
    assert served.settle().state == DONE
    shown = served.site.handle("GET", f"/browse/{served.link.key}", "", {}, b"").text
    assert "Resolution" in str(served.seen()["customfield_10060"])
    assert "Resolution" not in str(served.seen()["description"])
    assert '<dt>Service level</dt><dd><div class="panel info">' in shown
    served.serving.stop()
    contracts.assert_clean()
