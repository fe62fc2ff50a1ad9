"""Stream: what the records table's stream says of a write."""

from typing import Any

from itsm.aws.items import to_item
from itsm.aws.models import tables
from itsm.core.record import Record

from functions.record_changes.app import handler as record_changes
from tests.fakes import FakePorts


def follow(ports: FakePorts, *written: Record) -> None:
    """Let what the door behind the stream derives from these writes be there: audit, journal, facts."""
    for record in written:
        assert record_changes.on({"Records": [change(record)]}, ports) == {"batchItemFailures": []}


def change(new: Record, old: Record | None = None, sequence: str = "1") -> dict[str, Any]:
    """The stream's word of a write."""
    bound = tables(records="r", audit="a", ephemeral="e", region="eu-central-1")
    images: dict[str, Any] = {"NewImage": to_item(new, bound).serialize(), "SequenceNumber": sequence}
    if old is not None:
        images["OldImage"] = to_item(old, bound).serialize()
    return {"eventName": "MODIFY" if old else "INSERT", "dynamodb": images}
