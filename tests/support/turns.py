"""Turns: invocations in threads of their own that run one port call at a time, in an order somebody else decides."""

import threading
from collections.abc import Callable
from typing import Any, Protocol


class Killed(BaseException):
    """The environment is gone, in the middle of whatever it did."""


class Stage(Protocol):
    """Who decides whose turn it is. `turn` is released by an actor that has paused or is done."""

    turn: threading.Semaphore
    surprises: list[BaseException]

    def step(self, call: Callable[[], Any]) -> Any:
        """One call of a port by the current actor."""


class Actor:
    """One invocation in a thread of its own that runs only while the world waits for it."""

    def __init__(self, stage: Stage, work: Callable[[], None]) -> None:
        self._go, self._stage, self.done = threading.Semaphore(0), stage, False
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        self._go.acquire()
        try:
            work()
        except Killed:
            pass
        except BaseException as error:  # shown by the world, in whose thread a test can see it
            self._stage.surprises.append(error)
        self.done = True
        self._stage.turn.release()

    def pause(self) -> None:
        """Let the world go on with somebody else."""
        self._stage.turn.release()
        self._go.acquire()

    def run(self) -> None:
        """Let it take one step; called by the world."""
        self._go.release()
        self._stage.turn.acquire()


class Port:
    """A port whose every call is a step."""

    def __init__(self, stage: Stage, inner: Any) -> None:
        self._stage, self._inner = stage, inner

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)
        return lambda *args, **more: self._stage.step(lambda: call(*args, **more))
