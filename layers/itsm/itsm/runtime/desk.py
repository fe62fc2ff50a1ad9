"""Desk: the acts doors have in common; read, decide, save, and again when somebody else was first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from itsm.core.errors import IllegalMoveError, OutsideError, StaleVersionError
from itsm.core.events import Json
from itsm.core.journal import carried
from itsm.core.organisation import criticality
from itsm.core.ports import Change, Wait
from itsm.core.practice import load
from itsm.core.priority import priority
from itsm.core.record import Comment, Record, derived_id
from itsm.runtime.closing import objection
from itsm.runtime.door import StepCall
from itsm.runtime.measure import measured
from itsm.runtime.ports import Ports

SHORT = 40
"""Characters of the longest detail a process carries along; texts stay with the record."""
MOVES = {("submission", "released"): "SubmissionReleased"}
HOLD_REASON = "hold_reason"
"""Why a ticket waits: requester, supplier, change or problem. It goes with the hold it was given for."""
ATTEMPTS = 20
"""How often a change is decided anew after somebody else saved first: of that many at once each gets its turn."""


def update(ports: Ports, record_id: str, decide: Callable[[Record], Record], comment: Comment | None = None) -> Record:
    """Read the record, decide its next version, and save it with its clocks; a decision for no change saves nothing.

    Raises what `decide` raises, and OutsideError after too many lost races: whoever asked may ask again.
    """
    for left in reversed(range(ATTEMPTS)):
        before = ports.records.get(record_id)
        after = decide(before)
        if after is before:
            return before
        try:
            return ports.records.save(measured(before, after, comment, ports.policies), comment)
        except StaleVersionError as error:
            if not left:
                raise OutsideError("too many change this record at once; it is tried again") from error
    raise AssertionError("unreachable: the last attempt returns or raises")


def update_all(
    ports: Ports, ids: Sequence[str], decide: Callable[[Sequence[Record]], tuple[Sequence[Change], Sequence[Record]]]
) -> None:
    """Read several records, decide the next versions of some of them, and save all or none, with their clocks.

    `decide` also names the records its decision rests on, which must not have changed by then. Raises as `update` does.
    """
    for left in reversed(range(ATTEMPTS)):
        before = {record_id: ports.records.get(record_id) for record_id in ids}
        changes, unchanged = decide(tuple(before.values()))
        if not changes:
            return
        ready = [(measured(before[one.id], one, said, ports.policies), said) for one, said in changes]
        try:
            ports.records.save_together(ready, unchanged)
        except StaleVersionError as error:
            if not left:
                raise OutsideError("too many change these records at once; it is tried again") from error
            continue
        return


def check_move(record: Record, to: str) -> None:
    """Raise IllegalMoveError, naming the legal moves, unless a person may move the record to `to`.

    Raises InvalidInputError where it lacks a detail that it must have there.
    """
    practice = load(record.practice)
    if to in practice.barred(record):
        raise IllegalMoveError(record.number, record.state, to, legal_moves(record))
    practice.lifecycle.check_by_hand(record.number, record.state, to)
    practice.check(record, to)


def legal_moves(record: Record) -> tuple[str, ...]:
    """The states a person may move the record to."""
    practice = load(record.practice)
    return tuple(sorted(practice.lifecycle.by_hand(record.state) - practice.barred(record)))


def move_event(record: Record, to: str) -> str:
    """What a person's move is called on the bus; the mail queue listens for a submission that is released."""
    return MOVES.get((record.practice, to), "StateChanged")


def moved(record: Record, to: str, *, by: str, origin: str, at: int) -> Record:
    """The record in another state, if a person may move it there. Raises IllegalMoveError; same state, same record."""
    if record.state == to:
        return record
    check_move(record, to)
    new: dict[str, Any] = {"state": to}
    if HOLD_REASON in record.details:
        new["details"] = {name: value for name, value in record.details.items() if name != HOLD_REASON}
    return record.changed(move_event(record, to), by=by, origin=origin, at=at, **new)


def commented(record: Record, comment: Comment, details: Mapping[str, Json] | None = None) -> Record:
    """The record with a comment on it, and other details if any.

    The requester's word takes a ticket off hold, an automatic reply's note not.
    """
    held = load(record.practice).lifecycle.held
    answers = comment.public and comment.by in people(record)
    back: dict[str, Any] = {"state": "in_progress"} if record.state in held and answers else {}
    back |= {} if details is None else {"details": details}
    return record.changed("CommentAdded", **said_with(comment), **back)


def said_with(comment: Comment) -> dict[str, Any]:
    """The arguments of a change that a comment comes with: by whom, through which door, when, which, and its words."""
    words = carried(comment, comment.at)
    return {"by": comment.by, "origin": comment.origin, "at": comment.at, "comment": comment.id, **words}


def people(record: Record) -> frozenset[str]:
    """The requester's side: who asked, and who was put in copy."""
    return frozenset({record.requester, *record.participants})


def priority_of(impact: int, urgency: int, service: str, details: Mapping[str, Json], ports: Ports) -> int:
    """The priority the organisation's table gives, raised by how critical the service or configuration item is."""
    policies = ports.policies
    critical = criticality(policies.services, policies.configuration, service, details)
    return priority(policies.priorities, impact, urgency, critical)


def step_result(record: Record, known: Mapping[str, Json] | None = None) -> Mapping[str, Json]:
    """What a step tells its process, with details `known` beside the record's; small: it travels through each state."""
    return {
        "record": record.id,
        "number": record.number,
        "state": record.state,
        "priority": record.priority,
        "group": record.group,
        "version": record.version,
        "details": {name: one for name, one in {**record.details, **(known or {})}.items() if _travels(one)},
    }


def _travels(value: Json) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and len(value) <= SHORT)


def fact(record: Record) -> Mapping[str, Json]:
    """What the bus carries of the record's newest event; no text of a person is in it."""
    event = record.event
    return {
        "type": event.type,
        "record": record.id,
        "number": record.number,
        "practice": record.practice,
        "version": record.version,
        "state": record.state,
        "priority": record.priority,
        "group": record.group,
        "at": event.at,
        "by": event.by,
        "origin": event.origin,
        "changed": list[Json](sorted(event.changes)),
        "comment": event.comment,
    }


def await_states(
    call: StepCall, ports: Ports, due: Callable[[Record], bool] = lambda record: False
) -> Mapping[str, Json]:
    """Remember that a process waits until the record is in one of the states, or until one of the `events` it names;
    answer at once when it is already, or when what it waits for is `due`.

    The record is read after the wait is stored and the stream reads waits after the record is written: one of the two
    always sees the other, so no process sleeps through its wake-up. Versions up to the one read before wake nobody.
    """
    since = ports.records.get(call.record).version
    wait = Wait(
        record=call.record,
        name=call.arguments.get("wait", call.step),
        token=call.token,
        until=(*call.arguments["until"], *call.arguments.get("events", ())),
        since=since,
    )
    ports.records.wait(wait)
    record = ports.records.get(call.record)
    wake(record, wait, ports, due=due(record))
    return step_result(record)


def wake(record: Record, wait: Wait, ports: Ports, *, due: bool = False) -> None:
    """Answer a waiting process if the record is where it waits for, or what happened to it since is what it waits for.

    States are in small letters, events are not.
    """
    happened = record.version > wait.since and record.event.type in wait.until
    if due or happened or record.state in wait.until:
        ports.processes.succeed(wait.token, step_result(record, objection(record, ports)))
        ports.records.woken(wait)


def internal_note(record: Record, key: str, text: str, *, by: str, origin: str, at: int) -> Comment:
    """A note for the agents; `key` makes its id, so that the same note is written once."""
    return Comment(
        id=derived_id(f"note:{record.id}", key), record=record.id, at=at, by=by, text=text, origin=origin, public=False
    )
