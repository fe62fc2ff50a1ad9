"""SLA timers: start the clocks of a ticket, sweep the deadlines that come near, fire each one at its second."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import timers
from itsm.runtime.door import StepCall, queue_door, step_door, tick_door
from itsm.runtime.ports import Ports


@step_door
def start(call: StepCall, ports: Ports) -> Mapping[str, Any]:
    """A process starts the clocks of its record; they run from the instant it was opened."""
    return timers.start(call.record, ports)


@tick_door
def sweep(ports: Ports) -> None:
    """Each minute: hand every deadline of the next 75 seconds to the queue, delayed to its second."""
    timers.sweep(ports)


@queue_door
def fire(message: Mapping[str, Any], ports: Ports) -> None:
    """A deadline has come: whatever of it still stands is escalated, anything else is left alone."""
    timers.fire(message["record"], ports)
