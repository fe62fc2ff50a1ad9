"""Steps: what the process of problem management does to a problem; record in, record out."""

from itsm.core.practice import StepContext
from itsm.core.record import SYSTEM, Record
from itsm.core.steps import ORIGIN
from itsm.practices.problem.policy import ProblemPolicy
from itsm.practices.problem.rules import priority_of


def classify(record: Record, context: StepContext) -> Record:
    """Give the problem its priority."""
    policy: ProblemPolicy = context.policy
    priority = priority_of(record, policy)
    if priority == record.priority:
        return record
    return record.changed("Classified", by=SYSTEM, origin=ORIGIN, at=context.now, priority=priority)
