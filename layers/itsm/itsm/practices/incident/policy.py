"""Policy: what the owner of incident management sets in incident.toml."""

from dataclasses import dataclass, field

from itsm.core.duration import close_problems
from itsm.core.organisation import Configuration, Services
from itsm.core.priority import Priorities


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPolicy:
    """incident.toml. A resolved incident closes by itself after `close_after` unless its requester objects.

    "5 business_days" are those of the group that has it, "72h" is so long by the wall clock.
    """

    priorities: Priorities = field(metadata={"from": "priorities"})
    close_after: str = "5 business_days"
    services: Services = field(default_factory=Services, metadata={"from": "services"})
    configuration: Configuration = field(default_factory=Configuration, metadata={"from": "configuration"})


def problems(policy: IncidentPolicy) -> list[tuple[str, str]]:
    """What is wrong in incident.toml beyond its types, as (key, reason)."""
    return close_problems(policy.close_after)
