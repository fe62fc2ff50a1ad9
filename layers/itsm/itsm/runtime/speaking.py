"""Speaking: the language of a page for the person who reads it, also of the page that says what went wrong."""

from collections.abc import Mapping
from html import escape
from typing import Any

from itsm.core.errors import PolicyError
from itsm.core.record import Record
from itsm.runtime import http
from itsm.runtime.http import Request, Response
from itsm.runtime.ports import Ports
from itsm.service_desk.pages import frame
from itsm.service_desk.words import ENGLISH, Words


def spoken(request: Request, record: Record, reader: str, ports: Ports) -> Words:
    """The words for a page about a record, in the first language we speak of these: that of ?lang=, the browser's, what
    we know of the person, the desk's."""
    languages = ports.policies.languages
    known = ports.policies.sources.people.reads(reader, record)
    otherwise = next((one for one in known if one in languages.words), "")
    return languages.asked(request.query.get("lang", ""), request.headers.get("accept-language", ""), otherwise)


def trouble(error: Exception, event: Mapping[str, Any], ports: Ports) -> Response:
    """The page that says what went wrong, in the language of ?lang= or of the browser; in English where even the words
    cannot be read."""
    query, headers = event.get("queryStringParameters") or {}, http.headers(event)
    try:
        words = ports.policies.languages.asked(query.get("lang", ""), headers.get("accept-language", ""))
    except PolicyError:
        return http.problem(error, wants_page=True)
    status, title, detail = http.told(error)
    said = words.again(detail)
    # what is not ours to retell stays in English, and says so to a screen reader
    mark = ' lang="en"' if said == detail and words.language != ENGLISH else ""
    head = words.words.get(f"error_{status}", title)
    markup = frame(head, f"<h1>{escape(head)}</h1><p{mark}>{escape(said)}</p>", words.language or ENGLISH)
    return http.page(status, markup)
