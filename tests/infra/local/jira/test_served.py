"""The stand-in on a port: real sockets, and the `jira` library as the product builds it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from threading import Thread
from typing import Any

import pytest
import requests
from jira import JIRA, JIRAError
from sandbox.jira import INTEGRATION_EMAIL, INTEGRATION_TOKEN, Hook, Serving, signature
from sandbox.jira.webhooks import post

from tests.infra.local.jira.bench import ADA, Bench, basic, document, incident
from tests.support.jira_guard import JiraGuard


@pytest.fixture
def serving(jira: Bench) -> Iterator[Serving]:
    """The site, served; webhooks go when the test says so."""
    running = jira.site.serve(0, deliver=False)
    yield running
    running.stop()


@pytest.fixture
def library(serving: Serving) -> Iterator[JIRA]:
    """The library without its probing, retries and endless waits: no call is made that the caller did not ask for."""
    client = JIRA(
        serving.url,
        options={"rest_api_version": "3"},
        basic_auth=(INTEGRATION_EMAIL, INTEGRATION_TOKEN),
        get_server_info=False,
        max_retries=0,
        timeout=(3.05, 10),
        logging=False,
    )
    client.deploymentType, client._version = "Cloud", (1001, 0, 0)
    client._fields_cache_value = {"_": "_"}
    yield client
    client._session.close()


def made(library: JIRA, **fields: Any) -> str:
    """A new issue, through the library; returns its key."""
    return str(library.create_issue(fields=incident(**fields), prefetch=False).key)


def test_the_library_makes_one_call_for_one_thing(jira: Bench, library: JIRA) -> None:
    key = made(library, labels=["itsm-1"], description=document("It burns."))
    issue = library.issue(key)
    assert issue.fields.summary == "Printer is on fire"
    assert issue.fields.status.statusCategory.key == "new"
    assert [(call.method, call.status) for call in jira.site.calls] == [("POST", 201), ("GET", 200)]


def test_the_library_reads_and_writes_what_a_sync_needs(jira: Bench, library: JIRA) -> None:
    key = made(library, labels=["itsm-1"])
    issue = library.issue(key, expand="changelog")
    issue.update(fields={"summary": "Changed"}, update={"labels": [{"add": "more"}]})
    said = library.add_comment(key, document("We look at it."))
    (heard,) = library.comments(key)
    assert heard.id == said.id
    (found,) = library.search_issues('labels = "itsm-1"', fields="summary,labels")
    assert (found.key, found.fields.summary, found.fields.labels) == (key, "Changed", ["itsm-1", "more"])
    assert {move["name"] for move in library.transitions(key)} == {"Start work", "Wait for customer", "Cancel"}
    library.add_issue_property(key, "itsm.sync", {"record": "1"})
    assert library.issue_property(key, "itsm.sync").value.record == "1"
    assert library.myself()["emailAddress"] == INTEGRATION_EMAIL
    assert library.project("OPS").name == "Operations"


def test_raw_writes_of_the_librarys_session_are_valid_to_the_letter(jira: Bench, library: JIRA) -> None:
    session: Any = library._session
    body = {"fields": incident(), "properties": [{"key": "itsm.sync", "value": {"record": "1"}}]}
    key = session.post(library._get_url("issue"), json=body).json()["key"]
    session.post(library._get_url(f"issue/{key}/transitions"), json={"transition": {"id": "11"}})
    link = {"globalId": "itsm:1", "object": {"url": "https://itsm.example.com/1", "title": "INC0000001"}}
    assert session.post(library._get_url(f"issue/{key}/remotelink"), json=link).status_code == 201
    assert session.put(library._get_url(f"issue/{key}/assignee"), json={"accountId": ADA}).status_code == 204
    fields = jira.fields(key)
    assert (fields["status"]["name"], fields["assignee"]["accountId"]) == ("In Progress", ADA)


def test_the_library_uploads_a_file_that_comes_back_whole(library: JIRA) -> None:
    key = made(library)
    content = bytes(range(256)) * 40
    library.add_attachment(key, BytesIO(content), "log.bin")
    kept: Any = library.issue(key).fields.attachment[0]
    assert (kept.filename, kept.get()) == ("log.bin", content)


def test_the_librarys_errors_carry_jiras_words(library: JIRA) -> None:
    with pytest.raises(JIRAError) as refused:
        made(library, priority={"name": "Urgent"})
    assert refused.value.status_code == 400
    assert "Priority name 'Urgent' is not valid" in str(refused.value.text)


def test_without_retries_one_dropped_connection_makes_one_issue(jira: Bench, library: JIRA) -> None:
    jira.fault(kind="drop_after", method="POST", path="/rest/api/3/issue", times=0)
    with pytest.raises(requests.ConnectionError):
        made(library)
    assert jira.search("project = OPS") == ["OPS-1"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_dropped_connection_is_one_to_any_client(jira: Bench, serving: Serving, kind: str) -> None:
    jira.fault(kind=kind, path="*/myself")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{serving.url}/rest/api/3/myself", headers=basic(), timeout=5)
    assert requests.get(f"{serving.url}/rest/api/3/myself", headers=basic(), timeout=5).status_code == 200


def test_one_connection_serves_many_requests(jira: Bench, serving: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=5)
    statuses = []
    for method, path in (("GET", "myself"), ("GET", "issue/OPS-9"), ("DELETE", "issue/OPS-9"), ("GET", "status")):
        connection.request(method, f"/rest/api/3/{path}", headers=basic())
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200, 404, 404, 200]


def test_a_site_that_is_stopped_answers_on_no_connection(jira: Bench) -> None:
    running = jira.site.serve(0, deliver=False)
    with requests.Session() as session:
        assert session.get(f"{running.url}/rest/api/3/myself", headers=basic(), timeout=5).status_code == 200
        running.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(f"{running.url}/rest/api/3/myself", headers=basic(), timeout=5)


def test_an_escaped_key_is_one_key(jira: Bench, serving: Serving) -> None:
    key = jira.create()
    address = f"{serving.url}/rest/api/3/issue/{key}/properties/a%2Fb%2525"
    assert requests.put(address, json=1, headers=basic(), timeout=5).status_code == 201
    assert [entry["key"] for entry in jira.ok("GET", f"issue/{key}/properties")["keys"]] == ["a/b%25"]


def test_addresses_tell_where_the_site_is_served(jira: Bench, serving: Serving) -> None:
    assert jira.ok("GET", "serverInfo")["baseUrl"] == serving.url
    assert jira.ok("GET", "myself")["self"].startswith(serving.url)


def test_many_at_once_get_an_issue_each(jira: Bench, serving: Serving) -> None:
    def post(number: int) -> str:
        body = {"fields": incident(f"No {number}")}
        made = requests.post(f"{serving.url}/rest/api/3/issue", json=body, headers=basic(), timeout=10)
        return str(made.json()["key"])

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(post, range(40)))
    assert sorted(keys) == sorted(f"OPS-{number}" for number in range(1, 41))


def test_a_page_is_clicked_over_the_wire(jira: Bench, serving: Serving) -> None:
    key = jira.create()
    page = requests.get(f"{serving.url}/browse/{key}", timeout=5)
    assert page.status_code == 200
    assert requests.get(f"{serving.url}/style.css", timeout=5).headers["Content-Type"].startswith("text/css")
    form = {"as": ADA, "id": "11"}
    moved = requests.post(
        f"{serving.url}/browse/{key}/transition", data=form, headers={"Origin": serving.url}, timeout=5
    )
    assert moved.url.startswith(f"{serving.url}/browse/{key}")
    assert "In Progress" in moved.text


class Receiver(HTTPServer):
    """Takes webhooks on a port; answers 503 to the first and 200 to the rest."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.got: list[tuple[bytes, dict[str, str]]] = []


class Taking(BaseHTTPRequestHandler):
    """One webhook taken."""

    server: Receiver

    def do_POST(self) -> None:
        """Keep it and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((body, dict(self.headers.items())))
        self.send_response(503 if len(self.server.got) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks, running."""
    server = Receiver()
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_webhooks_go_over_the_wire_and_drain_waits_for_no_delay(guard: JiraGuard, receiver: Receiver) -> None:
    hook = Hook(url=f"http://127.0.0.1:{receiver.server_port}/hook", secret="s3cret")
    jira = Bench(hooks=[hook], observers=[guard.observer], send=post)
    running = jira.site.serve(0)
    jira.create()
    jira.site.webhooks.drain()
    running.stop()
    (first, told), (second, told_again) = receiver.got
    assert first == second
    assert json.loads(first)["webhookEvent"] == "jira:issue_created"
    assert told["X-Hub-Signature"] == told_again["X-Hub-Signature"] == signature("s3cret", first)
    assert told_again["X-Atlassian-Webhook-Retry"] == "1"


def test_a_receiver_that_is_not_there_is_tried_again(guard: JiraGuard) -> None:
    gone = Receiver()
    gone.server_close()
    hook = Hook(url=f"http://127.0.0.1:{gone.server_port}/hook", secret="s3cret")
    jira = Bench(hooks=[hook], observers=[guard.observer], send=post)
    jira.create()
    assert jira.site.webhooks.drain() == 6
    assert jira.site.webhooks.deliveries()[0].state == "lost"
