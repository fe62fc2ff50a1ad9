"""Steps: what the processes of every practice may do to a record, whatever it is about."""

from collections.abc import Mapping

from itsm.core.events import Json
from itsm.core.lifecycle import Lifecycle
from itsm.core.practice import Step, StepContext
from itsm.core.record import SYSTEM, Record

ORIGIN = "process"
CAUSE_CHARS = 300
"""How much of an error's cause is kept on the record; the process history has all of it."""


def noted(record: Record, event: str, now: int, *, state: str = "", **details: Json) -> Record:
    """The record with details set (None removes one), in another state if one is given; itself if nothing differs."""
    merged = {**record.details, **details}
    kept = {name: value for name, value in merged.items() if value is not None}
    if kept == record.details and state in ("", record.state):
        return record
    return record.changed(event, by=SYSTEM, origin=ORIGIN, at=now, state=state or record.state, details=kept)


def move(lifecycle: Lifecycle, to: str) -> Step:
    """A step that moves a record to a state, as it is when already there. It raises IllegalMoveError."""

    def step(record: Record, context: StepContext) -> Record:
        if record.state == to:
            return record
        lifecycle.check(record.number, record.state, to)
        return record.changed("StateChanged", by=SYSTEM, origin=ORIGIN, at=context.now, state=to)

    return step


def renew(record: Record, context: StepContext) -> Record:
    """Hand the record to a new process of the next generation, since none may live longer than a year.

    `arguments.generation` is that of the process which asks: asked twice, there is still one successor.
    """
    if record.generation > int(context.arguments["generation"]):
        return record
    return record.changed("ProcessRenewed", by=SYSTEM, origin=ORIGIN, at=context.now, generation=record.generation + 1)


def report_failure(record: Record, context: StepContext) -> Record:
    """Leave on the record that its process gave up, so that people see it and not only the operator; once a failure."""
    told = context.arguments
    trouble: dict[str, Json] = {
        "error": str(told.get("error", ""))[:CAUSE_CHARS],
        "cause": str(told.get("cause", ""))[:CAUSE_CHARS],
        "process": f"{record.number}-{told.get('generation', record.generation)}",
    }
    before = record.details.get("trouble")
    if isinstance(before, Mapping) and {**before, "at": 0} == {**trouble, "at": 0}:
        return record
    return record.changed(
        "ProcessFailed",
        by=SYSTEM,
        origin=ORIGIN,
        at=context.now,
        details={**record.details, "trouble": {**trouble, "at": context.now}},
    )
