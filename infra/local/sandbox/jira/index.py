"""The search index, which lags behind the truth when told to: what search knew of each issue a while ago."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sandbox.jira.model import Issue
from sandbox.jira.store import Store


class Index:
    """Issues as search sees them.

    Jira Cloud's search is eventually consistent, "a few seconds to minutes". ``lag`` is by how many seconds here;
    ``lags`` overrides it for single issues, by key.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], lag: float = 0.0) -> None:
        self.lag = lag
        self.lags: dict[str, float] = {}
        self._store = store
        self._now = now
        self._shown: dict[str, Issue | None] = {}
        self._coming: dict[str, list[tuple[datetime, Issue | None]]] = {}

    def note(self, changes: Iterable[tuple[str, Issue | None, Issue | None]]) -> None:
        """Take note of committed changes: id, before, after."""
        for issue_id, before, after in changes:
            key = after.key if after else before.key if before else ""
            lag = self.lags.get(key, self.lag)
            if lag > 0 or issue_id in self._coming:
                self._shown.setdefault(issue_id, before)
                self._coming.setdefault(issue_id, []).append((self._now() + timedelta(seconds=lag), after))

    def issues(self, reconcile: Iterable[str] = ()) -> list[Issue]:
        """What search sees now. Issues named by id in ``reconcile`` are seen as they are."""
        self._catch_up()
        fresh = set(reconcile)
        seen = {issue.id: issue for issue in self._store.all(Issue)}
        for issue_id, shown in self._shown.items():
            if issue_id in fresh:
                continue
            if shown is None:
                seen.pop(issue_id, None)
            else:
                seen[issue_id] = shown
        return list(seen.values())

    def _catch_up(self) -> None:
        now = self._now()
        for issue_id in list(self._coming):
            coming = self._coming[issue_id]
            while coming and coming[0][0] <= now:
                self._shown[issue_id] = coming.pop(0)[1]
            if not coming:
                del self._coming[issue_id], self._shown[issue_id]
