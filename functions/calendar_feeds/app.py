"""Calendar feeds: each day, ask what holidays the feeds of calendars.toml name; clocks go by the last good answer."""

from itsm.runtime import feeds
from itsm.runtime.door import tick_door
from itsm.runtime.ports import Ports


@tick_door
def handler(ports: Ports) -> None:
    """Fetch every feed; one that cannot be had changes nothing, and is tried again."""
    feeds.refresh(ports)
