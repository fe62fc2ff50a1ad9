"""Language check: a broken, unknown or missing word or letter stops the build, by file, line and key."""

import shutil
from importlib import resources
from pathlib import Path

import pytest
from itsm.runtime.policy_check import Finding, check


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the deployed policy to plant faults in."""
    shutil.copytree(str(resources.files("itsm_policy")), tmp_path / "policy", ignore=shutil.ignore_patterns("*.py*"))
    return tmp_path / "policy"


def planted(directory: Path, file: str, old: str, new: str) -> int:
    """Replace one text of a file; returns the line it stands on."""
    text = (directory / file).read_text("utf-8")
    assert old in text
    (directory / file).write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def found(directory: Path) -> list[Finding]:
    """What the check says that it does not say of what is deployed."""
    known = {str(one) for one in check()}
    return [one for one in check(directory) if str(one) not in known]


WORDS, LETTERS = "languages/de/words.toml", "languages/de/letters.toml"
FAULTS = [
    (
        WORDS,
        'optional = "freiwillig"',
        'optional = "freiwillig {why}"',
        "words.optional",
        "no {why} here; there is none",
    ),
    (WORDS, "„{question}“", "„{question“", "words.only_if", "cannot be filled in"),
    (WORDS, 'accept = "Genehmigen"', 'agree = "Genehmigen"', "words.agree", "no word of ours"),
    (WORDS, 'closed = "Geschlossen"', 'shut = "Geschlossen"', "states.shut", "no record is ever"),
    (WORDS, "{level} verbraucht", "{stage} verbraucht", "sentences.used", "no {stage} here"),
    (WORDS, ', "Dez."]', "]", "months", "has 11 names"),
    (
        LETTERS,
        "Beantragt von {{ asker }}",
        "Beantragt von {{ boss }}",
        "letter.decide.text",
        "no 'boss' in this letter",
    ),
    (LETTERS, "{{ author or desk }} schrieb", "{{ author or desk }", "letter.said.text", "line 1"),
    (LETTERS, "<p>Ohne sie", "<p><b>Ohne sie", "letter.reminded.html", "comes while <b> is open"),
    (LETTERS, "{{ reason }}", "{{ reason | safe }}", "letter.blocked.text", "No filter named 'safe'"),
    (LETTERS, "[{{ number }}] {{ title }}", "{{ title }}", "letter.decide.subject", "by which an answer finds"),
    (LETTERS, "[letter.done]", "[letter.finished]", "letter.finished", "we send no such mail"),
    (LETTERS, 'desk = "Servicedesk"', 'desk = ""', "desk", "is empty"),
    (LETTERS, "subject =", "topic =", "letter.decide.topic", "is unknown here"),
    ("letters.toml", 'language = "en"', 'language = "it"', "language", "no folder in languages/"),
    ("letters.toml", "{{ body }}", "{{ content }}", "frame.text", "no 'content' in this letter"),
    (
        "sources.toml",
        "languages = {}",
        'languages = { "a@b.example" = "it" }',
        "people.languages.a@b.example",
        "no 'it'",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "key", "reason"), FAULTS)
def test_a_fault_is_named_by_file_line_and_key(
    directory: Path, file: str, old: str, new: str, key: str, reason: str
) -> None:
    line = planted(directory, file, old, new)
    faults = [one for one in found(directory) if one.key == key]
    assert [one.file for one in faults] == [file]
    assert reason in faults[0].reason
    if "(in its line" in faults[0].reason or key.startswith("words."):
        assert faults[0].line == line
    assert faults[0].line > 1 or line == 1


def test_a_template_that_cannot_be_read_is_named_by_its_own_line_in_the_file(directory: Path) -> None:
    line = planted(directory, LETTERS, "Dazu wurde gesagt:\n\n{{ note }}", "Dazu wurde gesagt:\n\n{{ note")
    (fault,) = found(directory)
    assert (fault.file, fault.key) == (LETTERS, "letter.refused.text")
    # the fault is seen where the brace is missed: on the lines from the open one on
    assert line <= fault.line <= line + 3


def test_a_word_a_letter_or_a_file_that_is_missing_is_named(directory: Path) -> None:
    text = (directory / LETTERS).read_text("utf-8")
    (directory / LETTERS).write_text(text[: text.index("[letter.follow_up]")], "utf-8")
    planted(directory, WORDS, 'refuse = "Ablehnen"\n', "")
    (directory / "languages/fr/words.toml").unlink()
    (directory / "languages/fr/wrods.toml").write_text("", "utf-8")
    (directory / "languages/English").mkdir()
    (directory / "languages/English/words.toml").write_text('name = "English"', "utf-8")
    said = {(one.file, one.key, one.reason.partition(";")[0]) for one in found(directory)}
    assert said >= {
        (LETTERS, "letter", "follow_up is missing"),
        (WORDS, "words", "refuse is missing"),
        ("languages/fr/words.toml", "", "the file is missing"),
        ("languages/fr/wrods.toml", "", "nobody reads this file"),
        ("languages/English/words.toml", "", "its folder is no language"),
    }


def test_a_new_language_is_whole_before_it_is_deployed(directory: Path) -> None:
    shutil.copytree(directory / "languages/fr", directory / "languages/es")
    assert found(directory) == []
    planted(directory, "languages/es/letters.toml", "[letter.approved]", "[letter.aprobado]")
    assert {one.file for one in found(directory)} == {"languages/es/letters.toml"}
