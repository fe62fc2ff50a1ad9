"""Rules: what problem management decides: priority, and what must be known before a problem gets any further."""

from itsm.core.errors import InvalidInputError
from itsm.core.priority import priority
from itsm.core.record import Record
from itsm.practices.problem.lifecycle import KNOWN_ERROR, RESOLVED
from itsm.practices.problem.policy import ProblemPolicy
from itsm.practices.problem.record import NO_ROOT_CAUSE, ROOT_CAUSE, WORKAROUND


def priority_of(record: Record, policy: ProblemPolicy) -> int:
    """Impact x urgency by the organisation's table; never lower than the problem has, as its incident may have had."""
    criticality = policy.services.criticality(record.service) or 0
    return min(record.priority, priority(policy.priorities, record.impact, record.urgency, criticality))


def check_facts(record: Record, to: str) -> None:
    """Raise InvalidInputError, naming the detail, where a problem lacks what a state stands for.

    A known error has a documented cause and a workaround (ITIL v3, Service Operation, glossary); one that is resolved
    has a cause, or says in so many words why none was found.
    """
    known = {name for name in (ROOT_CAUSE, WORKAROUND, NO_ROOT_CAUSE) if str(record.details.get(name, "")).strip()}
    if to == KNOWN_ERROR:
        for name, what in ((ROOT_CAUSE, "what its cause is"), (WORKAROUND, "what helps meanwhile, if only: nothing")):
            if name not in known:
                raise InvalidInputError(f"details.{name}", f"a known error says {what}; set it with the state")
    if to == RESOLVED and not known & {ROOT_CAUSE, NO_ROOT_CAUSE}:
        raise InvalidInputError(
            f"details.{ROOT_CAUSE}",
            f"a problem is resolved once its cause is known; set it with the state, or say in {NO_ROOT_CAUSE} why not",
        )
