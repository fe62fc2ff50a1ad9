"""Steps: every human step of a process as an issue under the ticket's, kept in agreement by the same means."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from itsm.core.errors import ForbiddenError
from itsm.core.events import Event
from itsm.core.ports import Link
from itsm.core.record import Comment, Record
from itsm.jira.exchange import Desk, Shelf, half
from itsm.jira.merge import OURS
from itsm.jira.policy import OFF, CommentRules, FieldRules, JiraPolicy, PracticeRules, StatusRule, StepRule

OPEN, CLOSED, DROPPED = "open", "closed", "dropped"
DONE, UNDONE = ("Done", "Closed", "Resolved"), ("Cancelled", "Canceled", "Declined", "Won't Do")
STATUS = {
    OPEN: StatusRule(category="indeterminate", preferred=("In Progress",), compatible=("To Do", "Open", "New")),
    CLOSED: StatusRule(category="done", preferred=DONE, via=(OPEN,), resolution="Done"),
    DROPPED: StatusRule(category="done", preferred=UNDONE, compatible=DONE, via=(OPEN,), resolution="Won't Do"),
}
"""What was done ends as done, by way of In Progress where the workflow wants it; only what was dropped is cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step, as a record of its own that is open, closed or dropped, with what it takes to reconcile it."""

    desk: Desk
    rules: PracticeRules
    record: Record


class StepRecords:
    """The store as a step sees it: a link of its own, and its ticket behind it."""

    def __init__(self, records: Shelf) -> None:
        self._records = records
        self.link, self.save_link = records.link, records.save_link

    def get(self, record_id: str) -> Record:
        """The ticket of the step."""
        return self._records.get(record_id.partition(".")[0])

    def comments(self, record_id: str) -> tuple[Comment, ...]:
        """What is said stays with the ticket."""
        return ()

    def history(self, record_id: str) -> tuple[Event, ...]:
        """The ticket's history."""
        return self._records.history(record_id.partition(".")[0])


def steps_of(desk: Desk, rules: PracticeRules, record: Record, parent: str, hint: str) -> Iterator[Step]:
    """The steps to look at: the one the ticket is in, and those whose issue is still open or was just spoken of."""
    for state, rule in rules.steps.items():
        step_id, over = f"{record.id}.{state}", record.state != state
        link = desk.records.link(step_id)
        begun = link is not None and (link.issue or link.state == "creating")
        if over and (link is None or not begun or _agreed(link, hint)):
            continue
        now = _end(desk, rule, record, state) if over else OPEN
        own = _rules(rules, rule)
        yield Step(
            desk=replace(
                desk,
                records=StepRecords(desk.records),
                policy=JiraPolicy(practices={record.practice: own}, people=desk.policy.people, zone=desk.policy.zone),
                move=_Moving(desk, rules, rule, record),
                parent=parent,
                marks=lambda step: (),
            ),
            rules=own,
            record=replace(record, id=step_id, title=f"{rule.summary}: {record.title}", state=now),
        )


def _agreed(link: Link, hint: str) -> bool:
    return half(link.base or {}, OURS).get("state") in (CLOSED, DROPPED) and hint != link.issue


def _end(desk: Desk, rule: StepRule, record: Record, state: str) -> str:
    """How the step ended: by where the ticket went from it the last time, whatever became of the ticket since."""
    events = sorted((*desk.records.history(record.id), record.event), key=lambda event: event.version)
    moves = [event.changes["state"] for event in events if "state" in event.changes]
    left = next((to for was, to in reversed(moves) if was == state), record.state)
    return DROPPED if left in rule.dropped else CLOSED


def _rules(rules: PracticeRules, rule: StepRule) -> PracticeRules:
    return PracticeRules(
        project=rules.project,
        issue_type=rule.issue_type,
        status=STATUS,
        inbound={**dict.fromkeys(UNDONE, DROPPED), "category:done": CLOSED},
        fields=FieldRules(title="to_jira", assignee="to_jira", labels="to_jira", due="off", state="ours", clocks=OFF),
        comments=CommentRules(to_jira="none", from_jira="none"),
    )


class _Moving:
    """Closing a step's issue, as what it asks of the ticket."""

    def __init__(self, desk: Desk, rules: PracticeRules, rule: StepRule, record: Record) -> None:
        self._desk, self._rules, self._rule, self._ticket = desk, rules, rule, record

    def __call__(self, record: Record, to: str, *, by: str, origin: str, at: int) -> Record:
        """The step closed, its ticket moved.

        Raises what the ticket's move raises; ForbiddenError for a decision, and for a step dropped without its ticket.
        """
        if to == DROPPED:
            raise ForbiddenError(f"a step is not cancelled by itself; cancel {self._ticket.number}, or do the step")
        if not self._rule.then:
            raise ForbiddenError(f"{self._ticket.number} waits for a decision that is not made in Jira")
        self._desk.move(self._ticket, self._rule.then, by=by, origin=origin, at=at)
        return replace(record, state=to)
