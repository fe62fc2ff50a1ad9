"""The record store: creation once, saves on the version, numbers without doubles."""

from dataclasses import replace

import pytest
from itsm.aws import items
from itsm.aws.audit import Audit
from itsm.core.clock import RUNNING, Clock
from itsm.core.errors import NotFoundError, StaleVersionError
from itsm.core.ports import SHARDS, Fault, Link, Suppression, Wait
from itsm.core.record import derived_id

from tests.builders import NOON, a_comment, an_incident
from tests.itsm.aws.conftest import Store


def test_a_record_reads_back_as_it_was_written(store: Store) -> None:
    clock = Clock(
        metric="response", agreement="standard", calendar="weekdays", target=3600, state=RUNNING,
        started_at=NOON, since=NOON, due=NOON + 3600, next_at=NOON + 2700,
    )  # fmt: skip
    record = an_incident(
        clocks=(clock,), details={"cis": ["web-1", "web-2"], "risk": 2}, participants=("cc@example.org",)
    )
    created = store.records.create(record)
    assert created.new
    assert store.records.get(record.id) == created.record == replace(record, number="INC0000001")


def test_the_same_submission_is_one_record_with_one_number(store: Store) -> None:
    first = store.records.create(an_incident())
    again = store.another().create(an_incident(at=NOON + 5))
    assert (first.new, again.new) == (True, False)
    assert again.record == first.record


def test_a_number_that_was_not_used_goes_to_the_next_ticket(store: Store) -> None:
    store.records.create(an_incident("one"))
    store.records.create(an_incident("one"))
    assert store.records.create(an_incident("two")).record.number == "INC0000002"


def test_two_environments_never_give_the_same_number(store: Store) -> None:
    other = store.another()
    numbers = [(other if at % 2 else store.records).create(an_incident(str(at))).record.number for at in range(120)]
    assert len(set(numbers)) == 120


def test_a_save_on_an_old_version_is_refused(store: Store) -> None:
    record = store.records.create(an_incident()).record
    mine = record.changed("Assigned", by="ada", origin="records", at=NOON + 1, assignee="ada@example.org")
    theirs = record.changed("Assigned", by="bob", origin="records", at=NOON + 1, assignee="bob@example.org")
    store.records.save(mine)
    with pytest.raises(StaleVersionError):
        store.records.save(theirs)


def test_a_save_that_finds_its_own_content_has_succeeded(store: Store) -> None:
    record = store.records.create(an_incident()).record
    mine = record.changed("Assigned", by="ada", origin="records", at=NOON + 1, assignee="ada@example.org")
    store.records.save(mine)
    assert store.records.save(mine) == mine


def test_a_comment_and_its_version_are_one_write(store: Store) -> None:
    record = store.records.create(an_incident()).record
    comment = a_comment(record)
    saved = store.records.save(
        record.changed("CommentAdded", by=comment.by, origin="records", at=comment.at, comment=comment.id), comment
    )
    assert [entry.id for entry in store.records.comments(record.id)] == [comment.id]
    assert store.records.get(record.id) == saved


def test_the_same_comment_twice_is_on_the_record_once(store: Store) -> None:
    record = store.records.create(an_incident()).record
    comment = a_comment(record)
    saved = store.records.save(record.changed("CommentAdded", by="a", origin="r", at=1, comment=comment.id), comment)
    again = store.records.save(saved.changed("CommentAdded", by="a", origin="r", at=2, comment=comment.id), comment)
    assert again == saved
    assert len(store.records.comments(record.id)) == 1


def test_a_comment_on_an_old_version_is_refused_whole(store: Store) -> None:
    record = store.records.create(an_incident()).record
    store.records.save(record.changed("Assigned", by="a", origin="r", at=1, assignee="a"))
    comment = a_comment(record)
    with pytest.raises(StaleVersionError):
        store.records.save(record.changed("CommentAdded", by="a", origin="r", at=2, comment=comment.id), comment)
    assert all(entry.id != comment.id for entry in store.records.comments(record.id))


def test_the_opening_text_is_the_first_entry_of_the_journal(store: Store) -> None:
    record = store.records.create(an_incident(text="It burns.")).record
    assert [(entry.id, entry.text) for entry in store.records.comments(record.id)] == [("opening", "It burns.")]


def test_a_number_finds_its_record_in_any_case_of_letters(store: Store) -> None:
    record = store.records.create(an_incident()).record
    assert store.records.find("inc0000001") == record
    with pytest.raises(NotFoundError):
        store.records.find("INC9999999")


def test_a_worklist_holds_open_records_by_due_then_priority(store: Store) -> None:
    def with_due(key: str, due: int, priority: int) -> None:
        clock = Clock(
            metric="resolution", agreement="a", calendar="c", target=1, state=RUNNING, started_at=0, since=0, due=due
        )
        store.records.create(an_incident(key, clocks=(clock,), priority=priority))

    with_due("late", NOON + 900, 1)
    with_due("soon", NOON + 100, 3)
    with_due("soon and urgent", NOON + 100, 2)
    store.records.create(an_incident("closed", state="closed"))
    store.records.create(an_incident("elsewhere", group="network"))
    page = store.records.worklist("service-desk", limit=2)
    rest = store.records.worklist("service-desk", after=page.next, limit=2)
    assert [(row.priority, row.due) for row in (*page.rows, *rest.rows)] == [
        (2, NOON + 100), (3, NOON + 100), (1, NOON + 900),
    ]  # fmt: skip
    assert (bool(page.next), rest.next) == (True, "")


@pytest.mark.parametrize("by", ["assignee", "requester"])
def test_a_persons_records_are_read_page_by_page_each_once(store: Store, by: str) -> None:
    for at in range(7):
        store.records.create(an_incident(str(at), at=NOON + at // 3, assignee="ada", requester="ada"))
    store.records.create(an_incident("another's", assignee="bob", requester="bob"))
    store.records.create(an_incident("done", at=NOON - 9, state="closed", assignee="ada", requester="rita"))
    numbers, after = [], ""
    while True:
        page = store.records.worklist("ada", after, 2, by)
        numbers += [row.number for row in page.rows]
        after = page.next
        if not after:
            break
    assert sorted(numbers) == [f"INC000000{at}" for at in range(1, 8)]
    opened = [store.records.find(number).opened_at for number in numbers]
    assert opened == sorted(opened, reverse=by == "requester")


def test_whoever_works_on_a_record_has_it_listed_while_it_is_open(store: Store) -> None:
    record = store.records.create(an_incident()).record
    for state, name, listed in (("new", "ada", ["ada"]), ("in_progress", "bob", ["bob"]), ("resolved", "bob", [])):
        record = store.records.save(
            record.changed("StateChanged", by="a", origin="r", at=NOON, state=state, assignee=name)
        )
        assert [who for who in ("ada", "bob") if store.records.worklist(who, by="assignee").rows] == listed
        assert store.records.get(record.id) == record


def test_a_piece_of_a_history_is_read_and_no_more(store: Store) -> None:
    record, audit = an_incident(), Audit(store.tables)
    for at in range(6):
        audit.append(record.id, record.event)
        record = record.changed("Assigned", by="a", origin="r", at=NOON + at, assignee=f"agent{at}")
    versions = [one.version for one in store.records.history(record.id, after=2, most=3)]
    assert versions == [3, 4, 5]
    assert [one.version for one in store.records.history(record.id, after=5)] == [6]
    assert len(store.records.history(record.id)) == 6


def test_timers_come_due_by_shard_and_only_while_they_run(store: Store) -> None:
    running = Clock(
        metric="resolution",
        agreement="a",
        calendar="c",
        target=1,
        state=RUNNING,
        started_at=0,
        since=0,
        due=9,
        next_at=NOON,
    )
    record = store.records.create(an_incident(clocks=(running,))).record
    store.records.create(an_incident("paused", clocks=(replace(running, state="paused", due=None, next_at=None),)))
    found = [timer for shard in range(SHARDS) for timer in store.records.due(shard, NOON + 1)]
    assert [(timer.record, timer.due) for timer in found] == [(record.id, NOON)]
    assert not [timer for shard in range(SHARDS) for timer in store.records.due(shard, NOON)]


def test_a_wait_is_forgotten_only_while_it_is_the_newest(store: Store) -> None:
    old = Wait(record=derived_id("mail", "x"), name="resolution", token="t1", until=("resolved",), since=3)
    new = replace(old, token="t2")
    store.records.wait(old)
    store.records.wait(new)
    store.records.woken(old)
    assert store.records.waits(old.record) == (new,)
    store.records.woken(new)
    assert store.records.waits(old.record) == ()


def test_a_link_is_saved_by_one_of_two_workers(store: Store) -> None:
    link = store.records.save_link(Link(record="abc", state="creating", label="itsm-abc"))
    linked = store.records.save_link(replace(link, state="linked", issue="10001", key="OPS-1", base={"summary": "x"}))
    with pytest.raises(StaleVersionError):
        store.records.save_link(replace(link, state="linked", issue="10002"))
    assert store.records.link("abc") == linked
    assert store.records.linked("10001") == "abc"
    assert store.records.link("other") is None


def test_several_records_are_saved_together_or_not_at_all(store: Store) -> None:
    one, two, three = (store.records.create(an_incident(key)).record for key in ("one", "two", "three"))
    comment = a_comment(two)
    saved = (
        one.changed("FieldsChanged", by="a", origin="r", at=NOON, title="One"),
        two.changed("CommentAdded", by="a", origin="r", at=NOON, comment=comment.id),
    )
    store.records.save(three.changed("FieldsChanged", by="b", origin="r", at=NOON, title="Three"))
    with pytest.raises(StaleVersionError):
        store.records.save_together([(saved[0], None), (saved[1], comment)], [three])
    assert (store.records.get(one.id).version, store.records.get(two.id).version) == (1, 1)
    for _ in range(2):
        store.records.save_together([(saved[0], None), (saved[1], comment)], [store.records.get(three.id)])
    assert (store.records.get(one.id), store.records.get(two.id)) == saved
    assert [entry.id for entry in store.records.comments(two.id)] == [comment.id]


def test_an_event_of_a_newer_version_is_read_without_what_this_one_does_not_know() -> None:
    stored = items.from_event(an_incident().event) | {"colour": "red"}
    assert items.to_event(stored) == an_incident().event


def test_a_suppressed_address_is_read_with_others_in_one_call_and_lifted_once(store: Store) -> None:
    rita = Suppression(address="rita@example.org", since=NOON, reason="bounce 5.1.1", message="INC0000001 m@x")
    store.records.suppress(rita)
    store.meter.take()
    people = [f"p{number}@example.org" for number in range(40)]
    assert store.records.suppressed([*people, rita.address, rita.address]) == {rita.address: rita}
    assert store.meter.take()[0] == ["BatchGetItem"]
    assert store.records.suppressed([]) == {}
    assert list(store.records.all_suppressed()) == [rita]
    assert [store.records.lift(rita.address, NOON + 60) for _ in range(2)] == [True, False]
    store.records.suppress(rita)
    assert store.records.suppressed([rita.address]) == {}
    store.records.suppress(replace(rita, since=NOON + 61))
    assert store.records.suppressed([rita.address])[rita.address].since == NOON + 61


def test_a_fault_is_noted_by_whoever_is_first(store: Store) -> None:
    first = Fault(key="k", record="one", episode="e", began=NOON, opener="o")
    assert store.records.fault("k") is None
    assert [store.records.save_fault(first), store.records.save_fault(first)] == [True, False]
    noted = store.records.fault("k")
    assert noted == replace(first, rev=1)
    assert store.records.save_fault(replace(noted, over=True, closer="c"))
    assert not store.records.save_fault(replace(noted, over=True))
