"""Routes: which of an HTTP API's route keys a request belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

DEFAULT = "$default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route: its key ("GET /records/{number}"), the function behind it, and who may call it."""

    key: str
    function: str
    authorizer: str = ""
    scopes: tuple[str, ...] = ()
    parts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        path = "" if self.key == DEFAULT else self.key.partition(" ")[2]
        object.__setattr__(self, "parts", tuple(path.strip("/").split("/")))

    @property
    def method(self) -> str:
        """The method, ANY, or "" for $default."""
        return "" if self.key == DEFAULT else self.key.partition(" ")[0]

    def parameters(self, segments: Sequence[str]) -> Mapping[str, str] | None:
        """The path parameters if the path fits, None if it does not."""
        if self.key == DEFAULT:
            return {}
        found: dict[str, str] = {}
        for number, part in enumerate(self.parts):
            if re.fullmatch(r"\{\w+\+\}", part):
                rest = segments[number:]
                if not rest or not rest[0]:
                    return None
                return {**found, part[1:-2]: unquote("/".join(rest))}
            if number >= len(segments):
                return None
            if re.fullmatch(r"\{\w+\}", part):
                if not segments[number]:
                    return None
                found[part[1:-1]] = unquote(segments[number])
            elif part != unquote(segments[number]):
                return None
        return found if len(segments) == len(self.parts) else None

    def rank(self, method: str) -> tuple[int, ...]:
        """Smaller is more specific: full match, then greedy variable, then $default; a method before ANY.

        AWS: "Creating routes for HTTP APIs", "Working with routes".
        """
        if self.key == DEFAULT:
            return (2,)
        kinds = tuple(0 if not part.startswith("{") else 2 if part.endswith("+}") else 1 for part in self.parts)
        return (1 if 2 in kinds else 0, *kinds, 0 if self.method == method else 1)


def match(routes: Sequence[Route], method: str, raw_path: str) -> tuple[Route, Mapping[str, str]] | None:
    """The most specific route of a request, with its path parameters; `raw_path` is still percent-encoded."""
    segments = raw_path.strip("/").split("/") if raw_path.strip("/") else [""]
    if len(raw_path) > 1 and raw_path.endswith("/"):
        segments = raw_path[1:].split("/")
    fitting = [
        (route, found)
        for route in routes
        if route.method in (method, "ANY", "") and (found := route.parameters(segments)) is not None
    ]
    return min(fitting, key=lambda pair: pair[0].rank(method), default=None)
