"""Alarms: monitoring of several kinds as it sends, and policy with maintenance windows."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from itsm.runtime.policies import Policies
from itsm.service_desk.policy import Maintenance, Sources

from functions.intake.app import handler
from tests.fakes import FakePorts
from tests.support.http import event, read

BEARER = "bearer-key"


def group(name: str, status: str = "firing", service: str = "website", at: str = "2025-11-24T16:00:00Z") -> Any:
    """One notification of Alertmanager about a group of alerts."""
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "status": status,
        "receiver": "desk",
        "groupLabels": {"alertname": name},
        "commonLabels": {"alertname": name, "service": service, "severity": "critical"},
        "commonAnnotations": {"summary": f"{name} is wrong"},
        "externalURL": "https://alerts.example.org",
        "alerts": [{"status": status, "labels": {"alertname": name}, "startsAt": at, "fingerprint": "a1"}],
    }


def post(ports: FakePorts, body: Any, source: str = "alertmanager", **headers: str) -> tuple[int, Any]:
    """Post it as a source would; status and what was answered."""
    ports.secrets.values = {**ports.secrets.values, "sources": {"alertmanager": BEARER}}
    named = {"authorization": f"Bearer {BEARER}", **headers}
    request = event("POST /intake/{source}", params={"source": source}, body=json.dumps(body).encode(), headers=named)
    answer = handler.on(request, ports)
    return answer["statusCode"], read(answer)


def windows(*hours: tuple[int, int], services: tuple[str, ...] = ("website",)) -> Policies:
    """Policy with maintenance windows of the website from hour to hour of 24 November 2025 (UTC)."""
    day = datetime(2025, 11, 24, tzinfo=UTC)
    found = tuple(
        Maintenance(
            name=f"upgrade {number}",
            begins=day.replace(hour=begins),
            ends=day.replace(hour=ends),
            services=services,
            alarms=("website",),
        )
        for number, (begins, ends) in enumerate(hours)
    )
    sources: Sources = replace(Policies().sources, maintenance=found)
    kind: type[Policies] = type("InMaintenance", (Policies,), {"sources": sources})
    return kind()
