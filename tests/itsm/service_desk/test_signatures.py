"""Signatures: every published vector of every HMAC scheme is judged right, by policy alone."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from itsm.core.errors import UnauthenticatedError
from itsm.runtime.policies import Policies
from itsm.service_desk.policy import Verification
from itsm.service_desk.signatures import verify

HMAC_SCHEMES: Mapping[str, Verification] = {
    "jira": Verification(scheme="hmac", header="X-Hub-Signature", prefix="sha256="),
    "slack": Verification(
        scheme="hmac",
        header="X-Slack-Signature",
        prefix="v0=",
        template="v0:{ts}:{body}",
        timestamp_header="X-Slack-Request-Timestamp",
    ),
    "typeform": Verification(scheme="hmac", header="Typeform-Signature", prefix="sha256=", encoding="base64"),
    "stripe-style": Verification(
        scheme="hmac",
        header="Stripe-Signature",
        separator=",",
        prefix="v1=",
        template="{ts}.{body}",
        timestamp_field="t",
    ),
    "grafana without time": Verification(scheme="hmac", header="X-Grafana-Alerting-Signature"),
    "postmark": Verification(scheme="token", header="Authorization", prefix="Basic ", encoding="base64"),
    "alertmanager": Verification(scheme="token", header="Authorization", prefix="Bearer "),
    "gitlab": Verification(scheme="token", header="X-Gitlab-Token"),
}
SHIPPED = {"standard-webhooks": "monitoring", "github": "github", "pagerduty": "pagerduty", "grafana": "grafana"}
NOT_COVERED = {"aws-sns", "sendgrid", "mailgun"}
"""RSA, ECDSA and a signature over form fields: each needs a verifier of its own."""


def judged(how: Verification, vector: Mapping[str, Any]) -> bool:
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    try:
        verify(vector["body"].encode(), headers, how, [vector["secret"]], vector.get("now", 0))
    except UnauthenticatedError:
        return False
    return True


def test_every_vector_is_judged_as_its_provider_says(shared: Callable[[str], Path], policies: Policies) -> None:
    vectors = json.loads(shared("webhooks/vectors.json").read_text(encoding="utf-8"))["vectors"]
    schemes = {
        **HMAC_SCHEMES,
        **{provider: policies.sources.webhook[name].verify for provider, name in SHIPPED.items()},
    }
    wrong, seen = [], 0
    for vector in vectors:
        if vector["provider"] in NOT_COVERED:
            continue
        provider = vector["provider"] if "now" in vector or vector["provider"] != "grafana" else "grafana without time"
        seen += 1
        if judged(schemes[provider], vector) != vector["expect_valid"]:
            wrong.append(vector["id"])
    assert not wrong
    assert seen >= 45


STANDARD = Verification(
    scheme="hmac", header="webhook-signature", separator=" ", prefix="v1,", encoding="base64",
    template="{id}.{ts}.{body}", id_header="webhook-id", timestamp_header="webhook-timestamp", key_prefix="whsec_",
)  # fmt: skip
KEY = base64.b64encode(b"k" * 24).decode()
NOW = 1_764_000_000


def signed(body: bytes, key: bytes = b"k" * 24, at: int = NOW) -> dict[str, str]:
    mac = base64.b64encode(hmac.new(key, b"msg_1.%d.%s" % (at, body), hashlib.sha256).digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1,{mac}"}


def test_any_live_secret_will_do_while_one_replaces_the_other() -> None:
    verify(b"{}", signed(b"{}"), STANDARD, ["whsec_" + base64.b64encode(b"new").decode(), f"whsec_{KEY}"], NOW)


@pytest.mark.parametrize(
    "broken",
    [
        {"webhook-signature": ""},
        {"webhook-id": ""},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "٣"},
        {"webhook-signature": "v1,ż"},
        {"webhook-signature": "v2,abc"},
    ],
)
def test_a_header_that_is_missing_or_broken_is_refused_and_never_a_crash(broken: dict[str, str]) -> None:
    with pytest.raises(UnauthenticatedError):
        verify(b"{}", {**signed(b"{}"), **broken}, STANDARD, [f"whsec_{KEY}"], NOW)


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301])
def test_a_signature_from_another_time_is_refused(at: int) -> None:
    with pytest.raises(UnauthenticatedError, match="seconds off"):
        verify(b"{}", signed(b"{}", at=at), STANDARD, [f"whsec_{KEY}"], NOW)


def test_bytes_are_signed_not_text() -> None:
    verify(b"\xff\x00", signed(b"\xff\x00"), STANDARD, [f"whsec_{KEY}"], NOW)


def test_a_source_without_a_secret_lets_nothing_in() -> None:
    with pytest.raises(UnauthenticatedError, match="no secret"):
        verify(b"{}", signed(b"{}"), STANDARD, [], NOW)


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(UnauthenticatedError):
        verify(b"{}", signed(b"{}", key=b""), STANDARD, [""], NOW)
