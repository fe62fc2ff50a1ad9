"""Request: what people may order, approved where it must be, fulfilled and handed over."""

from itsm.core.practice import Practice
from itsm.core.steps import move, renew, report_failure
from itsm.practices.request import steps
from itsm.practices.request.lifecycle import CANCELLED, CLOSED, CONTENT, FULFILLED, LIFECYCLE
from itsm.practices.request.rules import APPROVAL, barred

PRACTICE = Practice(
    name="request",
    prefix="REQ",
    lifecycle=LIFECYCLE,
    steps={
        "classify": steps.classify,
        "lapse": steps.lapse,
        "complete": steps.complete,
        "give_up": steps.give_up,
        "fulfil": move(LIFECYCLE, FULFILLED),
        "close": move(LIFECYCLE, CLOSED),
        "cancel": move(LIFECYCLE, CANCELLED),
        "renew": renew,
        "report_failure": report_failure,
    },
    process=lambda record: "request",
    approval=APPROVAL,
    barred=barred,
    editable=(*CONTENT, "hold_reason"),
    close_after=lambda policy: policy.close_after,
)
