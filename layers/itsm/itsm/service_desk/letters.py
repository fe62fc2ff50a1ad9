"""Letters: the words of our mails, as templates the desk's owner writes, in each language; none can do harm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from itsm.core.errors import PolicyError

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

RECEIVED, SAID, ENDED = "received", "said", "ended"
FACTS: Mapping[str, tuple[str, ...]] = {
    RECEIVED: ("number", "title", "name"),
    SAID: ("number", "title", "author", "text"),
    ENDED: ("number", "title", "state"),
}
"""What the template of each mail may name."""
EXAMPLE = {"number": "INC0000001", "title": "t", "name": "n", "author": "a", "text": "x", "state": "resolved"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """letters.toml: `letter.<mail>.<language>` is a text in Jinja; a blank line begins a paragraph.

    Mails: received (we have it), said (somebody wrote on the ticket), ended (done, refused, cancelled). A ticket whose
    language is not there is written to in `language`.
    """

    language: str = "en"
    letter: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def paragraphs(self, mail: str, language: str, **facts: str) -> list[str]:
        """The mail's paragraphs, [] where the owner has written no such mail."""
        texts = self.letter.get(mail, {})
        template = texts.get(language) or texts.get(self.language, "")
        said = rendered(template, facts) if template else ""
        return [part.strip() for part in said.split("\n\n") if part.strip()]


def rendered(template: str, facts: Mapping[str, str]) -> str:
    """A template filled in. Raises PolicyError, with its line, for one that is wrong or names what is not there.

    It runs in Jinja's sandbox: it reads the facts, which are texts, and reaches nothing else.
    """
    from jinja2 import TemplateError

    try:
        return _environment().from_string(template).render(**facts)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise PolicyError(f"{error.message or 'cannot be filled in'}{f' (line {line})' if line else ''}") from error


@cache
def _environment() -> "SandboxedEnvironment":
    from jinja2 import DictLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Plain text: the HTML of a mail is made from it afterwards, with everything escaped.
    return ImmutableSandboxedEnvironment(
        loader=DictLoader({}), undefined=StrictUndefined, autoescape=False
    )  # see above


def problems(letters: Letters) -> list[tuple[str, str]]:
    """What is wrong in letters.toml, as (key path, reason): each template is tried."""
    found: list[tuple[str, str]] = []
    for mail, texts in letters.letter.items():
        if mail not in FACTS:
            found.append((f"letter.{mail}", f"we send no such mail; there are {', '.join(FACTS)}"))
            continue
        if letters.language not in texts:
            found.append((f"letter.{mail}", f"is not written in {letters.language!r}, which all others fall back to"))
        for language, text in texts.items():
            try:
                rendered(text, {name: EXAMPLE[name] for name in FACTS[mail]})
            except PolicyError as error:
                found.append((f"letter.{mail}.{language}", str(error)))
    return found
