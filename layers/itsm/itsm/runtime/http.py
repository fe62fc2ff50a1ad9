"""HTTP: API Gateway's payload 2.0 as a request, an answer as its response, errors as problem details."""

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from itsm.core import errors
from itsm.core.addresses import folded

MAX_BYTES = 6 * 1024 * 1024
"""The largest body taken: what Lambda accepts in one synchronous call (AWS Lambda quotas)."""

STATUS: Mapping[type[Exception], tuple[int, str]] = {
    errors.NotFoundError: (404, "Not found"),
    errors.IllegalMoveError: (409, "Illegal move"),
    errors.StaleVersionError: (409, "Stale version"),
    errors.InvalidInputError: (422, "Invalid input"),
    errors.MalformedError: (422, "Malformed body"),
    errors.TooLargeError: (413, "Too large"),
    errors.UnauthenticatedError: (401, "Not authenticated"),
    errors.ForbiddenError: (403, "Not allowed"),
    errors.GoneError: (410, "Gone"),
    errors.ThrottledError: (429, "Too many requests"),
    errors.OutsideError: (503, "Try again"),
}
INSIDE = "something went wrong on our side; it is logged, and trying again may help"
CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. Header names are lower case; `body` is raw bytes; `claims` come from the JWT authorizer."""

    route: str
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    claims: Mapping[str, str]
    base_url: str
    source_ip: str = ""

    @property
    def caller(self) -> str:
        """Who the token says is calling: the e-mail address if it has one that is theirs, else the subject.

        An address its provider calls unverified is only a claim of the person's own (OpenID Connect Core 5.1, 5.7).
        """
        verified = str(self.claims.get("email_verified", "true")).lower() == "true"
        return folded((verified and self.claims.get("email")) or self.claims.get("sub") or "")

    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object. Raises MalformedError."""
        try:
            read = json.loads(self.body)
            # half of a surrogate pair, which JSON can spell, is no character and could be stored nowhere
            json.dumps(read, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise errors.MalformedError("the body is not JSON; send one JSON object in UTF-8") from error
        if not isinstance(read, dict):
            raise errors.MalformedError("the body is JSON but not an object; send one JSON object")
        return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer."""

    status: int
    body: str
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def read(event: Mapping[str, Any]) -> Request:
    """The request of an API Gateway HTTP API event (payload format 2.0). Raises TooLargeError, MalformedError."""
    context = event["requestContext"]
    raw = event.get("body") or ""
    try:
        body = base64.b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw.encode()
    except ValueError as error:
        raise errors.MalformedError("the body says base64 and is not") from error
    if len(body) > MAX_BYTES:
        raise errors.TooLargeError(f"the body has {len(body)} bytes; {MAX_BYTES} are taken")
    sent = headers(event)
    stage = context.get("stage", "$default")
    prefix = "" if stage == "$default" else f"/{stage}"
    scheme = sent.get("x-forwarded-proto", "https")
    return Request(
        route=event["routeKey"],
        method=context["http"]["method"],
        path=event["rawPath"],
        params=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        headers=sent,
        body=body,
        claims=context.get("authorizer", {}).get("jwt", {}).get("claims", {}),
        base_url=f"{scheme}://{context['domainName']}{prefix}",
        source_ip=context["http"].get("sourceIp", ""),
    )


def headers(event: Mapping[str, Any]) -> dict[str, str]:
    """The headers of an event by their names in lower case."""
    return {name.lower(): value or "" for name, value in (event.get("headers") or {}).items()}


def wants_page(event: Mapping[str, Any]) -> bool:
    """Whether a person's browser asked."""
    return "text/html" in headers(event).get("accept", "")


def check_origin(request: Request) -> None:
    """Raise ForbiddenError for a form that was sent from another site's page (RFC 6454; browsers name it in Origin).

    Our own pages send no referrer, so their Origin is "null", which any page may make of its own too: then the
    browser's word about both sites counts (W3C, Fetch Metadata Request Headers).
    """
    origin = request.headers.get("origin", "")
    ours = request.base_url.partition("://")[2].partition("/")[0]
    unnamed = origin in ("", "null")
    foreign = unnamed and request.headers.get("sec-fetch-site", "") in ("cross-site", "same-site")
    if foreign or (not unnamed and origin.partition("://")[2] != ours):
        raise errors.ForbiddenError("this form was sent from another site; open it here and send it again")


def answer(response: Response) -> dict[str, Any]:
    """What API Gateway wants back; nothing is cached and no page may be framed."""
    safe = {
        "content-type": f"{response.content_type}; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    if response.content_type == "text/html":
        safe["content-security-policy"] = CSP
    return {"statusCode": response.status, "headers": {**safe, **response.headers}, "body": response.body}


def json_response(status: int, body: Any, **headers: str) -> Response:
    """A JSON answer."""
    return Response(status=status, body=json.dumps(body, ensure_ascii=False), headers=headers)


def page(status: int, markup: str) -> Response:
    """An HTML answer."""
    return Response(status=status, body=markup, content_type="text/html")


def told(error: Exception) -> tuple[int, str, str]:
    """What is told of an error: status, title, and detail; of what went wrong inside nothing but that it did."""
    status, title = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), (500, "Our fault"))
    return status, title, str(error) if status != 500 else INSIDE


def problem(error: Exception, *, wants_page: bool) -> Response:
    """Problem details (RFC 9457), or the same as a plain page for a person's browser.

    With the type "about:blank" the title is the status's own phrase (RFC 9457 4.2.1). Of what went wrong inside
    nothing is told.
    """
    status, title, detail = told(error)
    if wants_page:
        return page(status, _error_page(title, detail))
    phrase = HTTPStatus(status).phrase
    facts: dict[str, Any] = {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
    if isinstance(error, errors.IllegalMoveError):
        facts |= {"state": error.state, "legal": list(error.legal)}
    if isinstance(error, errors.InvalidInputError):
        facts |= {"field": error.field, "reason": error.reason}
    retry = {"retry-after": str(error.retry_after)} if isinstance(error, errors.ThrottledError) else {}
    return Response(status=status, body=json.dumps(facts), content_type="application/problem+json", headers=retry)


def _error_page(title: str, detail: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><body><main><h1>{html.escape(title)}</h1>"
        f"<p>{html.escape(detail)}</p></main></body></html>"
    )
