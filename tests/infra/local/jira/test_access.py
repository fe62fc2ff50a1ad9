"""Who may call the API, and what of the site it tells."""

from __future__ import annotations

import pytest
from sandbox.jira import INTEGRATION_EMAIL, INTEGRATION_TOKEN

from tests.infra.local.jira.bench import ADA, INTEGRATION, Bench, basic


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic not-base64!"},
        {"Authorization": f"Digest {INTEGRATION_TOKEN}"},
        basic(INTEGRATION_EMAIL, "wrong"),
        basic("someone@example.com", INTEGRATION_TOKEN),
        basic("", ""),
    ],
)
def test_without_the_right_token_nothing_is_told_or_done(jira: Bench, headers: dict[str, str]) -> None:
    for method, path, body in (
        ("GET", "myself", None),
        ("POST", "issue", {"fields": {}}),
        ("GET", "issue/OPS-1", None),
    ):
        response = jira.call(method, path, body, headers=headers)
        assert response.status == 401
        assert response.json()["errorMessages"]


def test_a_token_opens_as_basic_or_bearer(jira: Bench) -> None:
    bearer = {"Authorization": f"Bearer {INTEGRATION_TOKEN}"}
    assert jira.ok("GET", "myself")["accountId"] == INTEGRATION
    assert jira.call("GET", "myself", headers=bearer).json()["accountId"] == INTEGRATION
    assert jira.call("GET", "myself", headers=basic("ada@example.com", "ada-token")).json()["accountId"] == ADA


def test_server_info_needs_no_account_but_no_wrong_one_either(jira: Bench) -> None:
    assert jira.call("GET", "serverInfo", headers={}).json()["deploymentType"] == "Cloud"
    assert jira.call("GET", "serverInfo", headers=basic("x", "y")).status == 401


def test_a_path_that_does_not_exist_is_404_and_a_wrong_method_405(jira: Bench) -> None:
    assert jira.refused("GET", "unicorns")["status"] == 404
    assert jira.refused("DELETE", "myself")["status"] == 405


def test_the_old_search_is_gone(jira: Bench) -> None:
    assert jira.refused("GET", "search", query={"jql": "project = OPS"})["status"] == 410


def test_the_project_tells_its_issue_types(jira: Bench) -> None:
    shown = jira.ok("GET", "project/OPS")
    assert {kind["name"] for kind in shown["issueTypes"]} == {
        "Incident",
        "Service Request",
        "Change",
        "Problem",
        "Task",
        "Sub-task",
    }
    assert jira.ok("GET", f"project/{shown['id']}")["key"] == "OPS"
    assert jira.refused("GET", "project/NOPE")["status"] == 404
    assert [entry["key"] for entry in jira.ok("GET", "project/search", query={"query": "oper"})["values"]] == ["OPS"]


def test_the_catalogue_of_the_site_is_told(jira: Bench) -> None:
    categories = {status["name"]: status["statusCategory"]["key"] for status in jira.ok("GET", "status")}
    assert categories["Waiting for customer"] == "indeterminate"
    assert jira.ok("GET", "priority")[0]["name"] == "Highest"
    assert "Won't Do" in [entry["name"] for entry in jira.ok("GET", "resolution")]
    assert "Blocks" in [entry["name"] for entry in jira.ok("GET", "issueLinkType")["issueLinkTypes"]]
    assert {"summary", "labels", "customfield_10050", "status"} <= {field["id"] for field in jira.ok("GET", "field")}
    assert len(jira.ok("GET", "issuetype")) == 6
    assert {kind["name"] for kind in jira.ok("GET", "project/OPS/statuses")} >= {"Incident"}


def test_the_create_screen_tells_what_it_takes(jira: Bench) -> None:
    (kind, *_) = jira.ok("GET", "issue/createmeta/OPS/issuetypes")["issueTypes"]
    fields = {
        field["fieldId"]: field for field in jira.ok("GET", f"issue/createmeta/OPS/issuetypes/{kind['id']}")["fields"]
    }
    assert fields["summary"]["required"]
    assert fields["labels"]["operations"] == ["add", "set", "remove"]
    assert [value["value"] for value in fields["customfield_10051"]["allowedValues"]] == [
        "Extensive",
        "Significant",
        "Minor",
    ]
    assert jira.refused("GET", "issue/createmeta/OPS/issuetypes/1")["status"] == 404
    key = jira.create()
    assert set(jira.ok("GET", f"issue/{key}/editmeta")["fields"]) == set(fields)


def test_people_are_found_by_exact_address_account_or_beginning_of_a_name(jira: Bench) -> None:
    def found(**query: str) -> list[str]:
        return [user["displayName"] for user in jira.ok("GET", "user/search", query=query)]

    assert found(query="ada@example.com") == ["Ada Agent"]
    assert found(query="ada@example") == []
    assert found(query="agent") == ["Ada Agent", "Ben Agent"]
    assert found(accountId=ADA) == ["Ada Agent"]
    assert jira.ok("GET", "user", query={"accountId": ADA})["emailAddress"] == "ada@example.com"
    assert jira.refused("GET", "user", query={"accountId": "x"})["status"] == 404
    assert jira.refused("GET", "user/search")["status"] == 400
    assert len(jira.ok("GET", "user/assignable/search", query={"project": "OPS"})) == 3
