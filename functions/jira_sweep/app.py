"""Jira sweep: every five minutes, nudge what a lost webhook would have told us."""

from itsm.runtime import jira_sync
from itsm.runtime.door import tick_door
from itsm.runtime.ports import Ports


@tick_door
def handler(ports: Ports) -> None:
    """Nudge the tickets whose issues changed lately."""
    jira_sync.sweep(ports)
