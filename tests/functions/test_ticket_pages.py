"""Ticket pages: the requester's page, behind its signed link alone."""

from itsm.core.signing import sign
from itsm.runtime import desk

from functions.sla_timers.app import start
from functions.ticket_pages.app import handler
from tests.builders import a_comment, an_incident
from tests.fakes import FakePorts
from tests.support.http import event


def test_the_page_shows_the_public_journal_escaped_and_no_internal_note() -> None:
    ports = FakePorts()
    record = ports.records.create(an_incident(title="<script>alert(1)</script>")).record
    for key, text, public in (("a", "Seen by <b>you</b>.", True), ("b", "Seen by us.", False)):
        entry = a_comment(record, key, text=text, public=public)
        desk.update(ports, record.id, lambda r, entry=entry: desk.commented(r, entry), entry)  # type: ignore[misc]
    link = sign(ports.link_secret, "ticket", record.id)
    answer = handler.on(event("GET /tickets/{link}", params={"link": link}), ports)
    assert answer["statusCode"] == 200
    assert "Seen by &lt;b&gt;you&lt;/b&gt;." in answer["body"]
    assert "Seen by us." not in answer["body"]
    assert "<script" not in answer["body"]


def test_a_guessed_link_is_401() -> None:
    ports = FakePorts()
    record = ports.records.create(an_incident()).record
    answer = handler.on(event("GET /tickets/{link}", params={"link": f"{record.id}.{'a' * 26}"}), ports)
    assert answer["statusCode"] == 401


def shown(ports: FakePorts, record_id: str) -> str:
    link = sign(ports.link_secret, "ticket", record_id)
    body: str = handler.on(event("GET /tickets/{link}", params={"link": link}), ports)["body"]
    return body


def test_the_page_says_what_is_due_what_is_left_since_when_it_waits_and_what_was_missed() -> None:
    ports = FakePorts()
    record = ports.records.create(an_incident(group="on-call", priority=1, service="workplace")).record
    start.on({"step": "clocks", "record": record.id}, ports)
    assert "<dt>Resolution</dt><dd>by 24 Nov 2025, 20:00 UTC, 4 h 00 min of service time left</dd>" in shown(
        ports, record.id
    )
    ports.time += 3_660
    assert "2 h 59 min of service time left" in shown(ports, record.id)
    assert "<dt>First answer</dt><dd>by 24 Nov 2025, 16:15 UTC (overdue)</dd>" in shown(ports, record.id)
    desk.update(ports, record.id, lambda one: desk.moved(one, "on_hold", by="ada", origin="records", at=ports.now()))
    ports.time += 3_600
    body = shown(ports, record.id)
    assert "<dd>waiting since 24 Nov 2025, 17:01 UTC, 2 h 59 min of service time left</dd>" in body
    desk.update(ports, record.id, lambda one: desk.moved(one, "resolved", by="ada", origin="records", at=ports.now()))
    body = shown(ports, record.id)
    assert "<dt>First answer</dt><dd>done, missed: it was due 24 Nov 2025, 16:15 UTC</dd>" in body
    assert "<dt>Resolution</dt><dd>done</dd>" in body
