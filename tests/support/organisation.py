"""Organisation: small policies that are valid by default; a test overrides the one thing it is about."""

from datetime import UTC, datetime
from typing import Any

from itsm.core.approvals import ApprovalRule, Approvals, ApprovalStep, Delegation
from itsm.core.calendar import CalendarPolicy, Calendars, WeeklyHours
from itsm.core.organisation import Group, Groups, Service, Services
from itsm.core.priority import Priorities
from itsm.practices.change.policy import ChangePolicy, Risk, Template
from itsm.practices.incident.policy import IncidentPolicy
from itsm.practices.problem.policy import ProblemPolicy
from itsm.practices.request.policy import RequestPolicy

ADA, BOB, CLEO, LEAD = "ada@example.org", "bob@example.org", "cleo@example.org", "lead@example.org"
RITA = "rita@example.org"
"""The requester of every record the builders make."""

SERVICES = Services(
    services={
        "email": Service(title="E-mail", criticality=2, group="network", owner=CLEO, items=("mail-1",)),
        "erp": Service(title="ERP", criticality=1, group="network", items=("erp-db",)),
        "website": Service(title="Website", criticality=3, group="network", items=("web-1",)),
    }
)
GROUPS = Groups(
    groups={
        "network": Group(title="Network", calendar="office", lead=LEAD, members=(ADA, BOB)),
        "board": Group(title="Board", calendar="office", lead=LEAD, members=(ADA, BOB, CLEO)),
    }
)
CALENDARS = Calendars(
    calendars={"nights": CalendarPolicy(zone="UTC", hours=WeeklyHours(mon=("20:00-24:00",), tue=("20:00-24:00",)))}
)
LEVELS = tuple(map(str, range(1, 6)))
PRIORITIES = Priorities(matrix={i: {u: (int(i) + int(u)) // 2 for u in LEVELS} for i in LEVELS})

EASY = {"high": "low", "medium": "low", "low": "medium"}
HARD = {"high": "medium", "medium": "high", "low": "high"}
RISK = Risk(
    impact={"1": HARD, "2": HARD, "3": EASY, "4": EASY, "5": EASY},
    criticality={"1": "high", "2": "medium", "3": "low", "4": "low"},
)


def approvals(*rules: ApprovalRule, **overrides: Any) -> Approvals:
    """An approval table; without rules, two of the network group must agree to anything."""
    facts: dict[str, Any] = {
        "rules": rules or (ApprovalRule(when={}, steps=(ApprovalStep(approvers=("group:network",)),)),),
        "last_resort": "lead:network",
        "groups": GROUPS,
        "services": SERVICES,
    }
    return Approvals(**(facts | overrides))


def an_approval_rule(*approvers: str, **overrides: Any) -> ApprovalRule:
    """A rule of one step that holds for everything."""
    quorum = {name: overrides.pop(name) for name in ("percent", "count", "hours") if name in overrides}
    return ApprovalRule(**({"when": {}, "steps": (ApprovalStep(approvers=approvers, **quorum),)} | overrides))


def a_delegation(absent: str, substitute: str, start: int, end: int) -> Delegation:
    """Somebody votes in another's place between two instants."""
    return Delegation(
        absent=absent,
        substitute=substitute,
        start=datetime.fromtimestamp(start, UTC),
        end=datetime.fromtimestamp(end, UTC),
    )


def a_change_policy(**overrides: Any) -> ChangePolicy:
    """change.toml: one approver of the network group agrees to a normal change; one standard template."""
    facts: dict[str, Any] = {
        "approval": approvals(
            an_approval_rule("group:network", when={"type": "emergency"}, after=True, count=1),
            an_approval_rule("group:network", count=1),
        ),
        "risk": RISK,
        "templates": {"restart": Template(title="Restart the website", service="website", max_minutes=60)},
        "services": SERVICES,
        "calendars": CALENDARS,
    }
    return ChangePolicy(**(facts | overrides))


def a_request_policy(**overrides: Any) -> RequestPolicy:
    """request.toml: e-mail requests need their service's owner, others nobody."""
    facts: dict[str, Any] = {
        "approval": approvals(an_approval_rule("owner", when={"service": "email"})),
        "priorities": PRIORITIES,
        "services": SERVICES,
    }
    return RequestPolicy(**(facts | overrides))


def an_incident_policy(**overrides: Any) -> IncidentPolicy:
    """incident.toml."""
    facts: dict[str, Any] = {"priorities": PRIORITIES, "services": SERVICES}
    return IncidentPolicy(**(facts | overrides))


def a_problem_policy(**overrides: Any) -> ProblemPolicy:
    """problem.toml."""
    facts: dict[str, Any] = {"priorities": PRIORITIES, "groups": GROUPS, "services": SERVICES}
    return ProblemPolicy(**(facts | overrides))
