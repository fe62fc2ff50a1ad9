"""Change: assessed, approved by the right people, kept out of freezes and of each other's way."""

from itsm.core.practice import Practice
from itsm.core.steps import renew, report_failure
from itsm.practices.change import steps
from itsm.practices.change.lifecycle import CANCELLED, LIFECYCLE
from itsm.practices.change.record import CONTENT, type_of
from itsm.practices.change.rules import APPROVAL, implemented

PRACTICE = Practice(
    name="change",
    prefix="CHG",
    lifecycle=LIFECYCLE,
    steps={
        "assess": steps.assess,
        "schedule": steps.schedule,
        "implement": steps.implement,
        "review": steps.review,
        "close": steps.close,
        "lapse": steps.lapse,
        "cancel": steps.cancel,
        "renew": renew,
        "report_failure": report_failure,
    },
    approval=APPROVAL,
    barred=lambda record: frozenset({CANCELLED}) if implemented(record) else frozenset(),
    editable=(*CONTENT, "outcome", "hold_reason"),
    process=lambda record: f"change-{type_of(record)}",
)
