"""Intake, alarms: a CloudWatch alarm opens a ticket, its recovery resolves it."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import intake
from itsm.runtime.door import queue_door
from itsm.runtime.ports import Ports
from itsm.service_desk.sources import alarm


@queue_door
def handler(event: Mapping[str, Any], ports: Ports) -> None:
    """One "CloudWatch Alarm State Change" event; one that concerns no episode makes nothing."""
    submission = alarm.parse(event, ports.policies.sources.alarm, received_at=ports.now())
    if submission is None:
        return
    if submission.recovered:
        intake.recover(submission, ports)
    elif alarm.opens(submission, event):
        intake.take(submission, ports)
    else:
        intake.append(submission, ports.records.get(submission.record_id), ports)
