"""Who is asked, and what their votes come to."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsm.core.approvals import (
    ApprovalRule,
    Approvals,
    ApprovalStep,
    approval_problems,
    content_hash,
    overall,
    quorum,
    resolve,
)
from itsm.core.errors import PolicyError
from itsm.core.rules import FACTS

from tests.builders import NOON, a_record
from tests.support.organisation import ADA, BOB, CLEO, LEAD, RITA, a_delegation, an_approval_rule, approvals

DAY = 86_400


def shared_cases() -> dict[str, Any]:
    root = Path(os.environ.get("ITSM_SHARED", Path(__file__).parents[4] / "shared"))
    path = root / "cases" / "approval-quorum.json"
    if not path.exists():
        pytest.skip(f"shared test data is absent: {path} (set ITSM_SHARED)")
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


def asked(step: ApprovalStep, policy: Approvals | None = None, **facts: Any) -> tuple[str, ...]:
    return resolve(step, a_record(practice="change", **facts), policy or approvals(), NOON)


def test_every_recorded_quorum_case_comes_to_its_answer() -> None:
    cases = shared_cases()["cases"]
    assert len(cases) == 27
    for case in cases:
        votes = case["votes"]
        came_to = quorum(votes.count("A"), votes.count("R"), len(votes), percent=case["required_percent"])
        assert came_to == case["expect"].lower(), case["id"]


def test_every_recorded_case_of_several_steps_comes_to_its_answer() -> None:
    cases = shared_cases()["multi_step"]
    assert cases
    for case in cases:
        assert overall([step.lower() for step in case["steps"]]) == case["expect"].lower(), case["id"]


def test_a_refused_step_refuses_whatever_the_others_say() -> None:
    assert overall(["accepted", "waiting", "refused"]) == "refused"


def test_without_a_quorum_everybody_must_agree() -> None:
    assert quorum(1, 0, 2) == "waiting"
    assert quorum(2, 0, 2) == "accepted"
    assert quorum(1, 1, 2) == "refused"


@pytest.mark.parametrize(
    ("accepted", "refused", "came_to"),
    [(0, 0, "waiting"), (2, 0, "accepted"), (1, 1, "waiting"), (0, 2, "refused"), (1, 2, "refused")],
)
def test_a_quorum_by_count_is_certain_as_early_as_it_can_be(accepted: int, refused: int, came_to: str) -> None:
    assert quorum(accepted, refused, 3, count=2) == came_to


def test_a_percentage_outside_0_to_100_is_refused() -> None:
    for percent in (-1, 101):
        with pytest.raises(PolicyError, match="0 to 100"):
            quorum(1, 0, 1, percent=percent)


@given(asked_of=st.integers(1, 9), percent=st.integers(1, 100), data=st.data())
def test_a_decision_never_turns_over_when_more_votes_come_in(asked_of: int, percent: int, data: st.DataObject) -> None:
    votes = data.draw(st.lists(st.booleans(), min_size=asked_of, max_size=asked_of))
    verdicts = [quorum(sum(votes[:n]), n - sum(votes[:n]), asked_of, percent=percent) for n in range(asked_of + 1)]
    decided = [verdict for verdict in verdicts if verdict != "waiting"]
    assert decided, "all have voted, so it is decided"
    # an acceptance stands; a refusal could only be overturned if a needed share were both reached and out of reach
    assert decided[0] == decided[-1]


def test_approvers_are_people_members_leads_and_owners() -> None:
    step = ApprovalStep(approvers=("Zoe@Example.org", "group:network", "lead:network", "owner"))
    assert asked(step) == ("zoe@example.org", ADA, BOB, LEAD, CLEO)


def test_nobody_is_asked_twice() -> None:
    assert asked(ApprovalStep(approvers=("group:board", "group:network", CLEO))) == (ADA, BOB, CLEO)


def test_the_requester_is_never_asked() -> None:
    assert asked(ApprovalStep(approvers=("group:network",)), requester=ADA) == (BOB,)


def test_the_last_resort_is_asked_when_nobody_else_may_answer() -> None:
    assert asked(ApprovalStep(approvers=(RITA,))) == (LEAD,)
    assert asked(ApprovalStep(approvers=("owner",)), service="erp") == (LEAD,)


def test_an_approval_nobody_could_give_is_a_fault_of_policy() -> None:
    with pytest.raises(PolicyError, match="nobody but the requester"):
        asked(ApprovalStep(approvers=(LEAD,)), requester=LEAD)


def test_an_absent_approver_is_replaced_by_the_substitute_while_absent() -> None:
    step = ApprovalStep(approvers=(ADA,))
    away = approvals(delegations=(a_delegation(ADA, BOB, NOON - 1, NOON + 1), a_delegation(BOB, CLEO, NOON, NOON + 1)))
    assert asked(step, away) == (CLEO,)
    back = approvals(
        delegations=(a_delegation(ADA, BOB, NOON - DAY, NOON), a_delegation(ADA, CLEO, NOON + 1, NOON + 9))
    )
    assert asked(step, back) == (ADA,)


def test_a_circle_of_delegations_leaves_the_vote_where_it_was() -> None:
    circle = (a_delegation(ADA, BOB, NOON, NOON + DAY), a_delegation(BOB, ADA, NOON, NOON + DAY))
    assert asked(ApprovalStep(approvers=(ADA,)), approvals(delegations=circle)) == (ADA,)


def test_a_delegation_to_the_requester_does_not_make_them_their_own_approver() -> None:
    to_rita = approvals(delegations=(a_delegation(ADA, RITA, NOON, NOON + DAY),))
    assert asked(ApprovalStep(approvers=(ADA,)), to_rita) == (ADA,)


def test_the_content_hash_covers_what_is_approved_and_nothing_else() -> None:
    record = a_record(practice="change", details={"plan": "carefully", "risk": "low"})
    same = record.changed(
        "X", by="a", origin="b", at=NOON, group="other", details={"plan": "carefully", "risk": "high"}
    )
    edited = record.changed("X", by="a", origin="b", at=NOON, details={"plan": "quickly", "risk": "low"})
    retitled = record.changed("X", by="a", origin="b", at=NOON, title="Another")
    hashes = [content_hash(one, ("plan",)) for one in (record, same, edited, retitled)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert all(len(one) == 16 and one.isalnum() and one.islower() for one in hashes)


@pytest.mark.parametrize(
    ("policy", "key", "word"),
    [
        (approvals(ApprovalRule(when={"color": 1})), "rules.0.when.color", "no record has such a fact"),
        (approvals(an_approval_rule("group:nobody")), "rules.0.steps.0.approvers", "no group is called 'nobody'"),
        (approvals(an_approval_rule("somebody")), "rules.0.steps.0.approvers", "nobody is called 'somebody'"),
        (approvals(an_approval_rule()), "rules.0.steps.0.approvers", "names nobody"),
        (approvals(an_approval_rule(ADA, percent=50, count=1)), "rules.0.steps.0.count", "one or the other"),
        (approvals(an_approval_rule(ADA, percent=120)), "rules.0.steps.0.percent", "0 to 100"),
        (approvals(an_approval_rule(ADA, count=0)), "rules.0.steps.0.count", "at least one"),
        (approvals(an_approval_rule(ADA, hours=0)), "rules.0.steps.0.hours", "at least one hour"),
        (approvals(last_resort="group:nobody"), "last_resort", "no group is called"),
        (approvals(last_resort="owner"), "last_resort", "may have no owner"),
        (approvals(delegations=(a_delegation(ADA, BOB, NOON, NOON),)), "delegations.0.end", "not after"),
    ],
)
def test_a_table_that_cannot_work_is_refused(policy: Approvals, key: str, word: str) -> None:
    [(named, reason)] = approval_problems(policy, FACTS)
    assert named == key
    assert word in reason


def test_every_delegation_of_a_circle_is_named() -> None:
    circle = [(ADA, BOB), (BOB, CLEO), (CLEO, ADA)]
    policy = approvals(delegations=tuple(a_delegation(a, b, NOON, NOON + DAY) for a, b in circle))
    assert [key for key, _ in approval_problems(policy, FACTS)] == [f"delegations.{n}.substitute" for n in range(3)]
