"""Gateway: an HTTP request as API Gateway's payload 2.0, and a function's answer as an HTTP response."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from sandbox.settings import ACCOUNT

TEXT = ("text/", "application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded")
JSON_HEADERS = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What arrived. Header names are lower case, a repeated header is joined with commas, cookies are apart."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What goes back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


def message(status: int, text: str, **headers: str) -> HttpResponse:
    """An answer of API Gateway itself."""
    shown = {**JSON_HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return HttpResponse(
        status=status, headers=shown, body=json.dumps({"message": text}, separators=(",", ":")).encode()
    )


def event(
    request: HttpRequest,
    *,
    route: str,
    parameters: Mapping[str, str],
    claims: Mapping[str, Any] | None,
    api: str,
    request_id: str,
    at: float,
) -> dict[str, Any]:
    """Payload format 2.0 (AWS: "Working with AWS Lambda proxy integrations for HTTP APIs").

    `claims` are the token's, None for a route without an authorizer.
    """
    context: dict[str, Any] = {"requestId": request_id, "routeKey": route, **_context(request, api, at)}
    if claims is not None:
        shown = {name: _claim(value) for name, value in claims.items()}
        context["authorizer"] = {"jwt": {"claims": shown, "scopes": None}}
    optional = {
        "cookies": list(request.cookies), "queryStringParameters": _query(request.query),
        "pathParameters": dict(parameters),
    }  # fmt: skip
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {**request.headers, "x-forwarded-for": request.peer, "x-forwarded-proto": "http"},
        "requestContext": context,
        **{name: value for name, value in optional.items() if value},
        **_body(request),
    }


def _context(request: HttpRequest, api: str, at: float) -> dict[str, Any]:
    return {
        "accountId": ACCOUNT,
        "apiId": api,
        "domainPrefix": api,
        "domainName": request.headers.get("host", ""),
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.peer,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "stage": "$default",
        "time": datetime.fromtimestamp(at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(at * 1000),
    }


def _query(text: str) -> dict[str, str]:
    """Parameters by name, repeated ones joined by commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _body(request: HttpRequest) -> dict[str, Any]:
    if not request.body:
        return {"isBase64Encoded": False}
    if _is_text(request.headers.get("content-type", "")):
        return {"body": request.body.decode("utf-8", "replace"), "isBase64Encoded": False}
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}


def response(payload: bytes) -> HttpResponse:
    """A function's answer. Raises ValueError when API Gateway could make nothing of it."""
    value = json.loads(payload or b"null")
    if not (isinstance(value, dict) and "statusCode" in value):
        # Anything else is taken for the body of a 200 ("Lambda function response for format 2.0").
        return HttpResponse(status=200, headers=dict(JSON_HEADERS), body=_inferred(value))
    status = int(value["statusCode"])
    headers = {str(name).lower(): str(each) for name, each in (value.get("headers") or {}).items()}
    headers.setdefault("content-type", "application/json")
    body = value.get("body") or ""
    raw = base64.b64decode(body, validate=True) if value.get("isBase64Encoded") else str(body).encode()
    return HttpResponse(status=status, headers=headers, body=raw, cookies=tuple(value.get("cookies") or ()))


def _inferred(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _is_text(content_type: str) -> bool:
    # Measured on AWS by many and written nowhere: bodies of these types arrive as text, all others in base64.
    kind = content_type.partition(";")[0].strip().lower()
    return not kind or kind.startswith(TEXT) or kind.endswith(("+json", "+xml"))


def _claim(value: Any) -> str:
    """Claims reach the function as strings; a list in brackets, its items apart by spaces."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    return str(value)
