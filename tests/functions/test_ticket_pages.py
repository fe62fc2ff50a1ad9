"""Ticket pages: the requester's page, behind its signed link alone."""

from itsm.core.signing import sign
from itsm.runtime import desk

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
