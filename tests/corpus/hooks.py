"""Hooks: every webhook vector of the shared folder, judged by our verifiers under the policy of its provider."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from itsm.core.errors import ItsmError
from itsm.runtime.policies import Policies
from itsm.service_desk.policy import Verification
from itsm.service_desk.signatures import verify

SHIPPED = {
    "standard-webhooks": "monitoring",
    "github": "github",
    "pagerduty": "pagerduty",
    "grafana": "grafana",
    "slack": "slack",
    "typeform": "typeform",
    "sendgrid": "sendgrid",
    "mailgun": "mailgun",
    "aws-sns": "sns",
    "alertmanager": "alertmanager",
    "postmark": "postmark",
}
"""Provider of a vector -> source of the shipped policy."""
OTHER: Mapping[str, Verification] = {
    "jira": Verification(scheme="hmac", header="X-Hub-Signature", prefix="sha256="),
    "stripe-style": Verification(
        scheme="hmac",
        header="Stripe-Signature",
        separator=",",
        prefix="v1=",
        template="{ts}.{body}",
        timestamp_field="t",
    ),
    "gitlab": Verification(scheme="token", header="X-Gitlab-Token"),
}


def judged(vectors: list[Mapping[str, Any]]) -> Iterator[tuple[str, bool]]:
    """(id, whether our verdict is the provider's) of each vector."""
    webhooks = Policies().sources.webhook
    for number, vector in enumerate(vectors, 1):
        provider = vector.get("provider", "")
        how = webhooks[SHIPPED[provider]].verify if provider in SHIPPED else OTHER.get(provider)
        whole = "expect_valid" in vector and ("body" in vector or "form" in vector)
        name = str(vector.get("id", f"vector {number}"))
        if how is None or not whole:
            yield f"{name}: its provider or body is unknown here", False
            continue
        try:
            yield name, valid(how, vector) == vector["expect_valid"]
        except Exception as error:  # whatever is raised is told as a fault of that vector, and fails the run
            yield f"{name}: {type(error).__name__}: {error}"[:200], False


def valid(how: Verification, vector: Mapping[str, Any]) -> bool:
    """Whether the vector's delivery is let in."""
    if how.timestamp_header and "now" not in vector and vector["provider"] == "grafana":
        how = replace(how, timestamp_header="", template="{body}")
    if "tolerance_s" in vector:
        how = replace(how, tolerance=int(vector["tolerance_s"]))
    now = int(vector.get("now", 0))
    if "now" not in vector and vector["provider"] == "aws-sns":
        how = replace(how, tolerance=10**10, topics=(_topic(vector["body"]),))
    headers = {name.lower(): value for name, value in (vector.get("headers") or {}).items()}
    if "form" in vector:
        headers["content-type"] = "application/x-www-form-urlencoded"
    body = urlencode(vector["form"]) if "form" in vector else vector["body"]
    secret = vector.get("secret") or vector.get("public_key") or ""
    certificate = vector.get("test_certificate_pem", "")
    try:
        verify(body.encode(), headers, how, [secret] if secret else [], now, lambda url: certificate.encode())
    except ItsmError:
        return False
    return True


def _topic(body: str) -> str:
    try:
        message = json.loads(body)
    except ValueError:
        return ""
    return str(message.get("TopicArn", "")) if isinstance(message, Mapping) else ""
