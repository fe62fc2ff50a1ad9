"""Steps: what the process of incident management does to an incident; record in, record out."""

from itsm.core.practice import StepContext
from itsm.core.record import SYSTEM, Record
from itsm.core.steps import ORIGIN
from itsm.practices.incident.policy import IncidentPolicy
from itsm.practices.incident.rules import priority_of


def classify(record: Record, context: StepContext) -> Record:
    """Give the incident its priority."""
    policy: IncidentPolicy = context.policy
    priority = priority_of(record, policy)
    if priority == record.priority:
        return record
    return record.changed("Classified", by=SYSTEM, origin=ORIGIN, at=context.now, priority=priority)
