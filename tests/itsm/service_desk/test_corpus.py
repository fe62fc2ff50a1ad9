"""Corpus: mail nobody here wrote meets its bars, and the table that says so can fail."""

from collections.abc import Callable
from pathlib import Path

import pytest
from itsm.service_desk.filters import AUTO_REPLY, LIST, Own, classify
from itsm.service_desk.sources import headers, mime

from tests.corpus import hooks, mutants, shelf, table
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


def test_killers_are_read_or_refused_and_never_raise() -> None:
    for _, raw in killers():
        mutants.mailed(raw)


def test_mutants_of_nothing_but_our_own_mail_raise_nothing() -> None:
    assert not mutants.run([], [], 300, 1).raised


def test_header_cases_of_other_desks_are_classified_alike(root: Path) -> None:
    cases = shelf.header_cases(root)
    assert cases
    wrong = []
    for case in cases:
        head = "".join(
            f"{name}: {one}\n"
            for name, value in case["headers"].items()
            for one in ([value] if isinstance(value, str) else value)
        )
        mail = mime.read(head.encode() + b"\nHello\n")
        sender = next((address for _, address in headers.addresses(mail.raw("from"))), "")
        automatic = classify(mail, sender, Own(domain="desk.example.org")).kind in (AUTO_REPLY, LIST)
        if case.get("is_auto_reply", automatic) != automatic:
            wrong.append(case["headers"])
    assert not wrong
