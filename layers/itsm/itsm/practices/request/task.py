"""Task: one piece of the work that fulfils a request, done by one group; a record of its own, part of the request."""

from collections.abc import Mapping

from itsm.core.catalogue import PlannedTask
from itsm.core.clock import PROMISE
from itsm.core.events import Json
from itsm.core.lifecycle import Lifecycle
from itsm.core.practice import Practice
from itsm.core.record import SYSTEM, Record, derived_id, opened

NEW, IN_PROGRESS, ON_HOLD, DONE, CANCELLED = "new", "in_progress", "on_hold", "done", "cancelled"
REQUEST, NAME, PARENT = "request", "task", "parent"
"""The details that say whose task it is: the request's id, the task's name in the plan, the request's number."""
HELD = "held_for_approval"
"""The detail of a task that waits because its request must be approved anew."""
SOURCE = "fulfilment"
MAX_TITLE, MAX_TEXT = 200, 800

PRACTICE = Practice(
    name="task",
    prefix="TSK",
    lifecycle=Lifecycle(
        initial=NEW,
        moves={
            NEW: frozenset({IN_PROGRESS, ON_HOLD, DONE, CANCELLED}),
            IN_PROGRESS: frozenset({ON_HOLD, DONE, CANCELLED}),
            ON_HOLD: frozenset({IN_PROGRESS, DONE, CANCELLED}),
            DONE: frozenset(),
            CANCELLED: frozenset(),
        },
        held=frozenset({ON_HOLD}),
        answered=frozenset({IN_PROGRESS, DONE}),
        met=frozenset({DONE, CANCELLED}),
    ),
    steps={},
    process=lambda record: "",
    editable=("hold_reason",),
)
"""A task has no process: its request's process opens it, waits for its end, and goes on."""

OVER = PRACTICE.lifecycle.final


def task_id(request: Record, name: str) -> str:
    """The id of a request's task: opened again it is the same one."""
    return derived_id("task", f"{request.id}\n{name}")


def task_of(request: Record, planned: PlannedTask, labels: Mapping[str, str], now: int) -> Record:
    """A task of a request, new, with its group. Nobody outside is its requester, so it sends no letters."""
    details: dict[str, Json] = {PARENT: request.number, REQUEST: request.id, NAME: planned.name}
    if planned.due:
        details[PROMISE] = planned.due
    return opened(
        "TaskOpened",
        by=SYSTEM,
        origin="process",
        at=now,
        text=_told(request, planned, labels),
        id=task_id(request, planned.name),
        practice=PRACTICE.name,
        state=NEW,
        title=f"{planned.what} ({request.number}: {request.title})"[:MAX_TITLE],
        source=SOURCE,
        requester=SYSTEM,
        requester_name=request.requester_name,
        service=request.service,
        impact=request.impact,
        urgency=request.urgency,
        priority=request.priority,
        group=planned.group,
        details=details,
    )


def _told(request: Record, planned: PlannedTask, labels: Mapping[str, str]) -> str:
    """What whoever does it needs to know: the task, the order, and how its questions were answered."""
    said = [
        f"{label}: {labels.get(f'{name}.{answer}', answer)}"
        for name, label in labels.items()
        if isinstance(answer := request.details.get(name), str)
    ]
    who = f"{request.requester_name} <{request.requester}>" if request.requester_name else request.requester
    lines = [planned.what, f"For {request.number}: {request.title}", f"Ordered by {who}", *said]
    return "\n".join(lines)[:MAX_TEXT]


def held(task: Record, now: int) -> Record:
    """The task on hold while its request is approved anew; one that is over or waits already stays as it is."""
    if task.state not in (NEW, IN_PROGRESS):
        return task
    details = {**task.details, HELD: True}
    return task.changed("StateChanged", by=SYSTEM, origin="process", at=now, state=ON_HOLD, details=details)


def resumed(task: Record, now: int) -> Record:
    """The task at work again that was held for its request's approval; any other as it is."""
    if task.state != ON_HOLD or not task.details.get(HELD):
        return task
    details = {name: value for name, value in task.details.items() if name != HELD}
    return task.changed("StateChanged", by=SYSTEM, origin="process", at=now, state=IN_PROGRESS, details=details)


def dropped(task: Record, now: int) -> Record:
    """The task cancelled because its request is over; one that is over stays as it is."""
    if task.state in OVER:
        return task
    return task.changed("StateChanged", by=SYSTEM, origin="process", at=now, state=CANCELLED)
