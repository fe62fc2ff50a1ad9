"""Rules: what request fulfilment decides: priority, and who must agree."""

from collections.abc import Mapping

from itsm.core.approvals import ApprovalRule, pending
from itsm.core.events import Json
from itsm.core.organisation import criticality
from itsm.core.priority import priority
from itsm.core.record import Record
from itsm.core.rules import facts, first
from itsm.core.voting import VOIDED, Approval
from itsm.practices.request.lifecycle import FULFILLED, IN_PROGRESS, NEW, ON_HOLD, TERMS
from itsm.practices.request.policy import RequestPolicy

NEEDED = "approval_needed"
"""The detail that says whether somebody must agree; absent until the process has looked."""


def priority_of(record: Record, policy: RequestPolicy) -> int:
    """Impact x urgency by the organisation's table, raised for what is critical; 1 is the highest."""
    critical = criticality(policy.services, policy.configuration, record.service, record.details)
    return priority(policy.priorities, record.impact, record.urgency, critical)


def rule_for(record: Record, policy: RequestPolicy) -> ApprovalRule:
    """The line of the approval table a request falls under; one no line covers is pre-approved.

    An item of the catalogue that has a table of its own falls under that alone.
    """
    own = policy.catalogue.of(record.source).approval
    rules = policy.approval.rules if own is None else own.rules
    return first(rules, known(record, policy)) or ApprovalRule(when={})


def unapproved(record: Record, policy: RequestPolicy) -> bool:
    """Whether the request needs an agreement that it does not have as it is now."""
    return bool(rule_for(record, policy).steps) and not APPROVAL.covered(record)


def barred(record: Record) -> frozenset[str]:
    """The states nobody may bring a new request to: those of work, until it is known that nobody must agree to it."""
    needless = record.details.get(NEEDED) is False and pending(record).get("decision") != VOIDED
    return frozenset() if needless or record.state != NEW else frozenset({IN_PROGRESS, ON_HOLD, FULFILLED})


def known(record: Record, policy: RequestPolicy) -> Mapping[str, Json]:
    """What the rules of request fulfilment may ask."""
    beside = {**policy.services.facts(record.service), **policy.configuration.facts(record.details)}
    return facts(record, beside)


APPROVAL = Approval(terms=TERMS, rule_for=rule_for)
