"""What an incident's process does to it."""

from itsm.core.practice import StepContext
from itsm.practices.incident import PRACTICE
from itsm.practices.incident.policy import problems

from tests.builders import NOON, an_incident
from tests.support.organisation import an_incident_policy

CLASSIFY = PRACTICE.steps["classify"]
CONTEXT = StepContext(now=NOON, policy=an_incident_policy(close_after_days=3))


def test_an_incident_gets_the_priority_of_its_impact_and_urgency() -> None:
    record = CLASSIFY(an_incident(impact=1, urgency=2), CONTEXT)
    assert (record.priority, record.event.type, record.event.changes["priority"]) == (1, "Classified", (4, 1))


def test_its_process_learns_how_long_a_resolution_may_be_contradicted() -> None:
    assert CLASSIFY(an_incident(), CONTEXT).details["close_seconds"] == 3 * 86_400


def test_an_incident_is_classified_once() -> None:
    once = CLASSIFY(an_incident(), CONTEXT)
    assert CLASSIFY(once, CONTEXT) is once


def test_an_incident_closes_within_a_day_and_a_quarter() -> None:
    assert problems(an_incident_policy()) == []
    for days in (0, 91):
        [(key, _)] = problems(an_incident_policy(close_after_days=days))
        assert key == "close_after_days"


def test_every_incident_is_worked_by_the_one_process() -> None:
    assert PRACTICE.process(an_incident()) == "incident"
