"""Holidays: what feeds say, in the records table, where every door that keeps clocks reads already."""

from itsm.aws.models import Tables, feed_key
from itsm.aws.trouble import asked
from itsm.core.errors import MalformedError

LAST = 3_652_059
"""The ordinal of the last day there is (31 December 9999)."""


class Holidays:
    """The `Holidays` port; an item for each feed."""

    def __init__(self, tables: Tables) -> None:
        self._model = tables.holiday

    def get(self, feed: str) -> frozenset[int] | None:
        """One read that may be seconds old; a copy that is no list of days is not the feed's word."""
        try:
            with asked(f"the holidays of {feed!r} could not be read"):
                days = self._model.get(feed_key(feed), self._model.sk.default).days
        except self._model.DoesNotExist:
            return None
        except ValueError as error:
            raise MalformedError(f"what is kept of the feed {feed!r} is no JSON") from error
        if not isinstance(days, list) or not all(type(day) is int and 0 < day <= LAST for day in days):
            raise MalformedError(f"what is kept of the feed {feed!r} is no list of days")
        return frozenset(days)

    def put(self, feed: str, days: frozenset[int]) -> None:
        """One write, of the whole list: nobody ever reads half of a feed."""
        with asked(f"the holidays of {feed!r} could not be kept"):
            self._model(pk=feed_key(feed), days=sorted(days)).save()
