"""Event sources: queues and table streams that call functions, with Lambda's failure semantics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Protocol

from sandbox import seams
from sandbox.functions import Functions
from sandbox.queue_source import QueueSource
from sandbox.stream_source import StreamSource

POLL = 0.05
"""Seconds between two looks when nothing woke the pump: for messages whose delay or invisibility runs out."""
KEPT = 100
"""Changes that stay readable behind the last follower, for whoever looks into a stream."""
GAP = 0.002
"""A burst of wakes is taken as one."""


class Source(Protocol):
    """One event source mapping."""

    def look(self) -> None:
        """Start on what is there; must not wait."""

    def quiet(self) -> bool:
        """Whether it has nothing to do."""

    def close(self) -> None:
        """Stop after what is under way."""


class Sources:
    """All event source mappings. `call` runs work where the services live; `positions` outlive a restart."""

    def __init__(
        self, functions: Functions, call: Callable[[Callable[[], Any]], Any], positions: MutableMapping[str, int]
    ) -> None:
        self._functions, self._call, self._positions = functions, call, positions
        self._known: dict[str, Source] = {}
        self._closing = False
        self._paused = False
        self._thread: threading.Thread | None = None

    def add(self, name: str, mapping: Mapping[str, Any]) -> None:
        """Take a mapping, in CloudFormation's words. Raises ValueError for a source of another kind."""
        old = self._known.pop(name, None)
        if old is not None:
            old.close()
        if mapping.get("Enabled", True) in (False, "false"):
            return
        kind = str(mapping["EventSourceArn"]).split(":")[2]
        if kind == "sqs":
            self._known[name] = QueueSource(name, mapping, self._functions, self._call)
        elif kind == "dynamodb":
            self._known[name] = StreamSource(name, mapping, self._functions, self._call, self._positions)
        else:
            raise ValueError(f"{mapping['EventSourceArn']}: only queues and table streams feed functions here")

    def start(self) -> None:
        """Feed functions from now on."""
        self._thread = threading.Thread(target=self._work, name="sources", daemon=True)
        self._thread.start()

    def trim(self) -> None:
        """Forget the changes every follower is past, but for the last few; called where the services live."""
        behind: dict[str, int] = {}
        for source in list(self._known.values()):
            if isinstance(source, StreamSource):
                behind[source.table] = min(behind.get(source.table, source.position), source.position)
        for table, position in behind.items():
            seams.stream_trim(table, position - KEPT)

    def pause(self, paused: bool) -> None:
        """Hold every source back, or let it go again: what arrives meanwhile waits."""
        self._paused = paused
        seams.wake().set()

    def quiet(self) -> bool:
        """Whether no source has anything to do; asked where the services live."""
        return all(source.quiet() for source in list(self._known.values()))

    def close(self) -> None:
        """Stop; what was taken and not finished comes again after a restart."""
        self._closing = True
        seams.wake().set()
        if self._thread is not None:
            self._thread.join()
        for source in self._known.values():
            source.close()

    def _work(self) -> None:
        woken = seams.wake()
        while not self._closing:
            woken.wait(POLL)
            woken.clear()
            if self._paused:
                time.sleep(POLL)
                continue
            for source in list(self._known.values()):
                source.look()
            time.sleep(GAP)
