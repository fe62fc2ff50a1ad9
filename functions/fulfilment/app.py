"""Fulfilment: what the process of an order does with its tasks; it opens, holds and drops them."""

from collections.abc import Mapping
from typing import Any

from itsm.core.errors import NotFoundError
from itsm.runtime import fulfilling
from itsm.runtime.door import StepCall, step_door
from itsm.runtime.ports import Ports

STEPS = {"proceed": fulfilling.proceed, "hold": fulfilling.hold, "drop": fulfilling.drop}


@step_door
def handler(call: StepCall, ports: Ports) -> Mapping[str, Any]:
    """Take the named step on the tasks of an order and tell the process where the order is now."""
    step = STEPS.get(call.step)
    if step is None:
        raise NotFoundError(f"there is no step {call.step!r}; there are {', '.join(sorted(STEPS))}")
    return step(call, ports)
