"""Search by JQL: what it finds, what it refuses, and how it lags."""

from __future__ import annotations

import json

import pytest

from tests.infra.local.jira.bench import ADA, Bench, document


def filled(jira: Bench) -> None:
    """Three issues, a minute apart."""
    jira.create("Printer on fire", labels=["itsm-1", "fire"], priority={"name": "High"})
    jira.wait(60)
    jira.create("Mail is slow", labels=["itsm-2"], assignee={"accountId": ADA}, description=document("since Monday"))
    jira.wait(60)
    jira.create("New laptop", issuetype={"name": "Service Request"}, priority={"name": "Low"})
    jira.move("OPS-3", "11")
    jira.move("OPS-3", "51")


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = OPS", ["OPS-3", "OPS-2", "OPS-1"]),
        ("project = OPS ORDER BY key ASC", ["OPS-1", "OPS-2", "OPS-3"]),
        ("project = OPS order by priority desc, key", ["OPS-1", "OPS-2", "OPS-3"]),
        ('labels = "itsm-1"', ["OPS-1"]),
        ("labels in (itsm-1, itsm-2) order by key", ["OPS-1", "OPS-2"]),
        ("labels != fire", ["OPS-2"]),
        ("labels is EMPTY", ["OPS-3"]),
        ("labels IS NOT EMPTY AND NOT labels = fire", ["OPS-2"]),
        ("status = Done", ["OPS-3"]),
        ('status not in (Done, "In Progress") order by key', ["OPS-1", "OPS-2"]),
        ("statusCategory = Done", ["OPS-3"]),
        ("key = OPS-2", ["OPS-2"]),
        ("issuekey in (OPS-1, OPS-3) order by id", ["OPS-1", "OPS-3"]),
        ("id = 10001", ["OPS-2"]),
        ("key > OPS-1 order by key", ["OPS-2", "OPS-3"]),
        ("updated >= -1m", ["OPS-3", "OPS-2"]),
        ("created < -1m", ["OPS-1"]),
        ('created >= "2026-11-02 09:02"', ["OPS-3"]),
        ("created <= 2026-11-01 or created >= '2026/11/02' order by key", ["OPS-1", "OPS-2", "OPS-3"]),
        ("text ~ fire", ["OPS-1"]),
        ('text ~ "slow monday"', ["OPS-2"]),
        ('summary ~ "lap*"', ["OPS-3"]),
        ('assignee = "ada@example.com"', ["OPS-2"]),
        ("resolution = Unresolved order by key", ["OPS-1", "OPS-2"]),
        ("resolution is not empty", ["OPS-3"]),
        ('(labels = fire OR issuetype = "Service Request") AND project = OPS order by key', ["OPS-1", "OPS-3"]),
        ("labels = fire or labels = itsm-2 and status = Done", ["OPS-1"]),
    ],
)
def test_a_query_finds(jira: Bench, jql: str, keys: list[str]) -> None:
    filled(jira)
    assert jira.search(jql) == keys


@pytest.mark.parametrize(
    "jql",
    [
        "",
        "order by key",
        'issue.property[itsm.sync].record = "abc"',
        "colour = red",
        "status = Sleeping",
        "project = NOPE",
        "key = OPS-99",
        "updated >= yesterday",
        "labels ~ fire",
        "summary = fire",
        "labels =",
        "labels = a b",
        "labels in (a, b",
        "(labels = a",
        "labels = a or",
        "labels is a",
        "project = OPS order by colour",
        'labels = "open',
    ],
)
def test_what_is_not_understood_is_refused_and_never_ignored(jira: Bench, jql: str) -> None:
    filled(jira)
    refused = jira.refused("POST", "search/jql", {"jql": jql, "fields": ["summary"]})
    assert refused["status"] == 400
    assert refused["errorMessages"]


def test_only_ids_come_unless_fields_are_asked_for(jira: Bench) -> None:
    filled(jira)
    found = jira.ok("GET", "search/jql", query={"jql": "key = OPS-1"})
    assert found == {"issues": [{"id": "10000"}], "isLast": True}
    found = jira.ok("GET", "search/jql", query={"jql": "key = OPS-1", "fields": "summary,labels"})
    assert set(found["issues"][0]["fields"]) == {"summary", "labels"}


def test_pages_follow_by_token_and_end(jira: Bench) -> None:
    filled(jira)
    jql = "project = OPS order by key"
    first = jira.ok("GET", "search/jql", query={"jql": jql, "maxResults": "2", "fields": "summary"})
    assert not first["isLast"]
    query = {"jql": jql, "maxResults": "2", "fields": "summary", "nextPageToken": first["nextPageToken"]}
    second = jira.ok("GET", "search/jql", query=query)
    assert [issue["key"] for issue in first["issues"] + second["issues"]] == ["OPS-1", "OPS-2", "OPS-3"]
    assert second["isLast"]
    assert "nextPageToken" not in second
    assert "total" not in first


def test_a_token_of_another_query_is_refused(jira: Bench) -> None:
    filled(jira)
    first = jira.ok("POST", "search/jql", {"jql": "project = OPS", "maxResults": 1})
    body = {"jql": "labels = fire", "nextPageToken": first["nextPageToken"]}
    assert jira.refused("POST", "search/jql", body)["status"] == 400
    assert jira.refused("POST", "search/jql", {**body, "nextPageToken": "x"})["status"] == 400


def test_a_body_with_a_key_search_does_not_have_is_refused(jira: Bench) -> None:
    assert jira.refused("POST", "search/jql", {"jql": "project = OPS", "startAt": 5})["status"] == 400


def test_properties_come_with_the_found(jira: Bench) -> None:
    key = jira.create(labels=["itsm-1"])
    jira.call("PUT", f"issue/{key}/properties/itsm.sync", {"record": "1"})
    found = jira.ok("POST", "search/jql", {"jql": "labels = itsm-1", "properties": ["itsm.sync"], "fields": ["labels"]})
    assert found["issues"][0]["properties"] == {"itsm.sync": {"record": "1"}}


def test_search_lags_behind_while_the_issue_itself_does_not(jira: Bench) -> None:
    jira.site.index.lag = 120
    key = jira.create(labels=["itsm-1"])
    assert jira.fields(key)["labels"] == ["itsm-1"]
    assert jira.search("labels = itsm-1") == []
    jira.wait(119)
    assert jira.search("labels = itsm-1") == []
    jira.wait(1)
    assert jira.search("labels = itsm-1") == [key]


def test_reconciled_issues_are_seen_at_once_but_only_by_their_id(jira: Bench) -> None:
    jira.site.index.lag = 120
    key = jira.create(labels=["itsm-1"])
    assert jira.search("labels = itsm-1", reconcileIssues=[10000]) == [key]
    assert jira.search("labels = itsm-1", reconcileIssues=[10001]) == []


def test_one_issue_may_lag_alone_and_shows_as_it_was(jira: Bench) -> None:
    slow, quick = jira.create(labels=["a"]), jira.create(labels=["a"])
    body = json.dumps({"seconds": 60, "issue": slow}).encode()
    assert jira.site.handle("POST", "/__index", "", {}, body).status == 204
    for key in (slow, quick):
        jira.ok("PUT", f"issue/{key}", {"fields": {"labels": ["b"]}})
    assert (jira.search("labels = a"), jira.search("labels = b")) == ([slow], [quick])
    jira.wait(60)
    assert jira.search("labels = b order by key") == [slow, quick]


def test_a_deleted_issue_is_found_until_the_index_notices(jira: Bench) -> None:
    key = jira.create(labels=["a"])
    jira.site.index.lag = 60
    jira.ok("DELETE", f"issue/{key}")
    assert jira.search("labels = a") == [key]
    jira.wait(60)
    assert jira.search("labels = a") == []


def test_the_found_are_counted(jira: Bench) -> None:
    filled(jira)
    assert jira.ok("POST", "search/approximate-count", {"jql": "project = OPS"}) == {"count": 3}
