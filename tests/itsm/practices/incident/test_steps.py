"""What an incident's process does to it."""

import pytest
from itsm.core.practice import StepContext
from itsm.practices.incident import PRACTICE
from itsm.practices.incident.policy import problems

from tests.builders import NOON, an_incident
from tests.support.organisation import an_incident_policy

CLASSIFY = PRACTICE.steps["classify"]
CONTEXT = StepContext(now=NOON, policy=an_incident_policy())


def test_an_incident_gets_the_priority_of_its_impact_and_urgency() -> None:
    record = CLASSIFY(an_incident(impact=1, urgency=2), CONTEXT)
    assert (record.priority, record.event.type, record.event.changes["priority"]) == (1, "Classified", (4, 1))


def test_an_incident_is_classified_once() -> None:
    once = CLASSIFY(an_incident(), CONTEXT)
    assert CLASSIFY(once, CONTEXT) is once


@pytest.mark.parametrize("close_after", ["", "0d", "91d", "91 business_days", "5 days", "5"])
def test_an_incident_closes_in_business_days_or_by_the_wall_clock_within_a_quarter(close_after: str) -> None:
    assert problems(an_incident_policy()) == problems(an_incident_policy(close_after="72h")) == []
    [(key, _)] = problems(an_incident_policy(close_after=close_after))
    assert key == "close_after"


def test_every_incident_is_worked_by_the_one_process() -> None:
    assert PRACTICE.process(an_incident()) == "incident"
