"""Files: what comes along is scanned and then given out, its pictures shown; a virus never leaves the store."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage

from itsm.service_desk.attachments import EICAR
from sandbox.tickets import Reply, request

from tests.journeys.conftest import DESK, Journey, Ticket

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


def sent(desk: Journey, subject: str, file: bytes) -> Ticket:
    """A mail that shows a picture inline and carries a file."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "rosa@example.org", DESK, subject
    mail.set_content("It looks so.")
    mail.add_alternative(
        '<p>It looks <b>so</b>: <img src="cid:shot@mail" alt="the screen"></p><img src="https://evil.example/x.gif">',
        subtype="html",
    )
    mail.get_payload()[1].add_related(PIXEL, "image", "png", cid="<shot@mail>", filename="screen.png")  # type: ignore[index, union-attr]  # a multipart
    mail.add_attachment(file, "application", "octet-stream", filename="notes.bin")
    with smtplib.SMTP("127.0.0.1", desk.box.smtp.port) as client:
        client.sendmail("rosa@example.org", [DESK], mail.as_bytes())
    return desk.ticket(subject)


def page(desk: Journey, ticket: Ticket, query: str = "") -> Reply:
    link = re.search(r"/tickets/[^\"\s]+", desk.acknowledged(ticket).text)
    assert link is not None
    return request(f"{desk.box.front.url}{link[0]}{query}")


def file_links(shown: str) -> dict[str, str]:
    return {name: link for link, name in re.findall(r'href="([^"]+/files/[^"]+)">([^<]+)</a>', shown)}


def scanned(desk: Journey, link: str) -> Reply:
    """The file, once a scanner has passed it."""
    desk.wait(lambda: request(link).status == 200, "a file to be scanned")
    return request(link)


def test_a_clean_file_is_given_out_once_it_was_scanned_and_an_inline_picture_is_shown(desk: Journey) -> None:
    ticket = sent(desk, "Look at this", b"some notes")
    links = file_links(page(desk, ticket).body.decode())
    assert set(links) == {"screen.png", "notes.bin"}
    for name, content in (("screen.png", PIXEL), ("notes.bin", b"some notes")):
        assert scanned(desk, links[name]).body == content
    shown = page(desk, ticket, "?as_sent=opening")
    picture = re.search(r'<img src="([^"]+)" alt="the screen">', shown.body.decode())
    assert picture is not None
    assert request(picture[1]).body == PIXEL
    assert "evil.example" not in shown.body.decode()
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups; default-src 'none'")
    assert desk.box.front.url in policy


def test_a_file_with_a_virus_is_held_and_named_on_its_ticket(desk: Journey) -> None:
    # the intake's own look stops at the first 4 KB: only the scanner finds it behind them
    ticket = sent(desk, "Look at that", b" " * 5_000 + EICAR)
    link = file_links(page(desk, ticket).body.decode()).get("notes.bin", "")
    desk.box.hurry("ScanQueue")
    desk.wait(lambda: "Held: notes.bin" in page(desk, ticket).body.decode(), "the ticket to name the held file")
    assert "a scanner found something harmful in it" in page(desk, ticket).body.decode()
    assert not link or request(link).status == 410
    notes = desk.agent("GET", f"/records/{ticket.number}/comments").json()["comments"]
    assert [(note["public"], note["by"]) for note in notes if "Held: notes.bin" in note["text"]] == [(False, "system")]


def test_a_file_nobody_was_heard_of_is_looked_up_later_and_a_scanned_one_changes_nothing(desk: Journey) -> None:
    ticket = sent(desk, "Look at these", b"more notes")
    links = file_links(page(desk, ticket).body.decode())
    scanned(desk, links["notes.bin"])
    before = desk.tickets.facts(ticket.number)["version"]
    desk.box.hurry("UnscannedQueue")
    desk.wait(desk.box.quiet, "the reminders to be worked")
    assert desk.tickets.facts(ticket.number)["version"] == before
    assert "Held" not in page(desk, ticket).body.decode()
