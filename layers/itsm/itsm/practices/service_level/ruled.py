"""Ruled: clocks that start, pause and stop by conditions over the record; those of OLA and UC always do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from itsm.core import rules
from itsm.core.clock import CANCELLED, PAUSED, RUNNING, STOPPED, Clock
from itsm.core.events import Json
from itsm.core.lifecycle import Lifecycle
from itsm.core.organisation import ITEM_FACTS
from itsm.core.record import SYSTEM, Comment, Record
from itsm.practices.service_level import clock as measure
from itsm.practices.service_level.policy import (
    HOLD,
    KINDS,
    METRICS,
    NEXT_REPLY,
    OLA,
    RESOLUTION,
    RESPONSE,
    SLA,
    UC,
    Agreement,
    Conditions,
    ServiceLevels,
)
from itsm.practices.service_level.terms import Terms, basis, choose, known, under

AGENT, REQUESTER = "agent", "requester"
SUPPLIER = "supplier"

type Clocks = tuple[Clock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a record as conditions see it: the facts before it and after it, and who spoke with it."""

    before: Record
    after: Record
    policy: ServiceLevels
    was: Mapping[str, Json]
    now: Mapping[str, Json]
    said: str = ""


def change_of(before: Record, after: Record, lifecycle: Lifecycle, policy: ServiceLevels, said: str = "") -> Change:
    """The change from one version of a record to the next."""
    now = _facts(after, lifecycle, policy, said)
    was = now | {"said": ""} if before is after else _facts(before, lifecycle, policy, "")
    return Change(before=before, after=after, policy=policy, was=was, now=now, said=said)


def _facts(record: Record, lifecycle: Lifecycle, policy: ServiceLevels, said: str) -> dict[str, Json]:
    """What a condition may ask: the record's facts, where it stands, and who spoke to whom with this change."""
    return {
        **known(policy, record),
        "held": record.state in lifecycle.held,
        "answered": record.state in lifecycle.answered,
        "met": record.state in lifecycle.met,
        "at_work": record.state not in lifecycle.met | lifecycle.final,
        "said": said,
    }


FACTS = (*rules.FACTS, "service.criticality", *ITEM_FACTS, "held", "answered", "met", "at_work", "said")


def who_said(record: Record, comment: Comment | None) -> str:
    """Whose public word came with a change: the requester's side's, an agent's, or nobody's."""
    if comment is None or not comment.public:
        return ""
    if comment.by in {record.requester, *record.participants}:
        return REQUESTER
    return AGENT if comment.by != SYSTEM else ""


def is_ruled(clock: Clock, policy: ServiceLevels) -> bool:
    """Whether conditions move a clock; the others follow the lifecycle."""
    return clock.kind != SLA or policy.named(clock.agreement).ruled(clock.metric) is not None


def needed(clocks: Clocks, policy: ServiceLevels) -> bool:
    """Whether conditions have anything to say at all: most organisations begin with plain agreements."""
    rules_exist = any(one.kind != SLA or one.conditions for one in policy.agreement)
    return rules_exist or any(one.kind not in (SLA, HOLD) for one in clocks)


def follow(clocks: Clocks, change: Change, at: int, begin: int, kinds: Collection[str] = KINDS) -> Clocks:
    """The clocks after a change at an instant, with those that begin by it; a new OLA or UC runs from `begin` on."""
    policy, after = change.policy, change.after
    chosen = choose(policy, after)
    moved = {_key(clock): clock for clock in clocks}
    named = {one.name for one in policy.agreement}
    for agreement in policy.agreement:
        mine = agreement is chosen if agreement.kind == SLA else policy.in_force(agreement, after.opened_at)
        if agreement.kind not in kinds or not (mine or agreement.kind != SLA):
            continue
        for metric in METRICS:
            conditions = agreement.ruled(metric)
            if conditions is None:
                continue
            key = (SLA, "", metric) if agreement.kind == SLA else (agreement.kind, agreement.name, metric)
            step = _Step(agreement=agreement, metric=metric, conditions=conditions, change=change, at=at, in_force=mine)
            clock = step.taken(moved[key]) if key in moved else step.begun(begin)
            if clock is not None:
                moved[key] = clock
    gone = [key for key, one in moved.items() if one.kind not in (SLA, HOLD) and one.agreement not in named]
    for key in gone:
        # the agreement was taken out of the policy: what it measured is over with the ticket
        if not change.now["at_work"]:
            moved[key] = measure.halted(moved[key], basis(moved[key], policy), at, CANCELLED)
    return tuple(moved.values())


def _key(clock: Clock) -> tuple[str, str, str]:
    return (clock.kind, "" if clock.kind == SLA else clock.agreement, clock.metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    agreement: Agreement
    metric: str
    conditions: Conditions
    change: Change
    at: int
    in_force: bool

    @property
    def terms(self) -> Terms:
        return under(self.change.policy, self.change.after, self.agreement)

    def begun(self, begin: int) -> Clock | None:
        """The clock this change starts, None for none."""
        on, after = self.terms, self.change.after
        if not self._holds("start"):
            return None
        start = after.opened_at if self.agreement.kind == SLA and self.agreement.retroactive else begin
        target = on.target(self.metric, start)
        if target is None:
            return None
        clock = Clock(
            kind=self.agreement.kind, metric=self.metric, agreement=self.agreement.name, calendar=on.calendar.name,
            target=target, state=RUNNING, started_at=start, since=start,
        )  # fmt: skip
        return self._settled(measure.begun(clock, on.basis(self.metric)))

    def taken(self, clock: Clock) -> Clock:
        """The clock after the change."""
        if clock.state in (STOPPED, CANCELLED):
            return self._settled(self._again(clock))
        return self._settled(self._moved(clock))

    def _again(self, clock: Clock) -> Clock:
        reset = self._begins("reset") or (self.metric == NEXT_REPLY and self.change.said == REQUESTER)
        left_end = not self.change.was["at_work"] and bool(self.change.now["at_work"])
        attached = self.agreement.kind != SLA and self._begins("start") and not left_end
        if not self._holds("start") or self._holds("stop") or self._holds("cancel"):
            return clock
        if reset or attached:
            target = self.terms.target(self.metric, self.at)
            clock = replace(clock, calendar=self.terms.calendar.name, agreement=self.agreement.name)
            return clock if target is None else measure.restarted(clock, self._basis(clock), self.at, target)
        taken_up = left_end and self.metric == RESOLUTION
        return self._moved(measure.reopened(clock, self._basis(clock), self.at)) if taken_up else clock

    def _moved(self, clock: Clock) -> Clock:
        on, old = self.terms, self._basis(clock)
        if self._begins("reset") and not self._holds("stop"):
            target = on.target(self.metric, self.at)
            stopped = measure.halted(clock, old, self.at, CANCELLED)
            fresh = replace(stopped, calendar=on.calendar.name, agreement=self.agreement.name)
            return stopped if target is None else measure.restarted(fresh, on.basis(self.metric), self.at, target)
        other = clock.agreement != self.agreement.name or self.change.before.priority != self.change.after.priority
        other = other or not self.change.was["at_work"]  # nobody looked at that while the work was done
        target = on.target(self.metric, clock.started_at) if other else clock.target
        if target is None:
            return measure.halted(clock, old, self.at, CANCELLED)
        if (clock.agreement, clock.target) != (self.agreement.name, target):
            new = on.basis(self.metric)
            return measure.retargeted(clock, old, new, self.at, self.agreement.name, target)
        if clock.calendar != on.calendar.name:
            return measure.handed_over(clock, old, replace(old, calendar=on.calendar), self.at)
        return clock

    def _settled(self, clock: Clock) -> Clock:
        """The clock paused, resumed, stopped or cancelled, as the facts after the change demand."""
        if clock.state not in (RUNNING, PAUSED):
            return clock
        now = self._basis(clock)
        if self._holds("cancel"):
            return measure.halted(clock, now, self.at, CANCELLED)
        if self._holds("stop"):
            return measure.halted(clock, now, self.at, STOPPED)
        if clock.state == RUNNING and self._holds("pause"):
            return measure.halted(clock, now, self.at, PAUSED)
        if clock.state == PAUSED and self._resumes():
            return measure.resumed(clock, now, self.at)
        return clock

    def _resumes(self) -> bool:
        if self.conditions.resume:
            return rules.matches(self.conditions.resume, self.change.now)
        return not self._holds("pause")

    def _basis(self, clock: Clock) -> measure.Basis:
        return basis(clock, self.change.policy)

    def _begins(self, name: str) -> bool:
        """Whether a condition holds now that did not before."""
        if name == "reset" and not self.conditions.reset:
            return False
        return self._holds(name) and not self._held(name, self.change.was)

    def _holds(self, name: str) -> bool:
        return self._held(name, self.change.now)

    def _held(self, name: str, facts: Mapping[str, Json]) -> bool:
        condition: Mapping[str, Json] = getattr(self.conditions, name)
        if name == "start":
            applies = self.in_force and rules.matches(self.agreement.when, facts)
            return applies and (rules.matches(condition, facts) if condition else self._by_itself(name, facts))
        if condition:
            return rules.matches(condition, facts)
        return self._by_itself(name, facts)

    def _by_itself(self, name: str, facts: Mapping[str, Json]) -> bool:
        """What a kind of agreement does where its policy says nothing."""
        kind, held, over = self.agreement.kind, bool(facts["held"]), not facts["at_work"]
        if name == "pause":
            return held and self.metric in self.agreement.hold_pauses and kind != UC
        attached = self._attached(facts)
        if name == "cancel":
            # an SLA that no longer holds gives way to another, which takes its clocks over
            left = kind != SLA and attached and not rules.matches(self.agreement.when, facts)
            return left or (over and not facts["met"])
        if name == "start":
            return attached and not over
        if name == "stop":
            answered = self.metric == RESPONSE and (bool(facts["answered"]) or facts["said"] == AGENT)
            replied = self.metric == NEXT_REPLY and facts["said"] == AGENT
            return bool(facts["met"]) or answered or replied or not attached
        return False

    def _attached(self, facts: Mapping[str, Json]) -> bool:
        if self.agreement.kind == OLA:
            return facts["group"] == self.agreement.group
        if self.agreement.kind == UC:
            details = facts["details"]
            reason = details.get("hold_reason") if isinstance(details, Mapping) else None
            return bool(facts["held"]) and reason == SUPPLIER
        return True
