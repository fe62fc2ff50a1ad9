"""Intake, alarms: a CloudWatch alarm opens a ticket, its recovery resolves it."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import alarming
from itsm.runtime.door import queue_door
from itsm.runtime.ports import Ports


@queue_door
def handler(event: Mapping[str, Any], ports: Ports) -> None:
    """One "CloudWatch Alarm State Change" event; one that concerns no episode makes nothing."""
    alarming.take_event(event, ports)
