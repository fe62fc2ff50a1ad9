"""Record changes: one write to the records table becomes its audit row, its fact on the bus, and what follows."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import changes
from itsm.runtime.door import stream_door
from itsm.runtime.ports import Ports


@stream_door
def handler(change: Mapping[str, Any], ports: Ports) -> None:
    """Follow one change of the stream; changes of other items than records lead nowhere."""
    record = changes.written(change)
    if record is not None:
        changes.follow(record, ports)
