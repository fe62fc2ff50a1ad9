"""SLA timers: start the clocks of a ticket, sweep the deadlines that come near, fire each one at its second."""

from collections.abc import Mapping, Sequence
from typing import Any

from itsm.runtime import timers
from itsm.runtime.door import StepCall, deadline_door, shares_door, step_door
from itsm.runtime.ports import Ports


@step_door
def start(call: StepCall, ports: Ports) -> Mapping[str, Any]:
    """A process starts the clocks of its record; they run from the instant it was opened."""
    return timers.start(call.record, ports)


@shares_door
def sweep(shards: Sequence[int], ports: Ports) -> None:
    """Each minute: hand every near deadline of some shards to the queue, held back until its second."""
    timers.sweep(ports, shards)


@deadline_door
def fire(message: Mapping[str, Any], ports: Ports) -> None:
    """A deadline has come: whatever of it still stands is escalated, anything else is left alone."""
    timers.fire(message["record"], ports, message["due"])
