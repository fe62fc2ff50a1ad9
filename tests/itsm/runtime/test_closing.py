"""How long what is done stays open to objections: in business days of its group, or by the wall clock."""

from typing import Any

import pytest
from itsm.core.ports import Wait
from itsm.core.record import Record
from itsm.practices.incident.policy import IncidentPolicy
from itsm.runtime import desk
from itsm.runtime.closing import objection
from itsm.runtime.policies import Policies

from tests.builders import a_record, an_incident
from tests.fakes import FakePorts
from tests.itsm.practices.service_level.world import at, shown
from tests.support.organisation import an_incident_policy

FRIDAY = at("2026-03-27T15:30")
"""An hour before the office closes, on the weekend the clocks change."""


class TheseIncidents(Policies):
    """The shipped policies, but for incidents."""

    def __init__(self, close_after: str) -> None:
        super().__init__()
        self.incident: IncidentPolicy = an_incident_policy(close_after=close_after)


def closes(record: Record, close_after: str = "2 business_days", now: int = FRIDAY) -> str | None:
    seconds = objection(record, FakePorts(time=now, policies=TheseIncidents(close_after)))["close_seconds"]
    assert isinstance(seconds, int)
    return shown(now + seconds)


def resolved(**facts: Any) -> Record:
    record = an_incident(at=FRIDAY, **facts)
    return record.changed("StateChanged", by="ada", origin="records", at=FRIDAY, state="resolved")


@pytest.mark.parametrize(
    ("group", "close_after", "closing"),
    [
        ("network", "2 business_days", "Tue 31 Mar 15:30:00"),
        ("on-call", "2 business_days", "Sun 29 Mar 16:30:00"),
        ("", "1 business_day", "Mon 30 Mar 15:30:00"),
        ("gone", "1 business_day", "Mon 30 Mar 15:30:00"),
        ("network", "48h", "Sun 29 Mar 16:30:00"),
        ("network", "2d", "Sun 29 Mar 16:30:00"),
    ],
)
def test_business_days_are_the_groups_and_hours_the_wall_clocks(group: str, close_after: str, closing: str) -> None:
    assert closes(resolved(group=group), close_after) == closing


def test_however_late_its_process_hears_of_it_it_closes_at_the_same_instant() -> None:
    assert closes(resolved(group="network"), now=FRIDAY + 3000) == "Tue 31 Mar 15:30:00"
    assert closes(resolved(group="network"), now=FRIDAY + 30 * 86_400) == "Sun 26 Apr 16:30:01"


@pytest.mark.parametrize("state", ["new", "in_progress", "on_hold", "closed", "cancelled"])
def test_nothing_else_closes_by_itself(state: str) -> None:
    record = an_incident().changed("StateChanged", by="ada", origin="records", at=FRIDAY, state=state)
    assert objection(record, FakePorts()) == {}


def test_a_practice_that_says_nothing_of_it_closes_nothing() -> None:
    change = a_record(practice="change", state="implemented")
    assert objection(change, FakePorts()) == {}


def test_the_process_that_waits_for_the_resolution_hears_how_long_it_may_be_objected_to() -> None:
    ports = FakePorts(time=FRIDAY, policies=TheseIncidents("2 business_days"))
    record = resolved(group="network")
    desk.wake(record, Wait(record=record.id, name="resolution", token="t", until=("resolved",)), ports)
    details = ports.processes.answered["t"]["details"]
    assert isinstance(details, dict)
    assert shown(FRIDAY + details["close_seconds"]) == "Tue 31 Mar 15:30:00"
    assert "close_seconds" not in record.details
