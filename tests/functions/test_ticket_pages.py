"""Ticket pages: the requester's page, behind its signed link alone."""

from dataclasses import replace
from typing import Any

from itsm.core.record import Record
from itsm.core.signing import sign
from itsm.runtime import desk, intake
from itsm.service_desk.attachments import EICAR
from itsm.service_desk.submission import attachment, listed
from itsm.service_desk.text import sanitised

from functions.sla_timers.app import start
from functions.ticket_pages.app import handler
from tests.builders import a_comment, an_incident
from tests.fakes import FakePorts
from tests.itsm.service_desk.mails import a_submission
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


def with_file(content: bytes = b"%PDF", *, scanned: str = "true") -> tuple[FakePorts, str]:
    """A desk that has files scanned, and the link its ticket's page has for the one file."""
    ports = FakePorts(SCAN_ATTACHMENTS=scanned)
    file = attachment("plan & more.pdf", "application/pdf", content)
    named = an_incident()
    ports.blobs.put(file.key(named.id), content, file.type)
    details = {
        "attachments": list(listed([file], named.id)),
        "refused_files": ["run.exe: files ending in .exe are not taken"],
    }
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


def test_where_nobody_scans_every_kept_file_is_given_out() -> None:
    ports, link = with_file(scanned="false")
    ports.blobs.scanning = set(ports.blobs.stored)
    assert give(ports, link)["statusCode"] == 302


PNG = b"\x89PNG\r\n\x1a\n0000"


def with_html(markup: str, **of_the_picture: Any) -> tuple[FakePorts, Record]:
    """A desk with a mail's ticket that came as HTML with one inline picture."""
    ports = FakePorts(SCAN_ATTACHMENTS="true")
    picture = attachment("shot.png", "image/png", PNG, "shot@mail")
    mail = a_submission(html=sanitised(markup), attachments=(replace(picture, **of_the_picture),))
    return ports, intake.take(mail, ports)[0]


def as_sent(ports: FakePorts, record: Record, entry: str = "opening") -> dict[str, Any]:
    link = sign(ports.link_secret, "ticket", record.id)
    answer: dict[str, Any] = handler.on(
        event("GET /tickets/{link}", params={"link": link}, query={"as_sent": entry}), ports
    )
    return answer


SEEN = '<p>Look: <img src="cid:shot@mail" alt="a screen"><img src="https://evil.example/x.gif" alt="spy"></p>'


def test_a_mail_is_shown_as_it_was_sent_with_its_own_pictures_and_nothing_from_elsewhere() -> None:
    ports, record = with_html(SEEN + "<script>alert(1)</script>")
    assert '<a href="?as_sent=opening">' in shown(ports, record.id)
    answer = as_sent(ports, record)
    body, policy = answer["body"], answer["headers"]["content-security-policy"]
    assert "/files/" in body.split('<img src="')[1].split('"')[0]
    assert "<i>[spy]</i>" in body
    assert not [word for word in ("<script", "evil.example", "cid:") if word in body]
    assert policy.startswith("sandbox allow-popups; default-src 'none'; ")
    assert "img-src https://blobs.example.org https://desk.example.org;" in policy


def test_a_picture_is_shown_only_once_it_was_scanned() -> None:
    ports, record = with_html(SEEN)
    ports.blobs.scanning = set(ports.blobs.stored)
    answer = as_sent(ports, record)
    assert "<i>[a screen]</i>" in answer["body"]
    assert "<img" not in answer["body"]
    assert "img-src 'none'" in answer["headers"]["content-security-policy"]


def test_a_refused_picture_is_told_in_words() -> None:
    ports, record = with_html(SEEN, refused="larger than 25 MB")
    assert "<i>[a screen]</i>" in as_sent(ports, record)["body"]


def test_an_inline_picture_is_given_out_as_a_picture_and_another_file_as_bytes() -> None:
    ports, record = with_html(SEEN)
    link = as_sent(ports, record)["body"].split("/files/")[1].split('"')[0]
    assert give(ports, link)["headers"]["location"].endswith("type=image/png")
    ports, link = with_file()
    assert give(ports, link)["headers"]["location"].endswith("type=")


def test_an_entry_that_is_not_the_requesters_or_came_without_html_is_404() -> None:
    ports, record = with_html("")
    assert as_sent(ports, record)["statusCode"] == 404
    ports, record = with_html(SEEN)
    note = replace(a_comment(record, "note", public=False), page=f"text/{record.id}/1.html")
    desk.update(ports, record.id, lambda one: desk.commented(one, note), note)
    assert [as_sent(ports, record, entry)["statusCode"] for entry in (note.id, "nothing")] == [404, 404]


def test_a_reply_is_shown_as_it_was_sent_too() -> None:
    ports, record = with_html("")
    said = a_submission(key="second@mail", html=sanitised("<p>And <b>this</b>.</p>"))
    intake.append(said, record, ports)
    assert "<p>And <b>this</b>.</p>" in as_sent(ports, record, said.comment_id)["body"]
