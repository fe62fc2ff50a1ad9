"""Once: short-lived uses in the ephemeral table; claims with a lease, spent tokens, counters."""

from collections.abc import Callable

from pynamodb.exceptions import PutError

from itsm.aws.models import Tables
from itsm.aws.trouble import asked
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
        free = model.pk.does_not_exist() | (model.expires <= now)
        try:
            with asked("a use could not be noted"):
                model(pk=f"ONCE#{key}", expires=now + ttl).save(condition=free)
        except PutError:
            return False
        return True

    def held(self, key: str, holder: str, ttl: int) -> bool:
        """One conditional put as well: who holds it is written with the key, so no crash comes between the two."""
        model, now = self._tables.use, self._now()
        free = model.pk.does_not_exist() | (model.expires <= now) | (model.state == holder)
        try:
            with asked("a use could not be noted"):
                model(pk=f"HELD#{key}", state=holder, expires=now + ttl).save(condition=free)
        except PutError:
            return False
        return True

    def count(self, key: str, window: int) -> int:
        """Add one to the counter of the current window of `window` seconds."""
        model, now = self._tables.use, self._now()
        row = model(pk=f"COUNT#{key}#{now // window}")
        with asked("a use could not be counted"):
            row.update(actions=[model.n.add(1), model.expires.set(now + 2 * window)])
        return int(row.n or 0)

    def claim(self, effect: str) -> bool:
        """True to carry the effect out now, False when it was. Raises OutsideError while another worker holds it."""
        model, now = self._tables.use, self._now()
        row = model(pk=f"EFFECT#{effect}", state=CLAIMED, until=now + LEASE, expires=now + KEPT)
        free = model.pk.does_not_exist() | ((model.state == CLAIMED) & (model.until <= now))
        try:
            with asked("an effect could not be claimed"):
                row.save(condition=free)
        except PutError as error:
            with asked("a claim could not be read"):
                state = model.get(row.pk, consistent_read=True).state
            if state == DONE:
                return False
            raise OutsideError("another worker is carrying this effect out; it is looked at again") from error
        return True

    def done(self, effect: str) -> None:
        """Remember that the effect was carried out."""
        with asked("an effect could not be noted"):
            self._tables.use(pk=f"EFFECT#{effect}", state=DONE, expires=self._now() + KEPT).save()
