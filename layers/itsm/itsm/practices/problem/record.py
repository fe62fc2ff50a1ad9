"""Record: what a problem keeps, how it comes from an incident, and how the two name each other."""

from collections.abc import Mapping

from itsm.core.errors import InvalidInputError
from itsm.core.events import Json
from itsm.core.record import SYSTEM, Record, derived_id, opened
from itsm.practices.problem.lifecycle import CANCELLED, LIFECYCLE

ROOT_CAUSE, WORKAROUND, SOLUTION, NO_ROOT_CAUSE = "root_cause", "workaround", "solution", "no_root_cause"
FACTS = (ROOT_CAUSE, WORKAROUND, SOLUTION, NO_ROOT_CAUSE)
"""What people find out: the cause, what helps meanwhile, what removes it, or why the cause was not found."""
INCIDENTS, PROBLEM = "incidents", "problem"
"""The incidents of a problem, on the problem; the problem of an incident, on the incident; both by number."""
MOST = 50
"""Incidents a person may give a problem: its item stays small, and all are told in one step of its process."""
TITLE_CHARS = 200
SOURCE = "problem"


def of_incident(incident: Record, *, by: str, origin: str, at: int, text: str, group: str) -> Record:
    """The problem an incident leads to: of its service, impact and priority, and one however often it is asked for.

    Nobody outside is its requester: who reported the incident hears of the incident.
    """
    return opened(
        "ProblemOpened",
        by=by,
        origin=origin,
        at=at,
        text=text,
        id=derived_id(SOURCE, incident.id),
        practice="problem",
        state=LIFECYCLE.initial,
        title=_short(f"Cause of {incident.number}: {incident.title}"),
        source=SOURCE,
        requester=SYSTEM,
        service=incident.service,
        impact=incident.impact,
        urgency=incident.urgency,
        priority=incident.priority,
        group=group,
        details={INCIDENTS: [incident.number]},
    )


def incidents(problem: Record) -> tuple[str, ...]:
    """The numbers of a problem's incidents, in the order they were named."""
    named = problem.details.get(INCIDENTS)
    return tuple(str(one) for one in named) if isinstance(named, list) else ()


def problem_of(incident: Record) -> str:
    """The number of an incident's problem, "" for none."""
    return str(incident.details.get(PROBLEM, ""))


def naming(problem: Record, number: str) -> Mapping[str, Json]:
    """A problem's details with one incident more; the same where it names that one."""
    known = incidents(problem)
    return problem.details if number in known else {**problem.details, INCIDENTS: [*known, number]}


def without(problem: Record, number: str) -> Mapping[str, Json]:
    """A problem's details with one incident less."""
    return {**problem.details, INCIDENTS: [one for one in incidents(problem) if one != number]}


def check_incident(record: Record) -> None:
    """Raise InvalidInputError for a record that has no problem behind it, because it is no incident."""
    if record.practice != "incident":
        raise InvalidInputError("number", f"{record.number} is no incident; a problem is behind incidents")


def check_problem(record: Record) -> None:
    """Raise InvalidInputError for a record that no further incident can belong to."""
    if record.practice != "problem":
        raise InvalidInputError("problem", f"{record.number} is no problem")
    if record.state in LIFECYCLE.final:
        raise InvalidInputError("problem", f"{record.number} is {record.state}; open another one")
    if len(incidents(record)) >= MOST:
        raise InvalidInputError("problem", f"{record.number} names {MOST} incidents already; open another one")


def is_over(problem: Record) -> bool:
    """Whether nobody looks for the problem's cause any more, so that no incident need wait for it."""
    return problem.state in LIFECYCLE.met


def news(problem: Record) -> str:
    """What the agents of its incidents should know of a problem now, "" while there is nothing."""
    facts = [
        f"{words}: {problem.details[name]}"
        for name, words in ((ROOT_CAUSE, "Cause"), (WORKAROUND, "Workaround"), (SOLUTION, "Solution"))
        if problem.details.get(name)
    ]
    if problem.state == CANCELLED:
        return f"{problem.number} was cancelled: nobody looks for the cause of this any more."
    if is_over(problem):
        return "\n".join([f"{problem.number} is solved.", *facts])
    if not problem.details.get(WORKAROUND):
        return ""
    return "\n".join([f"{problem.number} is not solved yet, but this helps meanwhile.", *facts])


def _short(title: str) -> str:
    return title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1].rstrip() + "…"
