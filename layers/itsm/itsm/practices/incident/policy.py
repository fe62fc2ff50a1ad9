"""Policy: what the owner of incident management sets in incident.toml."""

from dataclasses import dataclass, field

from itsm.core.organisation import Services
from itsm.core.priority import Priorities


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPolicy:
    """incident.toml. A resolved incident closes by itself after `close_after_days` unless its requester objects."""

    priorities: Priorities = field(metadata={"from": "priorities"})
    close_after_days: int = 5
    services: Services = field(default_factory=Services, metadata={"from": "services"})


def problems(policy: IncidentPolicy) -> list[tuple[str, str]]:
    """What is wrong in incident.toml beyond its types, as (key, reason)."""
    if not 1 <= policy.close_after_days <= 90:
        return [("close_after_days", f"is {policy.close_after_days}; it goes from 1 to 90")]
    return []
