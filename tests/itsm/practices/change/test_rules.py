"""What change management decides: risk, collisions, windows, templates, who must agree."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from itsm.core.errors import InvalidInputError, PolicyError
from itsm.core.record import Record
from itsm.practices.change import rules
from itsm.practices.change.policy import ChangePolicy, Freeze, Maintenance, problems
from itsm.practices.change.record import read, type_of

from tests.builders import NOON, a_record
from tests.support.organisation import ADA, RISK, a_change_policy, an_approval_rule, approvals

HOUR, DAY = 3600, 86_400
NIGHT = 1_764_014_400
"""Monday 2025-11-24 20:00 UTC: when the calendar `nights` opens, for four hours."""


def a_change(service: str = "website", impact: int = 3, **details: Any) -> Record:
    return a_record(practice="change", service=service, impact=impact, details=details)


def judged(record: Record, policy: ChangePolicy | None = None, **known: Any) -> str:
    return rules.judge(record, read(record), policy or a_change_policy(), **known).level


@pytest.mark.parametrize(
    ("impact", "success", "level"),
    [
        (1, "high", "medium"),
        (1, "medium", "high"),
        (3, "high", "low"),
        (3, "low", "medium"),
        (5, "never heard of", "low"),
    ],
)
def test_risk_grows_with_impact_and_falls_with_the_probability_of_success(
    impact: int, success: str, level: str
) -> None:
    assert judged(a_change(impact=impact, success_probability=success)) == level


def test_the_highest_of_several_engines_is_the_risk() -> None:
    easy = a_change(success_probability="high")
    assert judged(easy) == "low"
    assert judged(replace(easy, service="email")) == "medium"
    assert judged(replace(easy, service="erp")) == "high"
    assert judged(easy, score=-1) == "high"
    assert judged(easy, score=0) == "low"
    assert judged(easy, collides=["CHG0000009"]) == "high"


def test_the_risk_says_why() -> None:
    because = rules.judge(a_change("erp"), read(a_change("erp")), a_change_policy(), collides=["CHG0000009"]).because
    assert because == (
        "low: impact 3 with medium probability of success",
        "high: erp has criticality 1",
        "high: collides with CHG0000009",
    )


def test_a_standard_change_has_the_risk_of_its_template() -> None:
    assert judged(a_change(impact=1, type="standard", template="restart")) == "low"


def test_a_team_is_scored_by_the_outcomes_of_its_changes() -> None:
    assert rules.success_score(["successful", "successful", "with_issues"]) == 4
    assert rules.success_score(["successful", "caused_p1", "unknown"]) == -7


@pytest.mark.parametrize(
    ("start", "end", "items", "collides"),
    [
        (0, 10, {"a"}, True),
        (9, 20, {"a"}, True),
        (10, 20, {"a"}, False),
        (-10, 0, {"a"}, False),
        (2, 3, {"near"}, True),
        (2, 3, {"far"}, False),
    ],
)
def test_changes_collide_when_windows_overlap_on_the_same_or_related_items(
    start: int, end: int, items: set[str], collides: bool
) -> None:
    change = read(a_change(planned_start=NOON, planned_end=NOON + 10))
    other = rules.Planned(number="CHG1", start=NOON + start, end=NOON + end, items=frozenset(items))
    found = rules.collisions(change, frozenset({"a"}), [other], {"a": frozenset({"near"})})
    assert found == (("CHG1",) if collides else ())


def test_a_change_without_a_window_collides_with_nothing() -> None:
    other = rules.Planned(number="CHG1", start=0, end=NOON * 2, items=frozenset({"a"}))
    assert rules.collisions(read(a_change()), frozenset({"a"}), [other], {}) == ()


def freeze(**facts: Any) -> Freeze:
    span: dict[str, Any] = {"start": datetime.fromtimestamp(NOON, UTC), "end": datetime.fromtimestamp(NOON + HOUR, UTC)}
    return Freeze(**({"name": "quiet", **span} | facts))


@pytest.mark.parametrize(
    ("start", "end", "blocked"),
    [(-HOUR, 0, False), (-HOUR, 1, True), (HOUR - 1, DAY, True), (HOUR, DAY, False)],
)
def test_a_window_may_touch_a_freeze_but_not_reach_into_it(start: int, end: int, blocked: bool) -> None:
    record = a_change(planned_start=NOON + start, planned_end=NOON + end)
    reason = rules.window_reason(record, read(record), a_change_policy(freezes=(freeze(),)), NOON - DAY)
    assert bool(reason) is blocked


@pytest.mark.parametrize(
    ("facts", "kind", "blocked"),
    [
        ({}, "normal", True),
        ({}, "emergency", False),
        ({"services": ("erp",)}, "normal", False),
        ({"exempt": ()}, "emergency", True),
    ],
)
def test_a_freeze_binds_its_services_and_all_types_but_the_exempt(
    facts: dict[str, Any], kind: str, blocked: bool
) -> None:
    record = a_change(type=kind)
    reason = rules.now_reason(record, read(record), a_change_policy(freezes=(freeze(**facts),)), NOON)
    assert bool(reason) is blocked


@pytest.mark.parametrize(
    ("start", "end", "blocked"),
    [(0, 4 * HOUR, False), (-1, HOUR, True), (HOUR, 4 * HOUR + 1, True), (5 * HOUR, 6 * HOUR, True)],
)
def test_a_service_with_a_maintenance_window_is_changed_within_it_only(start: int, end: int, blocked: bool) -> None:
    policy = a_change_policy(maintenance=(Maintenance(services=("website",), calendar="nights"),))
    record = a_change(planned_start=NIGHT + start, planned_end=NIGHT + end)
    assert bool(rules.window_reason(record, read(record), policy, NIGHT - DAY)) is blocked
    elsewhere = replace(record, service="email")
    assert rules.window_reason(elsewhere, read(elsewhere), policy, NIGHT - DAY) == ""


@pytest.mark.parametrize(
    ("kind", "end", "blocked"),
    [("normal", 1, False), ("normal", 0, True), ("standard", -1, True), ("emergency", -1, False)],
)
def test_a_window_that_is_over_is_not_planned_but_an_emergency_may_be_written_down_afterwards(
    kind: str, end: int, blocked: bool
) -> None:
    record = a_change(type=kind, planned_start=NOON - HOUR, planned_end=NOON + end)
    assert ("is over" in rules.window_reason(record, read(record), a_change_policy(), NOON)) is blocked


def test_a_reason_names_what_was_asked_for_and_nothing_of_ours() -> None:
    policy = a_change_policy(
        freezes=(freeze(name="the takeover of Acme", services=("website",)),),
        maintenance=(Maintenance(services=("email",), calendar="nights"),),
    )
    window: dict[str, Any] = {"planned_start": NOON, "planned_end": NOON + HOUR}
    website = a_change(**window)
    email = replace(website, service="email")
    standard = a_change(type="standard", template="reboot")
    reasons = [
        *(rules.window_reason(one, read(one), policy, NOON - DAY) for one in (website, email)),
        rules.template_reason(standard, read(standard), policy),
    ]
    assert all(reasons)
    assert not [word for word in ("Acme", "nights", "restart") if any(word in reason for reason in reasons)]


def test_work_begins_within_its_window_whatever_the_calendar_says_but_an_emergency_at_once() -> None:
    normal = a_change(planned_start=NOON, planned_end=NOON + HOUR)
    policy = a_change_policy()
    reasons = [rules.now_reason(normal, read(normal), policy, NOON + at) for at in (-1, 0, HOUR - 1, HOUR)]
    assert [bool(reason) for reason in reasons] == [True, False, False, True]
    emergency = replace(normal, details={**normal.details, "type": "emergency"})
    assert rules.now_reason(emergency, read(emergency), policy, NOON - DAY) == ""


def test_the_table_asks_by_type_risk_and_service() -> None:
    table = approvals(
        an_approval_rule("owner", when={"risk": "high", "service.criticality": 1}),
        an_approval_rule(ADA, when={"type": ["normal"]}),
    )
    policy = a_change_policy(approval=table)
    assert rules.rule_for(a_change("erp"), policy, "high") is table.rules[0]
    assert rules.rule_for(a_change("website"), policy, "high") is table.rules[1]
    with pytest.raises(PolicyError, match="none covers"):
        rules.rule_for(a_change(type="emergency"), policy, "low")


@pytest.mark.parametrize(
    ("stated", "kind"), [("Standard", "standard"), ("", "normal"), ("huge", "normal"), (None, "normal")]
)
def test_what_says_neither_standard_nor_emergency_is_normal(stated: str | None, kind: str) -> None:
    assert type_of(a_change(type=stated)) == kind


def test_a_window_is_read_from_seconds_and_from_dates_with_and_without_an_offset() -> None:
    stated = read(a_change(planned_start="2025-11-24T16:00", planned_end="2025-11-24T18:00+01:00"))
    assert (stated.start, stated.end) == (NOON, NOON + HOUR)
    assert read(a_change(planned_start=NOON, planned_end=NOON + 1)).end == NOON + 1
    assert read(a_change(items="web-1, web-2,")).items == {"web-1", "web-2"}
    assert read(a_change(items=["web-1"])).items == {"web-1"}


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"planned_start": "soon", "planned_end": "later"}, "planned_start"),
        ({"planned_start": NOON}, "planned_end"),
        ({"planned_end": NOON}, "planned_start"),
        ({"planned_start": NOON, "planned_end": NOON}, "planned_end"),
        ({"planned_start": True, "planned_end": NOON}, "planned_start"),
    ],
)
def test_a_window_nobody_can_read_is_refused_by_field(details: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(a_change(**details))
    assert caught.value.field == field


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001  # a policy without an offset is the fault under test


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ({"approval": approvals(an_approval_rule(ADA, when={"type": "normal"}))}, "approval.rules"),
        ({"approval": approvals(an_approval_rule(ADA, after=True))}, "approval.rules.0.after"),
        ({"risk": replace(RISK, impact={**RISK.impact, "2": {"high": "low"}})}, "risk.impact.2"),
        ({"risk": replace(RISK, criticality={"1": "huge"})}, "risk.criticality.1"),
        ({"risk": replace(RISK, score_level="bad")}, "risk.score_level"),
        ({"freezes": (freeze(services=("mars",)),)}, "freezes.0.services"),
        ({"freezes": (freeze(exempt=("huge",)),)}, "freezes.0.exempt"),
        ({"freezes": (freeze(end=datetime.fromtimestamp(NOON, UTC)),)}, "freezes.0.end"),
        ({"freezes": (freeze(start=NAIVE, end=NAIVE),)}, "freezes.0"),
        ({"maintenance": (Maintenance(services=("website",), calendar="never"),)}, "maintenance.0.calendar"),
        ({"maintenance": (Maintenance(services=("mars",), calendar="nights"),)}, "maintenance.0.services"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_by_key(overrides: dict[str, Any], key: str) -> None:
    assert problems(a_change_policy()) == []
    assert key in [named for named, _ in problems(a_change_policy(**overrides))]
