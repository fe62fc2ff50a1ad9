"""Change approvals: only the person asked, only by POST, only for what was asked about, once."""

from typing import Any
from urllib.parse import urlencode

import pytest
from itsm.core.record import Record
from itsm.runtime import approving

from functions.change_approvals.app import ask, page
from tests.builders import a_record
from tests.fakes import FakePorts
from tests.support.http import event

DAY = 86_400


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts(PUBLIC_URL="https://desk.example.org")


@pytest.fixture
def change(ports: FakePorts) -> Record:
    """A normal change that was assessed and whose approvers were asked."""
    details = {
        "type": "normal",
        "planned_start": ports.now() + 3 * DAY,
        "planned_end": ports.now() + 3 * DAY + 3600,
        "risk": "low",
    }
    record = ports.records.create(
        a_record("chg", "change", state="assessing", service="website", details=details)
    ).record
    arguments = {"wait": "approval", "until": ["scheduled", "rejected", "cancelled"]}
    ask.on({"step": "ask", "record": record.id, "token": "t-1", "arguments": arguments}, ports)
    return ports.records.get(record.id)


def link(ports: FakePorts, change: Record) -> str:
    """The token of the first approver's link."""
    return approving.link(change, approving.asked_people(change)[0], ports).rpartition("/")[2]


def visit(ports: FakePorts, token: str, method: str = "GET", **fields: str) -> dict[str, Any]:
    sent = event(
        f"{method} /approvals/{{link}}",
        params={"link": token},
        body=urlencode(fields).encode(),
        headers={"content-type": "application/x-www-form-urlencoded", "accept": "text/html"},
    )
    answer: dict[str, Any] = page.on(sent, ports)
    return answer


def test_asking_waits_with_the_token_and_tells_whom(ports: FakePorts, change: Record) -> None:
    assert change.state == "awaiting_approval"
    assert [wait.token for wait in ports.records.waits(change.id)] == ["t-1"]
    assert change.requester not in approving.asked_people(change)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_at_the_page_decides_nothing(ports: FakePorts, change: Record, method: str) -> None:
    answer = visit(ports, link(ports, change), method, decision="accept")
    assert (answer["statusCode"], ports.records.get(change.id)) == (200, change)


def test_an_acceptance_by_post_schedules_the_change(ports: FakePorts, change: Record) -> None:
    while (current := ports.records.get(change.id)).state == "awaiting_approval":
        approval: Any = current.details["approval"]
        waiting = [one for one in approving.asked_people(current) if one not in approval["votes"]]
        token = approving.link(current, waiting[0], ports).rpartition("/")[2]
        assert visit(ports, token, "POST", decision="accept")["statusCode"] == 200
    assert current.state == "scheduled"


def test_a_refusal_rejects_the_change(ports: FakePorts, change: Record) -> None:
    visit(ports, link(ports, change), "POST", decision="refuse", note="not in the quarter's last week")
    assert ports.records.get(change.id).state in ("rejected", "awaiting_approval")


def test_the_same_vote_again_changes_nothing_and_another_is_refused(ports: FakePorts, change: Record) -> None:
    token = link(ports, change)
    visit(ports, token, "POST", decision="accept")
    voted = ports.records.get(change.id)
    assert visit(ports, token, "POST", decision="accept")["statusCode"] == 200
    assert visit(ports, token, "POST", decision="refuse")["statusCode"] == 410
    assert ports.records.get(change.id) == voted


def test_a_forged_link_is_401_and_an_expired_one_410(ports: FakePorts, change: Record) -> None:
    token = link(ports, change)
    assert visit(ports, token[:-1] + ("a" if token[-1] != "a" else "b"), "POST", decision="accept")["statusCode"] == 401
    ports.time += 60 * DAY
    assert visit(ports, token, "POST", decision="accept")["statusCode"] == 410


def test_a_decision_from_another_sites_page_is_refused(ports: FakePorts, change: Record) -> None:
    sent = event(
        "POST /approvals/{link}",
        params={"link": link(ports, change)},
        body=b"decision=accept",
        headers={"content-type": "application/x-www-form-urlencoded", "origin": "https://evil.example.net"},
    )
    assert page.on(sent, ports)["statusCode"] == 403
    assert ports.records.get(change.id) == change


def test_once_it_is_decided_the_page_asks_nobody_any_more(ports: FakePorts, change: Record) -> None:
    people = approving.asked_people(change)
    tokens = [approving.link(change, person, ports).rpartition("/")[2] for person in people]
    visit(ports, tokens[0], "POST", decision="refuse")
    decided = ports.records.get(change.id).state != "awaiting_approval"
    assert [visit(ports, token)["statusCode"] for token in tokens] == [410 if decided else 200] * len(tokens)


def test_an_edit_voids_the_link(ports: FakePorts, change: Record) -> None:
    token = link(ports, change)
    edited = change.changed("FieldsChanged", by="rita", origin="records", at=ports.now(), title="Something else")
    ports.records.save(edited)
    assert visit(ports, token)["statusCode"] == 410
    assert visit(ports, token, "POST", decision="accept")["statusCode"] == 410


def test_an_edit_over_the_records_api_sends_the_change_back_to_be_assessed(ports: FakePorts, change: Record) -> None:
    from functions.records.app import handler as records
    from tests.support.http import agent

    records.on(agent("PATCH /records/{number}", {"title": "Something else"}, params={"number": change.number}), ports)
    assert ports.records.get(change.id).state == "assessing"


def test_a_ticket_link_opens_no_approval(ports: FakePorts, change: Record) -> None:
    from itsm.core.signing import sign

    assert visit(ports, sign(ports.link_secret, "ticket", change.id))["statusCode"] == 401


def test_a_decision_that_is_none_is_422(ports: FakePorts, change: Record) -> None:
    assert visit(ports, link(ports, change), "POST", decision="maybe")["statusCode"] == 422
