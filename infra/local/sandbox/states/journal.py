"""What must outlive the process, in SQLite: one transaction per step."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.states.frames import Event, Frame, Run

_SCHEMA = """
CREATE TABLE IF NOT EXISTS definitions (id TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS executions (
    arn TEXT PRIMARY KEY, machine TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL, body TEXT NOT NULL,
    input TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS executions_by_machine ON executions (machine, started);
CREATE INDEX IF NOT EXISTS executions_by_status ON executions (status);
CREATE TABLE IF NOT EXISTS frames (
    execution TEXT, id INTEGER, body TEXT NOT NULL, PRIMARY KEY (execution, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    execution TEXT, id INTEGER, previous INTEGER NOT NULL, instant REAL NOT NULL, type TEXT NOT NULL,
    details TEXT NOT NULL, PRIMARY KEY (execution, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, execution TEXT NOT NULL, frame INTEGER NOT NULL, live INTEGER NOT NULL
) WITHOUT ROWID;
"""

_EVENTS = "SELECT id, previous, instant, type, details FROM events WHERE execution = ? ORDER BY id LIMIT ? OFFSET ?"
_EVENTS_BACKWARDS = _EVENTS.replace("ORDER BY id", "ORDER BY id DESC")


class Journal:
    """The journal at `path`; `:memory:` keeps nothing after the process. Used by one thread at a time."""

    def __init__(self, path: str = ":memory:") -> None:
        """Raises BlockingIOError when another process has the journal: two engines would do everything twice."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            # WAL without a sync per commit: a killed process loses nothing, a power cut at most the last steps.
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self._db.close()
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise
            raise BlockingIOError(f"{path} is in use by another engine; stop that one first") from error

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept, or nothing is."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- definitions and documents (state machines, versions, aliases, tags)

    def put_definition(self, text: str) -> str:
        """Keep a definition's text. Returns its id, the same for the same text."""
        number = hashlib.sha256(text.encode()).hexdigest()
        self._db.execute("INSERT OR IGNORE INTO definitions VALUES (?, ?)", (number, text))
        return number

    def definition(self, number: str) -> str:
        row = self._db.execute("SELECT text FROM definitions WHERE id = ?", (number,)).fetchone()
        return str(row[0])

    def put(self, kind: str, key: str, body: dict[str, Any]) -> None:
        self._db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, json.dumps(body)))

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        row = self._db.execute("SELECT body FROM documents WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def delete(self, kind: str, key: str) -> None:
        self._db.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def all(self, kind: str) -> list[dict[str, Any]]:
        rows = self._db.execute("SELECT body FROM documents WHERE kind = ? ORDER BY key", (kind,))
        return [json.loads(row[0]) for row in rows]

    # --- executions

    def save(self, run: Run) -> None:
        """Keep what changed in `run` since it was last saved, and unmark it."""
        self._db.execute(
            "INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (arn) DO UPDATE SET status = excluded.status, body = excluded.body",
            (run.arn, run.machine, run.status, run.started, json.dumps(run.parts(), ensure_ascii=False), run.input),
        )
        if run.removed:
            gone = [(run.arn, number) for number in run.removed]
            self._db.executemany("DELETE FROM frames WHERE execution = ? AND id = ?", gone)
        if run.changed:
            rows = [(run.arn, number, run.frames[number].dump()) for number in run.changed]
            self._db.executemany("INSERT OR REPLACE INTO frames VALUES (?, ?, ?)", rows)
        if run.fresh:
            events = [(run.arn, e.id, e.previous, e.timestamp, e.type, json.dumps(e.details)) for e in run.fresh]
            self._db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", events)
        run.removed.clear()
        run.changed.clear()
        run.fresh.clear()

    def run(self, arn: str) -> Run | None:
        """An execution with its frames, or None."""
        row = self._db.execute("SELECT body, input FROM executions WHERE arn = ?", (arn,)).fetchone()
        return None if row is None else self._load(*row)

    def running(self) -> list[Run]:
        query = "SELECT body, input FROM executions WHERE status = 'RUNNING' ORDER BY started, arn"
        return [self._load(*row) for row in self._db.execute(query).fetchall()]

    def _load(self, body: str, text: str) -> Run:
        run = Run(**json.loads(body), input=text)
        rows = self._db.execute("SELECT body FROM frames WHERE execution = ? ORDER BY id", (run.arn,))
        run.frames = {frame.id: frame for frame in (Frame.load(row[0]) for row in rows)}
        return run

    def runs(self, machine: str, status: str | None, offset: int, limit: int) -> list[Run]:
        """Executions of a state machine, newest first, without their frames."""
        rows = self._db.execute(
            "SELECT body, input FROM executions WHERE machine = ? AND (? IS NULL OR status = ?) "
            "ORDER BY started DESC, rowid DESC LIMIT ? OFFSET ?",
            (machine, status, status, limit, offset),
        )
        return [Run(**json.loads(body), input=text) for body, text in rows]

    def events(self, arn: str, offset: int, limit: int, *, reverse: bool = False) -> list[Event]:
        """Part of an execution's history."""
        rows = self._db.execute(_EVENTS_BACKWARDS if reverse else _EVENTS, (arn, limit, offset))
        return [
            Event(id=number, previous=previous, timestamp=instant, type=type_, details=json.loads(details))
            for number, previous, instant, type_, details in rows
        ]

    # --- task tokens; a dead one is kept, so that a late answer is told apart from a wrong one

    def put_token(self, token: str, arn: str, frame: int) -> None:
        self._db.execute("INSERT INTO tokens VALUES (?, ?, ?, 1)", (token, arn, frame))

    def end_token(self, token: str) -> None:
        self._db.execute("UPDATE tokens SET live = 0 WHERE token = ?", (token,))

    def token(self, token: str) -> tuple[str, int, bool] | None:
        """(execution, frame, live) of a token, or None when it was never issued."""
        row = self._db.execute("SELECT execution, frame, live FROM tokens WHERE token = ?", (token,)).fetchone()
        return None if row is None else (row[0], row[1], bool(row[2]))
