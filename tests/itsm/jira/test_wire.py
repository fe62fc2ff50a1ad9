"""Jira's JSON is read for what it says, and refused where it does not say what it must."""

from typing import Any

import pytest
from itsm.core.errors import OutsideError
from itsm.jira import wire

AUTHOR = {"accountId": "1", "displayName": "Ada"}
CREATED = "2026-01-31T09:30:00.000+0100"


def an_issue(**overrides: Any) -> dict[str, Any]:
    """An issue with the least Jira may say."""
    status = {"id": "1", "name": "To Do", "statusCategory": {"key": "new"}}
    return {"id": "10001", "key": "OPS-1", "fields": {"summary": "s", "status": status, "assignee": None}, **overrides}


def a_comment(**overrides: Any) -> dict[str, Any]:
    """A comment nobody changed."""
    return {"id": "1", "author": AUTHOR, "created": CREATED, "updated": CREATED, "body": {"type": "doc"}, **overrides}


def said(**overrides: Any) -> Any:
    """That comment as we read it."""
    (found,), _ = wire.comments({"comments": [a_comment(**overrides)], "total": 1})
    return found


def test_a_changelog_reads_oldest_first_with_ids_where_names_are_not_unique() -> None:
    items = [
        {"field": "status", "fieldId": "status", "from": "1", "fromString": "To Do", "to": "3", "toString": "Done"},
        {"field": "summary", "fieldId": "summary", "from": None, "fromString": "a", "to": None, "toString": "b"},
    ]
    histories = [
        {"id": "9", "author": AUTHOR, "created": CREATED, "items": items[1:]},
        {"id": "8", "author": AUTHOR, "created": CREATED, "items": items[:1]},
    ]

    edits = wire.issue(an_issue(changelog={"histories": histories})).edits

    assert [(edit.id, edit.field, edit.was, edit.became) for edit in edits] == [
        (8, "status", "1", "3"),
        (9, "summary", "a", "b"),
    ]
    assert edits[0].at == 1_769_848_200


def test_a_comment_is_edited_only_when_its_times_differ() -> None:
    assert said().edited_at == 0
    assert said(updated="2026-01-31T09:31:00.000+0100").edited_at == 1_769_848_260


@pytest.mark.parametrize(
    ("value", "internal"),
    [({"internal": True}, True), ({"internal": "true"}, True), ({"internal": False}, False), ({}, None), ("x", None)],
)
def test_visibility_is_what_the_property_says_and_unknown_otherwise(value: Any, internal: bool | None) -> None:
    assert said(properties=[{"key": "sd.public.comment", "value": value}]).internal is internal


def test_an_issue_without_property_priority_or_changelog_still_reads() -> None:
    issue = wire.issue(an_issue())

    assert (issue.record, issue.priority, issue.labels, issue.edits, issue.assignee) == ("", "", (), (), None)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"id": "1"},
        an_issue(id=10001),
        an_issue(fields={"summary": "s"}),
        an_issue(changelog={"histories": [{"id": "1", "created": "yesterday"}]}),
    ],
)
def test_an_answer_that_is_no_issue_is_an_error_and_never_half_an_issue(answer: Any) -> None:
    with pytest.raises(OutsideError):
        wire.issue(answer)


def test_a_transition_that_is_shown_but_not_available_is_not_offered() -> None:
    to = {"id": "3", "name": "Done", "statusCategory": {"key": "done"}}
    fields = {
        "resolution": {"required": True, "hasDefaultValue": False},
        "team": {"required": True, "hasDefaultValue": True},
    }
    ways = [{"id": "1", "name": "Do", "to": to, "fields": fields}, {"id": "2", "to": to, "isAvailable": False}]

    (way,) = wire.transitions({"transitions": ways})

    assert (way.asks, way.offers) == (("resolution",), ("resolution", "team"))


@pytest.mark.parametrize(
    "people",
    [
        [],
        [{"accountId": "1", "emailAddress": "ada@example.com.evil"}],
        [{"accountId": "1", "emailAddress": "ada@example.com", "active": False}],
        [{"accountId": "1", "emailAddress": "ada@example.com"}, {"accountId": "2", "emailAddress": "ADA@example.com"}],
        [{"accountId": "1", "displayName": "ada@example.com"}],
    ],
)
def test_fault_42_nobody_is_better_than_somebody_similar(people: list[dict[str, Any]]) -> None:
    assert wire.account(people, "ada@example.com") is None
