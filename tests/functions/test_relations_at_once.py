"""Relations at once: whatever two agents do in one instant, no ticket is merged into or part of itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from itsm.core.ports import Change
from itsm.core.record import Record
from itsm.service_desk import relations

from functions.records.app import handler
from tests.builders import an_incident
from tests.fakes import FakePorts, FakeRecords
from tests.support.http import agent


@dataclass(slots=True)
class Interrupted(FakeRecords):
    """A store in which something else happens between the reading and the first saving of several records."""

    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def save_together(self, changes: Sequence[Change], unchanged: Sequence[Record] = ()) -> None:
        """What happens meanwhile first."""
        while self.meanwhile:
            self.meanwhile.pop()()
        FakeRecords.save_together(self, changes, unchanged)


@pytest.fixture
def ports() -> FakePorts:
    found = FakePorts()
    found.records = Interrupted()
    return found


def tickets(ports: FakePorts, count: int) -> list[Record]:
    keys = [str(number) for number in range(count)]
    return [ports.records.create(an_incident(key, title=key)).record for key in keys]


def merge(ports: FakePorts, record: Record, into: Record) -> int:
    return _call(ports, "POST /records/{number}/merge", record, {"into": into.number})


def place(ports: FakePorts, record: Record, parent: Record) -> int:
    return _call(ports, "PUT /records/{number}/parent", record, {"parent": parent.number})


def _call(ports: FakePorts, route: str, record: Record, body: dict[str, str]) -> int:
    status: int = handler.on(agent(route, body, params={"number": record.number}), ports)["statusCode"]
    return status


def during(ports: FakePorts, act: Callable[[], object]) -> None:
    assert isinstance(ports.records, Interrupted)
    ports.records.meanwhile.append(act)


def has_circle(ports: FakePorts, name: str) -> bool:
    for record in list(ports.records.stored.values()):
        here, steps = record, 0
        while number := here.details.get(name):
            here, steps = ports.records.find(str(number)), steps + 1
            if steps > len(ports.records.stored):
                return True
    return False


def test_of_two_merges_that_would_make_a_circle_one_is_refused(ports: FakePorts) -> None:
    one, two = tickets(ports, 2)
    during(ports, lambda: merge(ports, two, one))
    assert merge(ports, one, two) == 422
    assert not has_circle(ports, relations.MERGED_INTO)
    assert ports.records.get(two.id).details["merged_into"] == one.number


def test_no_ticket_is_merged_into_one_that_was_merged_away_meanwhile(ports: FakePorts) -> None:
    one, two, three = tickets(ports, 3)
    during(ports, lambda: merge(ports, two, three))
    assert merge(ports, one, two) == 422
    assert "merged_into" not in ports.records.get(one.id).details


def test_a_merge_is_both_tickets_or_none(ports: FakePorts) -> None:
    one, two = tickets(ports, 2)
    during(ports, lambda: merge(ports, one, two))
    assert merge(ports, one, two) == 200
    assert (ports.records.get(one.id).version, ports.records.get(two.id).version) == (2, 2)


def test_two_tickets_placed_under_one_another_at_once_are_no_circle(ports: FakePorts) -> None:
    one, two = tickets(ports, 2)
    during(ports, lambda: place(ports, two, one))
    assert place(ports, one, two) == 422
    assert not has_circle(ports, relations.PARENT)


def test_two_chains_joined_at_both_ends_at_once_are_no_circle(ports: FakePorts) -> None:
    one, two, three, four = tickets(ports, 4)
    assert place(ports, one, two) == 200
    assert place(ports, three, four) == 200
    during(ports, lambda: place(ports, two, three))
    assert place(ports, four, one) == 422
    assert not has_circle(ports, relations.PARENT)


def test_a_ticket_that_comes_to_be_above_meanwhile_is_not_merged_into_what_is_below_it(ports: FakePorts) -> None:
    one, two, three = tickets(ports, 3)
    assert place(ports, one, two) == 200
    during(ports, lambda: place(ports, two, three))
    assert merge(ports, three, one) == 422
    assert not has_circle(ports, "parent")
