"""Letter checks: what is wrong in letters.toml and in a language's letters; each template is tried at the build."""

import re
from collections.abc import Iterator, Mapping

from itsm.service_desk import templates
from itsm.service_desk.letters import COMMON, DECIDE, FACTS, Frame, Letter, Letters, Shipped
from itsm.service_desk.words import LANGUAGE

EXAMPLE: Mapping[str, str] = {
    "number": "INC0000001",
    "title": 'The "printer" <2nd floor> & its tray',
    "link": "https://desk.example.org/tickets/x.y?a=b&c=d",
    "priority": "1",
    "language": "en",
}
"""Facts as they come; those that are not here are a word in brackets that HTML must not take for a tag."""
TOKEN = f"[{EXAMPLE['number']}]"

type Problems = Iterator[tuple[str, str]]


def problems(policy: Letters) -> Problems:
    """What is wrong in letters.toml, as (key, reason)."""
    known = ", ".join(sorted(policy.shipped))
    if policy.language not in policy.shipped:
        yield (
            "language",
            f"{policy.language!r} has no folder in languages/; there is {known}",
        )
    yield from _framed(policy.frame)
    for mail, texts in policy.letter.items():
        if mail not in FACTS:
            yield f"letter.{mail}", f"we send no such mail; there are {', '.join(FACTS)}"
            continue
        for language, letter in texts.items():
            key = f"letter.{mail}.{language}"
            if not LANGUAGE.fullmatch(language):
                yield key, f"{language!r} is no language; write it like en, de or fr (BCP 47, its first part)"
            yield from _letter(key, mail, letter)


def shipped_problems(shipped: Shipped) -> Problems:
    """What is wrong in languages/<language>/letters.toml, as (key, reason): it has every letter, in text and HTML."""
    if not shipped.desk.strip():
        yield "desk", "is empty; mails are signed with it"
    for mail in FACTS:
        if mail not in shipped.letter:
            yield "letter", f"{mail} is missing; every language has every letter"
    for mail, letter in shipped.letter.items():
        if mail not in FACTS:
            yield f"letter.{mail}", f"we send no such mail; there are {', '.join(FACTS)}"
            continue
        if not letter.html.strip():
            yield f"letter.{mail}", "html is missing; every letter is text and HTML"
        yield from _letter(f"letter.{mail}", mail, letter)


def _letter(key: str, mail: str, letter: Letter) -> Problems:
    known = {name: EXAMPLE.get(name, f"<{name} & more>") for name in (*COMMON, *FACTS[mail])}
    found = [(f"{key}.subject", why) for why in templates.problems(letter.subject, known, as_html=False)]
    found += [(f"{key}.text", why) for why in templates.problems(letter.text, known, as_html=False)]
    found += [(f"{key}.html", why) for why in templates.problems(letter.html, known, as_html=True)]
    yield from found
    if found:
        return
    if TOKEN not in templates.text(letter.subject, known):
        yield f"{key}.subject", "has no [{{ number }}], by which an answer finds its ticket"
    shown = {"text": templates.text(letter.text, known), "html": str(templates.html(letter.html, known))}
    for part, said in shown.items():
        if mail == DECIDE and said and known["link"] not in said.replace("&amp;", "&"):
            yield f"{key}.{part}", "has no {{ link }}, without which nobody can decide"
        if not said.strip() and part == "text":
            yield f"{key}.text", "says nothing"


def _framed(frame: Frame) -> Problems:
    known = {name: EXAMPLE.get(name, f"<{name}>") for name in (*COMMON, "body")}
    for part, source in (("text", frame.text), ("html", frame.html)):
        found = templates.problems(source, known, as_html=part == "html")
        yield from ((f"frame.{part}", why) for why in found)
        if not found and not re.search(r"\{\{-?\s*body\b", source):
            yield f"frame.{part}", "has no {{ body }}, which is the letter itself"
