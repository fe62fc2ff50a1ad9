"""Practice: what one of ITIL's practices is to the rest of the house, and how to load one by name."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from itsm.core.errors import NotFoundError
from itsm.core.events import Json
from itsm.core.lifecycle import Lifecycle
from itsm.core.record import Record
from itsm.core.voting import Approval

HOMES = {"submission": "itsm.service_desk.quarantine", "task": "itsm.practices.request.task"}
"""Records that are no practice of ITIL's: a submission held back is the service desk's own, a task its request's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What a step may know beside its record: the instant, its practice's policy, and what the process handed it."""

    now: int
    policy: Any
    arguments: Mapping[str, Any] = field(default_factory=dict)


type Step = Callable[[Record, StepContext], Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A practice: name, number prefix, lifecycle, the steps its processes call, and the process that works a record.

    `process` gives the name of a record's state machine, "" for none. `editable` are the details a person may set.
    `approval` is how its records are approved, None where none ever is.
    `close_after` gives the time of its policy after which a record whose work is done closes by itself, "" for never.
    `at_opening` gives the details a new record has from its practice's policy: what is known then needs no write later.
    `check` raises InvalidInputError, naming the detail, where a record lacks what it must have to come into a state.
    `barred` are states nobody may bring this very record to, though its lifecycle knows the move.
    """

    name: str
    prefix: str
    lifecycle: Lifecycle
    steps: Mapping[str, Step]
    process: Callable[[Record], str]
    editable: tuple[str, ...] = ()
    approval: Approval | None = None
    close_after: Callable[[Any], str] = lambda policy: ""
    at_opening: Callable[[Any], Mapping[str, Json]] = lambda policy: {}
    check: Callable[[Record, str], None] = lambda record, to: None
    barred: Callable[[Record], frozenset[str]] = lambda record: frozenset()


def load(name: str) -> Practice:
    """The practice of that name; only its own module is imported. Raises NotFoundError for an unknown one."""
    home = HOMES.get(name, f"itsm.practices.{name}")
    try:
        practice: Practice = importlib.import_module(home).PRACTICE
    except ModuleNotFoundError as missing:
        if missing.name != home:
            raise
        raise NotFoundError(f"no practice is called {name!r}") from missing
    return practice
