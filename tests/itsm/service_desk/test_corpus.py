"""Corpus: mail nobody here wrote meets its bars, and the table that says so can fail."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.corpus import hooks, mutants, table
from tests.corpus.killers import killers


@pytest.fixture(scope="module")
def root(shared: Callable[[str], Path]) -> Path:
    return shared("mail/manifest.json").parents[1]


@pytest.fixture(scope="module")
def rows(root: Path) -> list[table.Row]:
    return table.rows(root, 400, 7)


def test_every_bar_is_met(rows: list[table.Row]) -> None:
    assert not [f"{row.figure}: {row.ours}" for row in rows if row.met is False]
    assert sum(row.met is True for row in rows) >= 11
    assert list(table.lines(rows, show=False))[-1] == f"{sum(row.met is True for row in rows)} passed, 0 failed"


def test_a_folder_with_nothing_in_it_is_measured_as_nothing(tmp_path: Path) -> None:
    found = table.rows(tmp_path, 0, 1)
    assert [row.met for row in found] == [None]
    assert list(table.lines(found, show=False))[-1] == "0 passed, 0 failed"


def test_a_fact_that_is_not_met_is_told_and_fails_its_row(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "one.eml").write_bytes(b"From: a@example.org\nSubject: One\n\nWords.\n")
    expect = '{"subject": "Two", "is_bounce": true}'
    item = f'{{"id": "x/one", "file": "one.eml", "kind": "rfc822", "expect": {expect}}}'
    (tmp_path / "mail" / "manifest.json").write_text(f'{{"items": [{item}]}}')
    found = {row.figure: row for row in table.rows(tmp_path, 0, 1)}
    assert found["asserted bounces found"].met is False
    assert "x/one" in found["asserted parse facts met (sender, subject, body, attachments)"].missed[0]


def test_a_file_that_is_left_out_is_counted_and_a_row_without_sense_fails(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    rows = '{"id": "x/one", "file": "one.eml", "kind": "rfc822"}, {"id": "x/two"}, "three"'
    (tmp_path / "mail" / "manifest.json").write_text(f'{{"items": [{rows}]}}')
    gone, bad, _ = table.rows(tmp_path, 0, 1)
    assert (gone.ours, gone.met) == ("1", None)
    assert (bad.ours, bad.met) == ("2", False)


def test_a_vector_without_body_or_of_nobody_known_is_not_right() -> None:
    found = list(hooks.judged([{"id": "v"}, {"provider": "nobody", "body": "x", "expect_valid": False}]))
    assert [right for _, right in found] == [False, False]


def test_a_vector_that_is_no_message_is_judged_by_the_verifier_and_a_broken_one_is_told() -> None:
    sns = {"id": "s", "provider": "aws-sns", "body": "no message", "expect_valid": False}
    broken = {"id": "b", "provider": "github", "body": None, "headers": {"X-Hub-Signature-256": "x"}, "secret": "s"}
    judged = list(hooks.judged([sns, {**broken, "expect_valid": False}]))
    assert judged[0] == ("s", True)
    assert judged[1][0].startswith("b: AttributeError")
    assert not judged[1][1]


def test_killers_are_read_or_refused_and_never_raise() -> None:
    for _, raw in killers():
        mutants.mailed(raw)


def test_mutants_of_nothing_but_our_own_mail_raise_nothing() -> None:
    assert not mutants.run([], [], 300, 1).raised


def test_header_cases_of_other_desks_are_classified_alike(rows: list[table.Row]) -> None:
    (row,) = (row for row in rows if row.figure.startswith("header-only"))
    assert not row.missed
    assert row.ours.startswith("100.0%")


def test_a_header_case_that_is_not_met_is_told(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    cases = '{"headers": {"From": "a@example.org"}, "is_auto_reply": true}, {"headers": {"From": "a@example.org"}}'
    (tmp_path / "mail" / "header-cases.json").write_text(f'{{"cases": [{cases}]}}')
    row, _ = table.rows(tmp_path, 0, 1)
    assert row.ours == "0.0% (0 of 1)"
    assert "header case 1" in row.missed[0]


@pytest.mark.parametrize("said", ['{"items": [', "[]", '{"count": 1}', '{"items": {}}'])
def test_a_file_that_makes_no_sense_is_told_and_fails(tmp_path: Path, said: str) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "webhooks").mkdir()
    (tmp_path / "mail" / "manifest.json").write_text(said)
    (tmp_path / "webhooks" / "vectors.json").write_text('{"vectors": ["text"]}')
    bad, _ = table.rows(tmp_path, 0, 1)
    assert (bad.ours, bad.met) == ("2", False)
