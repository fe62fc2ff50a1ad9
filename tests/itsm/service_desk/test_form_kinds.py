"""Forms: questions that depend on others, files, and languages; all of it in policy, none of it with a script."""

from dataclasses import replace

import pytest
from itsm.runtime.policies import Policies
from itsm.service_desk.policy import Choice, Form, Forms, Question, Translation, problems
from itsm.service_desk.sources import form as forms
from itsm.service_desk.sources.posted import File
from itsm.service_desk.words import chosen

from tests.builders import NOON

KINDS = tuple(Choice(value=value, label=value.upper()) for value in "ab")
FORM = Form(
    title="Access",
    practice="request",
    question=(
        Question(name="sender", label="You", type="email", required=True),
        Question(name="subject", label="What", required=True),
        Question(
            name="kind", label="Kind", type="choice", choices=tuple(Choice(value=v, label=v.upper()) for v in "ab")
        ),
        Question(name="reason", label="Why", required=True, when={"kind": ("a",)}),
        Question(name="proof", label="Proof", type="file", required=True, when={"kind": ("b",)}),
    ),
    translation={"de": Translation(title="Zugang", labels={"reason": "Warum"}, choices={"kind.a": "Anfang"})},
    words=Policies().languages,
)
GIVEN = {"token": "a-good-token", "sender": "rita@example.org", "subject": "Door"}
PROOF = File(answers="proof", name="C:\\proof.pdf", type="application/pdf", content=b"%PDF")


def wrong(given: dict[str, str], *files: File, form: Form = FORM) -> list[str]:
    """The fields that are missing or wrong."""
    try:
        forms.parse("access", form, given, received_at=NOON, files=files)
    except forms.WrongAnswersError as errors:
        return [error.field for error in errors.errors]
    return []


@pytest.mark.parametrize(
    ("given", "files", "missing"),
    [
        ({}, (), []),
        ({"kind": "a"}, (), ["reason"]),
        ({"kind": "a", "reason": "I must"}, (), []),
        ({"kind": "b"}, (), ["proof"]),
        ({"kind": "b"}, (PROOF,), []),
    ],
)
def test_a_question_is_required_only_where_it_is_asked(
    given: dict[str, str], files: tuple[File, ...], missing: list[str]
) -> None:
    assert wrong({**GIVEN, **given}, *files) == missing


def test_the_answer_to_a_question_that_is_not_asked_counts_for_nothing() -> None:
    said = forms.parse("access", FORM, {**GIVEN, "kind": "b", "reason": "x"}, received_at=NOON, files=(PROOF,))
    assert "reason" not in said.fields
    assert [(one.name, one.content) for one in said.attachments] == [("proof.pdf", b"%PDF")]
    none = forms.parse("access", FORM, {**GIVEN, "kind": "a", "reason": "x"}, received_at=NOON, files=(PROOF,))
    assert not none.attachments


def test_what_is_required_where_it_is_asked_is_not_called_optional_nor_keeps_a_browser_from_sending() -> None:
    tool = Question(name="tool", label="Tool", type="choice", required=True, when={"kind": ("a",)}, choices=KINDS)
    page = forms.page("access", replace(FORM, question=(*FORM.question, tool)), "token-00001")
    for label in ("Why", "Proof", "Tool"):
        assert f">{label}<" in page
    assert "Kind (optional)" in page
    assert not [line for line in page.splitlines() if 'name="tool"' in line and "required" in line]


def test_the_page_hides_what_is_not_asked_and_says_when_it_is() -> None:
    page = forms.page("access", FORM, "token-00001")
    assert "#reason-q{display:none}" in page
    assert "Only if “Kind” is: A." in page
    assert 'enctype="multipart/form-data"' in page
    assert "<script" not in page


def test_a_form_speaks_the_language_it_is_asked_in_where_it_can() -> None:
    german = forms.spoken(FORM, "de")
    page = forms.page("access", german, "token-00001")
    assert all(words in page for words in ('lang="de"', "<h1>Zugang</h1>", "Warum", "Anfang", "freiwillig", "What"))
    with pytest.raises(forms.WrongAnswersError, match="füllen"):
        forms.parse("access", german, {**GIVEN, "subject": ""}, received_at=NOON)
    assert forms.parse("access", german, GIVEN, received_at=NOON).fields["language"] == "de"
    assert forms.spoken(FORM, "it") is FORM


@pytest.mark.parametrize(
    ("accepts", "language"),
    [("de-DE,de;q=0.9,en;q=0.8", "de"), ("fr;q=0.9, de;q=0.2", "de"), ("it", "en"), ("", "en"), ("de;q=x", "en")],
)
def test_the_best_language_of_the_browser_is_taken(accepts: str, language: str) -> None:
    assert chosen(accepts, FORM.languages, "en") == language


@pytest.mark.parametrize("name", ["token", "website", "approval", "raw", "plan"])
def test_a_question_called_like_what_the_desk_keeps_itself_is_refused(name: str, policies: Policies) -> None:
    asked = replace(FORM, question=(*FORM.question, Question(name=name, label="X")))
    found = problems(Forms(form={"access": asked}, services=policies.services))
    assert [path for path, _ in found] == ["form.access.question.5.name"]


def test_what_is_wrong_with_a_condition_or_translation_is_named(policies: Policies) -> None:
    asks = replace(FORM.question[3], when={"kind": ("c",), "nothing": ("a",)})
    words = Translation(subject="x", labels={"nothing": "x"}, choices={"kind.z": "x"}, hints={"none": "x"})
    bad = replace(FORM, question=(*FORM.question[:3], asks), translation={"en": Translation(), "de": words})
    found = {key for key, _ in problems(Forms(form={"x": bad}, services=policies.forms.services))}
    assert found == {
        "form.x.question.3.when.kind",
        "form.x.question.3.when.nothing",
        "form.x.translation.en",
        "form.x.translation.de.subject",
        "form.x.translation.de.labels.nothing",
        "form.x.translation.de.hints.none",
        "form.x.translation.de.choices.kind.z",
    }
