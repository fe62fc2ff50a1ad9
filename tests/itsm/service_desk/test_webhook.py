"""Webhook: policy alone turns a payload into a submission, and says which field is missing."""

import json
from dataclasses import replace
from typing import Any

import pytest
from itsm.core.errors import InvalidInputError, MalformedError, TooLargeError
from itsm.runtime.policies import Policies
from itsm.service_desk.sources.webhook import parse
from itsm.service_desk.submission import UNKNOWN, VERIFIED, Submission

from tests.builders import NOON

FIRING = {
    "id": "disk-7",
    "status": "firing",
    "title": "Disk full",
    "severity": "critical",
    "service": "website",
    "text": "97 %",
}


def sent(policies: Policies, source: str, payload: Any, **headers: str) -> Submission | None:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse(source, body, named, policies.sources.webhook[source], received_at=NOON)


def test_the_shipped_monitoring_source_maps_title_severity_and_service(policies: Policies) -> None:
    found = sent(policies, "monitoring", FIRING, webhook_id="msg_1")
    assert found is not None
    assert (found.subject, found.text, found.trust, found.key, found.delivery) == (
        "Disk full",
        "97 %",
        VERIFIED,
        "disk-7",
        "msg_1",
    )
    assert found.fields == {"practice": "incident", "impact": "2", "urgency": "1", "service": "website"}


def test_firing_and_resolved_of_one_alert_are_one_ticket(policies: Policies) -> None:
    firing = sent(policies, "monitoring", FIRING, webhook_id="msg_1")
    resolved = sent(policies, "monitoring", {**FIRING, "status": "resolved"}, webhook_id="msg_2")
    assert firing
    assert resolved
    assert (firing.recovered, resolved.recovered) == (False, True)
    assert firing.record_id == resolved.record_id
    assert firing.comment_id != resolved.comment_id


def test_an_opened_github_issue_becomes_a_request(policies: Policies) -> None:
    payload = {
        "action": "opened",
        "issue": {"number": 7, "title": "Add a page", "body": "Please"},
        "repository": {"full_name": "o/r"},
        "sender": {"login": "mia"},
    }
    found = sent(policies, "github", payload, x_github_event="issues", x_github_delivery="d-1")
    assert found is not None
    assert (found.subject, found.key, found.sender, found.fields["practice"]) == (
        "o/r: Add a page",
        "o/r#7",
        "github:mia",
        "request",
    )


def test_what_the_policy_leaves_out_makes_no_submission(policies: Policies) -> None:
    assert sent(policies, "github", {"zen": "Keep it simple"}, x_github_event="ping") is None


def test_a_pagerduty_incident_and_its_resolution_are_one_ticket(policies: Policies) -> None:
    def event(kind: str) -> dict[str, Any]:
        return {
            "event": {
                "id": f"e-{kind}",
                "event_type": f"incident.{kind}",
                "data": {"id": "P1", "title": "Down", "urgency": "high", "number": 2},
            }
        }

    triggered, resolved = (
        sent(policies, "pagerduty", event("triggered")),
        sent(policies, "pagerduty", event("resolved")),
    )
    assert triggered
    assert resolved
    assert triggered.record_id == resolved.record_id
    assert resolved.recovered
    assert triggered.fields["urgency"] == "1"


def test_a_grafana_group_fires_and_recovers_as_one_ticket(policies: Policies) -> None:
    def alert(status: str) -> dict[str, Any]:
        return {
            "status": status,
            "groupKey": "{}:{x}",
            "title": "t",
            "commonLabels": {"alertname": "Slow"},
            "alerts": [{"startsAt": "2025-11-24T16:00:00Z"}],
        }

    firing, resolved = sent(policies, "grafana", alert("firing")), sent(policies, "grafana", alert("resolved"))
    assert firing
    assert resolved
    assert firing.record_id == resolved.record_id
    assert resolved.recovered
    assert firing.subject == "Slow"


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_malformed(policies: Policies, body: bytes) -> None:
    with pytest.raises(MalformedError):
        sent(policies, "monitoring", body, webhook_id="m")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": None}, "title"),
        ({"title": {"a": 1}}, "title"),
        ({"title": "  "}, "title"),
        ({"impact": "huge"}, "impact"),
        ({"severity": "odd"}, "severity"),
    ],
)
def test_a_missing_or_wrong_field_is_named(policies: Policies, change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        sent(policies, "monitoring", {**FIRING, **change}, webhook_id="m")
    assert raised.value.field == field


def test_a_delivery_without_a_key_is_refused(policies: Policies) -> None:
    with pytest.raises(InvalidInputError) as raised:
        sent(policies, "monitoring", {"title": "x"})
    assert raised.value.field == "id"


def test_a_body_larger_than_the_source_may_send_is_refused(policies: Policies) -> None:
    with pytest.raises(TooLargeError):
        sent(policies, "monitoring", b" " * 300_000, webhook_id="m")


def test_a_source_that_proves_nothing_is_not_trusted(policies: Policies) -> None:
    policy = policies.sources.webhook["monitoring"]
    open_policy = replace(policy, verify=replace(policy.verify, scheme="none"))
    found = parse("monitoring", json.dumps(FIRING).encode(), {"webhook-id": "m"}, open_policy, received_at=NOON)
    assert found is not None
    assert found.trust == UNKNOWN
