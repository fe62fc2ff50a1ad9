"""Words: every language says everything, and what the product wrote in English is told again as it was meant."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from itsm.core.practice import load
from itsm.practices.service_level.policy import METRICS
from itsm.runtime.policies import Policies
from itsm.runtime.policy_check import WORKED
from itsm.service_desk import words as speech
from itsm.service_desk.needed import NEEDED
from itsm.service_desk.retelling import SENTENCES
from itsm.service_desk.words import Languages, Words

PRODUCT = Path(speech.__file__).parents[1]
TRANSLATED = ("de", "fr")


@pytest.fixture
def german(policies: Policies) -> Words:
    return policies.languages.of("de")


def test_every_language_has_every_word_every_state_and_every_sentence(policies: Policies) -> None:
    states = {state for name in WORKED for state in load(name).lifecycle.states}
    for tag in policies.tags:
        words = policies.languages.words[tag]
        assert set(words.words) == set(NEEDED), tag
        assert set(words.states) == states, tag
        assert set(words.sentences) == (set(SENTENCES) if tag in TRANSLATED else set()), tag
        assert set(METRICS) <= set(words.words), tag
    german, french = (policies.languages.words[tag] for tag in TRANSLATED)
    assert set(german.values) == set(french.values)


def test_every_word_a_page_asks_for_is_needed_and_every_needed_one_is_asked_for() -> None:
    asked = set()
    for name in ("ticket_page", "approval_page", "pages", "words", "sources/form", "../runtime/front_desk"):
        text = (PRODUCT / f"service_desk/{name}.py").read_text("utf-8")
        asked |= set(re.findall(r"""say\(\s*["'](\w+)["']""", text))
        asked |= set(re.findall(r'"(\w+)"', text)) & set(NEEDED)
    listed = {name for name in NEEDED if not name.startswith("error_")}
    assert asked >= listed - set(METRICS)
    assert asked <= set(NEEDED)


def fragments() -> Iterator[str]:
    """Every piece of text in the product's source, but for the table of sentences itself."""
    for path in PRODUCT.rglob("*.py"):
        if path.name != "retelling.py":
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_sentence_that_is_told_again_is_one_the_product_writes() -> None:
    written = "\n".join(fragments())
    for name, sentence in SENTENCES.items():
        for piece in re.split(r"\{\w*\}", sentence):
            assert piece.strip(" :") in written, f"{name}: nobody writes {piece!r}"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("its planned window is over; plan another", "das geplante Zeitfenster ist vorbei; planen Sie ein anderes"),
        (
            "75% of the OLA base resolution target of INC0000051 is used",
            "Von der Zielzeit „OLA base Lösung“ von INC0000051 sind 75% verbraucht",
        ),
        (
            "The response target of INC0000051 is breached; nobody holds the ticket; it goes to on-call; "
            "its priority is raised to 1",
            "Die Zielzeit „erste Antwort“ von INC0000051 ist verfehlt; das Ticket liegt bei: niemand; "
            "es geht an on-call; seine Priorität steigt auf 1",
        ),
        (
            "this approval is over: you already chose to accept; the record's page shows where it stands",
            "diese Genehmigung ist vorbei: Sie haben sich schon entschieden: genehmigen; die Seite des Tickets zeigt, "
            "wie es steht",
        ),
        (
            "CHG0000001 was changed after this link was sent; you will be asked anew",
            "CHG0000001 wurde geändert, nachdem dieser Link verschickt wurde; Sie werden neu gefragt",
        ),
        (
            "CHG0000001 is decided, or was decided without you; it is in_review now",
            "CHG0000001 ist entschieden, oder wurde ohne Sie entschieden; der Stand ist: In der Nachschau",
        ),
        ("the template 'x' is for website, not for no service", None),
        ("it goes to hell, says the printer; and {number}", None),
        ("A person wrote this.", None),
        ("", None),
    ],
)
def test_a_sentence_of_ours_is_told_again_and_words_of_people_stay(
    german: Words, written: str, told: str | None
) -> None:
    said = german.again(written)
    assert said == told if told is not None else (said == written or "'x'" in said)


def test_english_tells_nothing_again(policies: Policies) -> None:
    assert policies.languages.of("en").again("it is not approved as it is now") == "it is not approved as it is now"


@pytest.mark.parametrize(
    ("wanted", "accepts", "otherwise", "language"),
    [
        ("fr", "de", "de", "fr"),
        ("", "de-AT;q=0.8, fr;q=0.9", "", "fr"),
        ("xx", "de", "", "en"),
        ("", "nl, pt", "de", "de"),
        ("", "", "nl", "en"),
        ("", ";;q=x,,", "fr", "fr"),
    ],
)
def test_a_page_speaks_the_language_asked_for_the_browsers_or_the_tickets(
    policies: Policies, wanted: str, accepts: str, otherwise: str, language: str
) -> None:
    assert policies.languages.asked(wanted, accepts, otherwise).language == language


def test_a_word_a_language_lacks_is_said_in_the_organisations_own() -> None:
    def one(**said: str) -> Words:
        return Words(name="x", months=(), words=said, states={}, values={})

    ours = Languages(words={"en": one(state="State", risk="Risk"), "xx": one(state="Zzz")}, default="en")
    assert (ours.say("xx", "state"), ours.say("xx", "risk"), ours.say("yy", "state")) == ("Zzz", "Risk", "State")


def test_instants_and_spans_are_said_as_people_say_them(policies: Policies, german: Words) -> None:
    assert german.moment(1_764_000_000) == "24. Nov. 2025, 16:00 UTC"
    assert policies.languages.of("fr").moment(1_764_000_000) == "24 nov. 2025, 16:00 UTC"
    assert (german.span(3_601), german.span(59)) == ("1 Std. 01 Min.", "1 Min.")
