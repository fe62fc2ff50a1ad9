"""Ticket view: the requester's page of a ticket, and its files once a scanner has passed them."""

from itsm.runtime import links
from itsm.runtime.http import Request, Response, page
from itsm.runtime.measure import remaining
from itsm.runtime.ports import Ports
from itsm.service_desk import files, ticket_page


def show(request: Request, ports: Ports) -> Response:
    """GET /tickets/{link}: the ticket the link was signed for."""
    record = ports.records.get(links.payload("ticket", request.params["link"], ports))
    now, journal = ports.now(), ports.records.comments(record.id)
    kept = [
        (file.name, file.size, files.link(ports.link_secret, request.base_url, record, file, now))
        for file in files.files(record, journal)
    ]
    return page(200, ticket_page.render(record, journal, now, remaining(record, now, ports.policies), kept))


def give(request: Request, ports: Ports) -> Response:
    """GET /files/{link}: 302 to the stored file, as a download, for five minutes; 503 until a scanner has passed it."""
    record_id, mark, *_ = links.payload(files.PURPOSE, request.params["link"], ports).split(".")
    record = ports.records.get(record_id)
    file = files.found(record, ports.records.comments(record_id), mark)
    if ports.policies.sources.attachments.scanned:
        files.check(ports.blobs.verdict(file.key))
    return Response(status=302, body="", headers={"location": ports.blobs.link(file.key, file.name)})
