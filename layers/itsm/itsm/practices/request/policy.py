"""Policy: what the owner of request fulfilment sets in request.toml."""

from dataclasses import dataclass, field

from itsm.core.approvals import Approvals, approval_problems
from itsm.core.organisation import Services
from itsm.core.priority import Priorities
from itsm.core.rules import FACTS

REQUEST_FACTS = (*FACTS, "service.criticality", "service.group")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPolicy:
    """request.toml. A request no approval rule covers needs none; a fulfilled one closes after `close_after_days`."""

    approval: Approvals
    priorities: Priorities = field(metadata={"from": "priorities"})
    close_after_days: int = 5
    services: Services = field(default_factory=Services, metadata={"from": "services"})


def problems(policy: RequestPolicy) -> list[tuple[str, str]]:
    """What is wrong in request.toml beyond its types, as (key, reason)."""
    found = approval_problems(policy.approval, REQUEST_FACTS, prefix="approval.")
    found += [
        (f"approval.rules.{at}.after", "a request is approved before it is fulfilled or not at all")
        for at, rule in enumerate(policy.approval.rules)
        if rule.after
    ]
    if not 1 <= policy.close_after_days <= 90:
        found.append(("close_after_days", f"is {policy.close_after_days}; it goes from 1 to 90"))
    return found
