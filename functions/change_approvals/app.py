"""Change approvals: ask the approvers, show one of them the question, take the vote; only a POST decides."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import approving
from itsm.runtime.door import StepCall, http_door, step_door
from itsm.runtime.http import Request, Response
from itsm.runtime.ports import Ports


@step_door
def ask(call: StepCall, ports: Ports) -> Mapping[str, Any]:
    """A process asks for the approval of its record and waits."""
    return approving.ask(call, ports)


@http_door
def page(request: Request, ports: Ports) -> Response:
    """The approver's page: every method but POST only shows it."""
    return approving.decide(request, ports) if request.method == "POST" else approving.show(request, ports)
