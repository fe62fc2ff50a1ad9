"""Exchange: one pass over a record and its issue: what is being agreed on, and the claim on the link meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from itsm.core.errors import OutsideError, StaleVersionError
from itsm.core.events import Event, Json
from itsm.core.ports import Link
from itsm.core.record import Comment, Record
from itsm.jira.issues import Issue, Issues, Said
from itsm.jira.merge import JIRA, OURS
from itsm.jira.policy import JiraPolicy, PracticeRules

CLAIM = 150
"""Seconds a worker has an issue to itself; longer than any worker may run (jira_push: 120)."""


class Shelf(Protocol):
    """As much of the record store as it takes to reconcile; see `Records` for what each promises."""

    def get(self, record_id: str) -> Record:
        """The newest version."""

    def comments(self, record_id: str) -> tuple[Comment, ...]:
        """The journal."""

    def history(self, record_id: str) -> tuple[Event, ...]:
        """The audit trail."""

    def link(self, record_id: str) -> Link | None:
        """The link to Jira."""

    def save_link(self, link: Link) -> Link:
        """Save it, if its revision is still the one that was read."""


class Move(Protocol):
    """How a move asked for in Jira is made: by the door, through the practice's lifecycle."""

    def __call__(self, record: Record, to: str, *, by: str, origin: str, at: int) -> Record:
        """The saved record. Raises IllegalMoveError, InvalidInputError, ForbiddenError or StaleVersionError."""


class Save(Protocol):
    """How a change made in Jira is saved: by the door, which measures the clocks anew."""

    def __call__(self, before: Record, after: Record, comment: Comment | None) -> Record:
        """The saved record. Raises StaleVersionError; a comment that is there already makes it a no-op."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every pass works with.

    `now` is whole epoch seconds; `more` says where a text that was cut is whole; `parent` is the issue above; `marks`
    are the labels by which an issue shows what else is known of its record.
    """

    records: Shelf
    issues: Issues
    policy: JiraPolicy
    move: Move
    save: Save
    now: int
    more: str
    parent: str = ""
    marks: Callable[[Record], tuple[str, ...]] = lambda record: ()


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A pass in progress. `ours` and `jira` become the new base; `flags` are the fields a person has to look at."""

    desk: Desk
    rules: PracticeRules
    record: Record
    link: Link
    issue: Issue
    said: tuple[Said, ...]
    entries: tuple[Comment, ...]
    ours: dict[str, Json] = field(default_factory=dict)
    jira: dict[str, Json] = field(default_factory=dict)
    heard: dict[str, Json] = field(default_factory=dict)
    mapped: dict[str, str] = field(default_factory=dict)
    flags: dict[str, Json] = field(default_factory=dict)
    kept: dict[str, Json] = field(default_factory=dict)
    writes: int = 0
    claimed: bool = False

    @property
    def base(self) -> Mapping[str, Json]:
        """What both sides last agreed on."""
        return self.link.base or {}

    def then(self, side: str, name: str) -> str | None:
        """A side's value when they last agreed, None when they never did."""
        value = half(self.base, side).get(name)
        return None if value is None else str(value)

    def claim(self) -> None:
        """Have the issue to oneself before the first write to Jira. Raises StaleVersionError when another was first."""
        if not self.claimed:
            self.link = self.desk.records.save_link(replace(self.link, base=self._unfinished(self.desk.now + CLAIM)))
            self.claimed = True
        self.writes += 1

    def passing(self, status: str) -> None:
        """Remember a status we only pass through, before we do: found there later, it is not what someone asked for."""
        passed = self.kept.get("passed")
        self.kept["passed"] = [*(passed if isinstance(passed, list) else []), status]
        self.link = self.desk.records.save_link(replace(self.link, base=self._unfinished(self.desk.now + CLAIM)))
        self.claimed = True

    def release(self, wait: int = 0) -> None:
        """After a failure: what was agreed on before still holds; the next pass may start in `wait` seconds."""
        if not self.claimed:
            return
        try:
            base = self._unfinished(self.desk.now + wait if wait else 0)
            self.desk.records.save_link(replace(self.link, base=base, comments=dict(self.mapped)))
        except StaleVersionError:
            # The claim ran out and another worker has the link; what it saves is newer than ours.
            return

    def finish(self) -> bool:
        """Keep the new base, unless nothing changed; returns whether a person has to look at it."""
        reason = "; ".join(f"{name}: {why}" for name, why in sorted(self.flags.items()))
        parts = {OURS: self.ours, JIRA: self.jira, "heard": self.heard, "flags": self.flags}
        kept = {name: value for name, value in self.kept.items() if name == "reverts"}
        base: dict[str, Json] = {name: value for name, value in {**parts, **kept}.items() if value}
        settled = replace(
            self.link,
            state="needs_attention" if self.flags else "linked",
            key=self.issue.key,
            base=base,
            comments=dict(self.mapped),
            reason=reason,
        )
        if self.claimed or _facts(settled) != _facts(self.link):
            self.link = self.desk.records.save_link(settled)
        self.claimed = False
        return bool(self.flags)

    def _unfinished(self, until: int) -> dict[str, Json]:
        base = {name: value for name, value in self.base.items() if name not in ("claim", "passed")}
        return {**base, **self.kept, **({"claim": until} if until else {})}


def half(base: Mapping[str, Json], side: str) -> Mapping[str, Json]:
    """One side of a base."""
    value = base.get(side)
    return value if isinstance(value, Mapping) else {}


def claimed_until(link: Link) -> int:
    """Until when another worker has the link to itself; 0 when nobody has."""
    until = (link.base or {}).get("claim", 0)
    return int(until) if isinstance(until, int | float) else 0


def start(desk: Desk, rules: PracticeRules, record: Record, link: Link) -> Exchange:
    """Read both sides. Raises what `Issues` raises."""
    issue = desk.issues.get(link.issue)
    base = link.base or {}
    return Exchange(
        desk=desk,
        rules=rules,
        record=record,
        link=link,
        issue=issue,
        said=desk.issues.comments(link.issue),
        entries=desk.records.comments(record.id),
        ours=dict(half(base, OURS)),
        jira=dict(half(base, JIRA)),
        heard=dict(half(base, "heard")),
        mapped=dict(link.comments or {}),
        flags=dict(half(base, "flags")),
        kept={name: base[name] for name in ("reverts", "passed") if name in base},
    )


def stopped(desk: Desk, link: Link, state: str, reason: str) -> None:
    """Mark a link whose issue cannot be had; the ticket is left as it is."""
    if (link.state, link.reason) != (state, reason):
        try:
            desk.records.save_link(replace(link, state=state, reason=reason))
        except StaleVersionError as error:
            raise OutsideError("another worker has the link; it is tried again") from error


def _facts(link: Link) -> tuple[object, ...]:
    return link.state, link.key, dict(link.base or {}), dict(link.comments or {}), link.reason
