"""Routing: choose the support group that works a ticket."""

from collections.abc import Mapping
from typing import Any

from itsm.core.record import SYSTEM, Record
from itsm.runtime import desk
from itsm.runtime.door import StepCall, step_door
from itsm.runtime.ports import Ports
from itsm.service_desk import routing


@step_door
def handler(call: StepCall, ports: Ports) -> Mapping[str, Any]:
    """Route a ticket that is still with the service desk; one that somebody handed on stays where it is."""

    def routed(record: Record) -> Record:
        policies = ports.policies
        beside = {**policies.services.facts(record.service), **policies.configuration.facts(record.details)}
        group = routing.choose_group(record, policies.routing, beside)
        if record.assignee or record.group not in ("", policies.routing.default) or record.group == group:
            return record
        return record.changed("Routed", by=SYSTEM, origin="process", at=ports.now(), group=group)

    return desk.step_result(desk.update(ports, call.record, routed))
