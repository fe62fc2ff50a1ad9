"""Faults on request, and the journal that counts calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.local.jira.bench import Bench, document, incident

ISSUE = "/rest/api/3/issue"


def posted(jira: Bench) -> Any:
    """Try to create an issue; returns the response."""
    return jira.call("POST", "issue", {"fields": incident()})


def test_dropped_before_nothing_was_done(jira: Bench) -> None:
    jira.fault(kind="drop_before", method="POST", path=ISSUE)
    assert posted(jira).drop
    assert jira.search("project = OPS") == []


def test_dropped_after_all_was_done(jira: Bench) -> None:
    jira.fault(kind="drop_after", method="POST", path=ISSUE)
    assert posted(jira).drop
    assert jira.search("project = OPS") == ["OPS-1"]
    assert [entry.event for entry in jira.site.webhooks.queued()] == ["jira:issue_created"]


@pytest.mark.parametrize("retry_after", [1, 1847, 0, "Wed, 21 Oct 2026 07:28:00 GMT", None])
def test_throttled_as_told(jira: Bench, retry_after: int | str | None) -> None:
    wait = {} if retry_after is None else {"retry_after": retry_after}
    jira.fault(kind="429", method="GET", path="*/myself", reason="jira-burst-based", **wait)
    response = jira.call("GET", "myself")
    assert response.status == 429
    assert response.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))
    assert response.headers["RateLimit-Reason"] == "jira-burst-based"
    assert jira.call("GET", "myself").status == 200


def test_a_server_error_may_hide_that_the_work_was_done(jira: Bench) -> None:
    jira.fault(kind="status", status=502, method="POST", path=ISSUE)
    jira.fault(kind="status", status=504, method="POST", path=ISSUE, nth=2, after=True)
    assert [posted(jira).status, posted(jira).status] == [502, 504]
    assert jira.search("project = OPS") == ["OPS-1"]


def test_a_delay_passes_on_the_clock_that_was_given_and_the_work_is_done(jira: Bench) -> None:
    jira.fault(kind="delay", method="POST", path=ISSUE, seconds=60)
    assert posted(jira).status == 201
    assert jira.paused == [60]


def test_a_login_page_comes_with_status_200(jira: Bench) -> None:
    jira.fault(kind="html_200", path="*/myself")
    response = jira.call("GET", "myself")
    assert response.status == 200
    with pytest.raises(ValueError, match="Expecting value"):
        response.json()


def test_half_an_answer_is_no_json(jira: Bench) -> None:
    jira.fault(kind="truncated_json", method="POST", path=ISSUE)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        posted(jira).json()
    assert jira.search("project = OPS") == ["OPS-1"]


def test_a_fault_strikes_from_the_nth_call_so_many_times(jira: Bench) -> None:
    jira.fault(kind="status", status=500, method="GET", path="*/myself", nth=2, times=2)
    assert [jira.call("GET", "myself").status for _ in range(4)] == [200, 500, 500, 200]


def test_a_fault_strikes_for_ever_until_cleared(jira: Bench) -> None:
    jira.fault(kind="status", status=500, path=f"{ISSUE}/*/comment", times=0)
    key = jira.create()
    body = {"body": document("x")}
    assert [jira.call("POST", f"issue/{key}/comment", body).status for _ in range(3)] == [500] * 3
    shown = jira.site.handle("GET", "/__faults").json()["faults"]
    assert [(fault["kind"], fault["matched"]) for fault in shown] == [("status", 3)]
    assert jira.site.handle("DELETE", "/__faults").status == 204
    assert jira.call("POST", f"issue/{key}/comment", body).status == 201


@pytest.mark.parametrize(
    "spec", [{"kind": "explode"}, {}, {"kind": "delay", "path": 7}, {"kind": "429", "retry-after": 1}, [], "429"]
)
def test_a_fault_that_does_not_exist_is_refused(jira: Bench, spec: object) -> None:
    response = jira.site.handle("POST", "/__faults", "", {}, json.dumps(spec).encode())
    assert response.status == 400


def test_the_journal_counts_every_call_and_what_it_answered(jira: Bench) -> None:
    jira.fault(kind="drop_before", method="GET", path="*/myself")
    jira.call("GET", "myself")
    key = jira.create()
    jira.refused("GET", "issue/OPS-9", query={"fields": "summary"})
    made = [(call.method, call.path, call.status, call.fault) for call in jira.site.calls]
    assert made == [
        ("GET", "/rest/api/3/myself", 0, "drop_before"),
        ("POST", ISSUE, 201, None),
        ("GET", f"{ISSUE}/OPS-9", 404, None),
    ]
    shown = jira.site.handle("GET", "/__calls").json()["calls"]
    assert shown[2]["query"] == {"fields": ["summary"]}
    assert jira.site.handle("DELETE", "/__calls").status == 204
    assert list(jira.site.calls) == []
    assert key == "OPS-1"


def test_deliveries_are_told_in_json(jira: Bench) -> None:
    jira.create()
    jira.site.webhooks.drain()
    (shown,) = jira.site.handle("GET", "/__webhooks").json()["deliveries"]
    assert (shown["event"], shown["state"], shown["outcomes"]) == ("jira:issue_created", "delivered", ["200"])


def test_foreign_pages_cannot_use_the_controls(jira: Bench) -> None:
    body = json.dumps({"kind": "drop_before"}).encode()
    told = {"Host": "127.0.0.1", "Origin": "https://evil.example"}
    assert jira.site.handle("POST", "/__faults", "", told, body).status == 403
    assert jira.site.handle("GET", "/__calls", "", {"Host": "evil.example"}).status == 403
