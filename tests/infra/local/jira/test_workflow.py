"""Transitions: what the workflow allows, its screens, and what moving does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sandbox.jira import catalogue

from tests.infra.local.jira.bench import Bench, document

START, WAIT, RESUME, RESOLVE, DONE, CLOSE, CANCEL, REOPEN = "11", "21", "31", "41", "51", "61", "71", "81"


def status(jira: Bench, key: str) -> str:
    """The name of an issue's status."""
    return str(jira.fields(key)["status"]["name"])


def test_only_the_transitions_of_the_status_are_offered(jira: Bench) -> None:
    key = jira.create()
    offered = jira.ok("GET", f"issue/{key}/transitions")["transitions"]
    assert {move["id"]: move["to"]["statusCategory"]["key"] for move in offered} == {
        START: "indeterminate",
        WAIT: "indeterminate",
        CANCEL: "done",
    }


def test_the_screen_of_a_transition_says_what_it_needs(jira: Bench) -> None:
    key = jira.create()
    jira.move(key, START)
    query = {"expand": "transitions.fields"}
    offered = {move["id"]: move for move in jira.ok("GET", f"issue/{key}/transitions", query=query)["transitions"]}
    resolution = offered[RESOLVE]["fields"]["resolution"]
    assert resolution["required"]
    assert "Done" in [value["name"] for value in resolution["allowedValues"]]
    assert not offered[DONE]["fields"]["resolution"]["required"]


def test_an_issue_is_resolved_with_a_resolution_and_a_comment(jira: Bench) -> None:
    key = jira.create()
    jira.move(key, START)
    jira.move(
        key,
        RESOLVE,
        fields={"resolution": {"name": "Duplicate"}},
        update={"comment": [{"add": {"body": document("See OPS-9.")}}]},
    )
    fields = jira.fields(key)
    assert (fields["status"]["name"], fields["resolution"]["name"]) == ("Resolved", "Duplicate")
    assert fields["resolutiondate"] == "2026-11-02T09:00:00.000+0000"
    assert fields["comment"]["total"] == 1


def test_a_required_resolution_is_not_guessed(jira: Bench) -> None:
    key = jira.create()
    jira.move(key, START)
    refused = jira.refused("POST", f"issue/{key}/transitions", {"transition": {"id": RESOLVE}})
    assert refused["errors"] == {"resolution": "Resolution is required."}
    assert status(jira, key) == "In Progress"


def test_a_transition_the_status_does_not_have_is_refused(jira: Bench) -> None:
    key = jira.create()
    for wrong in (RESUME, "999"):
        refused = jira.refused("POST", f"issue/{key}/transitions", {"transition": {"id": wrong}})
        assert refused["status"] == 400
        assert f"({wrong})" in refused["errorMessages"][0]


def test_a_transition_must_be_named(jira: Bench) -> None:
    key = jira.create()
    assert jira.refused("POST", f"issue/{key}/transitions", {})["status"] == 400


def test_a_field_that_is_not_on_the_screen_is_refused(jira: Bench) -> None:
    key = jira.create()
    body = {"transition": {"id": START}, "fields": {"summary": "Else"}}
    assert set(jira.refused("POST", f"issue/{key}/transitions", body)["errors"]) == {"summary"}


def test_a_comment_that_is_refused_undoes_the_transition(jira: Bench) -> None:
    key = jira.create()
    body = {"transition": {"id": START}, "update": {"comment": [{"add": {"body": "plain"}}]}}
    jira.refused("POST", f"issue/{key}/transitions", body)
    assert status(jira, key) == "To Do"
    assert jira.ok("GET", f"issue/{key}/changelog")["values"] == []


def test_done_sets_a_resolution_and_reopening_clears_it(jira: Bench) -> None:
    key = jira.create()
    jira.move(key, START)
    jira.move(key, DONE)
    assert jira.fields(key)["resolution"]["name"] == "Done"
    jira.move(key, REOPEN)
    fields = jira.fields(key)
    assert (fields["status"]["name"], fields["resolution"], fields["resolutiondate"]) == ("In Progress", None, None)


def test_moving_writes_status_ids_and_names_to_the_history(jira: Bench) -> None:
    key = jira.create()
    jira.move(key, CANCEL)
    items = {item["field"]: item for item in jira.ok("GET", f"issue/{key}/changelog")["values"][0]["items"]}
    assert (items["status"]["from"], items["status"]["toString"]) == ("10000", "Cancelled")
    assert items["resolution"]["toString"] == "Won't Do"


def test_every_status_can_be_reached_and_every_closed_one_reopened(jira: Bench) -> None:
    ways = {
        "Waiting for customer": [WAIT],
        "Done": [START, DONE],
        "Closed": [START, DONE, CLOSE],
        "Cancelled": [WAIT, CANCEL],
        "In Progress": [WAIT, RESUME],
    }
    for target, moves in ways.items():
        key = jira.create()
        for move in moves:
            jira.move(key, move)
        assert status(jira, key) == target


def test_a_workflow_changed_overnight_has_other_ids(jira: Bench) -> None:
    key = jira.create()
    site = jira.site.catalogue
    jira.site.catalogue = replace(site, moves=tuple(replace(move, id=f"9{move.id}") for move in site.moves))
    assert jira.refused("POST", f"issue/{key}/transitions", {"transition": {"id": START}})["status"] == 400
    jira.move(key, f"9{START}")
    assert status(jira, key) == "In Progress"


def test_a_transition_to_nowhere_is_refused_when_the_site_is_set_up() -> None:
    site = catalogue()
    with pytest.raises(ValueError, match="transition 11"):
        replace(site, moves=(replace(site.moves[0], target="1"),))
