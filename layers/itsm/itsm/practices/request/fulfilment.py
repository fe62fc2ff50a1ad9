"""Fulfilment: how far the plan of an order is, what comes next, and what its end makes of the request."""

from collections.abc import Mapping
from typing import Any

from itsm.core.catalogue import PlannedTask
from itsm.core.events import Json
from itsm.core.record import SYSTEM, Record
from itsm.core.rules import matches
from itsm.core.steps import ORIGIN, noted
from itsm.practices.request import task
from itsm.practices.request.lifecycle import IN_PROGRESS, NEW, ON_HOLD
from itsm.practices.request.policy import RequestPolicy
from itsm.practices.request.rules import known, unapproved

PLAN, TASKS = "plan", "tasks"
"""The details that keep how it goes: the plan as a whole, and by name each task that was opened: [number, state]."""
OPEN, DONE, FAILED, DROPPED = "open", "done", "failed", "dropped"
"""A plan is open until all its tasks are over (done), one it cannot do without was cancelled (failed), or its request
was over before it (dropped)."""
ADVANCED = "PlanAdvanced"
"""The event of a request whose plan can go on: its process wakes."""
STARTED = frozenset({IN_PROGRESS, ON_HOLD})
AT_WORK = STARTED | {NEW}


def planned(record: Record, policy: RequestPolicy) -> tuple[PlannedTask, ...]:
    """The tasks of this very order: those of its item whose condition holds."""
    facts = known(record, policy)
    return tuple(one for one in policy.catalogue.of(record.source).fulfilment if matches(one.when, facts))


def stands(record: Record) -> Mapping[str, tuple[str, str]]:
    """The number and state of each task that was opened, by name."""
    kept: Any = record.details.get(TASKS) or {}
    return {name: (str(number), str(state)) for name, (number, state) in kept.items()}


def ready(record: Record, policy: RequestPolicy) -> tuple[PlannedTask, ...]:
    """The tasks that can be opened now: not yet opened, and all they come after is over, or left out."""
    if record.details.get(PLAN) != OPEN:
        return ()
    tasks, opened = planned(record, policy), stands(record)
    waiting = {one.name for one in tasks if opened.get(one.name, ("", NEW))[1] not in task.OVER}
    return tuple(one for one in tasks if one.name not in opened and waiting.isdisjoint(one.after))


def verdict(record: Record, policy: RequestPolicy) -> str:
    """open, done or failed: what the tasks come to. A task that has left the plan counts only while it is at work."""
    tasks, opened = planned(record, policy), stands(record)
    needed = {one.name for one in tasks if not one.optional}
    if any(state == task.CANCELLED and name in needed for name, (_, state) in opened.items()):
        return FAILED
    everything = all(one.name in opened for one in tasks)
    return DONE if everything and all(state in task.OVER for _, state in opened.values()) else OPEN


def goes_on(record: Record, policy: RequestPolicy) -> bool:
    """Whether its process has something to do: a task to open, or the end of the plan."""
    return bool(ready(record, policy)) or record.details.get(PLAN) in (DONE, FAILED)


def begun(record: Record, policy: RequestPolicy, now: int) -> Record:
    """The request at work on its plan, or back at its start where it has not the agreement it needs."""
    if record.state not in AT_WORK or record.details.get(PLAN) != OPEN:
        return record
    if unapproved(record, policy):
        return noted(record, "StateChanged", now, state=NEW)
    return noted(record, "StateChanged", now, state=IN_PROGRESS) if record.state == NEW else record


def told(record: Record, opened: Mapping[str, str], policy: RequestPolicy, now: int) -> Record:
    """The request with the numbers of tasks that were opened, by name; what is known to be over stays over."""
    if record.details.get(PLAN) != OPEN:
        return record
    new = {name: [number, NEW] for name, number in opened.items() if name not in stands(record)}
    return _with(record, new, "TasksOpened", policy, SYSTEM, now) if new else _judged(record, policy, now)


def ended(record: Record, over: Record, policy: RequestPolicy, now: int) -> Record:
    """The request that knows one of its tasks is over; the event says whether its plan goes on with it."""
    name, state = str(over.details[task.NAME]), [over.number, over.state]
    if stands(record).get(name, ("", ""))[1] == over.state or record.details.get(PLAN) == DROPPED:
        return record
    after = _with(record, {name: state}, ADVANCED, policy, over.event.by, now)
    return after if goes_on(after, policy) else _with(record, {name: state}, "TaskEnded", policy, over.event.by, now)


def _with(record: Record, new: Mapping[str, list[str]], event: str, policy: RequestPolicy, by: str, now: int) -> Record:
    tasks: dict[str, Json] = {**_kept(record), **{name: list[Json](one) for name, one in new.items()}}
    details = {**record.details, TASKS: tasks}
    changed = record.changed(event, by=by, origin=ORIGIN, at=now, details=details)
    judged = verdict(changed, policy) if record.details.get(PLAN) == OPEN else record.details.get(PLAN)
    return record.changed(event, by=by, origin=ORIGIN, at=now, details={**details, PLAN: judged})


def _kept(record: Record) -> Mapping[str, Json]:
    kept: Any = record.details.get(TASKS) or {}
    return dict(kept)


def _judged(record: Record, policy: RequestPolicy, now: int) -> Record:
    """The request whose plan may have come to its end because policy has fewer tasks now."""
    return noted(record, ADVANCED, now, **{PLAN: verdict(record, policy)})


def dropped(record: Record, now: int) -> Record:
    """The request whose plan is given up with it: the tasks still at work count as cancelled."""
    if record.details.get(PLAN) not in (OPEN, FAILED):
        return record
    ended = {name: state if state in task.OVER else task.CANCELLED for name, (_, state) in stands(record).items()}
    tasks: dict[str, Json] = {name: [number, ended[name]] for name, (number, _) in stands(record).items()}
    details = {**record.details, PLAN: DROPPED, **({TASKS: tasks} if tasks else {})}
    return record.changed("PlanDropped", by=SYSTEM, origin=ORIGIN, at=now, details=details)
