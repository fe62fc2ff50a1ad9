"""Fulfilling: open the tasks of an order as their turn comes, tell the order when one is over, drop them with it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from itsm.core.catalogue import PlannedTask
from itsm.core.events import Json
from itsm.core.record import Record
from itsm.practices.request import fulfilment, task
from itsm.practices.service_level import rules
from itsm.runtime import desk
from itsm.runtime.door import StepCall
from itsm.runtime.ports import Ports


def proceed(call: StepCall, ports: Ports) -> Mapping[str, Json]:
    """Open the tasks whose turn has come and wait until the plan goes on, or the order leaves the work.

    Taken twice it opens nothing twice: a task's id comes from its order and its name. The plan is read from policy each
    time: what was opened stays as it is, what was not is as the policy has it now.
    """
    policy = ports.policies.request
    record = desk.update(ports, call.record, lambda current: fulfilment.begun(current, policy, ports.now()))
    if record.state in fulfilment.STARTED:
        _each(record, ports, task.resumed)
        opened = {one.name: _opened(record, one, ports).number for one in fulfilment.ready(record, policy)}
        desk.update(ports, call.record, lambda current: fulfilment.told(current, opened, policy, ports.now()))
    return desk.await_states(call, ports, due=lambda current: fulfilment.goes_on(current, policy))


def hold(call: StepCall, ports: Ports) -> Mapping[str, Json]:
    """Let the tasks at work wait: their order must be approved anew."""
    record = ports.records.get(call.record)
    _each(record, ports, task.held)
    return desk.step_result(record)


def drop(call: StepCall, ports: Ports) -> Mapping[str, Json]:
    """Cancel the tasks still at work: their order is over. It knows before they are, so none of them reports."""
    record = desk.update(ports, call.record, lambda current: fulfilment.dropped(current, ports.now()))
    for name in fulfilment.stands(record):
        desk.update(ports, task.task_id(record, name), lambda current: task.dropped(current, ports.now()))
    return desk.step_result(record)


def report(over: Record, ports: Ports) -> None:
    """Tell the order of a task that is over; told twice it changes nothing."""
    if over.state in task.OVER:
        policy, order = ports.policies.request, str(over.details[task.REQUEST])
        desk.update(ports, order, lambda current: fulfilment.ended(current, over, policy, ports.now()))


def _opened(record: Record, planned: PlannedTask, ports: Ports) -> Record:
    policies, now = ports.policies, ports.now()
    new = task.task_of(record, planned, policies.catalogue.of(record.source).labels, now)
    clocks = rules.started(new, now, policies.service_level, task.PRACTICE.lifecycle)
    return ports.records.create(replace(new, clocks=clocks)).record


def _each(record: Record, ports: Ports, change: Callable[[Record, int], Record]) -> None:
    """One change of every task of an order that was opened and is not known to be over."""
    for name, (_, state) in fulfilment.stands(record).items():
        if state not in task.OVER:
            desk.update(ports, task.task_id(record, name), lambda current: change(current, ports.now()))
