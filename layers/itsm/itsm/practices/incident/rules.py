"""Rules: what incident management decides about an incident."""

from itsm.core.organisation import criticality
from itsm.core.priority import priority
from itsm.core.record import Record
from itsm.practices.incident.policy import IncidentPolicy


def priority_of(record: Record, policy: IncidentPolicy) -> int:
    """Impact x urgency by the organisation's table, raised for what is critical; 1 is the highest."""
    critical = criticality(policy.services, policy.configuration, record.service, record.details)
    return priority(policy.priorities, record.impact, record.urgency, critical)
