"""Status: which Jira status fits a state of ours, what a status asks for, and the next step of the way there."""

from collections.abc import Collection, Sequence

from itsm.core.events import Json
from itsm.jira.issues import Status, Transition
from itsm.jira.policy import BY_CATEGORY, PracticeRules, StatusRule

MAX_STEPS = 4


def fits(rule: StatusRule, status: Status) -> bool:
    """Whether an issue in this status is left alone: several may stand for one state; none is fought over."""
    return _named(status, (*rule.preferred, *rule.compatible))


def asked(rules: PracticeRules, status: Status) -> str:
    """The state of ours that a person asks for by moving the issue into this status; "" when policy knows none."""
    by_name = {name.casefold(): state for name, state in rules.inbound.items()}
    return by_name.get(status.name.casefold(), "") or rules.inbound.get(f"{BY_CATEGORY}{status.category}", "")


def settled(rules: PracticeRules, state: str, status: Status) -> bool:
    """Whether the way ends here: the status fits, or is of the category and no other state's."""
    rule = rules.status[state]
    return fits(rule, status) or (status.category == rule.category and not _claimed(rules, state, status))


def next_step(
    rules: PracticeRules, state: str, now: Status, offered: Sequence[Transition], seen: Collection[str]
) -> Transition | None:
    """The transition to take from `now` towards the state: preferred, compatible, or of the category and nobody's.

    With none of these, a status of a state that policy allows to pass through; no step is taken in the dark, for it
    would move real people. None when the way ends here, for good or ill.
    """
    rule = rules.status[state]
    ways = [way for way in offered if way.to.id not in seen and way.to.id != now.id]
    for name in (*rule.preferred, *rule.compatible):
        for way in ways:
            if _named(way.to, (name,)):
                return way
    if settled(rules, state, now):
        return None
    passing = [way for via in rule.via for way in ways if fits(rules.status[via], way.to)]
    same = [way for way in ways if settled(rules, state, way.to)]
    return next(iter([*same, *passing]), None)


def screen(rule: StatusRule, way: Transition) -> dict[str, Json]:
    """The screen fields to send with a transition: the resolution, where the screen has one and policy names one."""
    return {"resolution": {"name": rule.resolution}} if rule.resolution and "resolution" in way.offers else {}


def lacking(rule: StatusRule, way: Transition) -> tuple[str, ...]:
    """Required fields of the transition's screen that policy gives no value for; none is ever guessed."""
    return tuple(name for name in way.asks if name not in screen(rule, way))


def screen_rule(rules: PracticeRules, state: str, way: Transition) -> StatusRule:
    """The rule a step is filled in by: its own state's when it only passes through another state's status."""
    if settled(rules, state, way.to):
        return rules.status[state]
    return next((rule for rule in rules.status.values() if fits(rule, way.to)), rules.status[state])


def _named(status: Status, names: Collection[str]) -> bool:
    return status.name.casefold() in {name.casefold() for name in names}


def _claimed(rules: PracticeRules, state: str, status: Status) -> bool:
    return any(fits(rule, status) for other, rule in rules.status.items() if other != state)
