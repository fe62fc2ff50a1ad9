"""The stories of a deployment are read from its tables, newest event included."""

from itsm.aws.audit import Audit
from itsm.runtime import desk, stories

from tests.builders import NOON, a_comment, an_incident
from tests.itsm.aws.conftest import Store


def test_a_deployments_records_come_with_their_events_and_comments(store: Store) -> None:
    first = store.records.create(an_incident()).record
    said = a_comment(first, "said")
    second = store.records.save(
        first.changed("CommentAdded", by=said.by, origin="records", at=NOON + 60, comment=said.id), said
    )
    third = store.records.save(second.changed("StateChanged", by="a", origin="b", at=NOON + 90, state="in_progress"))
    for record in (first, second):
        Audit(store.tables).append(record.id, record.event)
    (told,) = stories.deployed(store.tables)
    assert (told.record, [event.hash for event in told.events]) == (
        third, [first.event.hash, second.event.hash, third.event.hash],
    )  # fmt: skip
    assert [comment.id for comment in told.comments] == ["opening", said.id]


def test_what_the_newest_event_says_counts_before_its_entry_is_written(store: Store) -> None:
    record = store.records.create(an_incident()).record
    said = a_comment(record, "said")
    store.records.save(desk.commented(record, said), said)
    (told,) = stories.deployed(store.tables)
    assert [(comment.id, comment.public, comment.at) for comment in told.comments] == [(said.id, True, said.at)]
