"""Languages: every page a person meets speaks theirs, says so to a screen reader, and needs no script."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from itsm.core.record import Record
from itsm.core.signing import sign
from itsm.runtime import approving, desk
from itsm.service_desk.attachments import refusal
from itsm.service_desk.policy import Attachments
from itsm.service_desk.submission import Attachment

from functions.change_approvals.app import ask, page
from functions.intake.app import handler as intake
from functions.notifications.app import handler as notifications
from functions.sla_timers.app import start
from functions.ticket_pages.app import handler as tickets
from tests.builders import a_comment, a_record, an_incident
from tests.fakes import FakePorts, sqs
from tests.support.http import event

DAY = 86_400
ENGLISH = {
    "the",
    "this",
    "your",
    "you",
    "was",
    "is",
    "of",
    "to",
    "by",
    "and",
    "not",
    "what",
    "add",
    "answer",
    "state",
    "risk",
}
ENGLISH |= {
    "priority",
    "opened",
    "refused",
    "accept",
    "because",
    "planned",
    "change",
    "asked",
    "thank",
    "send",
    "please",
}
GERMAN = {"die", "der", "und", "ist", "sie", "nicht", "bitte", "wir", "zum", "wurde"}
FOREIGN = {"de": ENGLISH - {"was"}, "fr": ENGLISH | GERMAN}
SPOKEN = {"accept": "text/html"}


def said(answer: dict[str, Any]) -> str:
    """What a page says to its reader: no tags, no style, no addresses, and not the links to other languages."""
    body = re.sub(r"<style>.*?</style>|<nav.*?</nav>", " ", answer["body"], flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", " ", body))


def check(answer: dict[str, Any], language: str, status: int = 200) -> str:
    """The page is in a language wholly, says which, and acts without a script. Returns what it says."""
    assert answer["statusCode"] == status, answer
    body, text = answer["body"], said(answer)
    assert body.startswith(f'<!doctype html>\n<html lang="{language}">')
    assert "<script" not in body
    assert not re.search(r" on\w+=", body)
    words = set(re.findall(r"[a-zà-ÿ]+", re.sub(r"\S*@\S*|“.*?”", "", text).lower()))
    assert not words & FOREIGN.get(language, set()), text
    return text


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def visit(door: Any, route: str, ports: FakePorts, language: str = "", **more: Any) -> dict[str, Any]:
    headers = {**SPOKEN, "accept-language": language, **more.pop("headers", {})}
    answer: dict[str, Any] = door.on(event(route, headers=headers, **more), ports)
    return answer


def a_ticket(ports: FakePorts, **overrides: Any) -> Record:
    """A ticket with clocks, a file that was refused, and something said by each side and by ourselves."""
    program = Attachment(name="x.exe", type="", size=1, sha256="0" * 64, content=b"MZ")
    why = refusal(program, Attachments(refused_endings=("exe",)))
    details = {"refused_files": [f"x.exe: {why}"], "protection": "S/MIME signed", **overrides.pop("details", {})}
    facts = {"title": "Drucker", "text": "Tinte", "priority": 1, "service": "workplace", "group": "", **overrides}
    record = ports.records.create(an_incident(details=details, **facts)).record
    start.on({"step": "clocks", "record": record.id}, ports)
    reminder = f"We still wait for your answer on {record.number}; without one we cannot go on."
    for by, text in (("ada@example.org", "Toner?"), ("rita@example.org", "Tinte."), ("system", reminder)):
        entry = a_comment(record, text, by=by, text=text)
        desk.update(ports, record.id, lambda r, entry=entry: desk.commented(r, entry), entry)  # type: ignore[misc]
    return record


@pytest.mark.parametrize("language", ["de", "fr"])
@pytest.mark.parametrize("state", ["new", "on_hold", "resolved"])
def test_the_page_of_a_ticket_speaks_the_readers_language(ports: FakePorts, language: str, state: str) -> None:
    record = a_ticket(ports)
    ports.time += 3 * DAY
    if state != "new":
        desk.update(ports, record.id, lambda one: desk.moved(one, state, by="ada", origin="records", at=ports.now()))
    params = {"link": sign(ports.link_secret, "ticket", record.id)}
    text = check(visit(tickets, "GET /tickets/{link}", ports, language, params=params), language)
    assert record.number in text
    assert "Tinte." in text


def test_the_language_asked_for_goes_before_the_browsers_and_that_before_the_tickets(ports: FakePorts) -> None:
    record = a_ticket(ports, details={"language": "de"})
    params = {"link": sign(ports.link_secret, "ticket", record.id)}
    check(visit(tickets, "GET /tickets/{link}", ports, params=params), "de")
    check(visit(tickets, "GET /tickets/{link}", ports, "fr-CH, de;q=0.5", params=params), "fr")
    answer = visit(tickets, "GET /tickets/{link}", ports, "fr", params=params, query={"lang": "de"})
    check(answer, "de")
    assert '<nav aria-label="Diese Seite in einer anderen Sprache">' in answer["body"]
    assert '<a href="?lang=fr" hreflang="fr" lang="fr">Français</a>' in answer["body"]
    assert "?lang=de" not in answer["body"]


@pytest.fixture
def change(ports: FakePorts) -> Record:
    """A normal change that was assessed and whose approvers were asked."""
    details = {
        "type": "normal",
        "planned_start": ports.now() + 3 * DAY,
        "planned_end": ports.now() + 3 * DAY + 3_600,
        "risk": "high",
        "risk_because": ["medium: impact 3 with medium probability of success", "high: website has criticality 1"],
        "plan": "Neustart",
    }
    record = ports.records.create(
        a_record(
            "c", "change", state="assessing", impact=1, service="website", title="Neustart", text="-", details=details
        )
    ).record
    arguments = {"wait": "approval", "until": ["scheduled", "rejected", "cancelled"]}
    ask.on({"step": "ask", "record": record.id, "token": "t-1", "arguments": arguments}, ports)
    return ports.records.get(record.id)


def tokens(ports: FakePorts, change: Record) -> list[str]:
    return [approving.link(change, one, ports).rpartition("/")[2] for one in approving.asked_people(change)]


def decide(ports: FakePorts, token: str, language: str, method: str = "GET", **fields: str) -> dict[str, Any]:
    return visit(
        page,
        f"{method} /approvals/{{link}}",
        ports,
        language,
        params={"link": token},
        body=urlencode(fields).encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )


@pytest.mark.parametrize("language", ["de", "fr"])
def test_an_approver_decides_in_their_language_and_reads_what_came_of_it_in_it(
    ports: FakePorts, change: Record, language: str
) -> None:
    first, *others = tokens(ports, change)
    text = check(decide(ports, first, language), language)
    assert "Neustart" in text
    assert 'value="accept"' in decide(ports, first, language)["body"]
    check(decide(ports, first, language, "POST", decision="maybe"), language, 422)
    check(decide(ports, first, language, "POST", decision="refuse", note="x" * 2_001), language, 422)
    check(decide(ports, first, language, "POST", decision="accept"), language)
    check(decide(ports, first, language, "POST", decision="refuse"), language, 410)
    for other in others:
        check(decide(ports, other, language, "POST", decision="refuse", note="Nein"), language)
    check(decide(ports, first, language), language, 410)
    check(decide(ports, f"{first[:-1]}{'a' if first[-1] != 'a' else 'b'}", language), language, 401)
    ports.time += 60 * DAY
    check(decide(ports, first, language, "POST", decision="accept"), language, 410)


@pytest.mark.parametrize("language", ["de", "fr"])
def test_what_went_wrong_is_said_in_the_browsers_language(ports: FakePorts, language: str) -> None:
    wrong = {"link": "abc.def"}
    check(visit(tickets, "GET /tickets/{link}", ports, language, params=wrong), language, 401)
    check(visit(intake, "GET /forms/{name}", ports, language, params={"name": "nonesuch"}), language, 404)
    body = b"sender=a%40b.example"
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": "https://evil.example.net"}
    answer = visit(
        intake, "POST /forms/{name}", ports, language, params={"name": "request"}, body=body, headers=headers
    )
    check(answer, language, 403)


def test_what_is_not_ours_to_tell_again_says_that_it_is_english(ports: FakePorts) -> None:
    headers = {**SPOKEN, "accept-language": "de", "content-type": "text/plain"}
    sent = event("POST /forms/{name}", params={"name": "request"}, body=b"x", headers=headers)
    answer = intake.on(sent, ports)
    assert '<html lang="de">' in answer["body"]
    assert '<p lang="en">a form is sent as' in answer["body"]


def test_a_form_names_every_fault_in_its_own_language(ports: FakePorts) -> None:
    fields = {"sender": "nobody", "impact": "9", "website": ""}
    answer = visit(
        intake,
        "POST /forms/{name}",
        ports,
        "de",
        params={"name": "incident"},
        body=urlencode(fields).encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    text = check(answer, "de", 422)
    assert "diese Seite ist zu alt" in text
    form = visit(intake, "GET /forms/{name}", ports, "de", params={"name": "incident"})
    check(form, "de")
    assert '<a href="?lang=en" hreflang="en" lang="en">English</a>' in form["body"]
    assert "Français" not in form["body"]


def send(ports: FakePorts, name: str, **fields: str) -> dict[str, Any]:
    """A form of ours, sent from its page in German."""
    body = urlencode({"token": f"page-token-{name}-0001", "website": "", **fields}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return visit(intake, "POST /forms/{name}", ports, "de", params={"name": name}, body=body, headers=headers)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("request", {"sender": "nobody", "service": "none"}),
        ("incident", {"sender": "nobody", "impact": "9"}),
        ("laptop", {"sender": "nobody", "model": "strong", "manager": "mona@elsewhere.example"}),
    ],
)
def test_a_form_people_meet_is_in_their_language_and_so_are_its_faults(
    ports: FakePorts, name: str, wrong: dict[str, str]
) -> None:
    check(visit(intake, "GET /forms/{name}", ports, "de", params={"name": name}), "de")
    assert "das ist keine E-Mail-Adresse" in check(send(ports, name, **wrong), "de", 422)


def test_what_follows_an_order_is_in_the_language_it_was_made_in(ports: FakePorts) -> None:
    answers = {"sender": "rita@example.org", "model": "light", "manager": "mona@example.org", "vpn": "no"}
    assert "REQ0000001 ist angekommen" in check(send(ports, "laptop", **answers), "de", 201)
    (record,) = ports.records.stored.values()
    assert (record.title, record.details["language"]) == ("Ein neuer Laptop", "de")
    notifications.on(sqs({"detail": desk.fact(record)}), ports)
    (mail,) = ports.mail.sent.values()
    words = set(re.findall(r"[a-zà-ÿ]+", re.sub(r"http\S*", "", mail.text).lower()))
    assert not words & FOREIGN["de"], mail.text
    assert (mail.headers or {})["Content-Language"] == "de"
    params = {"link": sign(ports.link_secret, "ticket", record.id)}
    check(visit(tickets, "GET /tickets/{link}", ports, "de", params=params), "de")


def test_a_letter_that_fails_is_logged_and_counted_and_the_mail_goes_out(
    ports: FakePorts, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    from itsm.runtime.policies import Policies
    from itsm.service_desk.letters import Letter

    letters = replace(ports.policies.letters, letter={"received": {"en": Letter(text="{{ nothing }}")}})
    ports.policies = type("Broken", (Policies,), {"letters": letters})()
    record = ports.records.create(an_incident()).record
    notifications.on(sqs({"detail": desk.fact(record)}), ports)
    (mail,) = ports.mail.sent.values()
    assert mail.text.startswith("Thank you")
    (line,) = [one for one in caplog.records if "template failed" in one.getMessage()]
    assert vars(line)["template"] == "letter.received.en"
    assert '"LetterFellBack":[1.0]' in capsys.readouterr().out
