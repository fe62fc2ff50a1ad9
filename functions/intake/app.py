"""Intake: the request form and the webhooks; anything that arrives over HTTP becomes a ticket."""

from itsm.runtime import front_desk
from itsm.runtime.door import http_door
from itsm.runtime.http import Request, Response
from itsm.runtime.ports import Ports

ROUTES = {
    "GET /forms/{name}": front_desk.show_form,
    "POST /forms/{name}": front_desk.send_form,
    "POST /intake/{source}": front_desk.take_webhook,
}


@http_door
def handler(request: Request, ports: Ports) -> Response:
    """Answer one of the routes above; a 2xx is given only once the ticket is stored."""
    return ROUTES[request.route](request, ports)
