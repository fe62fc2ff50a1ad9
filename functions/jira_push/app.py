"""Jira push: one link at a time, the ticket and its issue are made to agree."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import jira_sync
from itsm.runtime.door import queue_door
from itsm.runtime.ports import Ports


@queue_door
def handler(message: Mapping[str, Any], ports: Ports) -> None:
    """One nudge: read both sides and reconcile them; what cannot be done now is nudged again later."""
    jira_sync.push(message, ports)
