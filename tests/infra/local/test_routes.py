"""Routes: the most specific wins, as API Gateway documents for HTTP APIs."""

from __future__ import annotations

import pytest
from sandbox.routes import Route, match

KEYS = (
    "GET /records/{number}", "GET /records/open", "ANY /records/{number}", "GET /files/{proxy+}", "ANY /files/{proxy+}",
    "GET /files/one/two", "GET /", "POST /records/{number}/comments", "$default",
)  # fmt: skip
ROUTES = [Route(key=key, function=key) for key in KEYS]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/records/open", "GET /records/open", {}),
        ("GET", "/records/INC1", "GET /records/{number}", {"number": "INC1"}),
        ("PATCH", "/records/INC1", "ANY /records/{number}", {"number": "INC1"}),
        ("GET", "/records/a%2Fb", "GET /records/{number}", {"number": "a/b"}),
        ("GET", "/files/one/two", "GET /files/one/two", {}),
        ("GET", "/files/one/three", "GET /files/{proxy+}", {"proxy": "one/three"}),
        ("PUT", "/files/x", "ANY /files/{proxy+}", {"proxy": "x"}),
        ("GET", "/", "GET /", {}),
        ("POST", "/records/INC1/comments", "POST /records/{number}/comments", {"number": "INC1"}),
        ("GET", "/records/", "$default", {}),
        ("GET", "/nowhere", "$default", {}),
        ("GET", "/records/INC1/", "$default", {}),
        ("HEAD", "/records/open", "ANY /records/{number}", {"number": "open"}),
    ],
)
def test_a_request_finds_its_most_specific_route(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    found = match(ROUTES, method, path)
    assert found is not None
    assert (found[0].key, dict(found[1])) == (key, parameters)


def test_without_a_fitting_route_there_is_none() -> None:
    assert match(ROUTES[:1], "POST", "/records/INC1") is None
