"""Nothing derived is precious: its rows are deleted and its events followed again, and the same rows are there."""

from typing import Any

import pytest
from itsm.aws.models import Tables

from functions.record_changes.app import handler as record_changes
from tests.itsm.aws.conftest import Store
from tests.itsm.aws.life import Life, a_life, begin, end, is_late, waits


@pytest.fixture
def life(store: Store) -> Life:
    """An incident that was worked, held, late and is over."""
    made = a_life(store)
    begin(made)
    waits(made)
    is_late(made)
    end(made)
    return made


def _rows(tables: Tables) -> dict[tuple[str, str], dict[str, Any]]:
    """Every row of the audit and the journal, as stored."""
    kept: list[Any] = [*tables.audit.scan(), *tables.comment.scan(tables.comment.sk.startswith("C#"))]
    return {(row.pk, row.sk): row.serialize() for row in kept}


def test_deleted_derived_rows_come_back_the_same_when_the_events_are_followed_again(life: Life) -> None:
    tables, record = life.store.tables, life.record
    before, journal = _rows(tables), life.store.records.comments(record.id)
    assert len(before) == record.version + len(journal)
    for row in [*tables.audit.scan(), *tables.comment.scan(tables.comment.sk.startswith("C#"))]:
        row.delete()
    assert _rows(tables) == {}
    for change in life.followed:
        assert record_changes.on({"Records": [change]}, life.ports) == {"batchItemFailures": []}
    assert _rows(tables) == before
    assert life.store.records.comments(record.id) == journal


def test_following_the_events_once_more_changes_nothing(life: Life) -> None:
    before = _rows(life.store.tables)
    for change in [*life.followed, *reversed(life.followed)]:
        record_changes.on({"Records": [change]}, life.ports)
    assert _rows(life.store.tables) == before
    assert life.store.records.get(life.record.id) == life.record
