"""Reconcile: read a record and its issue and make them agree, whatever nudged and however often."""

from collections.abc import Callable
from dataclasses import replace

from itsm.core.errors import (
    AmbiguousError,
    ForbiddenError,
    InvalidInputError,
    ItsmError,
    NotFoundError,
    OutsideError,
    StaleVersionError,
    ThrottledError,
    UnauthenticatedError,
)
from itsm.core.journal import opening_words
from itsm.core.ports import Link, Records
from itsm.core.record import Comment, Record
from itsm.jira import clocks, create, merge, steps
from itsm.jira.exchange import Desk, Exchange, Move, Save, claimed_until, start, stopped
from itsm.jira.issues import Draft, Issues
from itsm.jira.outcome import AGAIN, LATER, OUTAGE, PARKED, Outcome, again, done, parked
from itsm.jira.policy import JiraPolicy, PracticeRules
from itsm.jira.pulling import pull_comments, pull_fields, pull_state
from itsm.jira.pushing import push_comments, push_fields, push_state, weigh

TRIES = 3
LOOK_AGAIN, BUSY = 20, 5
"""Seconds until a comment whose fate is unknown is looked for, and until a link another worker has is tried again."""
DELETED = "jira:issue_deleted"


def reconcile(
    record_id: str,
    *,
    records: Records,
    issues: Issues,
    policy: JiraPolicy,
    move: Move,
    now: int,
    save: Save | None = None,
    issue: str = "",
    cause: str = "",
    more: str = "",
    marks: Callable[[Record], tuple[str, ...]] = lambda record: (),
) -> Outcome:
    """Make a record and its Jira issue agree, creating the issue when there is none.

    `record_id` may be that of one of its steps.
    `issue` and `cause` are what a webhook named (an issue id and Jira's event); both may be wrong, late or missing.
    `save` saves what changed in Jira (default: the store alone); `more` is where a text that was cut is whole; `marks`
    gives the labels by which the issue shows what else is known of its record.
    Raises NotFoundError when there is no such record.
    """

    def plain(before: Record, after: Record, comment: Comment | None) -> Record:
        return records.save(after, comment)

    desk = Desk(
        records=records, issues=issues, policy=policy, move=move, save=save or plain, now=now, more=more, marks=marks
    )
    ticket = record_id.partition(".")[0]
    for _ in range(TRIES):
        record = records.get(ticket)
        rules = policy.practices.get(record.practice)
        if rules is None:
            return done()
        try:
            return _whole(desk, rules, record, issue, cause)
        except StaleVersionError:
            continue
    return again(1, "the record or its link changed meanwhile")


def _whole(desk: Desk, rules: PracticeRules, record: Record, hint: str, cause: str) -> Outcome:
    """The ticket and its issue, then its steps and theirs; what has to wait soonest is waited for."""
    outcomes = [_one(desk, rules, record, hint, cause)]
    if outcomes[0].state == AGAIN:
        return outcomes[0]
    link = desk.records.link(record.id)
    if rules.steps and link is not None and link.state in ("linked", "needs_attention") and link.issue:
        record = desk.records.get(record.id)
        for step in steps.steps_of(desk, rules, record, link.issue, hint):
            outcomes.append(_one(step.desk, step.rules, step.record, hint, cause))
            if desk.records.get(record.id).version != record.version:
                # The step moved the ticket: the event of that move nudges again, with the steps of its new state.
                break
    worst = max(outcomes, key=lambda outcome: (outcome.state == AGAIN, outcome.state == PARKED, -outcome.seconds))
    return replace(worst, writes=sum(outcome.writes for outcome in outcomes))


def _one(desk: Desk, rules: PracticeRules, record: Record, hint: str, cause: str) -> Outcome:
    link = desk.records.link(record.id) or Link(record=record.id)
    if (until := claimed_until(link)) > desk.now:
        return again(min(until - desk.now, BUSY), "another worker has this link")
    return _agreed(desk, rules, record, link, hint, cause if hint in ("", link.issue) else "")


def _agreed(desk: Desk, rules: PracticeRules, record: Record, link: Link, hint: str, cause: str) -> Outcome:
    if record.state not in rules.status:
        return parked(f"policy gives no Jira status for the state {record.state}")
    try:
        bound = create.issue_for(_creation(desk, rules, record), link, hint)
        if isinstance(bound, Outcome):
            return bound
        exchange = start(desk, rules, record, bound)
    except InvalidInputError as error:
        return parked(f"Jira refused what we asked: {error}")
    except (NotFoundError, ForbiddenError) as error:
        return _unseen(desk, desk.records.link(record.id) or link, error, cause)
    except (OutsideError, UnauthenticatedError) as error:
        return _later(error)
    try:
        return _exchanged(exchange)
    except StaleVersionError:
        exchange.release()
        raise
    except (OutsideError, UnauthenticatedError, NotFoundError, ForbiddenError, InvalidInputError) as error:
        return _broken_off(exchange, error, cause)


def _exchanged(it: Exchange) -> Outcome:
    """All that changes the record comes first, so that the claim on the link is taken with nothing left to lose."""
    labels = merge.labels(it.record, it.issue, it.base, it.rules, it.desk.marks(it.record))
    pulls, pushes = weigh(it)
    pull_fields(it, pulls, labels)
    pull_comments(it)
    show_state = pull_state(it)
    push_fields(it, pushes, labels)
    if show_state:
        push_state(it)
    push_comments(it)
    needs_someone = it.finish()
    return parked(it.link.reason, it.writes) if needs_someone else done(it.writes)


def _broken_off(it: Exchange, error: ItsmError, cause: str) -> Outcome:
    it.release(LOOK_AGAIN if isinstance(error, AmbiguousError) else 0)
    if isinstance(error, OutsideError | UnauthenticatedError):
        outcome = _later(error)
        return replace(outcome, writes=it.writes)
    link = it.desk.records.link(it.record.id) or it.link
    if isinstance(error, InvalidInputError):
        reason = f"Jira refused what we sent: {error}"
        stopped(it.desk, link, "needs_attention", reason)
        return parked(reason, it.writes)
    return _unseen(it.desk, link, error, cause)


def _later(error: ItsmError) -> Outcome:
    if isinstance(error, ThrottledError):
        return again(error.retry_after, str(error))
    if isinstance(error, AmbiguousError):
        return again(LOOK_AGAIN, str(error))
    return again(OUTAGE if isinstance(error, UnauthenticatedError) else LATER, str(error))


def _unseen(desk: Desk, link: Link, error: ItsmError, cause: str) -> Outcome:
    """One 404 is no proof that an issue is gone: only a deletion that Jira also told of is."""
    if isinstance(error, ForbiddenError):
        state, reason = "paused", "forbidden: our account may not work on this issue"
    elif cause == DELETED or link.state == "broken":
        state, reason = "broken", "deleted: the issue was deleted in Jira"
    else:
        state, reason = "paused", "not found: the issue was deleted, or our account may not see it"
    stopped(desk, link, state, reason)
    return parked(reason)


def _creation(desk: Desk, rules: PracticeRules, record: Record) -> create.Creation:
    def draft() -> Draft:
        text = opening_words(desk.records.comments(record.id))
        people = desk.policy.people

        def account(name: str) -> str | None:
            return people.get(name) or (desk.issues.account(name) if "@" in name else None)

        begun = merge.draft(record, text, rules, desk.policy.zone, account, desk.more, desk.marks(record))
        return clocks.drafted(replace(begun, parent=desk.parent), record, rules, desk.policy.zone)

    return create.Creation(records=desk.records, issues=desk.issues, now=desk.now, draft=draft)
