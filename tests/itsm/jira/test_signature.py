"""Only Jira's own webhooks are taken, and only as a hint to look (fault 12 and 13 of the study)."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from itsm.core.errors import MalformedError, UnauthenticatedError
from itsm.jira.signature import Nudge, nudge, verify

NOW = 1_764_000_000
SECRETS = ("the new secret", "the old secret")


def signed(body: bytes, secret: str = SECRETS[0]) -> dict[str, str]:
    """The headers Jira sends."""
    return {"X-Hub-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def a_body(**overrides: Any) -> bytes:
    """A webhook's body."""
    issue = {"id": "10001", "key": "OPS-1", "fields": {"labels": ["x", "itsm-abcdefghij234567"]}}
    return json.dumps(
        {"timestamp": NOW * 1000, "webhookEvent": "jira:issue_updated", "issue": issue, **overrides}
    ).encode()


def test_atlassians_published_vector_verifies() -> None:
    header = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"

    with pytest.raises(MalformedError):
        verify(b"Hello World!", {"X-Hub-Signature": header}, ["It's a Secret to Everybody"], NOW)


@pytest.mark.parametrize("secret", SECRETS)
def test_any_live_secret_verifies_whatever_the_headers_case(secret: str) -> None:
    body = a_body()
    headers = {name.lower(): value for name, value in signed(body, secret).items()}

    assert nudge(verify(body, headers, SECRETS, NOW)) == Nudge(
        issue="10001", kind="jira:issue_updated", record="abcdefghij234567"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature": ""},
        signed(a_body(), "another secret"),
        {"X-Hub-Signature": "sha1=" + hmac.new(SECRETS[0].encode(), a_body(), hashlib.sha1).hexdigest()},
        {"X-Hub-Signature": signed(a_body())["X-Hub-Signature"].removeprefix("sha256=")},
        {"X-Hub-Signature": "sha256=é"},
        signed(a_body() + b" "),
    ],
)
def test_fault_12_a_forged_missing_or_foreign_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnauthenticatedError):
        verify(a_body(), headers, SECRETS, NOW)


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_fault_12_without_a_secret_nothing_is_authentic(secrets: tuple[str, ...]) -> None:
    body = a_body()

    with pytest.raises(UnauthenticatedError, match="no webhook secret"):
        verify(body, signed(body, ""), secrets, NOW)


@pytest.mark.parametrize("hours", [-25, 25])
def test_fault_13_a_valid_body_replayed_a_day_later_is_refused(hours: int) -> None:
    body = a_body()

    with pytest.raises(UnauthenticatedError, match="more than a day"):
        verify(body, signed(body), SECRETS, NOW + hours * 3600)


@pytest.mark.parametrize("hours", [-23, 0, 23])
def test_jiras_own_retries_are_not_too_old(hours: int) -> None:
    body = a_body()

    assert verify(body, signed(body), SECRETS, NOW + hours * 3600)["timestamp"] == NOW * 1000


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\xff", b'{"webhookEvent":"x"}', b'{"timestamp":"now"}'])
def test_an_authentic_body_that_cannot_be_read_is_malformed_and_not_forged(body: bytes) -> None:
    with pytest.raises(MalformedError):
        verify(body, signed(body), SECRETS, NOW)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"issue": None},
        {"issue": []},
        {"issue": {"key": "OPS-1"}},
        {"webhookEvent": "user_created", "user": {}},
    ],
)
def test_an_event_about_something_else_nudges_nothing(payload: dict[str, Any]) -> None:
    assert nudge(payload) is None


@pytest.mark.parametrize("fields", [None, {}, {"labels": None}, {"labels": [1, "itsm-short", "ITSM-abcdefghij234567"]}])
def test_an_issue_without_our_label_is_a_nudge_without_a_record(fields: Any) -> None:
    assert nudge({"issue": {"id": 10001, "fields": fields}}) == Nudge(issue="10001", kind="")
