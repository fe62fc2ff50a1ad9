"""What each kind of state does when its turn comes."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sandbox.states import containers, tasks
from sandbox.states.errors import NO_CHOICE, QueryError, StateError, TaskFailed
from sandbox.states.failures import fail, release
from sandbox.states.frames import Phase
from sandbox.states.walk import Walk, end_scope

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def step(walk: Walk) -> None:
    """One step of a frame whose turn it is."""
    _guarded(walk, _turn)


def woken(walk: Walk, now: float) -> None:
    """A deadline of the frame may have come."""
    frame = walk.frame
    if frame.timeout_at is not None and frame.timeout_at <= now:
        _guarded(walk, lambda w: _raise(tasks.expired(w, heartbeat=False)))
    elif frame.heartbeat_at is not None and frame.heartbeat_at <= now:
        _guarded(walk, lambda w: _raise(tasks.expired(w, heartbeat=True)))
    elif frame.wake_at is not None and frame.wake_at <= now:
        frame.wake_at = None
        _guarded(walk, _act if frame.phase is Phase.RETRYING else lambda w: w.complete(w.frame.input))


def answered(walk: Walk, outcome: Any) -> None:
    """The resource's answer to the frame's attempt: a result or a TaskFailed."""
    if isinstance(outcome, TaskFailed):
        _guarded(walk, lambda w: _raise(tasks.failed(w, outcome)))
    else:
        _guarded(walk, lambda w: tasks.answered(w, outcome))


def told(walk: Walk, outcome: Any) -> None:
    """SendTaskSuccess or SendTaskFailure on the frame's token."""
    if isinstance(outcome, TaskFailed):
        _guarded(walk, lambda w: _raise(tasks.failed(w, outcome)))
        return
    _guarded(walk, lambda w: tasks.succeed(w, outcome))


def nested_ended(walk: Walk, child: Any) -> None:
    """The frame's nested execution has ended."""
    _guarded(walk, lambda w: tasks.nested_ended(w, child))


def _raise(failure: StateError) -> None:
    raise failure


def _guarded(walk: Walk, action: Any) -> None:
    """Do `action`; a failure goes the way of the state's Retry and Catch."""
    walk.run.changed.add(walk.frame.id)
    try:
        action(walk)
    except QueryError as error:
        fail(walk, walk.query_failure(error))
    except StateError as failure:
        fail(walk, failure)


def _turn(walk: Walk) -> None:
    phase = walk.frame.phase
    if phase is Phase.ENTER:
        walk.enter()
        _act(walk)
    elif phase is Phase.SCHEDULED:
        tasks.begin(walk)
    elif phase is Phase.JOINING:
        containers.join(walk)


def _act(walk: Walk) -> None:
    """Do what the state is for; also the beginning of every further attempt."""
    kind = walk.kind
    if kind == "Task":
        tasks.schedule(walk)
    elif kind == "Parallel":
        containers.start_parallel(walk)
    elif kind == "Map":
        containers.start_map(walk)
    elif kind == "Choice":
        _choose(walk)
    elif kind == "Wait":
        _wait(walk)
    elif kind == "Fail":
        _fail(walk)
    else:
        walk.complete(walk.frame.input)


def _choose(walk: Walk) -> None:
    for index, rule in enumerate(walk.state["Choices"]):
        if walk.query.holds(rule, f"Choices[{index}]"):
            walk.leave(rule, walk.frame.input, rule["Next"], prefix=f"Choices[{index}]/")
            return
    if "Default" not in walk.state:
        raise StateError(
            NO_CHOICE,
            f"Failed to transition out of the state '{walk.frame.state}'. No rule matched and there is no Default.",
        )
    walk.leave(walk.state, walk.frame.input, walk.state["Default"])


def _wait(walk: Walk) -> None:
    seconds = walk.query.number("Seconds")
    instant = _instant(walk.query.text("Timestamp")) if seconds is None else walk.host.clock.now() + seconds
    if instant <= walk.host.clock.now():
        walk.complete(walk.frame.input)
        return
    walk.frame.wake_at = instant
    walk.frame.phase = Phase.WAITING


def _instant(text: Any) -> float:
    """An RFC 3339 timestamp as seconds since 1970. Raises QueryError."""
    if isinstance(text, str) and _TIMESTAMP.fullmatch(text):
        try:
            return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
        except ValueError:
            pass  # said below, like every other text that is no instant
    raise QueryError(
        f"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
    )


def _fail(walk: Walk) -> None:
    error, cause = walk.query.text("Error"), walk.query.text("Cause")
    release(walk, walk.frame)
    end_scope(walk.host, walk.run, walk.frame, {"error": error, "cause": cause, "also": []})
