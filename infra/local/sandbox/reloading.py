"""Reloading: when a file of the source tree is edited, functions load their code again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

EVERY = 1.0
KINDS = (".py", ".toml", ".json")


class Reloading:
    """Watches what `folders` gives; `changed(paths)` is told what is new, edited or gone."""

    def __init__(self, folders: Callable[[], Iterable[Path]], changed: Callable[[list[Path]], None]) -> None:
        self._folders, self._changed = folders, changed
        self._closing = threading.Event()
        self._seen: dict[Path, int] = {}
        self._thread = threading.Thread(target=self._work, name="reloading", daemon=True)

    def start(self) -> None:
        """Watch from now on."""
        self._seen = self._now()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Compare with the last look."""
        before, self._seen = self._seen, self._now()
        paths = [path for path in before.keys() | self._seen.keys() if before.get(path) != self._seen.get(path)]
        if paths:
            self._changed(sorted(paths))

    def _now(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        for folder in set(self._folders()):
            for path in folder.rglob("*"):
                if path.suffix in KINDS:
                    try:
                        found[path] = path.stat().st_mtime_ns
                    except FileNotFoundError:
                        continue  # an editor's file of a moment
        return found

    def _work(self) -> None:
        while not self._closing.wait(EVERY):
            self.look()
