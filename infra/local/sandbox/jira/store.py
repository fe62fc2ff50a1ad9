"""Where the stand-in keeps its state: records in memory, written through to SQLite, one transaction per request."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import RLock
from typing import cast

from sandbox.jira.model import Attachment, Change, Comment, Delivery, Issue, IssueLink, RemoteLink

type Kept = Issue | Comment | Change | Attachment | RemoteLink | IssueLink | Delivery
KINDS: tuple[type[Kept], ...] = (Issue, Comment, Change, Attachment, RemoteLink, IssueLink, Delivery)

FIRST_ID = 10000
"""Jira's ids are numbers written as strings; they start where a fresh site's do."""


class Store:
    """Records by kind and id. Everything done inside ``transaction`` is kept together or not at all.

    ``path`` names an SQLite file, so that state outlives the process; without one it lives in memory.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.lock = RLock()
        self._tables: dict[type, dict[str, Kept]] = {kind: {} for kind in KINDS}
        self._owned: dict[type, dict[str, dict[str, None]]] = {kind: {} for kind in KINDS}
        self._counters: dict[str, int] = {}
        self._before: dict[tuple[type, str], Kept | None] = {}
        self._counters_before: dict[str, int] = {}
        self._depth = 0
        # The lock, not SQLite, keeps threads apart: a connection bound to one thread could not serve them all.
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._load()

    def _load(self) -> None:
        if self._db.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal":
            self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS record (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))")
        self._db.execute("CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER)")
        kinds = {kind.__name__: kind for kind in KINDS}
        for name, body in self._db.execute("SELECT kind, body FROM record ORDER BY rowid"):
            self._keep(kinds[name](**json.loads(body)))
        self._counters = dict(self._db.execute("SELECT name, value FROM counter"))

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep what happens inside when it ends well, undo all of it when it raises; one at a time, may nest."""
        with self.lock:
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._undo()
                raise
            else:
                if self._depth == 1:
                    self._commit()
            finally:
                self._depth -= 1

    def get[T: Kept](self, kind: type[T], record_id: str) -> T | None:
        """One record, or None."""
        return cast("T | None", self._tables[kind].get(record_id))

    def all[T: Kept](self, kind: type[T]) -> list[T]:
        """Every record of a kind, oldest first."""
        with self.lock:
            return cast("list[T]", list(self._tables[kind].values()))

    def of[T: Kept](self, kind: type[T], issue_id: str) -> list[T]:
        """The records of a kind that hang on one issue, oldest first."""
        with self.lock:
            table = self._tables[kind]
            return cast("list[T]", [table[record_id] for record_id in self._owned[kind].get(issue_id, ())])

    def put(self, record: Kept) -> None:
        """Keep a record, in place of the one with its id."""
        self._remember(type(record), record.id)
        self._keep(record)

    def delete(self, record: Kept) -> None:
        """Forget a record."""
        self._remember(type(record), record.id)
        self._drop(type(record), record.id)

    def next(self, name: str, first: int = FIRST_ID) -> int:
        """The next number of a sequence that never goes back, not even when the work it was drawn for is undone."""
        value = self._counters.get(name, first - 1) + 1
        self._counters_before.setdefault(name, value)
        self._counters[name] = value
        return value

    def touched(self) -> list[tuple[str, Issue | None, Issue | None]]:
        """Issues written so far in this transaction: id, as it was, as it is (None: not there)."""
        return [
            (record_id, cast("Issue | None", before), self.get(Issue, record_id))
            for (kind, record_id), before in self._before.items()
            if kind is Issue
        ]

    def _keep(self, record: Kept) -> None:
        self._tables[type(record)][record.id] = record
        owner = getattr(record, "issue", None)
        if owner is not None:
            self._owned[type(record)].setdefault(owner, {})[record.id] = None

    def _drop(self, kind: type, record_id: str) -> None:
        record = self._tables[kind].pop(record_id, None)
        owner = getattr(record, "issue", None)
        if owner is not None:
            self._owned[kind].get(owner, {}).pop(record_id, None)

    def _remember(self, kind: type, record_id: str) -> None:
        if not self._depth:
            raise RuntimeError("a record changes only inside a transaction")
        self._before.setdefault((kind, record_id), self._tables[kind].get(record_id))

    def _undo(self) -> None:
        for (kind, record_id), record in self._before.items():
            if record is None:
                self._drop(kind, record_id)
            else:
                self._keep(record)
        self._before.clear()

    def _commit(self) -> None:
        for kind, record_id in self._before:
            record = self._tables[kind].get(record_id)
            if record is None:
                self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind.__name__, record_id))
            else:
                self._db.execute(
                    "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                    (kind.__name__, record_id, json.dumps(asdict(record))),
                )
        for name in self._counters_before:
            self._db.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, self._counters[name]))
        self._db.commit()
        self._before.clear()
        self._counters_before.clear()
