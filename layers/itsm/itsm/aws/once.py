"""Once: short-lived uses in the ephemeral table; claims with a lease, spent tokens, counters."""

from collections.abc import Callable

from pynamodb.exceptions import PutError, PynamoDBException

from itsm.aws.models import CONDITION_FAILED, Tables
from itsm.core.errors import OutsideError

LEASE = 60
"""Seconds another worker waits before it takes over a claim that was not carried out."""
KEPT = 30 * 24 * 3600
"""Seconds a carried out effect is remembered: longer than any queue or stream redelivers."""
CLAIMED, DONE = "claimed", "done"


class Once:
    """The `Once` port, and the claims of outgoing mail."""

    def __init__(self, tables: Tables, now: Callable[[], int]) -> None:
        self._tables, self._now = tables, now

    def first(self, key: str, ttl: int) -> bool:
        """One conditional put; DynamoDB removes expired items late, so the condition looks at the time as well."""
        model, now = self._tables.use, self._now()
        try:
            model(pk=f"ONCE#{key}", expires=now + ttl).save(
                condition=model.pk.does_not_exist() | (model.expires <= now)
            )
        except PutError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise OutsideError("a use could not be noted; it is tried again") from error
        return True

    def count(self, key: str, window: int) -> int:
        """Add one to the counter of the current window of `window` seconds."""
        model, now = self._tables.use, self._now()
        row = model(pk=f"COUNT#{key}#{now // window}")
        try:
            row.update(actions=[model.n.add(1), model.expires.set(now + 2 * window)])
        except PynamoDBException as error:
            raise OutsideError("a use could not be counted; it is tried again") from error
        return int(row.n or 0)

    def claim(self, effect: str) -> bool:
        """True to carry the effect out now, False when it was. Raises OutsideError while another worker holds it."""
        model, now = self._tables.use, self._now()
        row = model(pk=f"EFFECT#{effect}", state=CLAIMED, until=now + LEASE, expires=now + KEPT)
        free = model.pk.does_not_exist() | ((model.state == CLAIMED) & (model.until <= now))
        try:
            row.save(condition=free)
        except PutError as error:
            if error.cause_response_code != CONDITION_FAILED:
                raise OutsideError("an effect could not be claimed; it is tried again") from error
            if model.get(row.pk, consistent_read=True).state == DONE:
                return False
            raise OutsideError("another worker is carrying this effect out; it is looked at again") from error
        return True

    def done(self, effect: str) -> None:
        """Remember that the effect was carried out."""
        self._tables.use(pk=f"EFFECT#{effect}", state=DONE, expires=self._now() + KEPT).save()
