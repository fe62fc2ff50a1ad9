"""Holidays: what this process knows of the days that feeds close; asked for once an hour, never in a clock's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itsm.core.errors import ItsmError

if TYPE_CHECKING:
    from collections.abc import Callable

    from itsm.core.ports import Holidays

AGE, SOON = 3600, 300
"""Seconds until a feed is asked for again: after an answer, and after none."""
UNREAD = "holidays could not be read"
"""What the log says, whichever door it was; infra/aws/calendars.yaml counts it and has an alarm on it."""


class Known:
    """The days of each feed, asked of the store when a calendar needs them; when it fails the last answer holds.

    It gives None for a feed nothing is known of: the copy that came with the policy is used then.
    """

    def __init__(self, store: Callable[[], Holidays], now: Callable[[], int]) -> None:
        self._store, self._now = store, now
        self._days: dict[str, frozenset[int]] = {}
        self._until: dict[str, int] = {}

    def __call__(self, feed: str) -> frozenset[int] | None:
        """The days of a feed; raises nothing."""
        now = self._now()
        if now >= self._until.get(feed, now):
            self._until[feed] = now + (AGE if self._asked(feed) else SOON)
        return self._days.get(feed)

    def _asked(self, feed: str) -> bool:
        try:
            days = self._store().get(feed)
        except ItsmError as error:
            from itsm.runtime.door import logger

            logger().error(UNREAD, extra={"feed": feed, "error": type(error).__name__})
            return False
        # the same object while nothing changes: calendars are built once for each
        if days is not None and days != self._days.get(feed):
            self._days[feed] = days
        return True
