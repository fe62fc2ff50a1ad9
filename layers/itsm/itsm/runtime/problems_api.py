"""Problems API: open the problem behind an incident, and say which problem an incident belongs to."""

from itsm.core.errors import InvalidInputError
from itsm.practices.problem.record import check_incident, check_problem, problem_of
from itsm.runtime import problems
from itsm.runtime.http import Request, Response, json_response
from itsm.runtime.ports import Ports
from itsm.runtime.records_api import COMMENT_CHARS, body_of, shown, text_of, who
from itsm.service_desk import opening

ORIGIN = "records"


def open_problem(request: Request, ports: Ports) -> Response:
    """POST /records/{number}/problem: {"text"?}; the problem behind an incident, the one it has if it has one.

    Asking again opens no second one. 422 for a record that is no incident.
    """
    body, by = body_of(request, "text"), who(request)
    incident = ports.records.find(request.params["number"])
    check_incident(incident)
    if number := problem_of(incident):
        return json_response(200, shown(ports.records.find(number)))
    said = text_of("text", body.get("text", f"What is behind {incident.number}?"), COMMENT_CHARS)
    text, longer = opening.kept(said, incident.id, opening.INLINE_BYTES, opening.EXCERPT_BYTES)
    if longer:
        raise InvalidInputError("text", f"is longer than {opening.INLINE_BYTES} bytes; say more in a comment on it")
    problem = problems.opened(incident, text, ports, by=by, origin=ORIGIN)
    problems.link(incident, problem, ports, by=by, origin=ORIGIN)
    return json_response(201, shown(problem))


def choose_problem(request: Request, ports: Ports) -> Response:
    """PUT /records/{number}/problem: {"problem": number or null}; both records say so, and what is known is told.

    422 where the one is no incident, or the other no problem that is still open or has room for it.
    """
    body, by = body_of(request, "problem"), who(request)
    if "problem" not in body:
        raise InvalidInputError("problem", "is the number of the problem behind this incident, or null")
    incident = ports.records.find(request.params["number"])
    check_incident(incident)
    problem = None
    if body["problem"] is not None:
        problem = ports.records.find(text_of("problem", body["problem"], 20))
        if problem_of(incident) != problem.number:
            check_problem(problem)
    problems.link(incident, problem, ports, by=by, origin=ORIGIN)
    if problem is not None:
        problems.inform(incident, problem, ports)
    return json_response(200, shown(ports.records.get(incident.id)))
