"""Language check: what is wrong with the languages we speak, their words and letters, and who is told in them."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from itsm.runtime.policies import Policies
from itsm.service_desk import letter_checks, words

type Problems = Iterable[tuple[str, str]]

OF_A_LANGUAGE = ("words", "letters")
"""The files of a language's folder."""


def owners(policies: Policies, states: frozenset[str]) -> Iterator[tuple[str, Callable[[Policies], Problems]]]:
    """Every file of every language by name, and what finds what is wrong in it; `states` are those of all records."""
    for tag in policies.tags:
        yield f"languages/{tag}/words", _words(tag, states)
        yield f"languages/{tag}/letters", _letters(tag)


def _words(tag: str, states: frozenset[str]) -> Callable[[Policies], Problems]:
    def found(policies: Policies) -> Problems:
        return words.problems(policies.languages.words[tag], states, default=tag == policies.letters.language)

    return found


def _letters(tag: str) -> Callable[[Policies], Problems]:
    return lambda policies: letter_checks.shipped_problems(policies.shipped_letters[tag])


def readers(policies: Policies) -> Problems:
    """Languages that sources.toml gives people and that we do not write."""
    own = {language for texts in policies.letters.letter.values() for language in texts}
    known, people = sorted({*policies.tags, *own}), policies.sources.people
    given = [(f"people.languages.{address}", language) for address, language in people.languages.items()]
    given += [(f"people.organisations.{domain}.language", one.language) for domain, one in people.organisations.items()]
    for key, language in given:
        if language and language not in known:
            yield key, f"we write no {language!r}; we write {', '.join(known)}"


def strangers(files: Iterable[str]) -> Sequence[tuple[str, str]]:
    """What lies in languages/ and is no file of a language, as (file, reason); `files` are `<folder>/<file>`."""
    found: list[tuple[str, str]] = []
    for file in files:
        folder, _, name = file.partition("/")
        if not words.LANGUAGE.fullmatch(folder):
            found.append((file, "its folder is no language; call it like en, de or fr (BCP 47, its first part)"))
        elif name.endswith(".toml") and name.removesuffix(".toml") not in OF_A_LANGUAGE:
            found.append((file, f"nobody reads this file; a language has {' and '.join(OF_A_LANGUAGE)}"))
    return found
