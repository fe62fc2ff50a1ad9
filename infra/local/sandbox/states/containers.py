"""Parallel and Map: start the frames inside, take their outcomes, join."""

from __future__ import annotations

from typing import Any

from sandbox.states.definition import branch_scope, iterator_scope, processor_field
from sandbox.states.errors import TOLERANCE, StateError
from sandbox.states.failures import children, note_aborted
from sandbox.states.frames import Frame, Phase
from sandbox.states.walk import Walk

# "Inline mode supports up to 40 concurrent iterations"; a distributed Map runs far more.
INLINE_CONCURRENCY = 40


def start_parallel(walk: Walk) -> None:
    """Start every branch on the state's Arguments, or its input."""
    frame = walk.frame
    given = walk.query.given()
    started = walk.event("ParallelStateStarted")
    branches = range(len(walk.state["Branches"]))
    frame.join = {"children": [], "open": [], "last": started}
    frame.phase = Phase.JOINING
    for index in branches:
        _start(walk, index, branch_scope(frame.state, index), given, frame.item, started)


def start_map(walk: Walk) -> None:
    """Start as many iterations as may run at once."""
    frame, state = walk.frame, walk.state
    items = walk.query.items()
    limit = walk.query.number("MaxConcurrency") or 0
    started = walk.event("MapStateStarted", length=len(items))
    count = walk.query.number("ToleratedFailureCount")
    percentage = walk.query.number("ToleratedFailurePercentage", high=100, whole=False)
    if distributed(state):
        run = walk.run.arn.replace(":execution:", ":mapRun:")
        started = walk.event("MapRunStarted", mapRunArn=f"{run}/{frame.state}:{started}")
    frame.join = {
        "children": [None] * len(items), "open": [], "last": started, "next": 0, "items": items, "failures": 0,
        "limit": limit or (len(items) if distributed(state) else INLINE_CONCURRENCY),
        "count": count, "percentage": percentage,
    }  # fmt: skip
    frame.phase = Phase.JOINING
    _start_iterations(walk, started)
    if not items:
        join(walk)


def distributed(state: dict[str, Any]) -> bool:
    """Is the Map to run in distributed mode; here that differs from inline in its history and limits only."""
    return bool(state[processor_field(state)].get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")


def plan_of(frame: Frame) -> dict[str, Any]:
    """The progress of a frame that waits for its children."""
    if frame.join is None:
        raise ValueError(f"Frame {frame.id} at {frame.state} has no children")
    return frame.join


def outcome_of(child: Frame) -> dict[str, Any]:
    """What an ended frame came to."""
    if child.outcome is None:
        raise ValueError(f"Frame {child.id} at {child.state} has not ended")
    return child.outcome


def _start(walk: Walk, index: int, scope: str, given: Any, item: dict[str, Any] | None, after: int) -> None:
    frame, plan = walk.frame, plan_of(walk.frame)
    first = walk.definition.start(scope)
    child = walk.run.frame(
        parent=frame.id,
        scope=scope,
        index=index,
        state=first,
        input=given,
        last_event=after,
        item=item,
        silent=frame.silent or (walk.kind == "Map" and distributed(walk.state)),
    )
    if walk.kind == "Parallel":
        plan["children"].append(child.id)
    else:
        plan["children"][index] = child.id
    plan["open"].append(child.id)
    walk.host.ready(walk.run, child)


def _start_iterations(walk: Walk, after: int) -> None:
    frame = walk.frame
    plan = plan_of(frame)
    while plan["next"] < len(plan["items"]) and len(plan["open"]) < plan["limit"]:
        index = plan["next"]
        plan["next"] = index + 1
        item = {"Index": index, "Value": plan["items"][index]}
        given = walk.query.selected(item)
        begun = after
        if not distributed(walk.state):
            begun = walk.event("MapIterationStarted", previous=after, moves=False, name=frame.state, index=index)
        _start(walk, index, iterator_scope(frame.state), given, item, begun)


def join(walk: Walk) -> None:
    """Take the outcomes that have come in; leave the state when all are there or one failure is too many."""
    frame = walk.frame
    plan = plan_of(frame)
    for child in [walk.run.frames[number] for number in plan["open"]]:
        if child.phase is not Phase.ENDED:
            continue
        plan["open"].remove(child.id)
        if "output" in outcome_of(child):
            _succeeded(walk, child)
        else:
            _failed(walk, child)
        if walk.kind == "Map":
            _start_iterations(walk, child.last_event)
    if not plan["open"]:
        _finish(walk)


def _succeeded(walk: Walk, child: Frame) -> None:
    plan = plan_of(walk.frame)
    plan["last"] = child.last_event
    if walk.kind == "Map" and not distributed(walk.state):
        plan["last"] = walk.event(
            "MapIterationSucceeded", previous=child.last_event, moves=False, name=walk.frame.state, index=child.index
        )


def _failed(walk: Walk, child: Frame) -> None:
    frame, plan, outcome = walk.frame, plan_of(walk.frame), outcome_of(child)
    frame.last_event = child.last_event
    if walk.kind == "Map":
        if not distributed(walk.state):
            walk.event("MapIterationFailed", moves=False, name=frame.state, index=child.index)
        plan["failures"] += 1
        plan["last"] = child.last_event
        # A distributed Map always has a threshold; unsaid, it is none.
        tolerant = distributed(walk.state) or plan["count"] is not None or plan["percentage"] is not None
        if tolerant and not _too_many(plan):
            return
        if tolerant:
            note_aborted(walk, frame, child)
            if distributed(walk.state):
                walk.event("MapRunFailed", error=TOLERANCE)
            raise StateError(TOLERANCE, "The specified tolerated failure threshold was exceeded")
    note_aborted(walk, frame, child)
    raise StateError(outcome["error"], outcome["cause"], also=tuple(outcome["also"]))


def _too_many(plan: dict[str, Any]) -> bool:
    """Either threshold alone ends the Map once it is passed; without any, the first failure does."""
    if plan["count"] is None and plan["percentage"] is None:
        return True
    share = 100 * plan["failures"] / len(plan["items"])
    return (plan["count"] is not None and plan["failures"] > plan["count"]) or (
        plan["percentage"] is not None and share > plan["percentage"]
    )


def _finish(walk: Walk) -> None:
    frame, plan = walk.frame, plan_of(walk.frame)
    ended = children(walk, frame)
    result = [outcome_of(child)["output"] for child in ended if "output" in outcome_of(child)]
    for child in ended:
        walk.run.drop(child.id)
    frame.last_event = plan["last"]
    if walk.kind == "Map" and distributed(walk.state):
        frame.last_event = walk.event("MapRunSucceeded")
    walk.event(f"{walk.kind}StateSucceeded", moves=False)
    walk.complete(result, result=result)
