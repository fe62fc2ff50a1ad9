"""Ticket pages: the requester's view of a ticket and its files, behind the signed links our mails carry."""

from itsm.runtime import ticket_view
from itsm.runtime.door import http_door
from itsm.runtime.http import Request, Response
from itsm.runtime.ports import Ports

ROUTES = {"GET /tickets/{link}": ticket_view.show, "GET /files/{link}": ticket_view.give}


@http_door
def handler(request: Request, ports: Ports) -> Response:
    """Answer one of the routes above."""
    return ROUTES[request.route](request, ports)
