"""The next step towards a state is one that policy names; none is taken in the dark."""

import pytest
from itsm.jira.issues import Transition
from itsm.jira.policy import StatusRule
from itsm.jira.status import asked, fits, lacking, next_step, screen, settled

from tests.itsm.jira.fake_jira import MOVES, STATUSES
from tests.itsm.jira.world import STATUS, rules

RULES = rules(inbound={"Done": "resolved", "category:done": "closed"})


def offered(now: str) -> list[Transition]:
    """The moves Jira offers from a status."""
    found = [(way, to) for way, (sources, to) in MOVES.items() if now in sources]
    return [Transition(id=way, name=to, to=STATUSES[to]) for way, to in found]


@pytest.mark.parametrize(
    ("state", "now", "to"),
    [
        ("in_progress", "To Do", "In Progress"),
        ("resolved", "To Do", "In Progress"),
        ("resolved", "In Progress", "Resolved"),
        ("closed", "In Progress", "Resolved"),
        ("closed", "Resolved", "Closed"),
        ("on_hold", "Closed", "In Progress"),
        ("cancelled", "In Progress", "Cancelled"),
        ("cancelled", "Resolved", None),
        ("new", "In Progress", None),
    ],
)
def test_the_way_is_preferred_then_compatible_then_through_what_policy_allows(
    state: str, now: str, to: str | None
) -> None:
    step = next_step(RULES, state, STATUSES[now], offered(now), ())

    assert (step.to.name if step else None) == to


def test_a_status_that_was_passed_is_not_gone_back_to() -> None:
    seen = {STATUSES["In Progress"].id}

    assert next_step(RULES, "resolved", STATUSES["To Do"], offered("To Do"), seen) is None


def test_an_unclaimed_status_of_the_category_serves_when_no_named_one_is_offered() -> None:
    own = rules(status={"resolved": StatusRule(category="done", preferred=("Fixed",))})
    ways = [way for way in offered("In Progress") if way.to.name == "Done"]

    step = next_step(own, "resolved", STATUSES["In Progress"], ways, ())

    assert step is not None
    assert step.to.name == "Done"
    assert settled(own, "resolved", STATUSES["Done"])
    assert not fits(own.status["resolved"], STATUSES["Done"])


def test_names_are_compared_without_regard_to_case() -> None:
    assert fits(StatusRule(category="done", preferred=("DONE",)), STATUSES["Done"])


def test_a_status_asks_by_its_name_before_its_category() -> None:
    assert asked(RULES, STATUSES["Done"]) == "resolved"
    assert asked(RULES, STATUSES["Cancelled"]) == "closed"
    assert asked(RULES, STATUSES["To Do"]) == ""


def test_a_screen_gets_the_resolution_and_nothing_else() -> None:
    way = Transition(
        id="1", name="Resolve", to=STATUSES["Resolved"], asks=("resolution", "team"), offers=("resolution", "team")
    )

    assert screen(STATUS["resolved"], way) == {"resolution": {"name": "Done"}}
    assert lacking(STATUS["resolved"], way) == ("team",)
    assert screen(STATUS["new"], way) == {}
