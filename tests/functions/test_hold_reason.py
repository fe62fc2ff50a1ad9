"""Why a ticket waits: the reason goes with the hold it was given for, and is no other hold's."""

from typing import Any

import pytest
from itsm.core.record import Record
from itsm.runtime import desk

from functions.records.app import handler
from tests.builders import an_incident
from tests.fakes import FakePorts
from tests.support.http import agent, read


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def patched(ports: FakePorts, record: Record, **body: Any) -> dict[str, Any]:
    answer = handler.on(agent("PATCH /records/{number}", body, params={"number": record.number}), ports)
    assert answer["statusCode"] == 200, answer
    details: dict[str, Any] = read(answer)["details"]
    return details


def test_a_reason_goes_with_the_hold_it_was_given_for(ports: FakePorts) -> None:
    record = ports.records.create(an_incident()).record
    waiting = patched(ports, record, state="on_hold", details={"hold_reason": "supplier"})
    assert waiting["hold_reason"] == "supplier"
    assert patched(ports, record, title="Another title")["hold_reason"] == "supplier"
    assert "hold_reason" not in patched(ports, record, state="in_progress")
    assert "hold_reason" not in patched(ports, record, state="on_hold")


def test_a_move_from_elsewhere_takes_the_reason_away_too(ports: FakePorts) -> None:
    record = ports.records.create(an_incident()).record
    patched(ports, record, state="on_hold", details={"hold_reason": "change"})
    moved = desk.update(
        ports, record.id, lambda one: desk.moved(one, "in_progress", by="ada", origin="jira", at=ports.now())
    )
    assert "hold_reason" not in moved.details
    assert moved.event.changes["details.hold_reason"] == ("change", None)
