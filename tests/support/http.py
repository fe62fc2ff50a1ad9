"""HTTP: API Gateway events for the doors, and what their answers hold."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

HOST = "desk.example.org"


def event(
    route: str,
    *,
    body: bytes = b"",
    params: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    claims: Mapping[str, str] | None = None,
    method: str = "",
) -> dict[str, Any]:
    """A payload 2.0 event of a route like "GET /forms/{name}"."""
    verb, path = route.split(" ", 1)
    for name, value in (params or {}).items():
        path = path.replace("{" + name + "}", value)
    context: dict[str, Any] = {
        "domainName": HOST,
        "stage": "$default",
        "http": {"method": method or verb, "path": path, "sourceIp": "192.0.2.1"},
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "headers": dict(headers or {}),
        "pathParameters": dict(params or {}),
        "queryStringParameters": dict(query or {}),
        "requestContext": context,
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def agent(route: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """An event by an agent who holds a token."""
    raw = b"" if body is None else json.dumps(body).encode()
    return event(route, body=raw, claims={"sub": "u-1", "email": "ada@example.org"}, **more)


def read(answer: Mapping[str, Any]) -> Any:
    """The JSON of an answer."""
    return json.loads(answer["body"])


def standard_webhook(body: bytes, secret: str, message: str, at: int) -> dict[str, str]:
    """The headers that sign a body as Standard Webhooks say; `secret` is `whsec_` and base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
        "content-type": "application/json",
    }
