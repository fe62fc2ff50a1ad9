"""Policy: what the owner of request fulfilment sets in request.toml."""

from dataclasses import dataclass, field

from itsm.core.approvals import Approvals, approval_problems
from itsm.core.catalogue import Catalogue
from itsm.core.duration import close_problems
from itsm.core.organisation import ITEM_FACTS, Configuration, Services
from itsm.core.priority import Priorities
from itsm.core.rules import FACTS

REQUEST_FACTS = (*FACTS, "service.criticality", "service.group", *ITEM_FACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPolicy:
    """request.toml. A request no approval rule covers needs none; a fulfilled one closes by itself after `close_after`.

    "5 business_days" are those of the group that has it, "72h" is so long by the wall clock.
    """

    approval: Approvals
    priorities: Priorities = field(metadata={"from": "priorities"})
    close_after: str = "5 business_days"
    services: Services = field(default_factory=Services, metadata={"from": "services"})
    catalogue: Catalogue = field(default_factory=Catalogue, metadata={"from": "catalogue"})
    configuration: Configuration = field(default_factory=Configuration, metadata={"from": "configuration"})


def problems(policy: RequestPolicy) -> list[tuple[str, str]]:
    """What is wrong in request.toml beyond its types, as (key, reason)."""
    found = approval_problems(policy.approval, REQUEST_FACTS, prefix="approval.")
    found += [
        (f"approval.rules.{at}.after", "a request is approved before it is fulfilled or not at all")
        for at, rule in enumerate(policy.approval.rules)
        if rule.after
    ]
    return found + close_problems(policy.close_after)
