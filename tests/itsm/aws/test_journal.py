"""A short comment is one write with its version, and known again however far behind its entry is."""

from dataclasses import replace

import pytest
from itsm.aws.numbers import Numbers
from itsm.aws.records import Records
from itsm.core.journal import CARRIED_BYTES
from itsm.core.record import Comment, Record
from itsm.runtime import desk

from tests.builders import a_comment, an_incident
from tests.fakes import FakePorts
from tests.itsm.aws.conftest import REGION, Store


def _entries(store: Store, record: Record) -> list[tuple[str, str, int]]:
    return [(entry.id, entry.text, entry.version) for entry in store.records.comments(record.id)][1:]


@pytest.fixture
def record(store: Store) -> Record:
    """An incident whose opening is in its journal."""
    made = store.records.create(an_incident()).record
    store.records.put_said(a_comment(made, id="opening"))
    store.meter.take()
    return made


def _say(store: Store, record: Record, comment: Comment) -> Record:
    return store.records.save(desk.commented(record, comment), comment)


def _assign(store: Store, record: Record, name: str) -> Record:
    return store.records.save(record.changed("Assigned", by="a", origin="r", at=record.updated_at, assignee=name))


def test_a_short_comment_is_one_put_of_its_record(store: Store, record: Record) -> None:
    comment = a_comment(record)
    _say(store, record, comment)
    calls, units = store.meter.take()
    assert ([call for call in calls if call != "GetItem"], units) == (["PutItem"], 1)
    assert _entries(store, record) == [(comment.id, comment.text, 2)]


def test_a_comment_is_in_the_journal_before_its_version_is_written_over(store: Store, record: Record) -> None:
    comment = a_comment(record)
    _assign(store, _say(store, record, comment), "ada@example.org")
    assert _entries(store, record) == [(comment.id, comment.text, 2)]


@pytest.mark.parametrize("between", [0, 1, 3])
@pytest.mark.parametrize("length", [10, CARRIED_BYTES, CARRIED_BYTES + 1])
def test_a_comment_that_comes_again_while_the_stream_is_behind_is_one(
    store: Store, record: Record, between: int, length: int
) -> None:
    comment = a_comment(record, text="x" * length)
    after = _say(store, record, comment)
    for at in range(between):
        after = _assign(store, after, f"agent{at}@example.org")
    assert _say(store, after, comment) == after
    assert len(_entries(store, record)) == 1


def test_two_who_say_the_same_at_once_say_it_once(store: Store, record: Record) -> None:
    comment = a_comment(record)
    ports = FakePorts(PRACTICE="incident")
    ports.records = store.records  # type: ignore[assignment]  # the real store in place of the fake

    def overtaken(current: Record) -> Record:
        if current.version == 1:
            _assign(store, _say(store, current, comment), "ada@example.org")
        return desk.commented(current, comment)

    assert desk.update(ports, record.id, overtaken, comment).version == 3
    assert len(_entries(store, record)) == 1


def test_what_the_stream_derives_later_changes_nothing(store: Store, record: Record) -> None:
    comment = a_comment(record)
    after = _say(store, record, comment)
    store.records.put_said(replace(comment, version=2))
    store.records.put_said(replace(comment, version=2, text="other words"))
    assert _entries(store, after) == [(comment.id, comment.text, 2)]


def test_a_reader_misses_no_comment_whose_version_is_written_over_as_it_reads(store: Store, record: Record) -> None:
    comment = a_comment(record)
    after = _say(store, record, comment)

    class Overtaken(Records):
        """Somebody else saves just before the record is read."""

        def get(self, record_id: str) -> Record:
            if store.records.get(record_id) == after:
                _assign(store, after, "ada@example.org")
            return super().get(record_id)

    read = Overtaken(store.tables, REGION, Numbers(store.tables)).comments(record.id)
    assert [entry.id for entry in read] == ["opening", comment.id]
