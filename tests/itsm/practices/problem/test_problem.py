"""What problem management decides: what a state asks for, what an incident hands on, and what its incidents hear."""

from dataclasses import replace

import pytest
from itsm.core.errors import InvalidInputError
from itsm.core.practice import StepContext
from itsm.core.record import SYSTEM, Record
from itsm.practices.problem import PRACTICE
from itsm.practices.problem import record as problems
from itsm.practices.problem.policy import problems as faults

from tests.builders import NOON, a_record, an_incident
from tests.support.organisation import a_problem_policy

CLASSIFY = PRACTICE.steps["classify"]
CONTEXT = StepContext(now=NOON, policy=a_problem_policy())
CAUSE, AROUND, NOT_FOUND = {"root_cause": "a full disk"}, {"workaround": "empty it"}, {"no_root_cause": "service ended"}


def a_problem(**facts: object) -> Record:
    return replace(a_record(practice="problem"), number="PRB0000001", **facts)  # type: ignore[arg-type]


def of_incident(incident: Record) -> Record:
    return problems.of_incident(incident, by=SYSTEM, origin="timer", at=NOON, text="breached", group="network")


@pytest.mark.parametrize(
    ("to", "details", "lacks"),
    [
        ("in_analysis", {}, ""),
        ("cancelled", {}, ""),
        ("known_error", CAUSE | AROUND, ""),
        ("known_error", CAUSE, "details.workaround"),
        ("known_error", AROUND, "details.root_cause"),
        ("known_error", NOT_FOUND | AROUND, "details.root_cause"),
        ("resolved", CAUSE, ""),
        ("resolved", NOT_FOUND, ""),
        ("resolved", AROUND, "details.root_cause"),
        ("resolved", {"root_cause": "  "}, "details.root_cause"),
    ],
)
def test_a_state_asks_for_what_it_stands_for(to: str, details: dict[str, str], lacks: str) -> None:
    problem = a_problem(details=details)
    if not lacks:
        PRACTICE.check(problem, to)
        return
    with pytest.raises(InvalidInputError) as refused:
        PRACTICE.check(problem, to)
    assert refused.value.field == lacks


def test_an_incident_hands_on_its_service_priority_and_name() -> None:
    incident = an_incident(number="INC0000007", service="erp", impact=1, urgency=2, priority=1, title="t" * 200)
    problem = of_incident(incident)
    assert (problem.service, problem.impact, problem.urgency, problem.priority) == ("erp", 1, 2, 1)
    assert problem.title.startswith("Cause of INC0000007: ttt")
    assert len(problem.title) == 200
    assert problems.incidents(problem) == ("INC0000007",)
    assert (problem.requester, problem.participants) == (SYSTEM, ()), "who reported it hears of the incident"


def test_an_incident_leads_to_one_problem_whoever_asks_and_whenever() -> None:
    incident = an_incident(number="INC0000007")
    later = problems.of_incident(incident, by="ada", origin="records", at=NOON + 99, text="why?", group="")
    assert later.id == of_incident(incident).id
    assert later.id != of_incident(an_incident("two", number="INC0000008")).id


def test_a_problem_keeps_the_priority_its_incident_was_raised_to() -> None:
    assert CLASSIFY(a_problem(impact=5, urgency=5, priority=2), CONTEXT).priority == 2
    raised = CLASSIFY(a_problem(impact=1, urgency=1, priority=4), CONTEXT)
    assert (raised.priority, raised.event.type) == (1, "Classified")
    assert CLASSIFY(raised, CONTEXT) is raised


@pytest.mark.parametrize(
    ("state", "details", "heard"),
    [
        ("new", {}, ""),
        ("in_analysis", CAUSE, ""),
        ("known_error", CAUSE | AROUND, "this helps meanwhile.\nCause: a full disk\nWorkaround: empty it"),
        ("resolved", CAUSE | {"solution": "a larger one"}, "is solved.\nCause: a full disk\nSolution: a larger one"),
        ("closed", NOT_FOUND, "is solved."),
        ("cancelled", AROUND, "nobody looks for the cause of this any more."),
    ],
)
def test_incidents_hear_what_helps_and_how_it_ended(state: str, details: dict[str, str], heard: str) -> None:
    news = problems.news(a_problem(state=state, details=details))
    assert news.endswith(heard)
    assert bool(news) == bool(heard)


def test_a_problem_takes_incidents_while_it_is_open_and_has_room() -> None:
    problems.check_problem(a_problem(details={"incidents": ["INC1"] * (problems.MOST - 1)}))
    for wrong in (
        a_problem(state="closed"),
        an_incident(),
        a_problem(details={"incidents": ["INC1"] * problems.MOST}),
    ):
        with pytest.raises(InvalidInputError):
            problems.check_problem(wrong)


@pytest.mark.parametrize(("key", "value"), [("group", "gardeners"), ("close_after", "91d"), ("close_after", "soon")])
def test_a_policy_that_cannot_hold_is_refused_by_key(key: str, value: str) -> None:
    assert faults(a_problem_policy()) == faults(a_problem_policy(group="network")) == []
    [(found, _)] = faults(a_problem_policy(**{key: value}))
    assert found == key
