"""Steps: what the process of incident management does to an incident; record in, record out."""

from collections.abc import Mapping

from itsm.core.events import Json
from itsm.core.practice import StepContext
from itsm.core.record import SYSTEM, Record
from itsm.core.steps import ORIGIN
from itsm.practices.incident.policy import IncidentPolicy
from itsm.practices.incident.rules import priority_of

DAY = 86_400


def classify(record: Record, context: StepContext) -> Record:
    """Give the incident its priority, and its process the time a resolution may be contradicted in."""
    policy: IncidentPolicy = context.policy
    priority = priority_of(record, policy)
    details = {**record.details, **at_opening(policy)}
    if priority == record.priority and details == record.details:
        return record
    return record.changed("Classified", by=SYSTEM, origin=ORIGIN, at=context.now, priority=priority, details=details)


def at_opening(policy: IncidentPolicy) -> Mapping[str, Json]:
    """What a new incident has from policy: how long its resolution may be contradicted before it is closed."""
    return {"close_seconds": policy.close_after_days * DAY}
