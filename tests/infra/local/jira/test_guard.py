"""The guard itself: it must notice what is wrong, or it proves nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sandbox.jira import Request, Response
from sandbox.jira.messages import parse_query

from tests.infra.local.jira.bench import Bench, basic, document, incident
from tests.infra.local.jira.conftest import shared
from tests.support.jira_guard import JiraGuard

OK = Response(status=204)
PROPERTIES = {"properties": [{"key": "x", "value": {"body": "an app's own"}}]}


def complaints(
    guard: JiraGuard, method: str, path: str, body: Any = None, query: str = "", response: Response = OK
) -> list[str]:
    """What the guard says of one exchange; its sheet is clean again afterwards."""
    request = Request(
        method=method,
        path=f"/rest/api/3/{path}",
        query=parse_query(query),
        headers={"content-type": "application/json"} if body is not None else {},
        body=b"" if body is None else json.dumps(body).encode(),
    )
    guard.observer(request, response)
    said = [violation.what for violation in guard.violations]
    guard.violations.clear()
    return said


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status=status, body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "says"),
    [
        (
            "POST",
            "issue/OPS-1/transitions",
            {"transition": {"id": 11}},
            "",
            'transition/id: 11 is not of type "string"',
        ),
        ("POST", "search/jql", {"jql": "x", "startAt": 0}, "", "startAt"),
        ("POST", "search/jql", {"jql": "x", "expand": None}, "", "expand"),
        ("GET", "search/jql", None, "jql=x&startAt=3", "'startAt' is not documented"),
        ("GET", "search/jql", None, "jql=x&maxResults=many", "no integer"),
        ("PUT", "issue/OPS-1", {"fields": {}}, "returnIssue=yes", "neither true nor false"),
        ("PUT", "issue/OPS-1", {"fields": {"description": "plain"}}, "", "no ADF document"),
        ("POST", "issue/OPS-1/comment", {"body": "plain"}, "", "no ADF document"),
        ("POST", "issue/OPS-1/comment", {"body": {**document("x"), "version": 2}}, "", "no ADF document"),
        (
            "POST",
            "issue/OPS-1/transitions",
            {"update": {"comment": [{"add": {"body": "plain"}}]}},
            "",
            "no ADF document",
        ),
        ("DELETE", "issue/OPS-1/remotelink", None, "", "'globalId' is required"),
        ("DELETE", "issue/OPS-1", {"x": 1}, "", "has a body where none is documented"),
        ("GET", "unicorns", None, "", "no operation of Jira's"),
    ],
)
def test_a_wrong_request_that_was_taken_is_noticed(
    guard: JiraGuard, method: str, path: str, body: Any, query: str, says: str
) -> None:
    assert any(says in what for what in complaints(guard, method, path, body, query))


@pytest.mark.parametrize(
    ("path", "response", "says"),
    [
        ("myself", answer({"accountId": 7}), 'accountId: 7 is not of type "string"'),
        ("myself", answer({"nick": "x"}), "nick"),
        ("myself", answer({}, 418), "status 418 is not documented"),
        ("myself", answer({"error": "no"}, 401), "error"),
        ("issue/OPS-1", answer({"id": 10000}), 'id: 10000 is not of type "string"'),
        ("issue/OPS-1", answer({"fields": {"description": "plain"}}), "no ADF document"),
        ("issue/OPS-1/comment", answer({"comments": [{"body": "plain"}]}), "no ADF document"),
        ("issue/OPS-1/transitions", answer({"transitions": [{"id": 11}]}), "transitions/0/id"),
    ],
)
def test_a_wrong_answer_is_noticed(guard: JiraGuard, path: str, response: Response, says: str) -> None:
    assert any(says in what for what in complaints(guard, "GET", path, response=response))


def test_what_is_right_is_left_alone(guard: JiraGuard) -> None:
    assert complaints(guard, "POST", "issue/OPS-1/comment", {"body": document("x"), **PROPERTIES}) == [
        "status 204 is not documented"
    ]
    assert complaints(guard, "PUT", "issue/OPS-1", {"fields": {"description": document("x")}, **PROPERTIES}) == []


def test_a_known_mistake_of_the_specification_is_forgiven_and_only_that(guard: JiraGuard) -> None:
    items = [{"field": "summary", "from": None, "to": "x"}]
    assert complaints(guard, "GET", "issue/OPS-1/changelog", response=answer({"values": [{"items": items}]})) == []
    items = [{"field": None}]
    assert complaints(guard, "GET", "issue/OPS-1/changelog", response=answer({"values": [{"items": items}]}))


def test_a_refused_request_counts_only_where_told() -> None:
    schemas = shared("jira", "cloud-platform-v3.json"), shared("jira", "adf-full.schema.json")
    refusal = answer({"errorMessages": [], "errors": {}}, 400)
    body = {"transition": {"id": 11}}
    for told, count in ((False, 0), (True, 1)):
        guard = JiraGuard(*schemas, refused_too=told)
        assert len(complaints(guard, "POST", "issue/OPS-1/transitions", body, response=refusal)) == count


def test_what_a_fault_spoiled_is_not_looked_at_but_its_request_is(guard: JiraGuard) -> None:
    spoiled = replace(answer({"no": "user"}), fault="truncated_json")
    assert complaints(guard, "GET", "myself", response=spoiled) == []
    assert complaints(guard, "GET", "myself", query="x=1", response=spoiled) == [
        "request query parameter 'x' is not documented"
    ]


def test_the_whole_guard_fails_when_one_exchange_was_wrong(guard: JiraGuard) -> None:
    jira = Bench(observers=[guard.observer])
    key = jira.create()
    jira.call("POST", f"issue/{key}/transitions", {"transition": {"id": 11}})
    with pytest.raises(AssertionError, match='11 is not of type "string"'):
        guard.assert_clean()
    guard.violations.clear()


def test_a_post_without_its_content_type_is_noticed(guard: JiraGuard) -> None:
    jira = Bench(observers=[guard.observer])
    jira.site.handle("POST", "/rest/api/3/issue", "", basic(), json.dumps({"fields": incident()}).encode())
    assert [violation.what for violation in guard.violations] == ["request content type '' is not documented"]
    guard.violations.clear()
