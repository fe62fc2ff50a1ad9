"""Snapshots: the emulated services' state on disk, whole or not at all."""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox import seams
from sandbox.cloud import SERVICES, Cloud

log = logging.getLogger(__name__)
FORMAT = 2
EVERY = 1.0
"""Seconds between two looks whether something changed."""
SHARE = 20
"""A save may take one twentieth of the time: after one of 50 ms the next is a second away at least."""
LONGEST = 60.0
QUICK_MS = 1000.0
"""Up to this, whoever sent something waits until it is on disk; beyond it the answer comes first."""


class StateError(Exception):
    """What was saved cannot be taken up again; the message says what to do."""


class Snapshots:
    """Saves what changed a second later, at most every minute however large the state, and at `close`.

    One file holds all services as they were at one instant, and names a copy of the processes' journal of that instant:
    `copy(path)` makes it. `extra` is the sandbox's own part: stacks, positions.
    """

    copy: Callable[[Path], None] | None = None
    quick_ms = QUICK_MS

    def __init__(self, cloud: Cloud, path: Path, extra: Callable[[], Mapping[str, Any]]) -> None:
        self._cloud, self._path, self._extra = cloud, path, extra
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._copied: Path | None = None
        self._begun = 0
        self._marker = path.with_suffix(".running")
        self.last_ms = 0.0

    def load(self) -> Mapping[str, Any]:
        """Give the services what was saved; returns the sandbox's own part, empty at the first start.

        Raises StateError for what this sandbox cannot have saved.
        """
        if not self._path.exists():
            return {}
        from ministack.core import persistence
        from ministack.services import dynamodb

        try:
            saved = json.loads(self._path.read_text(), object_hook=persistence._json_object_hook)
            written = saved["format"]
        except (ValueError, LookupError, TypeError) as error:
            raise StateError(f"{self._path} cannot be read ({error}): run `make clean` to start anew") from error
        if written != FORMAT:
            raise StateError(f"{self._path} is of another version of the sandbox: run `make clean` to start anew")
        for name, state in saved["services"].items():
            _module(name).load_persisted_state(state)
        # Ministack does not keep streams; what was not yet followed would be lost without them.
        for name in ("_stream_records", "_stream_trimmed"):
            getattr(dynamodb, name)._data.update(saved["streams"][name]._data)
        dynamodb._stream_seq_counter = max(dynamodb._stream_seq_counter, saved["streams"]["counter"])
        # Whoever had taken a message died with the sandbox: it is delivered again now, not when its time is over.
        seams.release()
        self._copied = None if saved["journal"] is None else self._path.with_name(saved["journal"])
        extra: Mapping[str, Any] = saved["extra"]
        return extra

    def put_back(self, journal: Path) -> bool:
        """After a kill, take the processes back to the instant of the services; whether that was done."""
        killed = self._marker.exists() and self._copied is not None and self._copied.exists()
        if killed and self._copied is not None:
            for rest in ("-wal", "-shm"):
                journal.with_name(journal.name + rest).unlink(missing_ok=True)
            shutil.copyfile(self._copied, journal)
        self._marker.touch()
        return killed

    def start(self) -> None:
        """Save by itself from now on."""
        self._thread = threading.Thread(target=self._work, name="snapshots", daemon=True)
        self._thread.start()

    def touch(self) -> None:
        """Something changed."""
        self._dirty.set()

    def save(self) -> None:
        """Save now."""
        arrived = self._begun
        with self._lock:
            if self._begun > arrived:
                return  # one that began after this was asked for is done: it holds all that we came with
            self._begun += 1
            began = time.perf_counter()
            self._dirty.clear()
            copied = None if self.copy is None else self._path.with_suffix(f".{secrets.token_hex(4)}.journal")
            text = self._cloud.call(lambda: self._collect(copied))
            fresh = self._path.with_suffix(".new")
            with fresh.open("w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            if self._copied is not None:
                self._copied.unlink(missing_ok=True)
            self._copied = copied
            self.last_ms = (time.perf_counter() - began) * 1000

    def settle(self) -> None:
        """Save now if that is quick, soon if the state has grown large."""
        if self.last_ms < self.quick_ms:
            self.save()
        else:
            self.touch()

    def rest(self) -> None:
        """Save no more by itself, and leave the processes out: their own journal is right once they have ended."""
        self._closing.set()
        if self._thread is not None:
            self._dirty.set()
            self._thread.join()
        with self._lock:
            self.copy = None

    def close(self) -> None:
        """Save a last time: all is at rest."""
        self.rest()
        self.save()
        self._marker.unlink(missing_ok=True)

    def _work(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            if self._closing.wait(min(LONGEST, max(EVERY, self.last_ms / 1000 * SHARE))):
                return
            try:
                self.save()
            except (OSError, TypeError, ValueError):
                log.exception("the state could not be saved; it is tried again")
                self._dirty.set()

    def _collect(self, journal: Path | None) -> str:
        from ministack.core import persistence
        from ministack.services import dynamodb

        if journal is not None and self.copy is not None:
            self.copy(journal)
        extra = self._extra()
        states = {name: module.get_state() for name in SERVICES if (module := _loaded(name)) is not None}
        streams = {name: getattr(dynamodb, name) for name in ("_stream_records", "_stream_trimmed")}
        whole = {
            "format": FORMAT,
            "services": {name: state for name, state in states.items() if state is not None},
            "streams": {**streams, "counter": dynamodb._stream_seq_counter},
            "extra": extra,
            "journal": None if journal is None else journal.name,
        }
        return json.dumps(whole, default=persistence._json_default)


def _loaded(name: str) -> Any:
    module = sys.modules.get(f"ministack.services.{name}")
    return module if hasattr(module, "get_state") else None


def _module(name: str) -> Any:
    import importlib

    return importlib.import_module(f"ministack.services.{name}")
