"""Relations: tickets are merged, split and placed under one another; no circle, no word and no person is lost."""

from typing import Any

import pytest
from itsm.core.record import Record
from itsm.service_desk.threading import reply_address

from functions.intake_mail.app import handler as mail_door
from functions.records.app import handler
from tests.builders import a_record, an_incident
from tests.fakes import FakePorts, sqs
from tests.support.http import agent, read
from tests.support.mail import notification, raw, stored


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def tickets(ports: FakePorts, *keys: str) -> list[Record]:
    return [ports.records.create(an_incident(key, requester=f"{key}@example.org", title=key)).record for key in keys]


def call(ports: FakePorts, route: str, record: Record, body: Any, **headers: str) -> Any:
    answer = handler.on(agent(route, body, params={"number": record.number}, headers=headers), ports)
    return answer["statusCode"], read(answer)


def merge(ports: FakePorts, record: Record, into: Record) -> Any:
    return call(ports, "POST /records/{number}/merge", record, {"into": into.number})


def place(ports: FakePorts, record: Record, parent: Record | None) -> Any:
    return call(ports, "PUT /records/{number}/parent", record, {"parent": parent and parent.number})


def test_a_merged_ticket_ends_and_its_people_and_words_go_on_in_the_other(ports: FakePorts) -> None:
    one, two = tickets(ports, "one", "two")
    assert merge(ports, one, two)[0] == 200
    one, two = ports.records.get(one.id), ports.records.get(two.id)
    assert (one.state, one.details["merged_into"]) == ("cancelled", two.number)
    assert "one@example.org" in two.participants
    (there,), (here,) = ports.records.journal[one.id], ports.records.journal[two.id]
    assert (there.public, two.number in there.text) == (True, True)
    assert (here.public, "every mail takes a minute" in here.text) == (False, True)


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("POST /records/{number}/merge", {"into": "INC0000002", "silent": True}),
        ("POST /records/{number}/split", {"title": "Half", "text": "of it", "silent": True}),
        ("PUT /records/{number}/parent", {"parent": "INC0000002", "silent": True}),
        ("POST /records/{number}/problem", {"silent": True}),
        ("PUT /records/{number}/problem", {"problem": None, "silent": True}),
    ],
)
def test_a_field_nobody_reads_is_422_and_nothing_is_done(ports: FakePorts, route: str, body: Any) -> None:
    one, _ = tickets(ports, "one", "two")
    status, told = call(ports, route, one, body)
    assert (status, told["field"], len(ports.records.stored)) == (422, "silent", 2)
    assert ports.records.get(one.id) == one


def test_a_ticket_merged_into_itself_is_told_so(ports: FakePorts) -> None:
    (one,) = tickets(ports, "one")
    assert merge(ports, one, one)[1]["reason"] == f"is {one.number} itself"


def test_a_merge_done_twice_is_done_once(ports: FakePorts) -> None:
    one, two = tickets(ports, "one", "two")
    assert [merge(ports, one, two)[0] for _ in range(2)] == [200, 200]
    assert (ports.records.get(one.id).version, ports.records.get(two.id).version) == (2, 2)


def test_merges_go_in_no_circle_and_not_across_practices(ports: FakePorts) -> None:
    one, two, three = tickets(ports, "one", "two", "three")
    other = ports.records.create(a_record("request", "request")).record
    assert merge(ports, one, one)[0] == 422
    assert merge(ports, one, other)[0] == 422
    assert merge(ports, one, two)[0] == 200
    assert merge(ports, two, one)[0] == 422
    assert merge(ports, three, one)[0] == 422
    assert merge(ports, one, three)[0] == 422
    assert merge(ports, two, three)[0] == 200


def test_what_is_at_work_is_not_merged_into_what_is_at_its_end(ports: FakePorts) -> None:
    one, two = tickets(ports, "one", "two")
    done = two
    for state in ("in_progress", "resolved", "closed"):
        done = ports.records.save(done.changed("StateChanged", by="ada", origin="records", at=ports.now(), state=state))
    code, answer = merge(ports, one, two)
    assert (code, answer["detail"]) == (
        422,
        f"into: {two.number} is closed: nobody would go on with {one.number} there",
    )
    assert ports.records.get(one.id).state == "new"
    assert not ports.records.journal.get(one.id)


def test_mail_to_a_merged_ticket_reaches_the_one_it_lives_on_in(ports: FakePorts) -> None:
    one, two, three = tickets(ports, "one", "two", "three")
    merge(ports, one, two)
    merge(ports, two, three)
    to = reply_address(ports.link_secret, one.id, "desk.example.org")
    stored(ports, "mail/1", raw("Still slow.", sender="one@example.org", to=to, message_id="r@example.org"))
    assert mail_door.on(sqs(notification("mail/1")), ports) == {"batchItemFailures": []}
    assert "Still slow." in [entry.text for entry in ports.records.journal[three.id]]
    assert len(ports.records.stored) == 3


def test_a_closed_ticket_cannot_be_merged_away_by_a_move_its_lifecycle_lacks(ports: FakePorts) -> None:
    one, two = tickets(ports, "one", "two")
    ports.records.save(one.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="resolved"))
    assert merge(ports, one, two)[0] == 200
    assert ports.records.get(one.id).state == "closed"


def test_a_split_is_a_new_ticket_that_names_the_old_one_once(ports: FakePorts) -> None:
    (one,) = tickets(ports, "one")
    body = {"title": "And the printer", "text": "It burns."}
    first, again = (call(ports, "POST /records/{number}/split", one, body) for _ in range(2))
    assert (first[0], again[0], first[1]["number"]) == (201, 200, again[1]["number"])
    new = ports.records.find(first[1]["number"])
    assert (new.details["related"], new.requester, new.event.text) == (one.number, "one@example.org", "It burns.")
    (note,) = ports.records.journal[one.id]
    assert (new.number in note.text, note.public) == (True, False)


def test_a_split_without_words_is_422_and_names_the_field(ports: FakePorts) -> None:
    (one,) = tickets(ports, "one")
    code, problem = call(ports, "POST /records/{number}/split", one, {"title": "x"})
    assert (code, problem["field"]) == (422, "text")


def test_a_child_names_its_parent_and_its_parents_journal_says_so(ports: FakePorts) -> None:
    child, above = tickets(ports, "child", "above")
    assert place(ports, child, above)[0] == 200
    assert ports.records.get(child.id).details["parent"] == above.number
    assert child.number in ports.records.journal[above.id][0].text
    assert place(ports, child, None)[0] == 200
    assert "parent" not in ports.records.get(child.id).details


def test_no_ticket_is_part_of_itself_however_far_up(ports: FakePorts) -> None:
    one, two, three = tickets(ports, "one", "two", "three")
    assert place(ports, one, one)[0] == 422
    assert place(ports, one, two)[0] == 200
    assert place(ports, two, three)[0] == 200
    code, problem = place(ports, three, one)
    assert (code, "circle" in problem["detail"]) == (422, True)


def test_no_ticket_is_merged_into_what_is_part_of_it_however_far_down(ports: FakePorts) -> None:
    one, two, three, four = tickets(ports, "one", "two", "three", "four")
    assert place(ports, one, two)[0] == 200
    assert place(ports, two, three)[0] == 200
    code, problem = merge(ports, three, one)
    assert (code, problem["detail"]) == (
        422,
        f"into: {one.number} is part of {three.number}; take it out of that first",
    )
    assert merge(ports, three, four)[0] == 200
    assert place(ports, four, one)[0] == 422, "one is part of three, which lives on in four"
    assert merge(ports, four, one)[0] == 422
    assert merge(ports, one, four)[0] == 200


def test_a_circle_that_two_agents_made_at_once_stops_nothing(ports: FakePorts) -> None:
    one, two, three = tickets(ports, "one", "two", "three")
    for record, other in ((one, two), (two, one)):
        details = {"merged_into": other.number, "parent": other.number}
        ports.records.stored[record.id] = record.changed(
            "FieldsChanged", by="x", origin="records", at=1, details=details
        )
    assert merge(ports, three, one)[0] == 422
    assert place(ports, three, one)[0] == 422
