"""A world with one ticket, one Jira, a clock, and nudges on their way; people act on both sides."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from itsm.core.practice import load
from itsm.core.record import Record
from itsm.jira.issues import Issues
from itsm.jira.outcome import AGAIN, Outcome, again
from itsm.jira.policy import CommentRules, FieldRules, JiraPolicy, PracticeRules, StatusRule
from itsm.jira.reconcile import reconcile
from itsm.jira.signature import nudge

from tests.builders import NOON, a_comment, a_record
from tests.fakes import FakeRecords
from tests.itsm.jira.fake_jira import ADA, FakeJira

STATUS = {
    "new": StatusRule(category="new", preferred=("To Do",)),
    "in_progress": StatusRule(category="indeterminate", preferred=("In Progress",)),
    "on_hold": StatusRule(category="indeterminate", preferred=("Waiting for customer",), via=("in_progress",)),
    "resolved": StatusRule(category="done", preferred=("Resolved", "Done"), via=("in_progress",), resolution="Done"),
    "closed": StatusRule(category="done", preferred=("Closed",), via=("resolved", "in_progress")),
    "cancelled": StatusRule(category="done", preferred=("Cancelled",), resolution="Won't Do"),
}
INBOUND = {
    "In Progress": "in_progress",
    "Waiting for customer": "on_hold",
    "Resolved": "resolved",
    "Done": "resolved",
    "Closed": "closed",
    "Cancelled": "cancelled",
}
PRIORITY = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}


def rules(**overrides: Any) -> PracticeRules:
    """The incident's rules, valid by default."""
    facts: dict[str, Any] = {
        "project": "OPS",
        "issue_type": "Incident",
        "status": STATUS,
        "inbound": INBOUND,
        "priority": PRIORITY,
        "fields": FieldRules(),
        "comments": CommentRules(),
        "through": ("in_progress",),
    }
    return PracticeRules(**(facts | overrides))


def a_policy(**overrides: Any) -> JiraPolicy:
    """A policy for incidents; Ada is `ada` with us."""
    return JiraPolicy(practices={"incident": rules(**overrides)}, people={"ada": ADA.account})


def _quick(record: Record, to: str, *, by: str, origin: str, at: int) -> Record:
    load(record.practice).lifecycle.check(record.number, record.state, to)
    return record.changed("StateChanged", by=by, origin=origin, at=at, state=to)


class Killed(BaseException):
    """The worker's process ends here; no handler of its own may run."""


class World:
    """One incident beside a Jira. `nudged` and `settle` let the worker run; nothing runs by itself."""

    def __init__(self, policy: JiraPolicy | None = None, practice: str = "incident", **record: Any) -> None:
        self.time = NOON
        self.jira = FakeJira(now=lambda: self.time)
        self.issues: Issues = self.jira
        self.records = FakeRecords()
        self.policy = policy or a_policy()
        self.id = self.records.create(a_record(practice=practice, **record)).record.id
        self.moves: list[str] = []
        self.outcomes: list[Outcome] = []
        self.marks: Callable[[Record], tuple[str, ...]] = lambda record: ()

    @property
    def record(self) -> Record:
        """The ticket now."""
        return self.records.get(self.id)

    @property
    def link(self) -> Any:
        """The link now; there must be one."""
        link = self.records.link(self.id)
        assert link is not None
        return link

    def move(self, record: Record, to: str, *, by: str, origin: str, at: int) -> Record:
        """As the door does it: through the lifecycle."""
        saved = self.records.save(_quick(record, to, by=by, origin=origin, at=at))
        self.moves.append(to)
        return saved

    def nudged(self, issue: str = "", cause: str = "") -> Outcome:
        """One run of the worker."""
        try:
            outcome = self._reconciled(issue, cause)
        except Killed:
            outcome = again(20, "the queue delivers it again")
        self.outcomes.append(outcome)
        return outcome

    def _reconciled(self, issue: str, cause: str) -> Outcome:
        return reconcile(
            self.id,
            records=self.records,
            issues=self.issues,
            policy=self.policy,
            move=self.move,
            now=self.time,
            issue=issue,
            cause=cause,
            marks=self.marks,
        )

    def webhook(self, payload: Mapping[str, Any]) -> Outcome:
        """What a webhook leads to: its issue's record, else the record its label names."""
        hint = nudge(payload)
        assert hint is not None
        assert (self.records.linked(hint.issue) or hint.record).startswith(self.id)
        return self.nudged(hint.issue, hint.kind)

    def settle(self, limit: int = 60) -> Outcome:
        """Nudge, wait as long as it is asked for, and again, until there is nothing to wait for."""
        for _ in range(limit):
            outcome = self.nudged()
            if outcome.state != AGAIN:
                return outcome
            self.time += outcome.seconds
        raise AssertionError(f"it does not settle: {outcome}")

    def quiet(self) -> bool:
        """Whether two more nudges, and one per webhook that is still on its way, write nothing anywhere."""
        before = (self.jira.writes.total(), len(self.records.written), dict(self.records.links))
        hooks, self.jira.webhooks = self.jira.webhooks, []
        for payload in hooks:
            self.webhook(payload)
        self.nudged()
        self.nudged()
        return (self.jira.writes.total(), len(self.records.written), dict(self.records.links)) == before

    def sets(self, **fields: Any) -> None:
        """An agent changes the ticket on our side."""
        self.time += 1
        kind = "StateChanged" if "state" in fields else "FieldsChanged"
        self.records.save(self.record.changed(kind, by="ada", origin="records", at=self.time, **fields))

    def goes(self, *states: str) -> None:
        """An agent moves the ticket on our side, state by state."""
        for state in states:
            self.time += 1
            self.records.save(_quick(self.record, state, by="ada", origin="records", at=self.time))

    def says(self, key: str, text: str = "We are looking at it.", **overrides: Any) -> str:
        """An agent comments on our side; returns the comment's id."""
        self.time += 1
        comment = a_comment(self.record, key, text=text, at=self.time, **overrides)
        after = self.record.changed("CommentAdded", by=comment.by, origin="records", at=self.time, comment=comment.id)
        self.records.save(after, comment)
        return comment.id

    def lag(self, seconds: int) -> None:
        """Search is behind by so many seconds."""
        self.jira.lag = seconds

    def later(self, seconds: int) -> None:
        """Time passes."""
        self.time += seconds

    def unlink(self) -> None:
        """The link as it was before: a worker was killed before it could save."""
        self.records.links[self.id] = replace(self.link, issue="", key="", state="creating", base=None)
