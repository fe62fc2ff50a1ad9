"""File scans: what a malware scanner says of a file that came along is told on its ticket."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import scanning
from itsm.runtime.door import queue_door
from itsm.runtime.ports import Ports


@queue_door
def handler(event: Mapping[str, Any], ports: Ports) -> None:
    """One "GuardDuty Malware Protection Object Scan Result", or "Object Created" of S3, heard a quarter hour later."""
    scanning.take_event(event, ports)
