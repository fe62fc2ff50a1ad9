"""Issues over REST: create, read, edit, with Jira's strictness."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.local.jira.bench import ADA, INTEGRATION, Bench, basic, document, incident

NOT_ON_SCREEN = "It is not on the appropriate screen, or unknown."


def test_an_issue_is_created_with_its_property_in_one_call(jira: Bench) -> None:
    made = jira.ok(
        "POST",
        "issue",
        {
            "fields": incident(
                description=document("It burns."),
                labels=["itsm-abc", "fire"],
                priority={"name": "High"},
                duedate="2026-12-24",
                customfield_10050="printing",
                customfield_10051={"value": "Minor"},
            ),
            "properties": [{"key": "itsm.sync", "value": {"record": "abc"}}],
        },
    )
    issue = jira.ok("GET", f"issue/{made['id']}", query={"properties": "itsm.sync"})
    assert made["key"] == issue["key"] == "OPS-1"
    assert issue["properties"] == {"itsm.sync": {"record": "abc"}}
    assert issue["fields"]["labels"] == ["fire", "itsm-abc"]
    assert issue["fields"]["priority"]["name"] == "High"
    assert issue["fields"]["status"]["statusCategory"]["key"] == "new"
    assert issue["fields"]["reporter"]["accountId"] == INTEGRATION
    assert issue["fields"]["customfield_10051"]["value"] == "Minor"
    assert issue["fields"]["description"] == document("It burns.")


def test_ids_are_numbers_written_as_strings_and_keys_count_per_project(jira: Bench) -> None:
    keys = [jira.create(), jira.create()]
    ids = [jira.ok("GET", f"issue/{key}")["id"] for key in keys]
    assert keys == ["OPS-1", "OPS-2"]
    assert ids == ["10000", "10001"]


def test_an_issue_is_found_by_its_key_in_any_case(jira: Bench) -> None:
    key = jira.create()
    assert jira.ok("GET", f"issue/{key.lower()}")["key"] == key


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("summary", "", "You must specify a summary of the issue."),
        ("summary", "   ", "You must specify a summary of the issue."),
        ("summary", None, "You must specify a summary of the issue."),
        ("summary", "x" * 256, "Summary must be less than 255 characters."),
        ("summary", "two\nlines", "The summary is invalid because it contains newline characters."),
        ("summary", 7, "Operation value must be a string"),
        ("description", "plain text", "Operation value must be an Atlassian Document"),
        ("description", {"type": "doc", "content": []}, "Operation value must be an Atlassian Document"),
        ("description", document("x" * 32768), "The entered text is too long."),
        ("priority", {"name": "Urgent"}, "Priority name 'Urgent' is not valid"),
        ("priority", "High", "data was not an object"),
        ("labels", ["two words"], "contains spaces"),
        ("labels", "one", "data was not an array"),
        ("labels", ["x" * 256], "exceeds the maximum length"),
        ("assignee", {"accountId": "nobody"}, "User 'nobody' does not exist."),
        ("assignee", {"name": "ada"}, "GDPR strict mode"),
        ("duedate", "tomorrow", "Error parsing date string: tomorrow"),
        ("duedate", "2026-02-30", "Error parsing date string"),
        ("customfield_10051", {"value": "Colossal"}, "Option value 'Colossal' is not valid"),
        ("customfield_99999", "x", NOT_ON_SCREEN),
        ("resolution", {"name": "Done"}, NOT_ON_SCREEN),
        ("status", {"name": "Done"}, NOT_ON_SCREEN),
        ("project", {"key": "NOPE"}, "valid project is required"),
        ("issuetype", {"name": "Epic"}, "Specify a valid issue type"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_created(jira: Bench, field: str, value: Any, says: str) -> None:
    refused = jira.refused("POST", "issue", {"fields": {**incident(), field: value}})
    assert refused["status"] == 400
    assert set(refused["errors"]) == {field}
    assert says in refused["errors"][field]
    assert jira.refused("GET", "issue/OPS-1")["status"] == 404
    assert jira.site.webhooks.queued() == []


def test_every_wrong_field_is_named_at_once(jira: Bench) -> None:
    refused = jira.refused("POST", "issue", {"fields": {**incident(), "summary": "", "foo": 1, "labels": ["a b"]}})
    assert set(refused["errors"]) == {"summary", "foo", "labels"}


def test_a_summary_of_255_characters_is_taken(jira: Bench) -> None:
    assert jira.fields(jira.create("x" * 255))["summary"] == "x" * 255


def test_an_unknown_key_of_the_body_is_refused(jira: Bench) -> None:
    assert jira.refused("POST", "issue", {"fields": incident(), "labels": ["a"]})["status"] == 400


def test_a_body_that_is_no_json_is_refused(jira: Bench) -> None:
    headers = {**basic(), "Content-Type": "application/json"}
    response = jira.site.handle("POST", "/rest/api/3/issue", "", headers, b"{")
    assert response.status == 400
    assert response.json()["errorMessages"]


def test_a_sub_task_has_a_parent_and_shows_on_it(jira: Bench) -> None:
    parent = jira.create()
    child = jira.create("Fetch water", issuetype={"name": "Sub-task"}, parent={"key": parent})
    assert jira.fields(child)["parent"]["key"] == parent
    assert [shown["key"] for shown in jira.fields(parent)["subtasks"]] == [child]


def test_a_sub_task_without_a_parent_is_refused(jira: Bench) -> None:
    refused = jira.refused("POST", "issue", {"fields": incident(issuetype={"name": "Sub-task"})})
    assert "parent" in refused["errors"]["issuetype"]


def test_only_the_fields_asked_for_are_read(jira: Bench) -> None:
    key = jira.create()
    assert set(jira.ok("GET", f"issue/{key}", query={"fields": "summary,status"})["fields"]) == {"summary", "status"}
    assert "summary" not in jira.ok("GET", f"issue/{key}", query={"fields": "*all,-summary"})["fields"]


def test_labels_are_added_and_removed_by_verb(jira: Bench) -> None:
    key = jira.create(labels=["keep", "drop"])
    jira.ok("PUT", f"issue/{key}", {"update": {"labels": [{"add": "new"}, {"remove": "drop"}]}})
    assert jira.fields(key)["labels"] == ["keep", "new"]


def test_an_edit_returns_the_issue_when_asked(jira: Bench) -> None:
    key = jira.create()
    changed = jira.ok("PUT", f"issue/{key}", {"fields": {"summary": "Out"}}, {"returnIssue": "true"})
    assert changed["fields"]["summary"] == "Out"
    assert jira.call("PUT", f"issue/{key}", {"fields": {"summary": "In"}}).status == 204


def test_a_field_is_not_both_set_and_updated(jira: Bench) -> None:
    key = jira.create()
    body = {"fields": {"labels": []}, "update": {"labels": [{"add": "a"}]}}
    assert "cannot appear in both" in jira.refused("PUT", f"issue/{key}", body)["errors"]["labels"]


def test_a_verb_a_field_does_not_know_is_refused(jira: Bench) -> None:
    key = jira.create()
    refused = jira.refused("PUT", f"issue/{key}", {"update": {"summary": [{"add": "x"}]}})
    assert "does not support operation 'add'" in refused["errors"]["summary"]


def test_an_edit_with_one_wrong_field_changes_nothing(jira: Bench) -> None:
    key = jira.create("Before")
    jira.refused("PUT", f"issue/{key}", {"fields": {"summary": "After", "priority": {"name": "Urgent"}}})
    assert jira.fields(key)["summary"] == "Before"


def test_history_says_who_changed_what_from_what_to_what(jira: Bench) -> None:
    key = jira.create("Before", labels=["a"])
    jira.wait(60)
    jira.ok("PUT", f"issue/{key}", {"fields": {"summary": "After", "assignee": {"accountId": ADA}}})
    history = jira.ok("GET", f"issue/{key}/changelog")
    assert history["total"] == 1
    entry = history["values"][0]
    assert entry["author"]["accountId"] == INTEGRATION
    assert entry["created"] == jira.fields(key)["updated"] == "2026-11-02T09:01:00.000+0000"
    changes = {
        item["field"]: (item["from"], item["fromString"], item["to"], item["toString"]) for item in entry["items"]
    }
    assert changes == {
        "summary": (None, "Before", None, "After"),
        "assignee": (None, None, ADA, "Ada Agent"),
    }


def test_an_edit_that_changes_nothing_leaves_no_history_and_raises_no_webhook(jira: Bench) -> None:
    key = jira.create("Same", priority={"name": "High"})
    jira.site.webhooks.drain()
    jira.sent.clear()
    jira.ok("PUT", f"issue/{key}", {"fields": {"summary": "Same", "priority": {"name": "High"}}})
    jira.site.webhooks.drain()
    assert jira.ok("GET", f"issue/{key}/changelog")["values"] == []
    assert jira.sent == []


def test_the_changelog_comes_with_the_issue_newest_first(jira: Bench) -> None:
    key = jira.create("One")
    for summary in ("Two", "Three"):
        jira.ok("PUT", f"issue/{key}", {"fields": {"summary": summary}})
    shown = jira.ok("GET", f"issue/{key}", query={"expand": "changelog"})["changelog"]["histories"]
    assert [entry["items"][0]["toString"] for entry in shown] == ["Three", "Two"]


def test_properties_are_put_read_listed_and_deleted(jira: Bench) -> None:
    key = jira.create()
    assert jira.call("PUT", f"issue/{key}/properties/itsm.sync", {"base": 1}).status == 201
    assert jira.call("PUT", f"issue/{key}/properties/itsm.sync", {"base": 2}).status == 200
    assert jira.ok("GET", f"issue/{key}/properties/itsm.sync") == {"key": "itsm.sync", "value": {"base": 2}}
    assert [entry["key"] for entry in jira.ok("GET", f"issue/{key}/properties")["keys"]] == ["itsm.sync"]
    assert jira.call("DELETE", f"issue/{key}/properties/itsm.sync").status == 204
    assert jira.refused("GET", f"issue/{key}/properties/itsm.sync")["status"] == 404


def test_a_deleted_issue_takes_all_that_hangs_on_it_along(jira: Bench) -> None:
    key = jira.create()
    comment = jira.ok("POST", f"issue/{key}/comment", {"body": document("Hm.")})
    assert jira.call("DELETE", f"issue/{key}").status == 204
    assert jira.refused("GET", f"issue/{key}")["status"] == 404
    assert jira.refused("GET", f"issue/{key}/comment/{comment['id']}")["status"] == 404


def test_an_issue_with_sub_tasks_is_deleted_only_with_them(jira: Bench) -> None:
    parent = jira.create()
    child = jira.create(issuetype={"name": "Sub-task"}, parent={"key": parent})
    assert jira.refused("DELETE", f"issue/{parent}")["status"] == 400
    assert jira.call("DELETE", f"issue/{parent}", query={"deleteSubtasks": "true"}).status == 204
    assert jira.refused("GET", f"issue/{child}")["status"] == 404


def test_many_issues_are_fetched_at_once_and_the_missing_named(jira: Bench) -> None:
    jira.ok("POST", "issue", {"fields": incident(), "properties": [{"key": "itsm.sync", "value": 1}]})
    body = {"issueIdsOrKeys": ["OPS-1", "10000", "OPS-77"], "fields": ["summary"], "properties": ["itsm.sync"]}
    found = jira.ok("POST", "issue/bulkfetch", body)
    assert [(issue["key"], issue["properties"]) for issue in found["issues"]] == [("OPS-1", {"itsm.sync": 1})]
    assert [error["id"] for error in found["issueErrors"]] == ["OPS-77"]


def test_a_missing_issue_is_404_in_jiras_words(jira: Bench) -> None:
    refused = jira.refused("GET", "issue/OPS-1")
    assert refused == {
        "status": 404,
        "errorMessages": ["Issue does not exist or you do not have permission to see it."],
        "errors": {},
    }


def test_a_type_changes_and_history_tells(jira: Bench) -> None:
    key = jira.create()
    jira.ok("PUT", f"issue/{key}", {"fields": {"issuetype": {"name": "Task"}}})
    assert jira.fields(key)["issuetype"]["name"] == "Task"
    assert jira.ok("GET", f"issue/{key}/changelog")["values"][0]["items"][0]["toString"] == "Task"
