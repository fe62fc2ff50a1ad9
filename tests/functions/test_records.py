"""The records API: what an agent reads and changes, and how each refusal says why."""

from typing import Any

import pytest
from itsm.core.journal import carried
from itsm.core.record import Record
from itsm.runtime.changes import follow
from itsm.runtime.records_api import instant

from functions.records.app import handler
from tests.builders import a_comment, a_record, an_incident
from tests.fakes import FakePorts, FakeRecords
from tests.support.http import agent, event, read

ONE = {"number": "INC0000001"}


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


@pytest.fixture
def ticket(ports: FakePorts) -> Record:
    return ports.records.create(an_incident()).record


def call(ports: FakePorts, route: str, body: Any = None, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = handler.on(agent(route, body, params=more.pop("params", ONE), **more), ports)
    return answer


def patch(ports: FakePorts, body: Any, **more: Any) -> dict[str, Any]:
    return call(ports, "PATCH /records/{number}", body, **more)


def test_a_record_is_shown_with_its_version_and_legal_moves(ports: FakePorts, ticket: Record) -> None:
    answer = call(ports, "GET /records/{number}")
    shown = read(answer)
    assert (answer["statusCode"], shown["number"], shown["version"], answer["headers"]["etag"]) == (
        200,
        ticket.number,
        1,
        '"1"',
    )
    assert "in_progress" in shown["legal_moves"]


def test_an_unknown_number_is_404(ports: FakePorts) -> None:
    assert call(ports, "GET /records/{number}")["statusCode"] == 404


def test_a_move_and_an_assignment_are_one_version(ports: FakePorts, ticket: Record) -> None:
    answer = patch(ports, {"version": 1, "state": "in_progress", "assignee": "ada@example.org"})
    record = ports.records.get(ticket.id)
    assert (answer["statusCode"], record.version, record.state, record.assignee) == (
        200,
        2,
        "in_progress",
        "ada@example.org",
    )
    assert record.event.by == "ada@example.org"


def test_an_illegal_move_is_409_with_the_moves_that_are_legal(ports: FakePorts, ticket: Record) -> None:
    answer = patch(ports, {"state": "closed"})
    assert (answer["statusCode"], read(answer)["state"]) == (409, "new")
    assert "in_progress" in read(answer)["legal"]


@pytest.mark.parametrize("stale", [{"body": {"version": 7}}, {"headers": {"if-match": '"7"'}}])
def test_a_stale_version_is_409(ports: FakePorts, ticket: Record, stale: dict[str, Any]) -> None:
    body = {"assignee": "ada", **stale.get("body", {})}
    assert patch(ports, body, headers=stale.get("headers"))["statusCode"] == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"impact": 9}, "impact"),
        ({"impact": True}, "impact"),
        ({"group": "nosuch"}, "group"),
        ({"service": "nosuch"}, "service"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"state": 3}, "state"),
        ({"version": "one"}, "version"),
    ],
)
def test_a_wrong_field_is_422_and_named(ports: FakePorts, ticket: Record, body: dict[str, Any], field: str) -> None:
    answer = patch(ports, body)
    assert (answer["statusCode"], read(answer)["field"]) == (422, field)


def test_a_change_is_planned_anew_by_its_details_and_nothing_else_of_them_is_touched(ports: FakePorts) -> None:
    change = a_record("chg", "change", state="new", details={"plan": "old", "risk": "low"})
    number = {"number": ports.records.create(change).record.number}
    assert patch(ports, {"details": {"plan": "new"}}, params=number)["statusCode"] == 200
    assert ports.records.find(number["number"]).details == {"plan": "new", "risk": "low"}
    refused = patch(ports, {"details": {"approval": {}}}, params=number)
    assert (refused["statusCode"], read(refused)["field"]) == (422, "details.approval")


def test_a_change_of_impact_changes_the_priority_by_the_table(ports: FakePorts, ticket: Record) -> None:
    patch(ports, {"impact": 1, "urgency": 1})
    assert ports.records.get(ticket.id).priority == 1


def test_a_change_to_what_it_is_already_writes_nothing(ports: FakePorts, ticket: Record) -> None:
    patch(ports, {"title": ticket.title})
    assert ports.records.get(ticket.id).version == 1


def test_a_body_that_is_not_json_is_422(ports: FakePorts, ticket: Record) -> None:
    sent = event("PATCH /records/{number}", params=ONE, body=b"{", claims={"sub": "u"})
    assert handler.on(sent, ports)["statusCode"] == 422


def test_a_comment_with_the_same_key_twice_is_there_once(ports: FakePorts, ticket: Record) -> None:
    for _ in range(2):
        answer = call(ports, "POST /records/{number}/comments", {"text": "On it."}, headers={"idempotency-key": "k-1"})
        assert answer["statusCode"] == 201
    entries = read(call(ports, "GET /records/{number}/comments"))["comments"]
    assert [(entry["text"], entry["public"]) for entry in entries if entry["id"] != "opening"] == [("On it.", True)]


def test_the_history_tells_what_the_requester_may_see_of_short_words_and_long_ones(
    ports: FakePorts, ticket: Record
) -> None:
    follow(ticket, ports)
    for length in (9, 900):
        for public in (True, False):
            call(ports, "POST /records/{number}/comments", {"text": "x" * length, "public": public})
            follow(ports.records.get(ticket.id), ports)
    events = read(call(ports, "GET /records/{number}/history"))["events"]
    assert [(one["version"], len(one["text"]), one["public"]) for one in events] == [
        (1, len(ticket.event.text), True), (2, 9, True), (3, 9, False), (4, 0, True), (5, 0, False)
    ]  # fmt: skip
    assert {one["said_at"] for one in events} == {None}


def test_what_was_said_before_it_was_heard_of_has_both_instants_in_the_history(
    ports: FakePorts, ticket: Record
) -> None:
    comment = a_comment(ticket)
    told = carried(comment, comment.at + 3600)
    late = ticket.changed("CommentAdded", by="ada", origin="jira", at=comment.at + 3600, comment=comment.id, **told)
    ports.records.save(late, comment)
    follow(late, ports)
    (one,) = read(call(ports, "GET /records/{number}/history"))["events"]
    assert (one["said_at"], one["at"]) == (instant(comment.at), instant(comment.at + 3600))


def test_a_comment_with_a_field_nobody_knows_is_refused_rather_than_shown_to_the_requester(
    ports: FakePorts, ticket: Record
) -> None:
    answer = call(ports, "POST /records/{number}/comments", {"text": "Rude again.", "internal": True})
    assert (answer["statusCode"], read(answer)["field"]) == (422, "internal")
    assert [entry.id for entry in ports.records.comments(ticket.id)] == ["opening"]


def test_a_worklist_pages_and_refuses_what_is_no_group(ports: FakePorts, ticket: Record) -> None:
    ports.records.create(an_incident("two"))
    desk = {"group": "service-desk"}
    first = read(call(ports, "GET /worklists/{group}", params=desk, query={"limit": "1"}))
    rest = read(call(ports, "GET /worklists/{group}", params=desk, query={"limit": "1", "after": first["next"]}))
    assert {row["number"] for row in (*first["rows"], *rest["rows"])} == {"INC0000001", "INC0000002"}
    assert call(ports, "GET /worklists/{group}", params={"group": "nosuch"})["statusCode"] == 404
    assert call(ports, "GET /worklists/{group}", params=desk, query={"limit": "0"})["statusCode"] == 422


def test_a_history_is_told_in_pages_that_go_on_where_the_last_one_ended(ports: FakePorts, ticket: Record) -> None:
    for name in ("ada", "bob", "cleo"):
        patch(ports, {"assignee": name})
    for written in ports.records.written:
        follow(written, ports)
    pages, query = [], {"limit": "3"}
    for _ in range(2):
        answer = read(call(ports, "GET /records/{number}/history", query=query))
        pages.append([event["version"] for event in answer["events"]])
        query["after"] = answer["next"]
    assert (pages, query["after"]) == ([[1, 2, 3], [4]], "")
    for after in ("x", "-1", "9" * 20, "²"):
        refused = call(ports, "GET /records/{number}/history", query={"after": after})
        assert (refused["statusCode"], read(refused)["field"]) == (422, "after")


LISTS = "GET /worklists/{group}"


def test_a_persons_own_list_holds_what_they_work_on_the_oldest_first(ports: FakePorts, ticket: Record) -> None:
    for at, key in enumerate(("late", "later", "done")):
        ports.records.create(an_incident(key, at=ticket.opened_at + at, assignee="ada@example.org"))
    assert patch(ports, {"assignee": "Ada@Example.ORG"})["statusCode"] == 200
    patch(ports, {"state": "resolved"}, params={"number": "INC0000004"})
    numbers, query = [], {"by": "assignee", "limit": "2"}
    for _ in range(2):
        page = read(call(ports, LISTS, params={"group": "ADA@example.org"}, query=query))
        numbers += [row["number"] for row in page["rows"]]
        query["after"] = page["next"]
    assert numbers == ["INC0000001", "INC0000002", "INC0000003"]
    assert (page["assignee"], page["next"]) == ("ADA@example.org", "")


def test_what_a_person_asked_for_is_listed_whatever_became_of_it(ports: FakePorts, ticket: Record) -> None:
    ports.records.create(an_incident("closed", at=ticket.opened_at + 9, state="closed"))
    ports.records.create(an_incident("another's", requester="ron@example.org"))
    page = read(call(ports, LISTS, params={"group": ticket.requester}, query={"by": "requester"}))
    assert [(row["number"], row["state"]) for row in page["rows"]] == [("INC0000002", "closed"), ("INC0000001", "new")]


def test_what_a_person_with_the_longest_of_addresses_asked_for_is_listed(ports: FakePorts) -> None:
    name = f"{'r' * 64}@{'d' * 251}.org"
    ports.records.create(an_incident(requester=name))
    page = read(call(ports, LISTS, params={"group": name}, query={"by": "requester"}))
    assert [row["number"] for row in page["rows"]] == ["INC0000001"]


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("ada@example.org", {"by": "moon"}, "by"),
        ("ada@example.org", {"by": "assignee", "after": f"{'0' * 10}#0#{'a' * 16}"}, "after"),
        ("ada@example.org", {"by": "assignee", "after": f"١٢#{'a' * 16}"}, "after"),
        ("a" * 3000, {"by": "requester"}, "requester"),
    ],
)
def test_a_list_by_nobody_we_know_is_422(ports: FakePorts, name: str, query: dict[str, str], field: str) -> None:
    answer = call(ports, LISTS, params={"group": name}, query=query)
    assert (answer["statusCode"], read(answer)["field"]) == (422, field)


def test_nobody_moves_a_change_past_its_approval_by_hand(ports: FakePorts) -> None:
    change = a_record("chg", "change", state="awaiting_approval")
    number = ports.records.create(change).record.number
    for state in ("scheduled", "rejected", "in_review"):
        answer = patch(ports, {"state": state}, params={"number": number})
        assert (answer["statusCode"], state in read(answer)["legal"]) == (409, False)


def test_what_waits_for_an_approval_after_the_work_has_no_move_and_is_not_said_to_be_at_its_end(
    ports: FakePorts,
) -> None:
    change = a_record("chg", "change", state="awaiting_approval", details={"approval": {"accepted": "in_review"}})
    answer = patch(ports, {"state": "cancelled"}, params={"number": ports.records.create(change).record.number})
    assert (answer["statusCode"], read(answer)["legal"]) == (409, [])
    assert read(answer)["detail"].endswith("legal moves: none")


def test_other_words_under_a_key_that_was_used_are_not_lost(ports: FakePorts, ticket: Record) -> None:
    for text in ("On it.", "It is the disk."):
        sent = call(ports, "POST /records/{number}/comments", {"text": text}, headers={"idempotency-key": "k-1"})
        assert sent["statusCode"] == 201
    assert {entry.text for entry in ports.records.comments(ticket.id)} >= {"On it.", "It is the disk."}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "9" * 5000}, "version"),
        ({"details": {"plan": ["x"] * 51}}, "details.plan"),
        ({"details": {"plan": 10**4000}}, "details.plan"),
        ({"details": {"plan": {"a": 1}}}, "details.plan"),
        ({"details": {"plan": 0.5}}, "details.plan"),
    ],
)
def test_what_could_not_be_stored_is_422_before_it_is_tried(ports: FakePorts, body: dict[str, Any], field: str) -> None:
    number = ports.records.create(a_record("chg", "change", state="new")).record.number
    answer = patch(ports, body, params={"number": number})
    assert (answer["statusCode"], read(answer)["field"]) == (422, field)


def test_half_a_character_is_422(ports: FakePorts, ticket: Record) -> None:
    assert patch(ports, {"title": "\ud800"})["statusCode"] == 422


def test_a_title_is_one_line_whatever_is_sent(ports: FakePorts, ticket: Record) -> None:
    patch(ports, {"title": "Disk\r\nBcc: everybody@example.org"})
    assert ports.records.get(ticket.id).title == "Disk Bcc: everybody@example.org"


def test_null_takes_a_detail_away(ports: FakePorts) -> None:
    planned = a_record("chg", "change", state="new", details={"plan": "p", "test": "t"})
    number = ports.records.create(planned).record.number
    patch(ports, {"details": {"plan": None}}, params={"number": number})
    assert ports.records.find(number).details == {"test": "t"}


@pytest.mark.parametrize(
    "query",
    [{"limit": "9" * 5000}, {"limit": "-1"}, {"limit": "²"}, {"after": "x" * 3000}, {"after": "T#other-group"}],
)
def test_a_page_that_no_page_led_to_is_422(ports: FakePorts, ticket: Record, query: dict[str, str]) -> None:
    answer = call(ports, "GET /worklists/{group}", params={"group": "service-desk"}, query=query)
    assert (answer["statusCode"], read(answer)["field"]) == (422, next(iter(query)))


def test_a_worklist_never_shows_another_groups_records(ports: FakePorts, ticket: Record) -> None:
    ports.records.create(an_incident("theirs", group="network"))
    theirs = read(call(ports, "GET /worklists/{group}", params={"group": "network"}, query={"limit": "1"}))
    after = f"{'0' * 10}#0#{'a' * 16}"
    mine = read(call(ports, "GET /worklists/{group}", params={"group": "service-desk"}, query={"after": after}))
    assert {row["number"] for row in theirs["rows"]}.isdisjoint(row["number"] for row in mine["rows"])


def test_any_version_will_do_for_a_star(ports: FakePorts, ticket: Record) -> None:
    assert patch(ports, {"assignee": "ada"}, headers={"if-match": "*"})["statusCode"] == 200


@pytest.mark.parametrize(
    ("claims", "caller"),
    [
        ({"sub": "u-1", "email": "Boss@Example.org", "email_verified": "false"}, "u-1"),
        ({"sub": "u-1", "email": "Boss@Example.org", "email_verified": "true"}, "boss@example.org"),
        ({"sub": "u-1", "email": "Boss@Example.org"}, "boss@example.org"),
    ],
)
def test_an_address_its_provider_never_verified_is_nobodys_name(
    ports: FakePorts, ticket: Record, claims: dict[str, str], caller: str
) -> None:
    handler.on(event("PATCH /records/{number}", params=ONE, body=b'{"assignee": "x"}', claims=claims), ports)
    assert ports.records.get(ticket.id).event.by == caller


def test_a_token_that_names_nobody_changes_nothing(ports: FakePorts, ticket: Record) -> None:
    sent = event("PATCH /records/{number}", params=ONE, body=b'{"assignee": "x"}', claims={})
    assert handler.on(sent, ports)["statusCode"] == 403


def test_an_internal_note_takes_no_ticket_off_hold(ports: FakePorts) -> None:
    record = ports.records.create(an_incident(state="on_hold", requester="ada@example.org")).record
    for public, state in ((False, "on_hold"), (True, "in_progress")):
        call(ports, "POST /records/{number}/comments", {"text": "x", "public": public})
        assert ports.records.get(record.id).state == state


class Raced(FakeRecords):
    """A store in which somebody else moves every record just after it was found."""

    def find(self, number: str) -> Record:
        """The record as it was before."""
        before = FakeRecords.find(self, number)
        self.save(before.changed("StateChanged", by="bob", origin="records", at=1, state="in_progress"))
        return before


def test_a_change_that_names_no_state_moves_nothing_even_when_somebody_else_just_did(ports: FakePorts) -> None:
    ports.records = Raced()
    ticket = ports.records.create(an_incident()).record
    assert patch(ports, {"assignee": "ada@example.org"})["statusCode"] == 200
    record = ports.records.get(ticket.id)
    assert (record.state, record.assignee) == ("in_progress", "ada@example.org")
