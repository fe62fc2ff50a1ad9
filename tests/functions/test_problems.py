"""Problems at the doors: a level opens one, once whatever dies; people link incidents, and these hear what is found."""

from dataclasses import replace
from typing import Any

import pytest
from itsm.core.practice import load
from itsm.core.record import Record
from itsm.practices.service_level.policy import Level
from itsm.runtime import desk

from functions.problem_incidents.app import handler as tell
from functions.records.app import handler as records
from functions.sla_timers.app import fire
from tests.builders import a_record, an_incident
from tests.fakes import FakePorts, FakeRecords, sqs
from tests.functions.test_escalation import opened, run_on
from tests.itsm.practices.service_level.world import at
from tests.support.http import agent, read

OPENS = Level(at=50, metrics=("resolution",), actions=("note", "open-problem"))
AGAIN = Level(at=75, metrics=("resolution",), actions=("note", "open-problem"))
EVENING = "2026-03-26T23:00"


class Killed(BaseException):
    """The function died: no code of ours goes on."""


class Dying(FakeRecords):
    """A store whose function is killed before or after its `call`-th write."""

    call, after, count = 0, False, 0

    def _write(self, record: Record) -> None:
        self.count += 1
        if self.count == self.call and not self.after:
            raise Killed
        FakeRecords._write(self, record)
        if self.count == self.call:
            raise Killed


def at_its_level() -> tuple[Any, Record]:
    """An incident at the very second its level is reached, and the store that kills whoever writes."""
    ports, record = opened(OPENS)
    record = run_on(ports, record, "2026-03-26T12:59:59")
    dying = Dying(stored=ports.records.stored, journal=ports.records.journal, numbers=ports.records.numbers)
    ports.records, ports.time = dying, at("2026-03-26T13:00")
    assert record.next_timer == ports.time
    return ports, record


def problems_of(ports: FakePorts) -> list[Record]:
    return [one for one in ports.records.stored.values() if one.practice == "problem"]


def notes(ports: FakePorts, record: Record) -> list[str]:
    told = [(one.public, one.text) for one in ports.records.comments(record.id) if one.id != "opening"]
    assert not any(public for public, _ in told), "nothing of it is for the requester"
    return [text for _, text in told]


def an_incident_and_its_problem(**facts: Any) -> tuple[FakePorts, Record, Record]:
    ports = FakePorts()
    incident = ports.records.create(an_incident(**facts)).record
    assert asked(ports, "POST", incident, {})[0] == 201
    (problem,) = problems_of(ports)
    return ports, ports.records.get(incident.id), problem


def asked(ports: FakePorts, method: str, record: Record, body: Any) -> tuple[int, Any]:
    route = f"{method} /records/{{number}}" + ("/problem" if method in ("POST", "PUT") else "")
    answer = records.on(agent(route, body, params={"number": record.number}), ports)
    return answer["statusCode"], read(answer)


def told(ports: FakePorts, problem: Record) -> dict[str, Any]:
    return dict(tell.on({"step": "tell", "record": problem.id}, ports))


def test_a_level_opens_a_problem_that_is_linked_both_ways_and_handed_its_incidents_facts() -> None:
    ports, record = opened(OPENS)
    after = run_on(ports, record, EVENING)
    (problem,) = problems_of(ports)
    assert after.details["problem"] == problem.number == "PRB0000001"
    assert problem.details["incidents"] == [after.number]
    assert problem.title == f"Cause of {after.number}: {after.title}"
    assert (problem.priority, problem.service, problem.group) == (2, "email", "service-desk")
    assert (problem.event.by, problem.event.origin) == ("system", "timer")
    assert "50 % of the resolution target" in problem.event.text
    said = [one.event.text for one in ports.records.written if one.id == record.id]
    assert any("PRB0000001 is there to find its cause" in text for text in said)


def test_the_problem_has_the_priority_the_same_level_raised_and_the_group_of_its_policy() -> None:
    ports, record = opened(replace(OPENS, actions=("open-problem", "raise-priority")))
    ports.policies.problem = replace(ports.policies.problem, group="platform")
    run_on(ports, record, EVENING)
    (problem,) = problems_of(ports)
    assert (problem.priority, problem.group) == (1, "platform")


def test_an_incident_that_has_a_problem_gets_no_other() -> None:
    ports, record = opened(OPENS, AGAIN)
    run_on(ports, record, EVENING)
    assert len(problems_of(ports)) == 1
    ports, record = opened(OPENS)
    assert asked(ports, "POST", record, {"text": "The same again"})[0] == 201
    run_on(ports, record, EVENING)
    assert [one.event.origin for one in problems_of(ports)] == ["records"]


def test_what_is_no_incident_has_no_problem_behind_it() -> None:
    ports, _ = opened(OPENS)
    request = ports.records.create(a_record("two", "request", priority=2, at=ports.now())).record
    desk.update(
        ports, request.id, lambda one: one.changed("Assigned", by="a", origin="b", at=ports.now(), assignee="c")
    )
    clocks = next(one for one in ports.records.stored.values() if one.practice == "incident").clocks
    ports.records.stored[request.id] = replace(ports.records.get(request.id), clocks=clocks)
    run_on(ports, request, EVENING)
    assert ports.records.get(request.id).next_timer is None
    assert problems_of(ports) == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_one_problem_is_there_and_linked_wherever_the_door_dies(call: int, after: bool) -> None:
    ports, record = at_its_level()
    ports.records.call, ports.records.after = call, after
    body = {"record": record.id, "due": ports.time}
    died = False
    for _ in range(3):
        try:
            assert fire.on(sqs(body, body), ports) == {"batchItemFailures": []}
        except Killed:
            died = True
    assert died == (call <= 2), "two writes: the problem, and the incident that names it"
    (problem,) = problems_of(ports)
    incident = ports.records.get(record.id)
    assert incident.details["problem"] == problem.number
    assert problem.details["incidents"] == [incident.number]
    assert (problem.version, incident.version) == (1, record.version + 1)


def test_a_problem_whose_opener_died_for_good_is_named_to_its_incident_by_its_process() -> None:
    ports, record = at_its_level()
    ports.records.call, ports.records.after = 1, True
    with pytest.raises(Killed):
        fire.on(sqs({"record": record.id, "due": ports.time}), ports)
    (problem,) = problems_of(ports)
    for _ in range(2):
        told(ports, problem)
    incident = ports.records.get(record.id)
    assert (incident.details["problem"], incident.version) == (problem.number, record.version + 1)
    run_on(ports, record, EVENING)
    assert len(problems_of(ports)) == 1


def test_an_agent_opens_the_problem_behind_an_incident_once() -> None:
    ports, incident, problem = an_incident_and_its_problem()
    status, shown = asked(ports, "POST", incident, {"text": "And again"})
    assert (status, shown["number"], len(problems_of(ports))) == (200, problem.number, 1)
    assert incident.details["problem"] == problem.number
    assert problem.event.by == "ada@example.org"
    assert asked(ports, "POST", problem, {})[0] == 422


def test_incidents_are_linked_moved_and_let_go_on_both_sides() -> None:
    ports, one, problem = an_incident_and_its_problem()
    two = ports.records.create(an_incident("two")).record
    other = ports.records.create(a_record("other", "problem")).record
    for _ in range(2):
        assert asked(ports, "PUT", two, {"problem": problem.number})[0] == 200
    assert ports.records.get(problem.id).details["incidents"] == [one.number, two.number]
    assert ports.records.get(two.id).version == 2
    assert asked(ports, "PUT", one, {"problem": other.number})[0] == 200
    assert ports.records.get(problem.id).details["incidents"] == [two.number]
    assert ports.records.get(other.id).details["incidents"] == [one.number]
    assert "problem" not in asked(ports, "PUT", two, {"problem": None})[1]["details"]
    assert ports.records.get(problem.id).details["incidents"] == []


@pytest.mark.parametrize("body", [{}, {"problem": "INC0000001"}, {"problem": 7}, {"problem": ""}])
def test_an_incident_belongs_to_a_problem_and_to_nothing_else(body: Any) -> None:
    ports, incident, _ = an_incident_and_its_problem()
    assert asked(ports, "PUT", incident, body)[0] == 422


def moved(ports: FakePorts, record: Record, state: str, **details: str) -> tuple[int, Any]:
    return asked(ports, "PATCH", record, {"state": state, "details": details})


def test_a_problem_is_resolved_with_its_cause_or_the_reason_there_is_none() -> None:
    ports, _, problem = an_incident_and_its_problem()
    status, refusal = moved(ports, problem, "resolved")
    assert (status, "details.root_cause" in str(refusal)) == (422, True)
    assert moved(ports, problem, "known_error", root_cause="a full disk")[0] == 422
    assert moved(ports, problem, "known_error", root_cause="a full disk", workaround="empty it")[0] == 200
    assert moved(ports, problem, "resolved")[0] == 200, "the cause is known already"
    ports, _, problem = an_incident_and_its_problem()
    assert moved(ports, problem, "resolved", no_root_cause="the service has ended")[0] == 200


def test_the_agents_of_an_incident_hear_of_workaround_and_solution_once() -> None:
    ports, incident, problem = an_incident_and_its_problem()
    told(ports, problem)
    assert notes(ports, incident) == []
    moved(ports, problem, "known_error", root_cause="a full disk", workaround="empty it")
    for _ in range(2):
        told(ports, problem)
    assert notes(ports, incident) == [
        "PRB0000001 is not solved yet, but this helps meanwhile.\nCause: a full disk\nWorkaround: empty it"
    ]
    moved(ports, problem, "resolved", solution="a larger disk")
    for _ in range(2):
        assert told(ports, problem)["details"]["close_seconds"] > 86_400
    assert len(notes(ports, incident)) == 2
    assert "Solution: a larger disk" in notes(ports, incident)[1]


def test_an_incident_linked_late_hears_of_the_workaround_at_once() -> None:
    ports, _, problem = an_incident_and_its_problem()
    moved(ports, problem, "known_error", root_cause="a full disk", workaround="empty it")
    two = ports.records.create(an_incident("two")).record
    asked(ports, "PUT", two, {"problem": problem.number})
    assert "empty it" in notes(ports, two)[0]


@pytest.mark.parametrize(("end", "details"), [("resolved", {"root_cause": "a full disk"}), ("cancelled", {})])
def test_what_waits_for_the_problem_is_worked_again_when_it_is_over(end: str, details: dict[str, str]) -> None:
    ports, incident, problem = an_incident_and_its_problem(state="in_progress")
    moved(ports, incident, "on_hold", hold_reason="problem")
    moved(ports, problem, "known_error", root_cause="a full disk", workaround="empty it")
    told(ports, problem)
    assert ports.records.get(incident.id).state == "on_hold", "a workaround is no solution; the agents decide"
    moved(ports, problem, end, **details)
    for _ in range(2):
        told(ports, problem)
    after = ports.records.get(incident.id)
    assert (after.state, "hold_reason" in after.details) == ("in_progress", False)
    assert len(notes(ports, incident)) == 2


@pytest.mark.parametrize(("state", "reason"), [("on_hold", "supplier"), ("resolved", ""), ("closed", "")])
def test_what_waits_for_something_else_or_is_done_stays_so(state: str, reason: str) -> None:
    details = {"hold_reason": reason} if reason else {}
    ports, incident, problem = an_incident_and_its_problem(state=state, details=details)
    moved(ports, problem, "resolved", root_cause="a full disk")
    told(ports, problem)
    assert ports.records.get(incident.id).state == state
    assert len(notes(ports, incident)) == (1 if state == "on_hold" else 0)


def test_the_incidents_of_a_merged_problem_belong_to_the_other() -> None:
    ports, incident, problem = an_incident_and_its_problem()
    other = ports.records.create(a_record("other", "problem")).record
    route = "POST /records/{number}/merge"
    answer = records.on(agent(route, {"into": other.number}, params={"number": problem.number}), ports)
    assert answer["statusCode"] == 200
    for _ in range(2):
        told(ports, problem)
    assert ports.records.get(incident.id).details["problem"] == other.number
    assert ports.records.get(other.id).details["incidents"] == [incident.number]
    assert notes(ports, incident) == []


def test_a_problem_has_a_process_and_its_own_agreement() -> None:
    ports, _, problem = an_incident_and_its_problem()
    assert load("problem").process(problem) == "problem"
    from itsm.practices.service_level.rules import choose

    assert choose(ports.policies.service_level, problem).name == "problems"
