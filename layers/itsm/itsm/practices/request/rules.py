"""Rules: what request fulfilment decides: priority, and who must agree."""

from itsm.core.approvals import ApprovalRule
from itsm.core.priority import priority
from itsm.core.record import Record
from itsm.core.rules import facts, first
from itsm.core.voting import Approval
from itsm.practices.request.lifecycle import TERMS
from itsm.practices.request.policy import RequestPolicy


def priority_of(record: Record, policy: RequestPolicy) -> int:
    """Impact x urgency by the organisation's table, raised for a critical service; 1 is the highest."""
    return priority(policy.priorities, record.impact, record.urgency, policy.services.criticality(record.service) or 0)


def rule_for(record: Record, policy: RequestPolicy) -> ApprovalRule:
    """The line of the approval table a request falls under; one no line covers is pre-approved."""
    known = facts(record, policy.services.facts(record.service))
    return first(policy.approval.rules, known) or ApprovalRule(when={})


APPROVAL = Approval(terms=TERMS, rule_for=rule_for)
