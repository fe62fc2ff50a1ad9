"""Personal forms: an agent's own link to a form, by which they may ask for somebody else."""

import base64
import binascii
from dataclasses import replace
from urllib.parse import urlencode

from itsm.core.addresses import folded
from itsm.core.errors import ForbiddenError, NotFoundError
from itsm.core.signing import sign
from itsm.runtime import links
from itsm.runtime.http import Request, Response, json_response
from itsm.runtime.intake import vouched
from itsm.runtime.ports import Ports
from itsm.runtime.records_api import instant, who
from itsm.service_desk.policy import Form
from itsm.service_desk.submission import INTERNAL, Claim, Submission

PURPOSE, QUERY = "for-others", "as"
FOR = "on_behalf_of"
"""The question, and with it the field, that says whom a ticket is for."""
DAYS_GOOD, DAY = 30, 86_400
REFUSED = "only people the service desk knows may ask for somebody else; ask in your own name, or have them ask"


def give(request: Request, ports: Ports) -> Response:
    """GET /forms/{name}/for-others: the caller's own link to the form, good for 30 days.

    Raises ForbiddenError for a caller that policy does not let speak for others.
    """
    name, caller = request.params["name"], who(request)
    form = ports.policies.forms.form.get(name)
    if form is None or not any(one.name == FOR for one in form.question):
        raise NotFoundError(f"no form is called {name!r} and asks {FOR}")
    if vouched(_trial(caller), ports).on_behalf is None:
        raise ForbiddenError("the policy of the sources ([on_behalf]) does not let you open tickets for others")
    until = ports.now() + DAYS_GOOD * DAY
    spelled = base64.b32encode(caller.encode()).decode().rstrip("=").lower()
    token = sign(ports.link_secret, PURPOSE, f"{spelled}.x{until}")
    return json_response(200, {"link": f"{request.base_url}/forms/{name}?{QUERY}={token}", "until": instant(until)})


def opener(request: Request, ports: Ports) -> str:
    """Whose link the form was opened by, "" for anybody's. Raises UnauthenticatedError, GoneError for a bad one."""
    token = request.query.get(QUERY, "")
    if not token:
        return ""
    spelled = links.payload(PURPOSE, token, ports).partition(".")[0].upper()
    try:
        return base64.b32decode(spelled + "=" * (-len(spelled) % 8)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NotFoundError("this link names nobody") from error


def kept(request: Request) -> str:
    """The part of the query that makes the link personal, for the links on the page."""
    return urlencode({QUERY: request.query[QUERY]}) if request.query.get(QUERY) else ""


def asked_by(form: Form, address: str) -> Form:
    """The form as somebody is asked: by their own link for whom it is and not who they are, all others neither."""
    left_out = "sender" if address else FOR
    defaults = {**form.defaults, "sender": address} if address else form.defaults
    return replace(form, question=tuple(one for one in form.question if one.name != left_out), defaults=defaults)


def claimed(submission: Submission, address: str, ports: Ports) -> Submission:
    """The submission of a form that was sent by a personal link, with whom it is for.

    Raises ForbiddenError where the answer names somebody and the policy does not let the sender speak for others any
    more.
    """
    person = folded(submission.fields.get(FOR, ""))
    if not person or not address:
        return submission
    fields = {name: value for name, value in submission.fields.items() if name != FOR}
    claim = Claim(how="form", opener=address, person=person)
    said = replace(submission, fields=fields, claims=(claim,), trust=INTERNAL)
    if person != address and vouched(said, ports).on_behalf is None:
        raise ForbiddenError(REFUSED)
    return said


def _trial(caller: str) -> Submission:
    claim = Claim(how="form", opener=caller, person="somebody@else.invalid")
    return Submission(source="", key="", kind="", received_at=0, trust=INTERNAL, claims=(claim,))
