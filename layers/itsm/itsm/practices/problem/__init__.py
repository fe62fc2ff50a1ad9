"""Problem: find the cause behind incidents, say what helps meanwhile, and see it removed."""

from itsm.core.practice import Practice
from itsm.core.steps import move, renew, report_failure
from itsm.practices.problem import rules, steps
from itsm.practices.problem.lifecycle import CANCELLED, CLOSED, LIFECYCLE
from itsm.practices.problem.record import FACTS

PRACTICE = Practice(
    name="problem",
    prefix="PRB",
    lifecycle=LIFECYCLE,
    steps={
        "classify": steps.classify,
        "close": move(LIFECYCLE, CLOSED),
        "cancel": move(LIFECYCLE, CANCELLED),
        "renew": renew,
        "report_failure": report_failure,
    },
    process=lambda record: "problem",
    editable=FACTS,
    close_after=lambda policy: policy.close_after,
    check=rules.check_facts,
)
