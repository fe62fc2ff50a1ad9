"""Problem incidents: the incidents of a problem name it, and hear of its workaround and how it ended."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import problems
from itsm.runtime.door import StepCall, step_door
from itsm.runtime.ports import Ports


@step_door
def handler(call: StepCall, ports: Ports) -> Mapping[str, Any]:
    """Tell every incident of the problem what its state is news of; nothing twice."""
    return problems.tell(call, ports)
