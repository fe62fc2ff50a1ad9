"""The front: API Gateway's HTTP API on one port, with its routes, authorizers, limits and errors."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox import gateway
from sandbox.functions import Outcome, PayloadTooLargeError, UnknownFunctionError
from sandbox.gateway import HttpRequest, HttpResponse, message
from sandbox.oidc import Authorizer, Issuer, Refused
from sandbox.routes import Route, match
from sandbox.web_server import WebServer

log = logging.getLogger(__name__)
BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of a request (Amazon API Gateway quotas, HTTP API)."""
INTEGRATION_SECONDS = 30.0
FAILED = "Internal Server Error"
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "x-amazon-apigateway-any-method")


class Front:
    """One port for every HTTP API of the stacks; where two serve one route, the later one has it.

    `call(function, event)` invokes; `settle()` is called before a request that may have changed something hears 2xx.
    """

    def __init__(
        self,
        listening: socket.socket,
        *,
        call: Callable[[str, Any], Outcome],
        issuer: Issuer,
        ids: Callable[[], str],
        clock: Callable[[], float],
        settle: Callable[[], None] = lambda: None,
        integration_seconds: float = INTEGRATION_SECONDS,
    ) -> None:
        self._call, self._issuer, self._ids, self._clock, self._settle = call, issuer, ids, clock, settle
        self._seconds = integration_seconds
        self._server = WebServer("front", listening, self.handle, BODY_LIMIT)
        self.url = self._server.url
        issuer.url = self.url
        self._api = "sandbox"
        self._routes: dict[str, Route] = {}
        self._integrations: dict[str, str] = {}
        self._authorizers: dict[str, Authorizer] = {}

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.stop()

    @property
    def routes(self) -> Sequence[Route]:
        """Every route, by key."""
        return [self._routes[key] for key in sorted(self._routes)]

    # --- what the stacks say

    def add_api(self, api: str, body: Mapping[str, Any] | None) -> None:
        """Take an API; `body` is its OpenAPI definition, as SAM writes it."""
        self._api = api
        if not body:
            return
        for name, scheme in (body.get("components") or {}).get("securitySchemes", {}).items():
            about = scheme.get("x-amazon-apigateway-authorizer") or {}
            if "jwtConfiguration" in about:
                token = about["jwtConfiguration"]
                self._authorizer(name, token["issuer"], token["audience"])
        for path, operations in body.get("paths", {}).items():
            for method in set(operations) & set(_METHODS):
                self._operation(path, method, operations[method])

    def add_integration(self, name: str, properties: Mapping[str, Any]) -> None:
        """Take an integration. Raises ValueError for one that calls no function."""
        self._integrations[name] = _function_of(str(properties.get("IntegrationUri")))

    def add_route(self, name: str, properties: Mapping[str, Any]) -> None:
        """Take a route. Raises KeyError when its integration or authorizer is not known."""
        key = str(properties["RouteKey"])
        authorizer = str(properties.get("AuthorizerId") or "")
        if authorizer:
            self._authorizers[authorizer].check(None, ())
        self._routes[key] = Route(
            key=key,
            function=self._integrations[str(properties["Target"]).removeprefix("integrations/")],
            authorizer=authorizer,
            scopes=tuple(properties.get("AuthorizationScopes") or ()),
        )

    def add_authorizer(self, name: str, properties: Mapping[str, Any]) -> None:
        """Take a JWT authorizer. Raises ValueError for another kind."""
        if properties["AuthorizerType"] != "JWT":
            raise ValueError(f"authorizer {name} is {properties['AuthorizerType']}: only JWT is played here")
        token = properties["JwtConfiguration"]
        self._authorizer(name, token["Issuer"], token["Audience"])

    def _authorizer(self, name: str, issuer: str, audience: Sequence[str]) -> None:
        self._authorizers[name] = Authorizer(issuer, audience, self._issuer, self._clock)

    def _operation(self, path: str, method: str, operation: Mapping[str, Any]) -> None:
        verb = "ANY" if method.startswith("x-") else method.upper()
        key = "$default" if path == "/$default" else f"{verb} {path}"
        named = [(name, scopes) for each in operation.get("security") or () for name, scopes in each.items()]
        authorizer, scopes = next((one for one in named if one[0] in self._authorizers), ("", ()))
        uri = str(operation["x-amazon-apigateway-integration"]["uri"])
        self._routes[key] = Route(key=key, function=_function_of(uri), authorizer=authorizer, scopes=tuple(scopes))

    # --- requests

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request as API Gateway does."""
        documents = self._issuer.documents() if request.path.startswith("/.well-known/") else {}
        if request.path in documents and request.method in ("GET", "HEAD"):
            text = json.dumps(documents[request.path]).encode()
            return HttpResponse(status=200, headers=dict(gateway.JSON_HEADERS), body=text)
        found = match(self.routes, request.method, request.path)
        if found is None:
            return message(404, "Not Found")
        route, parameters = found
        claims: Mapping[str, Any] | None = None
        if route.authorizer:
            checked = self._authorizers[route.authorizer].check(request.headers.get("authorization"), route.scopes)
            if isinstance(checked, Refused):
                extra = {"www_authenticate": checked.challenge} if checked.challenge else {}
                return message(checked.status, checked.message, **extra)
            claims = checked
        request_id = self._ids()
        event = gateway.event(
            request, route=route.key, parameters=parameters, claims=claims, api=self._api, request_id=request_id,
            at=self._clock(),
        )  # fmt: skip
        answer = self._answer(route, event)
        if request.method not in ("GET", "HEAD", "OPTIONS") and answer.status < 300:
            self._settle()
        return replace(answer, headers={**answer.headers, "apigw-requestid": request_id})

    def _answer(self, route: Route, event: Mapping[str, Any]) -> HttpResponse:
        """The integration's answer, or API Gateway's when it has none within its time."""
        outcomes: list[Outcome] = []
        over = threading.Event()

        def call() -> None:
            try:
                outcomes.append(self._call(route.function, event))
            except (PayloadTooLargeError, UnknownFunctionError) as error:
                failure = {"errorType": type(error).__name__, "errorMessage": str(error)}
                outcomes.append(Outcome(payload=b"", failure=failure))
            finally:
                over.set()

        threading.Thread(target=call, name=f"front {route.key}", daemon=True).start()
        if not over.wait(self._seconds):
            return message(503, "Service Unavailable")
        if not outcomes or outcomes[0].failure is not None:
            failure = outcomes[0].failure if outcomes else None
            log.warning("%s failed: %s", route.key, failure)
            if failure and failure["errorType"] == "PayloadTooLargeError":
                return message(413, "Request Entity Too Large")
            return message(500, FAILED)
        try:
            return gateway.response(outcomes[0].payload)
        except (ValueError, TypeError, AttributeError) as error:
            log.warning("%s answered with nothing to send on: %s", route.key, error)
            return message(500, FAILED)


def _function_of(uri: str) -> str:
    """The function in an integration's URI: its ARN, or API Gateway's way to write it. Raises ValueError."""
    if ":lambda:path/" in uri:
        return uri.split("/functions/")[1].removesuffix("/invocations")
    if not uri.startswith("arn:") or ":function:" not in uri:
        raise ValueError(f"{uri} is no function: only functions are integrated here")
    return uri
