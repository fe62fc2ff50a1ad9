"""The front answers as an HTTP API does: events, cookies, binary, limits, errors, tokens."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox.front import BODY_LIMIT, Front
from sandbox.functions import Outcome
from sandbox.oidc import AUDIENCE, Issuer
from sandbox.tickets import Reply, request

from tests.infra.local.conftest import Toy


def _get(toy: Toy, path: str, **headers: str) -> Reply:
    return request(f"{toy.box.front.url}{path}", headers=headers)


def _event(toy: Toy, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> dict[str, Any]:
    answer = request(f"{toy.box.front.url}{path}", method, body, headers)
    assert answer.status == 200, answer.body
    event: dict[str, Any] = answer.json()
    return event


def test_an_event_has_the_shape_of_payload_two(toy: Toy) -> None:
    event = _event(toy, "/echo/caf%C3%A9?a=1&a=2&b=&boom2=x", Cookie="one=1; two=2")
    assert event["version"] == "2.0"
    assert event["routeKey"] == "GET /echo/{name}"
    assert event["rawPath"] == "/echo/caf%C3%A9"
    assert event["rawQueryString"] == "a=1&a=2&b=&boom2=x"
    assert event["pathParameters"] == {"name": "café"}
    assert event["queryStringParameters"] == {"a": "1,2", "b": "", "boom2": "x"}
    assert event["cookies"] == ["one=1", "two=2"]
    assert "cookie" not in event["headers"]
    context = event["requestContext"]
    assert context["http"]["method"] == "GET"
    assert context["stage"] == "$default"
    assert f"http://{context['domainName']}" == toy.box.front.url
    assert "body" not in event


def test_text_arrives_as_text_and_the_rest_in_base64(toy: Toy) -> None:
    text = _event(toy, "/echo", "POST", "name=ä".encode(), **{"Content-Type": "application/x-www-form-urlencoded"})
    assert (text["body"], text["isBase64Encoded"]) == ("name=ä", False)
    binary = _event(toy, "/echo", "POST", b"\x00\xff", **{"Content-Type": "multipart/form-data; boundary=x"})
    assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\x00\xff", True)


def test_any_method_reaches_a_greedy_path(toy: Toy) -> None:
    assert _event(toy, "/things/a/b/c", "DELETE")["pathParameters"] == {"proxy": "a/b/c"}


def test_no_path_is_kept_for_the_sandbox_itself(toy: Toy) -> None:
    assert _event(toy, "/health")["routeKey"] == "GET /health"


def test_cookies_and_bytes_come_back(toy: Toy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(toy.box.front.url.rsplit(":", 1)[1]))
    connection.request("GET", "/echo/x?cookies=1")
    answer = connection.getresponse()
    answer.read()
    assert answer.headers.get_all("Set-Cookie") == ["a=1; HttpOnly", "b=2"]
    assert answer.headers["x-one"] == "1"
    connection.close()
    assert _get(toy, "/echo/x?binary=1").body == b"\x89PNG"


def test_a_value_without_a_status_is_a_200(toy: Toy) -> None:
    answer = _get(toy, "/echo/x?bare=1")
    assert (answer.status, answer.json()) == (200, {"just": "this"})


@pytest.mark.parametrize("trouble", ["boom=1", "nonsense=1"])
def test_a_failed_function_is_a_500_that_says_nothing(toy: Toy, trouble: str) -> None:
    answer = _get(toy, f"/echo/x?{trouble}")
    assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})


def test_an_unknown_path_or_method_is_a_404(toy: Toy) -> None:
    assert _get(toy, "/nowhere").json() == {"message": "Not Found"}
    assert request(f"{toy.box.front.url}/echo/x", "PUT").status == 404


def test_head_is_no_get(toy: Toy) -> None:
    answer = request(f"{toy.box.front.url}/echo/x", "HEAD")
    assert (answer.status, answer.body) == (404, b"")
    assert request(f"{toy.box.front.url}/things/x", "HEAD").status == 200


def test_ten_megabytes_are_the_limit(toy: Toy) -> None:
    answer = request(f"{toy.box.front.url}/echo", "POST", b"x" * (BODY_LIMIT + 1))
    assert (answer.status, answer.json()) == (413, {"message": "Request Entity Too Large"})
    # Six are Lambda's own: base64 makes eight of them.
    assert request(f"{toy.box.front.url}/echo", "POST", b"\x00" * 6_000_000).status == 413


def test_without_a_token_a_protected_route_is_closed(toy: Toy) -> None:
    answer = _get(toy, "/private")
    assert (answer.status, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_of_the_sandbox_opens_it_and_its_claims_arrive(toy: Toy) -> None:
    token = toy.box.token("ann@example.org", groups=("network", "platform"))
    claims = _event(toy, "/private", Authorization=f"Bearer {token}")["requestContext"]["authorizer"]["jwt"]["claims"]
    assert claims["sub"] == "ann@example.org"
    assert claims["groups"] == "[network platform]"


@pytest.mark.parametrize(
    "wrong",
    [{"aud": "another"}, {"exp": 1}, {"nbf": 4_000_000_000}, {"iss": "https://elsewhere.example"}],
    ids=["audience", "expired", "not yet", "issuer"],
)
def test_a_token_that_is_not_for_us_is_refused(toy: Toy, wrong: dict[str, Any]) -> None:
    token = toy.box.token("ann@example.org", **wrong)
    answer = _get(toy, "/private", Authorization=f"Bearer {token}")
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_of_another_key_is_refused(toy: Toy, tmp_path: Path) -> None:
    stranger = Issuer(tmp_path / "key.pem", time.time)
    stranger.url = toy.box.issuer.url
    answer = _get(toy, "/private", Authorization=f"Bearer {stranger.token('ann@example.org')}")
    assert answer.status == 401


def test_the_issuer_can_be_discovered(toy: Toy) -> None:
    about = _get(toy, "/.well-known/openid-configuration").json()
    assert about["issuer"] == toy.box.front.url
    assert request(about["jwks_uri"]).json()["keys"][0]["alg"] == "RS256"


# --- against a call of ours, where the toy would have to wait


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Front, list[bytes]]]:
    """A front with a hundredth of a second for an integration, before functions that answer what they are given."""
    answers: list[bytes] = []

    def call(function: str, event: Any) -> Outcome:
        if event["rawPath"] == "/slow":
            while not answers:
                time.sleep(0.005)
        return Outcome(payload=answers[-1] if answers else b"null")

    issuer = Issuer(tmp_path / "key.pem", time.time)
    front = Front(
        socket.create_server(("127.0.0.1", 0)), call=call, issuer=issuer, ids=lambda: "id", clock=time.time,
        integration_seconds=0.01,
    )  # fmt: skip
    front.add_integration("i", {"IntegrationUri": "arn:aws:lambda:us-east-1:000000000000:function:f"})
    front.add_authorizer(
        "a", {"AuthorizerType": "JWT", "JwtConfiguration": {"Issuer": front.url, "Audience": [AUDIENCE]}}
    )
    front.add_route("slow", {"RouteKey": "GET /slow", "Target": "integrations/i"})
    scoped = {"AuthorizerId": "a", "AuthorizationScopes": ["records:read"]}
    front.add_route("scoped", {"RouteKey": "GET /scoped", "Target": "integrations/i", **scoped})
    front.start()
    yield front, answers
    answers.append(b'{"statusCode": 204}')
    front.stop()


def test_an_integration_over_its_time_is_a_503(slow: tuple[Front, list[bytes]]) -> None:
    answer = request(f"{slow[0].url}/slow")
    assert (answer.status, answer.json()) == (503, {"message": "Service Unavailable"})


def test_a_token_without_the_routes_scope_is_a_403(slow: tuple[Front, list[bytes]], tmp_path: Path) -> None:
    front, answers = slow
    answers.append(json.dumps({"statusCode": 204}).encode())
    issuer = Issuer(tmp_path / "key.pem", time.time)
    issuer.url = front.url
    for scope, status in (("", 403), ("records:write", 403), ("openid records:read", 204)):
        header = {"Authorization": f"Bearer {issuer.token('ann', scope=scope)}"}
        assert request(f"{front.url}/scoped", headers=header).status == status


def test_an_integration_that_is_no_function_is_refused_when_the_stack_is_made(slow: tuple[Front, list[bytes]]) -> None:
    with pytest.raises(ValueError, match="only functions"):
        slow[0].add_integration("x", {"IntegrationUri": "https://example.org"})
