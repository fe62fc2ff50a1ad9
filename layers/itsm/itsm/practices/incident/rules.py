"""Rules: what incident management decides about an incident."""

from itsm.core.priority import priority
from itsm.core.record import Record
from itsm.practices.incident.policy import IncidentPolicy


def priority_of(record: Record, policy: IncidentPolicy) -> int:
    """Impact x urgency by the organisation's table, raised for a critical service; 1 is the highest."""
    return priority(policy.priorities, record.impact, record.urgency, policy.services.criticality(record.service) or 0)
