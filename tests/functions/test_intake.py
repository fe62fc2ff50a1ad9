"""Intake over HTTP: forms a person fills in, webhooks a machine signs; a 2xx only for what is stored."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from itsm.core.errors import StaleVersionError
from itsm.core.record import Comment, Record

from functions.intake.app import handler
from tests.fakes import FakePorts, FakeRecords
from tests.support.http import event, read

FORM = {
    "sender": "rita@example.org",
    "sender_name": "Rita",
    "subject": "No sound",
    "text": "My headset is silent.",
    "impact": "3",
    "urgency": "2",
}
URLENCODED = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def post_form(ports: FakePorts, fields: dict[str, str], name: str = "incident", **headers: str) -> dict[str, Any]:
    body = urlencode({"token": "a-token-of-a-page", **fields}).encode()
    sent = event("POST /forms/{name}", params={"name": name}, body=body, headers={**URLENCODED, **headers})
    answer: dict[str, Any] = handler.on(sent, ports)
    return answer


def test_a_form_is_a_page_without_script(ports: FakePorts) -> None:
    answer = handler.on(event("GET /forms/{name}", params={"name": "incident"}, headers={"accept": "text/html"}), ports)
    assert answer["statusCode"] == 200
    assert "<script" not in answer["body"]
    assert "default-src 'none'" in answer["headers"]["content-security-policy"]


def test_an_unknown_form_is_404(ports: FakePorts) -> None:
    assert handler.on(event("GET /forms/{name}", params={"name": "nosuch"}), ports)["statusCode"] == 404


def test_a_sent_form_is_a_ticket_and_the_page_says_its_number(ports: FakePorts) -> None:
    answer = post_form(ports, FORM)
    (ticket,) = ports.records.stored.values()
    assert (answer["statusCode"], ticket.number in answer["body"], ticket.requester) == (201, True, "rita@example.org")


def test_pressing_twice_is_one_ticket(ports: FakePorts) -> None:
    assert post_form(ports, FORM)["body"] == post_form(ports, FORM)["body"]
    assert len(ports.records.stored) == 1


def test_a_missing_answer_is_422_with_the_question_and_what_was_written(ports: FakePorts) -> None:
    answer = post_form(ports, {**FORM, "subject": ""})
    assert answer["statusCode"] == 422
    assert 'href="#subject"' in answer["body"]
    assert "My headset is silent." in answer["body"]
    assert not ports.records.stored


def test_a_form_from_another_site_is_refused(ports: FakePorts) -> None:
    assert post_form(ports, FORM, origin="https://evil.example.net")["statusCode"] == 403
    assert post_form(ports, FORM, origin="null", **{"sec-fetch-site": "cross-site"})["statusCode"] == 403
    assert post_form(ports, FORM, origin="null", **{"sec-fetch-site": "same-origin"})["statusCode"] == 201
    assert post_form(ports, FORM, origin="https://desk.example.org")["statusCode"] == 201


def test_a_filled_trap_makes_nothing_and_a_person_can_send_again(ports: FakePorts) -> None:
    answer = post_form(ports, {**FORM, "website": "https://spam.example"})
    assert (answer["statusCode"], "My headset is silent." in answer["body"]) == (422, True)
    assert "spam.example" not in answer["body"]
    assert not ports.records.stored


def test_an_address_that_sends_without_end_is_asked_to_wait(ports: FakePorts) -> None:
    answers = [post_form(ports, {**FORM, "token": f"token-number-{at}"}) for at in range(61)]
    assert (answers[59]["statusCode"], answers[60]["statusCode"]) == (201, 429)


LATER = 2 * 3600
"""Longer than an alarm flaps."""
EVENT = {"id": "evt-1", "title": "Disk full", "text": "web-1 has 1 % left", "service": "website"}


def signed(body: bytes, ports: FakePorts, message: str = "msg-1", at: int | None = None) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    key = base64.b64decode(ports.secrets.values["sources"]["monitoring"].removeprefix("whsec_"))
    stamp = str(ports.now() if at is None else at)
    mac = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
        "content-type": "application/json",
    }


def post(ports: FakePorts, body: bytes, headers: dict[str, str], source: str = "monitoring") -> dict[str, Any]:
    answer: dict[str, Any] = handler.on(
        event("POST /intake/{source}", params={"source": source}, body=body, headers=headers), ports
    )
    return answer


def test_a_signed_webhook_is_a_ticket_once(ports: FakePorts) -> None:
    body = json.dumps(EVENT).encode()
    first, again = (post(ports, body, signed(body, ports)) for _ in range(2))
    assert (first["statusCode"], again["statusCode"]) == (201, 200)
    assert read(first)["number"] == read(again)["number"]


@pytest.mark.parametrize("broken", ["webhook-signature", "webhook-id", "webhook-timestamp"])
def test_a_missing_header_is_401_and_stores_nothing(ports: FakePorts, broken: str) -> None:
    body = json.dumps(EVENT).encode()
    headers = signed(body, ports)
    del headers[broken]
    assert post(ports, body, headers)["statusCode"] == 401
    assert not ports.records.stored


def test_a_wrong_or_old_signature_is_401(ports: FakePorts) -> None:
    body = json.dumps(EVENT).encode()
    assert post(ports, body + b" ", signed(body, ports))["statusCode"] == 401
    assert post(ports, body, signed(body, ports, at=ports.now() - 301))["statusCode"] == 401


def test_an_unknown_source_is_404(ports: FakePorts) -> None:
    assert post(ports, b"{}", {}, "nosuch")["statusCode"] == 404


@pytest.mark.parametrize(
    ("body", "field"), [(b"not json", None), (b"[]", None), (b'{"id": "e", "text": "x"}', "title")]
)
def test_a_body_that_cannot_be_used_is_422_and_names_the_field(
    ports: FakePorts, body: bytes, field: str | None
) -> None:
    answer = post(ports, body, signed(body, ports))
    assert (answer["statusCode"], read(answer).get("field")) == (422, field)
    assert answer["headers"]["content-type"].startswith("application/problem+json")


def test_more_than_six_megabytes_is_413(ports: FakePorts) -> None:
    assert post(ports, b"x" * (6 * 1024 * 1024 + 1), {})["statusCode"] == 413


def test_the_same_fault_after_its_ticket_is_done_is_a_ticket_of_its_own_that_names_it(ports: FakePorts) -> None:
    def send(text: str, message: str) -> Any:
        body = json.dumps({**EVENT, "text": text}).encode()
        return read(post(ports, body, signed(body, ports, message)))

    first = send("once", "m-1")["number"]
    done = ports.records.find(first)
    ports.records.save(done.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="resolved"))
    ports.time += LATER
    second = send("and once more", "m-2")["number"]
    assert (second != first, send("and once more", "m-3")["number"]) == (True, second)
    assert ports.records.find(second).details["related"] == first


def test_a_recovery_of_no_ticket_of_ours_is_asked_to_come_again_only_for_a_while(ports: FakePorts) -> None:
    body = json.dumps({**EVENT, "status": "resolved"}).encode()
    answers = [post(ports, body, signed(body, ports))["statusCode"] for _ in range(4)]
    assert answers == [503, 503, 503, 202]


def test_a_source_that_fires_again_after_its_ticket_was_closed_opens_one_that_names_it(ports: FakePorts) -> None:
    def send(text: str, message: str) -> dict[str, Any]:
        body = json.dumps({**EVENT, "text": text}).encode()
        return post(ports, body, signed(body, ports, message))

    first = read(send("web-1 has 1 % left", "m-1"))["number"]
    assert read(send("web-1 has 0 % left", "m-2"))["number"] == first
    old = ports.records.find(first)
    ports.records.save(old.changed("StateChanged", by="ada", origin="records", at=ports.now(), state="resolved"))
    ports.time += LATER
    again = [send("web-1 is full again", "m-3") for _ in range(2)]
    number = read(again[0])["number"]
    assert [one["statusCode"] for one in again] == [201, 200]
    assert number != first
    assert ports.records.find(number).details["related"] == first
    assert read(send("web-1 has 0 % left", "m-2"))["number"] == first


def fault(ports: FakePorts, message: str, text: str = "", status: str = "") -> dict[str, Any]:
    """What monitoring says of the one fault: that it is there, or that it is over."""
    body = json.dumps({**EVENT, **({"text": text} if text else {}), **({"status": status} if status else {})}).encode()
    answer: dict[str, Any] = read(post(ports, body, signed(body, ports, message)))
    return answer


def test_a_recovery_resolves_the_ticket_that_a_fault_opened_after_its_first_was_done(ports: FakePorts) -> None:
    first = fault(ports, "m-1", "full")
    assert fault(ports, "m-2", status="resolved") == {"number": first["number"], "state": "resolved"}
    ports.time += LATER
    second = fault(ports, "m-3", "full again")
    assert second["number"] != first["number"]
    assert fault(ports, "m-2", status="resolved")["number"] == second["number"]
    assert ports.records.find(second["number"]).state == "new"
    assert fault(ports, "m-4", status="resolved") == {"number": second["number"], "state": "resolved"}
    ports.time += LATER
    third = fault(ports, "m-5", "and a third time")
    assert fault(ports, "m-6", status="resolved") == {"number": third["number"], "state": "resolved"}
    assert len(ports.records.stored) == 3


def test_more_about_a_fault_joins_the_successor_that_is_at_work(ports: FakePorts) -> None:
    numbers = [fault(ports, "m-1", "full")["number"]]
    fault(ports, "m-2", status="resolved")
    ports.time += LATER
    numbers += [fault(ports, message, text)["number"] for message, text in (("m-3", "again"), ("m-4", "and worse"))]
    assert (numbers[1] != numbers[0], numbers[2]) == (True, numbers[1])
    fault(ports, "m-5", status="resolved")
    assert [fault(ports, message, text)["number"] for message, text in (("m-3", "again"), ("m-4", "and worse"))] == [
        numbers[1]
    ] * 2
    assert len(ports.records.stored) == 2


def test_a_delivery_a_kill_left_unnoted_makes_no_second_ticket(ports: FakePorts) -> None:
    fault(ports, "m-1", "full")
    fault(ports, "m-2", status="resolved")
    ports.time += LATER
    noted = dict(ports.records.faults)
    second = fault(ports, "m-3", "again")
    ports.records.faults = noted
    assert fault(ports, "m-3", "again")["number"] == second["number"]
    assert fault(ports, "m-4", status="resolved") == {"number": second["number"], "state": "resolved"}
    assert len(ports.records.stored) == 2


def test_a_fault_that_comes_back_soon_goes_on_in_its_ticket(ports: FakePorts) -> None:
    first = fault(ports, "m-1", "full")
    fault(ports, "m-2", status="resolved")
    ports.time += LATER // 4
    assert fault(ports, "m-3", "full") == {"number": first["number"], "state": "in_progress"}
    assert fault(ports, "m-4", status="resolved") == {"number": first["number"], "state": "resolved"}


def test_a_source_that_loses_every_race_is_told_to_try_again_and_not_that_it_is_wrong(ports: FakePorts) -> None:
    body = json.dumps(EVENT).encode()
    post(ports, body, signed(body, ports))
    more = json.dumps({**EVENT, "text": "and web-2"}).encode()
    ports.records = LosingRecords(ports.records.stored)
    assert post(ports, more, signed(more, ports, "msg-2"))["statusCode"] == 503


class LosingRecords(FakeRecords):
    """A store in which somebody else is always first."""

    def save(self, record: Record, comment: Comment | None = None) -> Record:
        """Somebody was."""
        raise StaleVersionError("somebody saved it first")
