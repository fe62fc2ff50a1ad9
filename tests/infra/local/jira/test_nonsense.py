"""Whatever is sent, the stand-in answers as Jira would: it takes it or says what is wrong, and never breaks."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.infra.local.jira.bench import Bench, basic, document, incident

WORDS = st.sampled_from(
    [
        "summary",
        "labels",
        "fields",
        "update",
        "transition",
        "id",
        "key",
        "name",
        "add",
        "set",
        "body",
        "comment",
        "properties",
        "value",
        "project",
        "parent",
        "issuetype",
        "priority",
        "resolution",
        "assignee",
        "description",
        "customfield_10051",
        "OPS-1",
        "11",
        "10001",
        "object",
        "type",
        "jql",
        "nextPageToken",
        "issueIdsOrKeys",
        "inwardIssue",
        "outwardIssue",
        "globalId",
        "relationship",
        "url",
        "title",
        "content",
        "doc",
        "\ud800",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | WORDS | st.just(document("x")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
TARGETS = st.sampled_from(
    [
        ("POST", "issue"),
        ("PUT", "issue/OPS-1"),
        ("POST", "issue/OPS-1/transitions"),
        ("POST", "issue/OPS-1/comment"),
        ("PUT", "issue/OPS-1/comment/10000"),
        ("PUT", "issue/OPS-1/assignee"),
        ("PUT", "issue/OPS-1/properties/x"),
        ("POST", "issue/OPS-1/remotelink"),
        ("POST", "issueLink"),
        ("POST", "issue/bulkfetch"),
        ("POST", "search/jql"),
        ("POST", "search/approximate-count"),
    ]
)


QUERY_WORDS = ["labels", "status", "=", "!=", "~", "in", "not", "and", "or", "(", ")", ",", "a", "-1d", "updated", ">"]
QUERY_WORDS += ["is", "empty", "order", "by", '"', "'"]


def told(jira: Bench, method: str, path: str, value: Any) -> int:
    """Send a value; the pages must still show what came of it. Returns the status."""
    headers = {**basic(), "Content-Type": "application/json"}
    response = jira.site.handle(method, f"/rest/api/3/{path}", "", headers, json.dumps(value).encode())
    for page in ("/", "/browse/OPS-1"):
        assert jira.site.handle("GET", page).status == 200
    return response.status


@settings(max_examples=300, deadline=None, derandomize=True)
@given(target=TARGETS, value=VALUES, nested=st.booleans())
def test_any_json_is_taken_or_refused(target: tuple[str, str], value: Any, nested: bool) -> None:
    jira = Bench()
    key = jira.create()
    jira.ok("POST", f"issue/{key}/comment", {"body": document("x")})
    if nested and isinstance(value, dict):
        value = {"fields": {**incident(), **value}, "update": value}
    assert told(jira, *target, value) in (200, 201, 204, 400, 404, 413)
    jira.site.webhooks.drain()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(parts=st.lists(st.sampled_from(QUERY_WORDS)))
def test_any_words_are_a_query_or_refused(parts: list[str]) -> None:
    jira = Bench()
    jira.create(labels=["a"])
    assert jira.call("POST", "search/jql", {"jql": " ".join(parts)}).status in (200, 400)
