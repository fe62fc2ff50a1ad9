"""Which request goes to which answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.jira.comments import Comments
from sandbox.jira.desk import Desk
from sandbox.jira.issues import Issues
from sandbox.jira.links import Links
from sandbox.jira.messages import Refusal, Request, Response
from sandbox.jira.search import Finder


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Everything an answer may need."""

    desk: Desk
    issues: Issues
    comments: Comments
    links: Links
    finder: Finder


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request with who makes it (an account id; empty when nobody said) and the values found in its path."""

    request: Request
    actor: str
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]


type Answer = Callable[[Rooms, Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path with ``{names}``, and what answers."""

    method: str
    path: str
    answer: Answer


class Router:
    """Finds the answer to a request; paths come escaped, as they were sent, and values leave unescaped."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(route, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path))) for route in routes]

    def find(self, method: str, path: str) -> tuple[Answer, dict[str, str]]:
        """What answers, and the values in the path. Raises Refusal: 404 for no such path, 405 for no such method."""
        allowed = False
        for route, pattern in self._routes:
            if found := pattern.fullmatch(path.rstrip("/") or "/"):
                if route.method == method:
                    return route.answer, {name: unquote(value) for name, value in found.groupdict().items()}
                allowed = True
        if allowed:
            raise Refusal(405, f"HTTP method {method} is not supported here.")
        raise Refusal(404, "The requested resource does not exist.")
