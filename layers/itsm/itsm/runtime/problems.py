"""Problems: an incident leads to one, both name each other, and its incidents hear what was found out about it."""

from collections.abc import Mapping, Sequence

from itsm.core.errors import NotFoundError
from itsm.core.events import Json
from itsm.core.ports import Change
from itsm.core.practice import load
from itsm.core.record import SYSTEM, Record
from itsm.core.steps import ORIGIN
from itsm.practices.problem import record as problems
from itsm.runtime import desk
from itsm.runtime.closing import objection
from itsm.runtime.door import StepCall
from itsm.runtime.ports import Ports
from itsm.service_desk import quarantine, relations

REASON = "problem"
"""The reason of a hold that ends when nobody looks for the problem's cause any more."""


def opened(incident: Record, text: str, ports: Ports, *, by: str, origin: str) -> Record:
    """The problem of an incident, opened by one conditional write; whoever asks again gets the one that is there."""
    new = problems.of_incident(
        incident,
        by=by,
        origin=origin,
        at=ports.now(),
        text=text,
        group=ports.policies.problem.group or quarantine.GROUP,
    )
    problem = ports.records.create(new).record
    if incident.number in problems.incidents(problem):
        return problem

    def named(current: Record) -> Record:
        details = problems.naming(current, incident.number)
        if details == current.details:
            return current
        return current.changed("FieldsChanged", by=by, origin=origin, at=ports.now(), details=details)

    return desk.update(ports, problem.id, named)


def link(incident: Record, problem: Record | None, ports: Ports, *, by: str, origin: str) -> None:
    """Let an incident belong to a problem and to no other (None: to none), said on both sides in one write."""
    old = _found(problems.problem_of(incident), ports)
    sides = {one.id: one for one in (incident, problem, old) if one is not None}

    def linked(current: Sequence[Record]) -> tuple[Sequence[Change], Sequence[Record]]:
        now = {one.id: one for one in current}
        here = now[incident.id]
        details = {name: value for name, value in here.details.items() if name != problems.PROBLEM}
        wanted: dict[str, Mapping[str, Json]] = {incident.id: details}
        if old is not None:
            wanted[old.id] = problems.without(now[old.id], here.number)
        if problem is not None:
            details[problems.PROBLEM] = problem.number
            wanted[problem.id] = problems.naming(now[problem.id], here.number)
        changes = [
            (now[id_].changed("FieldsChanged", by=by, origin=origin, at=ports.now(), details=to), None)
            for id_, to in wanted.items()
            if to != now[id_].details
        ]
        return changes, ()

    desk.update_all(ports, tuple(sides), linked)


def tell(call: StepCall, ports: Ports) -> Mapping[str, Json]:
    """A step of the process: every incident names the problem, and its agents read what is news about it, once.

    What waited for the problem is worked again when the problem is over. One that was merged into another has its
    incidents there. A step that is taken twice writes nothing the second time.
    """
    problem = ports.records.get(call.record)
    onward = relations.follow(problem, lambda number: _found(number, ports))
    for number in problems.incidents(problem):
        incident = _found(number, ports)
        if incident is None:
            continue
        if onward.id != problem.id:
            link(incident, onward, ports, by=SYSTEM, origin=ORIGIN)
        elif problems.problem_of(incident) in ("", problem.number):
            inform(incident, problem, ports)
    return desk.step_result(problem, objection(problem, ports))


def inform(incident: Record, problem: Record, ports: Ports) -> None:
    """Let an incident name its problem, and its agents read what is news about it; either once."""

    def named(current: Record) -> Record:
        if problems.problem_of(current):
            return current
        details = {**current.details, problems.PROBLEM: problem.number}
        return current.changed("FieldsChanged", by=SYSTEM, origin=ORIGIN, at=ports.now(), details=details)

    incident = desk.update(ports, incident.id, named)
    lifecycle, news = load(incident.practice).lifecycle, problems.news(problem)
    if not news:
        return
    key = f"{problem.number} {news}"
    note = desk.internal_note(incident, key, news, by=SYSTEM, origin=ORIGIN, at=ports.now())

    def heard(current: Record) -> Record:
        if current.state in lifecycle.met or problems.problem_of(current) != problem.number:
            return current
        said = desk.said_with(note)
        if not _waits(current) or not problems.is_over(problem):
            return current.changed("CommentAdded", **said)
        details = {name: value for name, value in current.details.items() if name != desk.HOLD_REASON}
        return current.changed("StateChanged", **said, state="in_progress", details=details)

    desk.update(ports, incident.id, heard, note)


def _waits(incident: Record) -> bool:
    held = load(incident.practice).lifecycle.held
    return incident.state in held and incident.details.get(desk.HOLD_REASON) == REASON


def _found(number: str, ports: Ports) -> Record | None:
    if not number:
        return None
    try:
        return ports.records.find(number)
    except NotFoundError:
        return None
