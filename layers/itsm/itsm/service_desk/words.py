"""Words: the sentences of our own on forms, pages and in mails, one table per language; all of it is policy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from string import Formatter

from itsm.service_desk.needed import NEEDED
from itsm.service_desk.retelling import SENTENCES, facts_of, retold

ENGLISH = "en"
LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """languages/<language>/words.toml: `name` is the language's own, `months` its twelve, `words` by the names in
    needed.py, `states` of records and other `values` by what a record holds, `sentences` by the names in retelling.py.

    A text says `{fact}` where a fact stands. What is missing is said in the organisation's own language.
    """

    name: str
    months: tuple[str, ...]
    words: Mapping[str, str]
    states: Mapping[str, str]
    values: Mapping[str, str]
    sentences: Mapping[str, str] = field(default_factory=dict)
    language: str = ""

    def say(self, what: str, **facts: object) -> str:
        """A sentence of ours, filled in."""
        return self.words.get(what, what.replace("_", " ")).format(**facts)

    def state(self, state: str) -> str:
        """A record's state."""
        return self.states.get(state, state.replace("_", " "))

    def value(self, value: str) -> str:
        """What a record holds as a word of ours; a word that is none of ours stays as it is."""
        return self.values.get(value, value)

    def moment(self, at: int) -> str:
        """An instant (epoch seconds) as people read it, in UTC and saying so."""
        then = datetime.fromtimestamp(at, UTC)
        month = self.months[then.month - 1] if len(self.months) == 12 else then.strftime("%m")
        return self.say("moment", day=f"{then:%d}", month=month, year=f"{then:%Y}", time=f"{then:%H:%M}")

    def span(self, seconds: int) -> str:
        """A stretch of time as people say it, its last minute begun counted whole."""
        hours, minutes = divmod(-(-seconds // 60), 60)
        return (
            self.say("hours", hours=hours, minutes=f"{minutes:02}") if hours else self.say("minutes", minutes=minutes)
        )

    def again(self, text: str) -> str:
        """What the product wrote on a record or into an error, in this language; words of people stay as they are."""
        return retold(text, self)


NOBODY = Words(name="", months=(), words={}, states={}, values={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Languages:
    """Every language we speak, by its tag, and the one of the organisation (`default`)."""

    words: Mapping[str, Words] = field(default_factory=dict)
    default: str = ENGLISH

    @property
    def spoken(self) -> tuple[str, ...]:
        """The languages we speak, the organisation's own first."""
        return tuple(sorted(self.words, key=lambda one: (one != self.default, one)))

    def of(self, language: str) -> Words:
        """The words of a language, the organisation's own where we do not speak it."""
        tag = language if language in self.words else self.default
        if tag not in self.words:
            return NOBODY
        found, own = self.words[tag], self.words.get(self.default, NOBODY)
        return replace(
            found,
            language=tag,
            words={**own.words, **found.words},
            states={**own.states, **found.states},
            values={**own.values, **found.values},
        )

    def say(self, language: str, what: str, **facts: object) -> str:
        """A sentence in a language."""
        return self.of(language).say(what, **facts)

    def asked(self, wanted: str, accepts: str, otherwise: str = "") -> Words:
        """The words for a page: the language asked for in its address, else the browser's, else `otherwise`."""
        default = otherwise if otherwise in self.words else self.default
        return self.of(chosen(wanted or accepts, self.spoken, default))


def chosen(accepts: str, spoken: tuple[str, ...], default: str) -> str:
    """The language of an Accept-Language header we can answer in, by its weights (RFC 9110 12.5.4)."""
    wanted: list[tuple[float, int, str]] = []
    for place, piece in enumerate(accepts.lower().split(",")[:20]):
        tag, _, weight = piece.partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, tag.strip().partition("-")[0]))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(wanted) if tag in spoken), default)


def problems(words: Words, states: frozenset[str], *, default: bool) -> list[tuple[str, str]]:
    """What is wrong in a language's words, as (key, reason); `states` are those records can be in.

    `default`: it is the organisation's own language, which every other falls back to.
    """
    found = [("language", "is what the folder is called; leave it out")] if words.language else []
    if len(words.months) != 12:
        found.append(("months", f"has {len(words.months)} names; a year has twelve months"))
    for name, facts in NEEDED.items():
        found += _one(f"words.{name}", words.words.get(name), facts)
    found += [
        (f"words.{name}", "is no word of ours; nobody would read it") for name in words.words if name not in NEEDED
    ]
    found += [("states", f"{state} is missing") for state in sorted(states - set(words.states))]
    found += [(f"states.{one}", "no record is ever in that state") for one in words.states if one not in states]
    for name, text in words.sentences.items():
        if name not in SENTENCES:
            found.append((f"sentences.{name}", "is no sentence of ours; nobody would read it"))
        else:
            found += _one(f"sentences.{name}", text, facts_of(name))
    if not words.sentences and default:
        return found  # what the product writes on records is English, and may stay so
    return found + [("sentences", f"{name} is missing") for name in SENTENCES if name not in words.sentences]


def _one(key: str, text: str | None, facts: tuple[str, ...]) -> list[tuple[str, str]]:
    if text is None:
        table, _, name = key.partition(".")
        return [(table, f"{name} is missing")]
    try:
        named = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        return [(key, f"cannot be filled in: {error}; a brace of the text itself is written twice")]
    unknown = sorted(named - set(facts))
    known = ", ".join(f"{{{fact}}}" for fact in facts) or "none"
    return [(key, f"there is no {{{name}}} here; there is {known}") for name in unknown]
