"""Verify audit: any edit, deletion, reorder or truncation in the tables themselves is found and named."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from itsm.aws.audit import Audit
from itsm.aws.models import tables
from itsm.aws.numbers import Numbers
from itsm.aws.records import Records
from itsm.core.journal import said
from itsm.core.record import Record
from itsm.runtime import desk
from itsm.runtime.verify_audit import main
from moto import mock_aws

from tests.builders import a_comment, an_incident
from tests.support.cloud import make_tables

REGION = "eu-central-1"
SAID = (("Ours alone", False), ("Yours", True), ("y" * 700, False), ("z" * 700, True))
LENGTH = len(SAID) + 1
KEYS = [f"{at:08d}" for at in range(1, LENGTH + 1)]


def _followed(records: Records, audit: Audit, record: Record) -> None:
    audit.append(record.id, record.event)
    if entry := said(record.id, record.event):
        records.put_said(entry)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Tables with two records of five versions each, every one of them in the trail."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        made = boto3.client("dynamodb", region_name=REGION)
        make_tables(made)
        tables.cache_clear()
        bound = tables(records="records", audit="audit", ephemeral="unused", region=REGION)
        records, audit = Records(bound, REGION, Numbers(bound)), Audit(bound)
        for key in ("one", "two"):
            record = records.create(an_incident(key)).record
            _followed(records, audit, record)
            for at, (text, public) in enumerate(SAID, start=1):
                comment = a_comment(record, f"entry {at}", text=text, public=public, at=at)
                changed = record.changed("CommentAdded", **desk.said_with(comment), assignee=f"agent {at}")
                record = records.save(changed, comment)
                _followed(records, audit, record)
        yield made
        tables.cache_clear()


def verify() -> int:
    return main(["--region", REGION, "--records", "records", "--audit", "audit"])


def key(version: str, record: str = "one") -> dict[str, Any]:
    return {"pk": {"S": f"T#{an_incident(record).id}"}, "sk": {"S": version}}


def put_event(client: Any, at: dict[str, Any], event: str) -> None:
    client.put_item(TableName="audit", Item={**at, "ev": {"S": event}})


def event_at(client: Any, at: dict[str, Any]) -> str:
    stored: str = client.get_item(TableName="audit", Key=at)["Item"]["ev"]["S"]
    return stored


def test_what_is_said_while_it_is_read_is_no_fault(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    bound = tables(records="records", audit="audit", ephemeral="unused", region=REGION)
    records, audit, turns = Records(bound, REGION, Numbers(bound)), Audit(bound), list[int]()

    def goes_on(**_: Any) -> None:
        turns.append(len(turns))
        record = records.get(an_incident("one").id)
        comment = a_comment(record, f"meanwhile {turns[-1]}", text="And then", at=int(time.time()))
        record = records.save(record.changed("CommentAdded", **desk.said_with(comment)), comment)
        _followed(records, audit, record)

    session = botocore.session.get_session()
    session.register("before-call.dynamodb.Scan", goes_on)
    boto3.setup_default_session(botocore_session=session)
    try:
        assert verify() == 0, capsys.readouterr().out
    finally:
        boto3.setup_default_session()
    assert len(turns) == 2


def test_whole_tables_have_no_fault(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify() == 0
    assert "2 records, 10 events, 0 faults" in capsys.readouterr().out


@pytest.mark.parametrize("version", KEYS)
def test_a_deleted_row_is_found(client: Any, capsys: pytest.CaptureFixture[str], version: str) -> None:
    client.delete_item(TableName="audit", Key=key(version))
    assert verify() == 1
    assert an_incident("one").id in capsys.readouterr().out


@pytest.mark.parametrize("version", KEYS)
@pytest.mark.parametrize("name", ["by", "at", "type", "origin", "changes", "hash"])
def test_an_edited_row_is_found_whatever_was_edited(client: Any, version: str, name: str) -> None:
    event = json.loads(event_at(client, key(version)))
    event[name] = {"at": 7, "changes": {"group": ["a", "b"]}, "hash": "A" * 43}.get(name, "Somebody")
    put_event(client, key(version), json.dumps(event))
    assert verify() == 1


def _swapped(client: Any) -> None:
    second, third = event_at(client, key(KEYS[1])), event_at(client, key(KEYS[2]))
    put_event(client, key(KEYS[1]), third)
    put_event(client, key(KEYS[2]), second)


def _truncated(client: Any) -> None:
    for version in KEYS[2:]:
        client.delete_item(TableName="audit", Key=key(version))


def _whole_trail_gone(client: Any) -> None:
    for version in KEYS:
        client.delete_item(TableName="audit", Key=key(version))


def _record_gone(client: Any) -> None:
    client.delete_item(TableName="records", Key=key("META"))


def _moved_to_another_record(client: Any) -> None:
    put_event(client, key(KEYS[1]), event_at(client, key(KEYS[1], "two")))


def _added(client: Any) -> None:
    put_event(client, key("00000006"), event_at(client, key(KEYS[4])))


def _junk(client: Any) -> None:
    put_event(client, key("zzz"), event_at(client, key(KEYS[4])))


def _unreadable(client: Any) -> None:
    put_event(client, key(KEYS[2]), json.dumps({"no": "event"}))


def _no_json(client: Any) -> None:
    put_event(client, key(KEYS[2]), "{")


def _set_back(client: Any) -> None:
    client.update_item(
        TableName="records",
        Key=key("META"),
        UpdateExpression="SET ver = :v",
        ExpressionAttributeValues={":v": {"N": "3"}},
    )


def _entry(place: int) -> dict[str, Any]:
    record = an_incident("one")
    return key(f"C#{a_comment(record, f'entry {place}').id if place else 'opening'}")


@pytest.mark.parametrize("place", range(LENGTH))
@pytest.mark.parametrize(
    ("name", "value"), [("public", {"N": "2"}), ("by", {"S": "eve"}), ("ver", {"N": "9"}), ("at", None)]
)
def test_an_edited_entry_of_the_journal_is_found(client: Any, place: int, name: str, value: dict[str, str]) -> None:
    stored = client.get_item(TableName="records", Key=_entry(place))["Item"]
    if value is None:
        del stored[name]
    elif name == "public":
        stored[name] = {"N": str(1 - int(stored[name]["N"]))}
    else:
        stored[name] = value
    client.put_item(TableName="records", Item=stored)
    assert verify() == 1


@pytest.mark.parametrize("place", [0, 1, 2])
def test_other_words_in_the_journal_are_found_where_the_event_has_them_too(client: Any, place: int) -> None:
    stored = client.get_item(TableName="records", Key=_entry(place))["Item"]
    client.put_item(TableName="records", Item={**stored, "text": {"S": "forged"}})
    assert verify() == 1


@pytest.mark.parametrize("place", range(LENGTH))
def test_an_entry_that_is_gone_from_the_journal_or_was_put_there_is_found(client: Any, place: int) -> None:
    stored = client.get_item(TableName="records", Key=_entry(place))["Item"]
    client.delete_item(TableName="records", Key=_entry(place))
    assert verify() == 1
    client.put_item(TableName="records", Item=stored)
    assert verify() == 0
    client.put_item(TableName="records", Item={**stored, "sk": {"S": "C#planted"}})
    assert verify() == 1


@pytest.mark.parametrize(
    "harm",
    [_swapped, _truncated, _whole_trail_gone, _record_gone, _moved_to_another_record, _added, _junk, _unreadable,
     _no_json, _set_back],
)  # fmt: skip
def test_any_other_harm_is_found_and_the_record_named(
    client: Any, capsys: pytest.CaptureFixture[str], harm: Callable[[Any], None]
) -> None:
    harm(client)
    assert verify() == 1
    told = capsys.readouterr().out
    assert an_incident("one").id in told
    assert an_incident("two").id not in told
    assert "2 records" in told


def test_aws_that_cannot_be_asked_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    boto3.setup_default_session()
    assert main(["--stack", "itsm"]) == 2
    assert capsys.readouterr().err == "AWS cannot be asked: Unable to locate credentials\n"


def test_a_trail_whose_newest_events_may_be_on_their_way_is_counted(
    client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    bound = tables(records="records", audit="audit", ephemeral="unused", region=REGION)
    records = Records(bound, REGION, Numbers(bound))
    record = records.get(an_incident("one").id)
    records.save(record.changed("Assigned", by="a", origin="records", at=int(time.time()), assignee="agent 9"))
    assert verify() == 0
    assert "1 trails lack events of the last 5 minutes" in capsys.readouterr().out


def test_entries_of_versions_whose_events_may_be_on_their_way_are_no_faults(client: Any) -> None:
    bound = tables(records="records", audit="audit", ephemeral="unused", region=REGION)
    records = Records(bound, REGION, Numbers(bound))
    record = records.get(an_incident("one").id)
    for place in range(3):
        comment = a_comment(record, f"late {place}", at=int(time.time()))
        record = records.save(desk.commented(record, comment), comment)
    assert verify() == 0
