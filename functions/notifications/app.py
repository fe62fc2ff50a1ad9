"""Notifications: facts on the bus become mails to the people they concern."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import notify
from itsm.runtime.door import queue_door
from itsm.runtime.ports import Ports


@queue_door
def handler(event: Mapping[str, Any], ports: Ports) -> None:
    """One fact, as EventBridge put it into the queue."""
    notify.send(event["detail"], ports)
