"""A state failed: try it again, catch it, or end its scope."""

from __future__ import annotations

from typing import Any

from sandbox.states.errors import RUNTIME, TIMEOUT, QueryError, StateError
from sandbox.states.frames import Frame, Phase
from sandbox.states.walk import CONTAINERS, RETRYABLE, Walk, end_scope, matches

# States whose unfinished visit the history notes as aborted; the others begin and end in one step.
_ABORTABLE = ("Task", "Wait", "Parallel", "Map")

# Defaults of a Retrier, https://states-language.net/spec.html#errors
_INTERVAL, _ATTEMPTS, _RATE = 1, 3, 2.0


def fail(walk: Walk, failure: StateError) -> None:
    """Decide what follows `failure` of the walk's state: its Retry, then its Catch, then the scope's end."""
    frame = walk.frame
    _note_query(walk, failure)
    release(walk, frame)
    abort_children(walk, frame)
    if walk.kind in RETRYABLE and _retry(walk, failure):
        return
    if walk.kind in CONTAINERS and failure.error != RUNTIME:
        walk.event(f"{walk.kind}StateFailed")
    if walk.kind in RETRYABLE and _catch(walk, failure):
        return
    frame.rest()
    end_scope(walk.host, walk.run, frame, _outcome(failure))


def _outcome(failure: StateError) -> dict[str, Any]:
    return {"error": failure.error, "cause": failure.cause, "also": list(failure.also)}


def _note_query(walk: Walk, failure: StateError) -> None:
    if failure.query is None:
        return
    frame = walk.frame
    # AWS lets this entry follow what came before the state was entered, while the state has written nothing else
    # (a timestamp that is none, which has no location, it lets follow the entry).
    untouched = failure.query.location is not None and frame.last_event == frame.entered_event
    previous = frame.entered_after if untouched else None
    walk.event(
        "EvaluationFailed",
        previous=previous,
        error=failure.error,
        cause=failure.cause,
        location=failure.query.location,
        state=frame.state,
    )


def release(walk: Walk, frame: Frame) -> None:
    """Let go of what `frame` waits for outside: its token dies, its nested execution is stopped."""
    if frame.token is not None:
        walk.host.end_token(frame.token)
    if frame.child is not None and frame.phase is Phase.SUBMITTED:
        walk.host.stop_nested(frame.child)


def children(walk: Walk, frame: Frame) -> list[Frame]:
    """The frames that run inside `frame`'s Parallel or Map, oldest first."""
    numbers = [] if frame.join is None else frame.join["children"]
    return [walk.run.frames[number] for number in numbers if number is not None and number in walk.run.frames]


def abort_children(walk: Walk, frame: Frame) -> None:
    """Stop everything below `frame`, without entries in the history."""
    for child in children(walk, frame):
        abort_children(walk, child)
        release(walk, child)
        walk.run.drop(child.id)


def note_aborted(walk: Walk, frame: Frame, failed: Frame) -> None:
    """Note that the visits of unfinished siblings of `failed`, and of its own state, are aborted."""
    waiting = [] if frame.join is None else frame.join["open"]
    for child in children(walk, frame):
        succeeded = child.outcome is not None and "output" in child.outcome
        over = child.silent or succeeded or (child is not failed and child.id not in waiting)
        if walk.kind == "Map" and child is not failed and not over:
            walk.event("MapIterationAborted", name=frame.state, index=child.index, moves=False)
        if not over:
            kind = walk.definition.state(child.scope, child.state)["Type"]
            if kind in _ABORTABLE and child.phase is not Phase.ENTER:
                walk.event(f"{kind}StateAborted", moves=False)


def _retry(walk: Walk, failure: StateError) -> bool:
    frame = walk.frame
    for index, retrier in enumerate(walk.state.get("Retry", ())):
        if not matches(retrier["ErrorEquals"], failure):
            continue
        if frame.retries[index] >= retrier.get("MaxAttempts", _ATTEMPTS):
            return False
        delay = _delay(walk, retrier, frame.retries[index])
        frame.retries[index] += 1
        frame.rest()
        frame.phase = Phase.RETRYING
        frame.wake_at = walk.host.clock.now() + delay
        return True
    return False


def _delay(walk: Walk, retrier: dict[str, Any], done: int) -> float:
    """Seconds until the next attempt: IntervalSeconds x BackoffRate^attempts, capped, then jittered."""
    delay: float = retrier.get("IntervalSeconds", _INTERVAL) * retrier.get("BackoffRate", _RATE) ** done
    if "MaxDelaySeconds" in retrier:
        delay = min(delay, retrier["MaxDelaySeconds"])
    return walk.host.rng.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay


def _catch(walk: Walk, failure: StateError) -> bool:
    for index, catcher in enumerate(walk.state.get("Catch", ())):
        if not matches(catcher["ErrorEquals"], failure):
            continue
        # AWS gives a timeout an empty cause here, and none in the history.
        cause = "" if failure.error == TIMEOUT and failure.cause is None else failure.cause
        shown = {"Error": failure.error, "Cause": cause}
        frame = walk.frame
        try:
            walk.leave(catcher, shown, catcher["Next"], prefix=f"Catch[{index}]/", errorOutput=shown)
        except (QueryError, StateError) as error:
            # A catcher that fails is not caught by its neighbours: the scope ends with the new error.
            second = walk.query_failure(error) if isinstance(error, QueryError) else error
            _note_query(walk, second)
            frame.rest()
            end_scope(walk.host, walk.run, frame, _outcome(second))
        return True
    return False
