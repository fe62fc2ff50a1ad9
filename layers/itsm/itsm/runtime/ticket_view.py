"""Ticket view: the requester's page of a ticket, and its files once a scanner has passed them."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from itsm.core import scan
from itsm.core.errors import ItsmError, NotFoundError
from itsm.core.record import Comment, Record
from itsm.runtime import links
from itsm.runtime.http import Request, Response, page
from itsm.runtime.measure import remaining
from itsm.runtime.ports import Ports
from itsm.runtime.speaking import spoken
from itsm.service_desk import files, pictures, ticket_page
from itsm.service_desk.pages import switch

CSP = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""What strangers wrote is shown without an origin, a script, a form, or anything from elsewhere."""


def show(request: Request, ports: Ports) -> Response:
    """GET /tickets/{link}: the ticket the link was signed for; ?as_sent=<entry>: that entry in the HTML it came in."""
    record = ports.records.get(links.payload("ticket", request.params["link"], ports))
    now, journal = ports.now(), ports.records.comments(record.id)
    if wanted := request.query.get("as_sent", ""):
        return _as_sent(record, journal, wanted, request, ports)
    held = files.held(record)
    kept = [
        (
            file.name,
            file.size,
            str(held.get(file.mark, "")) or files.link(ports.link_secret, request.base_url, record, file, now),
        )
        for file in files.files(record, journal)
    ]
    pages = {entry.id for entry in journal if files.page(record, entry)}
    words = spoken(request, record, record.requester, ports)
    left, others = remaining(record, now, ports.policies), switch(words, ports.policies.languages)
    return page(200, ticket_page.render(record, journal, now, left, kept, pages, words=words, switch=others))


def _as_sent(record: Record, journal: Sequence[Comment], wanted: str, request: Request, ports: Ports) -> Response:
    entry = next((one for one in journal if one.id == wanted and one.public and files.page(record, one)), None)
    if entry is None:
        raise NotFoundError("this ticket has no such entry, or it came without HTML")
    known = {file.key.rpartition("/")[2]: file for file in files.files(record, journal)}
    sources: set[str] = set()

    def address(name: str) -> str:
        file = known.get(name)
        if file is None or not _given_out(record, file, ports):
            return ""
        link = files.link(ports.link_secret, request.base_url, record, file, ports.now())
        # the picture is asked of us, and we send the browser on to where the file is stored: both must be allowed
        sources.update(_origin(one) for one in (link, ports.blobs.link(file.key, file.name)))
        return link

    markup = pictures.shown(ports.blobs.get(files.page(record, entry)).decode("utf-8", "replace"), address)
    policy = CSP.format(pictures=" ".join(sorted(sources)) or "'none'")
    answer = page(200, ticket_page.as_sent(record, entry, markup, spoken(request, record, record.requester, ports)))
    return Response(
        status=answer.status,
        body=answer.body,
        content_type=answer.content_type,
        headers={"content-security-policy": policy},
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _given_out(record: Record, file: files.File, ports: Ports) -> bool:
    try:
        _check(record, file, ports)
    except ItsmError:
        return False
    return True


def _check(record: Record, file: files.File, ports: Ports) -> None:
    """Raise GoneError or OutsideError unless the file may be given out; where nobody scans, every kept file may."""
    if ports.address("SCAN_ATTACHMENTS") == "true":
        files.check(str(files.held(record).get(file.mark, scan.CLEAN)))
        files.check(ports.blobs.verdict(file.key))


def give(request: Request, ports: Ports) -> Response:
    """GET /files/{link}: 302 to the stored file, as a download, for five minutes; 503 until a scanner has passed it."""
    record_id, mark, *_ = links.payload(files.PURPOSE, request.params["link"], ports).split(".")
    record = ports.records.get(record_id)
    file = files.found(record, ports.records.comments(record_id), mark)
    _check(record, file, ports)
    shown_as = file.type if file.type in pictures.KINDS else ""
    return Response(status=302, body="", headers={"location": ports.blobs.link(file.key, file.name, shown_as)})
