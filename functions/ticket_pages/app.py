"""Ticket pages: the requester's view of a ticket, behind the signed link our mails carry."""

from itsm.runtime import links
from itsm.runtime.door import http_door
from itsm.runtime.http import Request, Response, page
from itsm.runtime.measure import remaining
from itsm.runtime.ports import Ports
from itsm.service_desk import ticket_page


@http_door
def handler(request: Request, ports: Ports) -> Response:
    """GET /tickets/{link}: the ticket the link was signed for."""
    record_id = links.payload("ticket", request.params["link"], ports)
    record = ports.records.get(record_id)
    now = ports.now()
    left = remaining(record, now, ports.policies)
    return page(200, ticket_page.render(record, ports.records.comments(record_id), now, left))
