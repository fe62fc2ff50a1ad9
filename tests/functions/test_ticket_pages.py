"""Ticket pages: the requester's page, behind its signed link alone."""

from dataclasses import replace
from typing import Any

from itsm.core.signing import sign
from itsm.runtime import desk
from itsm.runtime.policies import Policies
from itsm.service_desk.attachments import EICAR
from itsm.service_desk.submission import attachment, listed

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


def with_file(content: bytes = b"%PDF", *, scanned: bool = True) -> tuple[FakePorts, str]:
    """A desk whose policy has files scanned, and the link its ticket's page has for the one file."""
    ports = FakePorts()
    sources = ports.policies.sources
    ruled = replace(sources, attachments=replace(sources.attachments, scanned=scanned))
    ports.policies = type("Ours", (Policies,), {"sources": ruled})()
    file = attachment("plan & more.pdf", "application/pdf", content)
    ports.blobs.put(file.key, content, file.type)
    details = {"attachments": list(listed([file])), "refused_files": ["run.exe: files ending in .exe are not taken"]}
    record = ports.records.create(an_incident(details=details)).record
    body = shown(ports, record.id)
    assert "plan &amp; more.pdf</a> (0 KB)" in body
    assert "Not kept: run.exe" in body
    return ports, body.split("/files/")[1].split('"')[0]


def give(ports: FakePorts, link: str) -> dict[str, Any]:
    answer: dict[str, Any] = handler.on(event("GET /files/{link}", params={"link": link}), ports)
    return answer


def test_a_file_is_given_out_by_the_page_for_an_hour() -> None:
    ports, link = with_file()
    answer = give(ports, link)
    assert (answer["statusCode"], "attachments/" in answer["headers"]["location"]) == (302, True)
    ports.time += 3_601
    assert give(ports, link)["statusCode"] == 410


def test_a_file_is_not_given_out_before_a_scanner_has_passed_it() -> None:
    ports, link = with_file()
    ports.blobs.scanning = set(ports.blobs.stored)
    assert give(ports, link)["statusCode"] == 503
    ports.blobs.scanning = set()
    assert give(ports, link)["statusCode"] == 302


def test_what_a_scanner_warns_of_is_never_given_out_where_one_scans() -> None:
    ports, link = with_file(EICAR)
    assert give(ports, link)["statusCode"] == 410


def test_a_link_to_a_file_of_another_ticket_is_404() -> None:
    ports, _ = with_file()
    other = ports.records.create(an_incident("other")).record
    mark = next(iter(ports.blobs.stored)).rpartition("/")[2][:32]
    link = sign(ports.link_secret, "file", f"{other.id}.{mark}.x{ports.now() + 60}")
    assert give(ports, link)["statusCode"] == 404
