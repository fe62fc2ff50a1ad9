"""The adapters on a hostile network: what was committed is found again, what was refused says so in our words."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from itsm.aws.audit import Audit
from itsm.aws.bus import Processes
from itsm.aws.once import Once
from itsm.core.errors import OutsideError, StaleVersionError, TooLargeError
from itsm.core.events import digest
from itsm.core.ports import Link, Wait
from itsm.core.record import Record

from tests.builders import NOON, a_comment, an_incident
from tests.itsm.aws.conftest import REGION, Store
from tests.support.network import LOST, Network, hostile


@pytest.fixture
def network() -> Iterator[Network]:
    with hostile() as made:
        yield made


@pytest.fixture
def store(network: Network, store: Store) -> Store:
    return store


def assigned(record: Record, to: str = "ada@example.org") -> Record:
    return record.changed("Assigned", by="ada", origin="records", at=NOON + 1, assignee=to)


def test_a_creation_whose_answer_was_lost_is_one_record_and_new(store: Store, network: Network) -> None:
    network.next("PutItem", LOST, LOST)
    created = store.records.create(an_incident())
    assert (created.new, created.record.number) == (True, "INC0000001")
    assert store.records.create(an_incident("two")).record.number == "INC0000002"


def test_a_save_whose_answer_was_lost_has_succeeded(store: Store, network: Network) -> None:
    record = store.records.create(an_incident()).record
    network.next("PutItem", LOST)
    saved = store.records.save(assigned(record))
    assert store.records.get(record.id) == saved == assigned(record)


def test_a_save_whose_answer_was_lost_is_stale_once_somebody_else_went_on_from_it(store: Store) -> None:
    record = store.records.create(an_incident()).record
    mine = store.records.save(assigned(record))
    store.records.save(mine.changed("Assigned", by="b", origin="records", at=NOON + 2, assignee="bob@example.org"))
    with pytest.raises(StaleVersionError):
        store.records.save(mine)


def test_a_comment_whose_answer_was_lost_is_there_once(store: Store, network: Network) -> None:
    record = store.records.create(an_incident()).record
    comment = a_comment(record)
    said = record.changed("CommentAdded", by=comment.by, origin="records", at=comment.at, comment=comment.id)
    network.next("TransactWriteItems", LOST)
    assert store.records.save(said, comment) == said
    assert [entry.id for entry in store.records.comments(record.id) if entry.id != "opening"] == [comment.id]
    assert store.records.get(record.id).version == 2


def test_a_block_of_numbers_whose_answer_was_lost_is_a_gap_and_no_double(store: Store, network: Network) -> None:
    network.next("UpdateItem", LOST)
    mine = store.records.create(an_incident()).record.number
    theirs = store.another().create(an_incident("two")).record.number
    assert (mine, theirs) == ("INC0000051", "INC0000101")


def test_an_audit_row_whose_answer_was_lost_is_there_once(store: Store, network: Network) -> None:
    record = store.records.create(an_incident()).record
    network.next("PutItem", LOST)
    Audit(store.tables).append(record.id, record.event)
    assert store.records.history(record.id) == (record.event,)


def test_a_link_whose_answer_was_lost_is_looked_at_again(store: Store, network: Network) -> None:
    store.records.link("abc")
    network.next("PutItem", LOST)
    with pytest.raises(StaleVersionError):
        store.records.save_link(Link(record="abc", state="creating", label="itsm-abc"))
    kept = store.records.link("abc")
    assert kept is not None
    assert (kept.rev, kept.state) == (1, "creating")


def test_a_claim_whose_answer_was_lost_waits_for_its_lease_and_is_then_taken(store: Store, network: Network) -> None:
    now = [NOON]
    uses = Once(store.tables, lambda: now[0])
    network.next("PutItem", LOST)
    with pytest.raises(OutsideError):
        uses.claim("mail.x")
    now[0] += 61
    assert uses.claim("mail.x")
    uses.done("mail.x")
    assert not uses.claim("mail.x")


def test_a_held_key_is_its_first_holders_until_it_expires(store: Store) -> None:
    now = [NOON]
    uses = Once(store.tables, lambda: now[0])
    assert [uses.held("token", holder, 240) for holder in ("a", "b", "b", "a")] == [True, False, False, True]
    now[0] += 241
    assert [uses.held("token", holder, 240) for holder in ("b", "a")] == [True, False]


def test_a_process_whose_start_was_not_heard_of_is_started_once(network: Network, store: Store) -> None:
    states = boto3.client("stepfunctions", region_name=REGION)
    role = "arn:aws:iam::123456789012:role/r"
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    arn = states.create_state_machine(name="incident", definition=definition, roleArn=role)["stateMachineArn"]
    network.next("StartExecution", LOST)
    processes = Processes(states, {"incident": arn})
    for _ in range(2):
        processes.start("incident", "INC0000001-1", {"record": "x"})
    assert len(states.list_executions(stateMachineArn=arn)["executions"]) == 1


WAIT = Wait(record="a", name="n", token="t", until=("x",))
CALLS: dict[str, tuple[str, Callable[[Store], Any]]] = {
    "get": ("GetItem", lambda store: store.records.get("a")),
    "find": ("Query", lambda store: store.records.find("INC1")),
    "comments": ("Query", lambda store: store.records.comments(store.records.create(an_incident()).record.id)),
    "history": ("Query", lambda store: store.records.history("a")),
    "worklist": ("Query", lambda store: store.records.worklist("service-desk")),
    "due": ("Query", lambda store: list(store.records.due(0, NOON))),
    "waits": ("Query", lambda store: store.records.waits("a")),
    "link": ("GetItem", lambda store: store.records.link("a")),
    "linked": ("GetItem", lambda store: store.records.linked("1")),
    "wait": ("PutItem", lambda store: store.records.wait(WAIT)),
    "woken": ("DeleteItem", lambda store: store.records.woken(WAIT)),
    "save": ("PutItem", lambda store: store.records.save(an_incident())),
    "put_said": ("PutItem", lambda store: store.records.put_said(a_comment(an_incident()))),
    "create": ("PutItem", lambda store: store.records.create(an_incident())),
    "audit": ("PutItem", lambda store: Audit(store.tables).append("a", an_incident().event)),
    "done": ("PutItem", lambda store: Once(store.tables, lambda: NOON).done("e")),
    "first": ("PutItem", lambda store: Once(store.tables, lambda: NOON).first("k", 9)),
    "held": ("PutItem", lambda store: Once(store.tables, lambda: NOON).held("k", "h", 9)),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_refused_call_is_trouble_outside_and_no_error_of_a_library(store: Store, network: Network, name: str) -> None:
    operation, call = CALLS[name]
    network.next(operation, "AccessDeniedException")
    with pytest.raises(OutsideError):
        call(store)


def test_a_save_while_a_transaction_holds_the_record_is_stale_and_decided_anew(store: Store, network: Network) -> None:
    record = store.records.create(an_incident()).record
    network.next("PutItem", "TransactionConflictException")
    with pytest.raises(StaleVersionError):
        store.records.save(assigned(record))


def test_more_than_an_item_may_hold_is_too_large_and_not_tried_again(store: Store, network: Network) -> None:
    record = store.records.create(an_incident()).record
    network.next("PutItem", "ValidationException")
    with pytest.raises(TooLargeError):
        store.records.save(assigned(record))


@pytest.mark.parametrize("with_comment", [False, True])
def test_a_giant_is_refused_whole_by_the_store_itself(store: Store, with_comment: bool) -> None:
    record = store.records.create(an_incident(participants=tuple(f"{at}@example.org" for at in range(40)))).record
    comment = a_comment(record) if with_comment else None
    giant = record.changed(
        "CommentAdded",
        by="a",
        origin="r",
        at=NOON,
        comment=comment.id if comment else "",
        details={"plan": "x" * 450_000},
    )
    with pytest.raises(TooLargeError):
        store.records.save(giant, comment)
    assert store.records.get(record.id) == record


@pytest.mark.parametrize(
    "value", [0.1, -0.0, 10**17, 1e300, "", [], {}, None, True, [None, {"": "\0"}], "\u2028\x85ßΩ🔥"]
)
def test_any_json_among_the_details_reads_back_as_it_was_with_its_hash(store: Store, value: Any) -> None:
    record = store.records.create(an_incident()).record
    saved = store.records.save(
        record.changed("FieldsChanged", by="a", origin="r", at=NOON, details={"size": value, "name": "n"})
    )
    read = store.records.get(record.id)
    assert read.details == saved.details
    assert digest(read.id, read.event) == read.event.hash == saved.event.hash


def test_an_opening_text_is_written_once(store: Store) -> None:
    record = store.records.create(an_incident()).record
    store.records.put_said(a_comment(record, id="opening", text="all of it"))
    store.records.put_said(a_comment(record, id="opening", text="what was left of it"))
    assert store.records.comments(record.id)[0].text == "all of it"


@pytest.mark.parametrize("number", ["x" * 3000, "ß" * 30, "INC\0", " "])
def test_a_number_of_any_characters_is_not_found_and_no_error(store: Store, number: str) -> None:
    from itsm.core.errors import NotFoundError

    with pytest.raises(NotFoundError):
        store.records.find(number)
