"""What goes in and out of the stand-in: requests, responses, and refusals in Jira's own shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

Json = Any
"""A value as ``json`` reads and writes it; only the wire format goes by this name."""

type Query = Mapping[str, str | Sequence[str]] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; header names are lower case, ``query`` keeps every value of a repeated name."""

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name, ())
        return values[0] if values else default

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter, given repeated or with commas."""
        return tuple(part.strip() for value in self.query.get(name, ()) for part in value.split(",") if part.strip())

    def flag(self, name: str) -> bool:
        """Whether a query parameter says true."""
        return self.one(name).lower() == "true"

    def json(self) -> Json:
        """The body as JSON; a body that is none is refused with 400, as Jira does."""
        try:
            value = json.loads(self.body)
            # Half of a surrogate pair can be written in JSON, yet is no text.
            json.dumps(value, ensure_ascii=False).encode()
            return value
        except (ValueError, RecursionError):
            raise Refusal(400, "There was an error parsing JSON. Check that your request body is valid.") from None

    def json_object(self) -> dict[str, Json]:
        """The body as a JSON object."""
        value = self.json()
        if not isinstance(value, dict):
            raise Refusal(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response. ``fault`` names the scripted fault that made it; ``drop`` asks for a closed socket instead."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None
    drop: bool = False

    def json(self) -> Json:
        """The body as JSON; raises ValueError when it is not."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


type Observer = Callable[[Request, Response], None]


class Refusal(Exception):  # noqa: N818 - a refusal is an answer of Jira's, not a fault of ours
    """Jira says no: a status and its error collection."""

    def __init__(self, status: int, *messages: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(status, messages, errors)
        self.status = status
        self.messages = messages
        self.errors = dict(errors or {})

    def response(self) -> Response:
        """The refusal as it goes over the wire."""
        return as_json({"errorMessages": list(self.messages), "errors": self.errors}, self.status)


class Declined(Refusal):
    """A form that was refused; ``render`` makes the page that says so, once what was half done is undone."""

    def __init__(self, refusal: Refusal, render: Callable[[], str]) -> None:
        super().__init__(refusal.status, *refusal.messages, errors=refusal.errors)
        self.render = render


def as_json(value: Json, status: int = 200) -> Response:
    """A JSON answer."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status=status, body=body, headers={"Content-Type": "application/json;charset=UTF-8"})


def as_html(text: str, status: int = 200) -> Response:
    """A page for people. It may load nothing from elsewhere and be framed by no one."""
    return Response(
        status=status,
        body=text.encode(),
        headers={
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def redirect(location: str) -> Response:
    """Send the browser on after a form post, so that a reload does not post again."""
    return Response(status=303, headers={"Location": location})


EMPTY = Response(status=204)


def parse_query(query: Query) -> dict[str, tuple[str, ...]]:
    """Query parameters from a raw query string or from a mapping."""
    if isinstance(query, str):
        return {name: tuple(values) for name, values in parse_qs(query, keep_blank_values=True).items()}
    return {name: (value,) if isinstance(value, str) else tuple(value) for name, value in query.items()}
