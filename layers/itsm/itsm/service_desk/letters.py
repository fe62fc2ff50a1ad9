"""Letters: every mail of ours from a template in the reader's language; the organisation's own goes before ours."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from itsm.core.errors import PolicyError

RECEIVED, SAID, REMINDED, PRESUMED = "received", "said", "reminded", "presumed"
DONE, CANCELLED, REFUSED, LAPSED = "done", "cancelled", "refused", "lapsed"
APPROVED, BLOCKED, DECIDE = "approved", "blocked", "decide"
WARNED, BREACHED, FOLLOW_UP = "warned", "breached", "follow_up"
COMMON = ("number", "title", "link", "desk", "language")
ABOUT = ("note", "priority", "group", "assignee")
FACTS: Mapping[str, tuple[str, ...]] = {
    RECEIVED: ("name",),
    SAID: ("author", "text"),
    REMINDED: (),
    PRESUMED: (),
    DONE: (),
    CANCELLED: (),
    REFUSED: ("note", "by"),
    LAPSED: (),
    APPROVED: (),
    BLOCKED: ("reason",),
    DECIDE: ("asker", "until"),
    WARNED: ABOUT,
    BREACHED: ABOUT,
    FOLLOW_UP: ABOUT,
}
"""Every mail we send, and what its template may name beside COMMON. A fact that is not there is an empty text."""
SUBJECT = "[{{ number }}] {{ title }}"
WORDS = ("text", "note", "reason")
"""What a letter is about, for the bare one that is sent when every template failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail in one language, in Jinja: subject, text, and HTML (made from the text where there is none).

    In HTML every fact is escaped, and `{{ text | lines }}` keeps its lines.
    """

    text: str
    html: str = ""
    subject: str = SUBJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """languages/<language>/letters.toml: what the desk is called, and every letter."""

    desk: str
    letter: Mapping[str, Letter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """[frame]: what stands around each letter's `body`; the facts of every letter may be named."""

    text: str = "{{ body }}\n\n-- \n{{ desk }}\n"
    html: str = '<!doctype html><html lang="{{ language }}"><body>{{ body }}<p>-- <br>{{ desk }}</p></body></html>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter that was filled in."""

    subject: str
    text: str
    html: str


type Fallen = Callable[[str], None]
"""Is told the key of each template that failed."""


def unheard(key: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """letters.toml: the organisation's `language`, the name of its `desk`, the frame, and the letters of its own,
    `letter.<mail>.<language>`, which go before those in languages/.
    """

    language: str = "en"
    desk: str = ""
    frame: Frame = field(default_factory=Frame)
    letter: Mapping[str, Mapping[str, Letter]] = field(default_factory=dict)
    shipped: Mapping[str, Shipped] = field(default_factory=dict, metadata={"from": "shipped_letters"})

    def spoken(self, mail: str, *wanted: str) -> str:
        """The first language wanted that the mail is written in, else the organisation's."""
        own = self.letter.get(mail, {})
        return next((one for one in wanted if one and (one in own or one in self.shipped)), self.language)

    def write(self, mail: str, language: str, facts: Mapping[str, str], fallen: Fallen = unheard) -> Written:
        """The mail, from the organisation's template, else from the shipped one, else bare; it never fails.

        `fallen` hears of each template that could not be filled in.
        """
        known = {**dict.fromkeys((*COMMON, *FACTS[mail]), ""), **self._about(language), **facts}
        for key, letter in self._candidates(mail, language):
            try:
                return filled(letter, self.frame, known)
            except PolicyError:
                fallen(key)
        return bare(known)

    def _about(self, language: str) -> Mapping[str, str]:
        shipped = self.shipped.get(language)
        return {"language": language, "desk": self.desk or (shipped.desk if shipped else "Service desk")}

    def _candidates(self, mail: str, language: str) -> Iterator[tuple[str, Letter]]:
        for tag in dict.fromkeys((language, self.language)):
            if own := self.letter.get(mail, {}).get(tag):
                yield f"letter.{mail}.{tag}", own
            if (shipped := self.shipped.get(tag)) and mail in shipped.letter:
                yield f"languages/{tag}/letter.{mail}", shipped.letter[mail]


def filled(letter: Letter, frame: Frame, facts: Mapping[str, str]) -> Written:
    """A letter in its frame. Raises PolicyError for a template that is wrong or names what is not there."""
    from itsm.service_desk import templates

    text = templates.text(letter.text, facts).strip()
    html = templates.html(letter.html, facts) if letter.html else templates.paragraphs(text, facts["link"])
    return Written(
        subject=templates.text(letter.subject, facts),
        text=templates.text(frame.text, {**facts, "body": text}),
        html=templates.html(frame.html, {**facts, "body": html}),
    )


def bare(facts: Mapping[str, str]) -> Written:
    """What goes out when every template failed: number, title, what is said, and the link."""
    said = "\n\n".join(facts[name] for name in WORDS if facts.get(name))
    text = "\n\n".join(part for part in (f"{facts['number']}: {facts['title']}", said, facts["link"]) if part)
    shown = escape(text.removesuffix(facts["link"])).replace("\n", "<br>\n")
    link = f'<a href="{escape(facts["link"])}">{escape(facts["link"])}</a>'
    return Written(
        subject=f"[{facts['number']}] {facts['title']}",
        text=f"{text}\n\n-- \n{facts['desk']}\n",
        html=f'<!doctype html><html lang="{escape(facts["language"])}"><body><p>{shown}{link}</p></body></html>',
    )
