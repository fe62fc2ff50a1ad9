"""Every HTTP door: what API Gateway and the network may send, and what no answer and no log line may hold."""

import json
from typing import Any

import pytest

from functions.change_approvals.app import page as approvals
from functions.intake.app import handler as intake
from functions.records.app import handler as records
from functions.ticket_pages.app import handler as tickets
from tests.builders import an_incident
from tests.fakes import FakePorts
from tests.support.http import agent, event, read

CANARY = "canary-7f3a"
ONE = {"number": "INC0000001"}


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


class BrokenRecords:
    """A store whose library fails in a way nobody foresaw, quoting what it was given."""

    def find(self, number: str) -> Any:
        """Fail."""
        raise RuntimeError(f"the driver choked on {number} {CANARY}")


def test_what_nobody_foresaw_is_a_500_that_tells_nothing_and_is_logged(
    ports: FakePorts, caplog: pytest.LogCaptureFixture
) -> None:
    ports.records = BrokenRecords()  # type: ignore[assignment]  # broken on purpose
    answer = records.on(agent("GET /records/{number}", params=ONE), ports)
    failed = next(line for line in caplog.records if line.levelname == "ERROR")
    assert (answer["statusCode"], read(answer)["title"]) == (500, "Internal Server Error")
    assert answer["headers"]["content-type"].startswith("application/problem+json")
    assert CANARY not in answer["body"] + "".join(str(vars(line)) for line in caplog.records)
    assert vars(failed)["error"] == "RuntimeError"
    assert any("records_api.py" in where for where in vars(failed)["where"])


def test_an_unknown_route_is_a_500_of_ours_and_no_crash(ports: FakePorts) -> None:
    assert records.on(agent("DELETE /records/{number}", params=ONE), ports)["statusCode"] == 500


@pytest.mark.parametrize("missing", ["headers", "body", "pathParameters", "queryStringParameters", "isBase64Encoded"])
@pytest.mark.parametrize("how", ["absent", "null"])
def test_an_event_without_what_the_gateway_leaves_out_is_answered(ports: FakePorts, missing: str, how: str) -> None:
    ports.records.create(an_incident())
    sent = agent("GET /records/{number}", params=ONE)
    sent.pop(missing)
    if how == "null":
        sent[missing] = None
    answer = records.on(sent, ports)
    assert answer["statusCode"] == (500 if missing == "pathParameters" else 200)


def test_a_body_that_says_base64_and_is_not_is_422(ports: FakePorts) -> None:
    sent = {**agent("PATCH /records/{number}", params=ONE), "body": "%%%", "isBase64Encoded": True}
    assert records.on(sent, ports)["statusCode"] == 422


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_problem_has_the_members_rfc_9457_names(ports: FakePorts, status: int) -> None:
    if status != 404:
        ports.records.create(an_incident())
    body = {"state": "closed"} if status == 409 else {"colour": 1}
    answer = records.on(agent("PATCH /records/{number}", body, params=ONE), ports)
    problem = read(answer)
    phrases = {404: "Not Found", 409: "Conflict", 422: "Unprocessable"}
    assert answer["headers"]["content-type"].startswith("application/problem+json")
    assert (problem["type"], problem["status"], answer["statusCode"]) == ("about:blank", status, status)
    assert problem["title"].startswith(phrases[status])
    assert problem["detail"]


@pytest.mark.parametrize("link", ["", ".", "a.b", "ä.ö", "\ud800.x", "x" * 10_000, "../../etc/passwd", "a\0b.c"])
def test_a_link_of_any_characters_is_401_and_no_crash(ports: FakePorts, link: str) -> None:
    for door, route in ((tickets, "GET /tickets/{link}"), (approvals, "POST /approvals/{link}")):
        assert door.on({**event(route), "pathParameters": {"link": link}}, ports)["statusCode"] == 401


def test_no_word_of_a_submission_is_in_an_answer_as_markup(ports: FakePorts) -> None:
    hostile = '"><script>alert(1)</script>'
    record = ports.records.create(
        an_incident(title=hostile, text=hostile, requester_name=hostile, assignee=hostile, service=hostile)
    ).record
    from itsm.core.signing import sign

    link = sign(ports.link_secret, "ticket", record.id)
    shown = tickets.on(event("GET /tickets/{link}", params={"link": link}), ports)
    missing = intake.on(event("GET /forms/{name}", params={"name": hostile}, headers={"accept": "text/html"}), ports)
    assert (shown["statusCode"], missing["statusCode"]) == (200, 404)
    assert "<script" not in shown["body"] + missing["body"]


def test_a_header_of_an_answer_never_comes_from_the_request(ports: FakePorts) -> None:
    sent = agent("GET /records/{number}", params={"number": "INC1\r\nset-cookie: a=b"}, headers={"x-a": "b\r\nc: d"})
    answer = records.on(sent, ports)
    assert answer["statusCode"] == 404
    assert all("\n" not in value and "\r" not in value for value in answer["headers"].values())
    assert json.loads(answer["body"])["status"] == 404


def test_a_link_of_the_secret_before_the_rotation_still_opens(ports: FakePorts) -> None:
    from itsm.core.signing import sign

    record = ports.records.create(an_incident()).record
    link = sign(ports.link_secret, "ticket", record.id)
    ports.secrets.values = {**ports.secrets.values, "link": {"current": "new", "previous": ports.link_secret.decode()}}
    assert tickets.on(event("GET /tickets/{link}", params={"link": link}), ports)["statusCode"] == 200
