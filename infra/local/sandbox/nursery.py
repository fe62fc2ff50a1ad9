"""The nursery as the sandbox sees it: ask for a worker, end one, hear of those that ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("zygote.py")


class Nursery:
    """One process that forks workers (see zygote); `log` takes what it has to say itself."""

    def __init__(self, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._living: dict[str, Callable[[int], None]] = {}
        self.ready = threading.Event()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-E", "-s", str(SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={"LANG": "C.UTF-8", "TZ": "UTC"},  # what the user's shell sets must not reach the functions
            )
        self._reader = threading.Thread(target=self._read, name="nursery", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def fork(self, order: Mapping[str, Any], exited: Callable[[int], None]) -> None:
        """Have `order["worker"]` made; `exited` is called with its exit status once it ended (negative: a signal)."""
        with self._lock:
            self._living[order["worker"]] = exited
            self._tell(order)

    def kill(self, worker: str) -> None:
        """End a worker, if it lives."""
        with self._lock:
            self._tell({"kill": worker})

    def close(self) -> None:
        """End the nursery, and with it every worker."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        with self._lock:
            living, self._living = self._living, {}
        for exited in living.values():
            exited(-signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _tell(self, order: Mapping[str, Any]) -> None:
        stream = self._process.stdin
        if stream is None or self._process.poll() is not None:
            return  # it was closed: every worker has ended
        stream.write(json.dumps(order).encode() + b"\n")
        stream.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                message = json.loads(line)
                if "ready" in message:
                    self.ready.set()
                    continue
                with self._lock:
                    exited = self._living.pop(message["exited"], None)
                if exited is not None:
                    exited(message["status"])
