"""Policy: what the owner of problem management sets in problem.toml."""

from dataclasses import dataclass, field

from itsm.core.duration import close_problems
from itsm.core.organisation import Groups, Services
from itsm.core.priority import Priorities


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPolicy:
    """problem.toml. `group` works problems an incident leads to; "": routing.toml says who, as for anything else.

    A resolved problem closes by itself after `close_after` (business days of its group, or "72h" by the wall clock): so
    long it is watched whether its incidents come back.
    """

    priorities: Priorities = field(metadata={"from": "priorities"})
    groups: Groups = field(metadata={"from": "groups"})
    services: Services = field(default_factory=Services, metadata={"from": "services"})
    group: str = ""
    close_after: str = "10 business_days"


def problems(policy: ProblemPolicy) -> list[tuple[str, str]]:
    """What is wrong in problem.toml beyond its types, as (key, reason)."""
    found = close_problems(policy.close_after)
    if policy.group and policy.group not in policy.groups.groups:
        found.append(("group", f"no group is called {policy.group!r}"))
    return found
