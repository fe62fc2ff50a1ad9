"""Where an execution stands: a tree of frames, plain data that a journal can keep."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Phase(StrEnum):
    """What a frame waits for."""

    ENTER = "enter"  # its turn, to enter its state
    SCHEDULED = "scheduled"  # its turn, to hand its task to the resource
    INVOKING = "invoking"  # the resource's answer
    SUBMITTED = "submitted"  # a task token, or the end of a nested execution
    WAITING = "waiting"  # an instant (Wait)
    RETRYING = "retrying"  # an instant (Retry)
    JOINING = "joining"  # its children (Parallel, Map)
    ENDED = "ended"  # its parent, to take the outcome


# Not frozen: a frame is the working position itself; the journal keeps its successive values.
@dataclass(slots=True, kw_only=True)
class Frame:
    """One thread of control inside one scope of the definition. Instants are seconds since 1970 UTC."""

    id: int
    parent: int | None
    scope: str
    index: int
    state: str
    input: Any
    last_event: int
    phase: Phase = Phase.ENTER
    variables: dict[str, Any] = field(default_factory=dict)
    item: dict[str, Any] | None = None
    silent: bool = False  # inside a distributed Map, whose iterations have histories of their own
    entered_event: int = 0
    entered_after: int = 0
    entered_at: float = 0.0
    retries: list[int] = field(default_factory=list)
    attempt: int = 0
    arguments: Any = None
    token: str | None = None
    child: str | None = None
    wake_at: float | None = None
    timeout_at: float | None = None
    heartbeat_at: float | None = None
    heartbeat: float | None = None
    join: dict[str, Any] | None = None
    outcome: dict[str, Any] | None = None

    def deadline(self) -> float | None:
        """The next instant at which this frame has something to do by itself."""
        instants = (self.wake_at, self.timeout_at, self.heartbeat_at)
        return min((instant for instant in instants if instant is not None), default=None)

    def rest(self) -> None:
        """Forget what belonged to the last attempt: its token, child, answer and deadlines."""
        self.token = self.child = self.wake_at = self.timeout_at = self.heartbeat_at = self.heartbeat = None
        self.arguments = self.join = None

    def dump(self) -> str:
        return json.dumps({name: getattr(self, name) for name in Frame.__slots__}, ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Self:
        body = json.loads(text)
        return cls(**{**body, "phase": Phase(body["phase"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of an execution's history; `details` in AWS's words."""

    id: int
    previous: int
    timestamp: float
    type: str
    details: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution: its identity, its standing, and, while it runs, its frames."""

    arn: str
    name: str
    machine: str
    machine_name: str
    role: str
    kind: str
    definition: str
    input: str
    started: float
    version: str | None = None
    alias: str | None = None
    status: str = "RUNNING"
    stopped: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    deadline: float | None = None
    parent: list[Any] | None = None  # [arn, frame id, attempt] of the nesting task that waits for this execution
    redrives: int = 0
    redriven: float | None = None
    next_event: int = 1
    next_frame: int = 1
    frames: dict[int, Frame] = field(default_factory=dict)
    # What changed since the journal last saw this run.
    changed: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    fresh: list[Event] = field(default_factory=list)

    def parts(self) -> dict[str, Any]:
        """Everything that changes as it runs, but for the frames and events, for the journal."""
        skipped = {"input", "frames", "changed", "removed", "fresh"}
        return {name: getattr(self, name) for name in Run.__slots__ if name not in skipped}

    def frame(self, **parts: Any) -> Frame:
        """A new frame of this run."""
        made = Frame(id=self.next_frame, **parts)
        self.next_frame += 1
        self.frames[made.id] = made
        self.changed.add(made.id)
        return made

    def drop(self, frame_id: int) -> None:
        """Forget a frame."""
        del self.frames[frame_id]
        self.changed.discard(frame_id)
        self.removed.add(frame_id)
