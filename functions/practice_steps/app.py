"""Practice steps: load the record, take one step of its practice, save it; a wait is the one step they all share."""

from collections.abc import Mapping
from typing import Any

from itsm.core.errors import NotFoundError
from itsm.core.practice import StepContext, load
from itsm.core.record import Record
from itsm.runtime import desk
from itsm.runtime.door import StepCall, step_door
from itsm.runtime.ports import Ports

AWAIT = "await"


@step_door
def handler(call: StepCall, ports: Ports) -> Mapping[str, Any]:
    """Take the named step on the record and tell the process where the record is now."""
    if call.step == AWAIT:
        return desk.await_states(call, ports)
    practice = load(ports.address("PRACTICE"))
    step = practice.steps.get(call.step)
    if step is None:
        raise NotFoundError(
            f"{practice.name} has no step {call.step!r}; its steps: {', '.join(sorted(practice.steps))}"
        )

    def take(record: Record) -> Record:
        policy = getattr(ports.policies, practice.name)
        return step(record, StepContext(now=ports.now(), policy=policy, arguments=call.arguments))

    return desk.step_result(desk.update(ports, call.record, take))
