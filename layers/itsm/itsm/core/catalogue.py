"""Catalogue: what people may order; who must agree to an order, and the plan of tasks that fulfils it."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from itsm.core.approvals import ApprovalRule, Approvals, table_problems
from itsm.core.duration import parse
from itsm.core.errors import PolicyError
from itsm.core.events import Json
from itsm.core.rules import problems as rule_problems

MOST_TASKS = 12
"""Of one plan: how each stands is kept on the request, whose item stays small."""
MOST_WORDS = 150
NAME = re.compile(r"[a-z][a-z0-9_-]{0,23}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemApproval:
    """[form.<name>.approval]: the first rule that holds says who must agree; an order no rule covers needs nobody.

    Beside the approvers of every table, `field:<question>` is the person whose address answers that question.
    """

    rules: tuple[ApprovalRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """[[form.<name>.fulfilment]]: a piece of work that one group does for each order.

    `what` is to be done; it begins once those it comes `after` are over, and is `due` so much service time later, by
    the hours of its group ("": as the agreement has it). One whose `when` does not hold for an order is left out. When
    a task is cancelled the order cannot be fulfilled, unless it is `optional`.
    """

    name: str
    group: str
    what: str
    after: tuple[str, ...] = ()
    due: str = ""
    optional: bool = False
    when: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of the catalogue: its approval (None: by request.toml's own table) and its plan (none: as people see
    fit); `labels` are its questions as people read them, by name, and its choices by `<name>.<value>`."""

    approval: ItemApproval | None = None
    fulfilment: tuple[PlannedTask, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The items by the source their orders come from, which is never edited: `form-<name>`."""

    items: Mapping[str, Item] = field(default_factory=dict)

    def of(self, source: str) -> Item:
        """The item ordered at a source; one without approval and plan of its own for all else."""
        return self.items.get(source, PLAIN)


PLAIN = Item()


def item_problems(
    path: str, item: Item, policy: Approvals, known: Collection[str], people: Collection[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with an item, as (key, reason).

    `policy` has the groups and services, `known` are the facts its conditions may ask, `people` the questions that are
    answered by the address of one of the organisation's own.
    """
    if item.approval is not None:
        rules = Approvals(rules=item.approval.rules, last_resort="", groups=policy.groups, services=policy.services)
        yield from table_problems(rules, known, f"{path}.approval.", people)
        for at, rule in enumerate(item.approval.rules):
            if rule.after:
                yield f"{path}.approval.rules.{at}.after", "an order is approved before it is fulfilled or not at all"
    yield from _plan_problems(f"{path}.fulfilment", item.fulfilment, policy, known)


def _plan_problems(
    path: str, tasks: Sequence[PlannedTask], policy: Approvals, known: Collection[str]
) -> Iterator[tuple[str, str]]:
    names = [task.name for task in tasks]
    if len(names) > MOST_TASKS:
        yield path, f"has {len(names)} tasks; {MOST_TASKS} are the most"
    for at, task in enumerate(tasks):
        if task.name in names[:at]:
            yield f"{path}.{at}.name", f"another task is called {task.name!r}"
        yield from ((f"{path}.{at}.{key}", reason) for key, reason in _task_problems(task, policy, known))
        unknown = (name for name in task.after if name not in names)
        yield from ((f"{path}.{at}.after", f"no task is called {name!r}") for name in unknown)
    yield from _circles(path, tasks)


def _task_problems(task: PlannedTask, policy: Approvals, known: Collection[str]) -> Iterator[tuple[str, str]]:
    if not NAME.fullmatch(task.name):
        yield "name", f"{task.name!r} is no name: a letter, then up to 23 of a-z, 0-9, - and _"
    if task.group not in policy.groups.groups:
        yield "group", f"no group is called {task.group!r}; known are {', '.join(sorted(policy.groups.groups))}"
    if not 0 < len(task.what) <= MOST_WORDS:
        yield "what", f"says in 1 to {MOST_WORDS} characters what is to be done"
    yield from ((f"when.{fact}", reason) for fact, reason in rule_problems(task.when, known))
    try:
        parse(task.due or "1h")
    except PolicyError as error:
        yield "due", str(error)


def _circles(path: str, tasks: Sequence[PlannedTask]) -> Iterator[tuple[str, str]]:
    """Tasks that wait for themselves, each circle told once, at the task of it that the file names first."""
    after = {task.name: task.after for task in tasks}
    told: set[str] = set()
    for at, task in enumerate(tasks):
        way = _way_back(task.name, after)
        if way and not told & set(way):
            told |= set(way)
            yield f"{path}.{at}.after", f"is a circle: {' waits for '.join([*way, task.name])}"


def _way_back(name: str, after: Mapping[str, Sequence[str]]) -> list[str]:
    """The shortest way by which a task comes to wait for itself, [] when there is none."""
    ways, seen = [[name]], set[str]()
    while ways:
        way = ways.pop(0)
        for before in after.get(way[-1], ()):
            if before == name:
                return way
            if before not in seen:
                seen.add(before)
                ways.append([*way, before])
    return []
