"""Every letter: each kind of mail in each language, looked at as its reader would, and as a mail program would."""

import email
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from itsm.core.record import Record
from itsm.runtime.policies import Policies
from itsm.service_desk import outgoing, templates
from itsm.service_desk.letters import FACTS
from itsm.service_desk.sources.email import parse
from itsm.service_desk.threading import candidates

from tests.builders import NOON, an_incident
from tests.itsm.service_desk.mails import a_mail
from tests.support.letters import KINDS, LINK, mail, sender

LANGUAGES = ("de", "en", "fr")
EVIL = "<img src=x onerror=alert(1)> & \"quotes\" 'and' {{ 7 * 7 }} {% for %}"
THEIRS = "Zwarte inkt is op, tweede verdieping"
"""In a language we do not write, so that a sentence of ours in the wrong language stands out."""
TELLTALES = {
    "en": ("the", "and", "your", "answer", "ticket", "group", "priority", "is", "see", "decide", "to", "not"),
    "de": ("der", "die", "und", "ist", "antworten", "wir", "sie", "nicht", "zum", "wurde", "gruppe"),
    "fr": ("le", "et", "est", "vous", "nous", "ce", "répondez", "pas", "groupe", "sera", "voir"),
}
"""Little words by which a language gives itself away; none of them is a word of another's."""
SHARED = {"ticket"}
PAIRS = [(kind, language) for kind in FACTS for language in LANGUAGES]


class Reader(HTMLParser):
    """What a mail program makes of the HTML: tags that do not match, what is read, the links, the language."""

    VOID = frozenset({"br", "meta", "img", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.language = ""
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.add(tag)
        self.links += [held["href"] or ""] if "href" in held else []
        self.language = (held.get("lang") or "") if tag == "html" else self.language
        self.wrong += [name for name in held if name.startswith("on")]
        self.open += [] if tag in self.VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def ticket(language: str, **overrides: Any) -> Record:
    facts = {
        "title": THEIRS,
        "requester_name": "Rita Rekesta",
        "details": {"language": language, "message_id": "a@b.c"},
    }
    return replace(an_incident(**{**facts, **overrides}), number="INC0000051")


def test_every_kind_of_letter_is_walked_and_the_policy_speaks_no_other_language(policies: Policies) -> None:
    assert set(KINDS) == set(FACTS)
    assert sorted(policies.languages.spoken) == sorted(LANGUAGES)
    assert all(set(shipped.letter) == set(FACTS) for shipped in policies.shipped_letters.values())


@pytest.mark.parametrize(("kind", "language"), PAIRS)
def test_a_letter_says_its_number_its_title_what_was_said_and_where_to_look(
    policies: Policies, kind: str, language: str
) -> None:
    desk = sender(policies)
    message = mail(kind, ticket(language), THEIRS, desk)
    link = LINK if kind == "decide" else desk.ticket_link(ticket(language))
    page = read(message.html)
    shown = " ".join(page.said)
    assert "[INC0000051]" in message.subject
    assert THEIRS in message.subject
    for said in (message.text, shown):
        assert "INC0000051" in said
        assert THEIRS in said
    assert link in message.text
    assert page.links == [link]
    assert message.text.rstrip().endswith(policies.shipped_letters[language].desk)
    assert 150 < len(message.text) < 900


@pytest.mark.parametrize(("kind", "language"), PAIRS)
def test_a_letters_html_is_whole_and_nothing_in_it_came_from_a_stranger(
    policies: Policies, kind: str, language: str
) -> None:
    evil = ticket(
        language, title=EVIL, requester_name=EVIL, group=EVIL, assignee=EVIL, requester="rita@example.org", priority=1
    )
    message = mail(kind, evil, EVIL, sender(policies))
    page = read(message.html)
    assert page.wrong == []
    assert page.open == []
    assert page.language == language
    assert page.tags <= {"html", "head", "meta", "title", "body", "div", "p", "a", "strong", "blockquote", "br"}
    assert "<img" not in message.html
    assert EVIL in unescape(re.sub(r"<[^>]*>", "", message.html))
    assert EVIL in message.text
    assert "{{ 7" in message.subject


@pytest.mark.parametrize(("kind", "language"), PAIRS)
def test_a_letter_threads_answers_no_machine_and_is_found_by_its_answer(
    policies: Policies, kind: str, language: str
) -> None:
    record, desk = ticket(language), sender(policies)
    message = mail(kind, record, THEIRS, desk)
    sent = email.message_from_bytes(outgoing.to_mime(message, "Desk <support@desk.example.org>"))
    assert sent["Auto-Submitted"] == ("auto-replied" if kind == "received" else "auto-generated")
    assert sent["X-Auto-Response-Suppress"] == "All"
    assert sent["Content-Language"] == language
    assert sent["In-Reply-To"] == "<a@b.c>"
    assert sent["References"].split()[0] == "<a@b.c>"
    assert [part.get_content_type() for part in sent.walk()][1:] == ["text/plain", "text/html"]
    own = desk.own
    answer = parse(a_mail(References=sent["References"].replace("\n", "")), received_at=NOON, own=own)
    assert candidates(answer, (b"secret",), own.domain)[0].record == record.id
    back = parse(outgoing.to_mime(message, "Desk <x@elsewhere.example>"), received_at=NOON, own=own)
    assert back.auto.automatic


@pytest.mark.parametrize(("kind", "language"), PAIRS)
def test_no_letter_has_a_word_of_another_language_or_one_that_was_not_filled_in(
    policies: Policies, kind: str, language: str
) -> None:
    notes = {
        "blocked": "its planned window is over; plan another",
        "warned": "75% of the OLA base resolution target of INC0000051 is used",
        "breached": "The resolution target of INC0000051 is breached; nobody holds the ticket; it goes to on-call",
        "follow_up": "INC0000051 still waits for the supplier: ask how it stands, or go on without",
    }
    message = mail(kind, ticket(language, group="", assignee=""), notes.get(kind, THEIRS), sender(policies))
    for said in (message.subject, message.text, " ".join(read(message.html).said)):
        words = set(re.findall(r"[a-zàâäçéèêëîïôöùûüß]+", said.replace(THEIRS, "").lower())) - SHARED
        for other in set(LANGUAGES) - {language}:
            assert not words & set(TELLTALES[other]), (said, other)
        assert not re.search(r"\{\{|\{%|\}\}|None|\{\w+\}|\n{3}", said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_without_a_name_a_note_or_a_group_still_reads_well(policies: Policies, language: str) -> None:
    for kind in FACTS:
        said = "" if kind == "refused" else THEIRS
        message = mail(kind, ticket(language, requester_name="", group="", assignee=""), said, sender(policies))
        assert not re.search(r" [,.!]|,,|\(\)|\n\n\n", message.text), (kind, message.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_a_letter_may_name_is_escaped_wherever_it_stands(policies: Policies, language: str) -> None:
    for kind, letter in policies.shipped_letters[language].letter.items():
        known = dict.fromkeys(("number", "title", "link", "desk", "language", *FACTS[kind]), EVIL)
        assert "<img" not in templates.html(letter.html, known), kind
