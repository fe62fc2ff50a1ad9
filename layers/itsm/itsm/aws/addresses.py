"""Addresses: which mail addresses nothing is sent to, one small item each."""

from collections.abc import Iterable, Mapping
from contextlib import suppress as ignored

from pynamodb.exceptions import PutError

from itsm.aws.models import ADDRESSES, AddressItem, Tables
from itsm.aws.trouble import asked
from itsm.core.ports import Suppression


class Addresses:
    """The address part of the `Records` port."""

    _tables: Tables

    def suppress(self, suppression: Suppression) -> None:
        """One conditional put; a bounce that is delivered again after a lifting suppresses nothing anew."""
        model = self._tables.address
        row = model(
            sk=suppression.address,
            since=suppression.since,
            reason=suppression.reason,
            message=suppression.message or None,
        )
        news = (model.since < suppression.since) & (model.lifted < suppression.since)
        with ignored(PutError), asked("an address could not be suppressed"):
            row.save(condition=model.pk.does_not_exist() | news)

    def suppressed(self, addresses: Iterable[str]) -> Mapping[str, Suppression]:
        """One BatchGetItem for each hundred."""
        keys = [(ADDRESSES, address) for address in dict.fromkeys(addresses)]
        with asked("the suppressed addresses could not be read"):
            rows = list(self._tables.address.batch_get(keys, consistent_read=True)) if keys else []
        return {row.sk: _of(row) for row in rows if not row.lifted}

    def lift(self, address: str, at: int) -> bool:
        """One conditional put over the row, which stays: it says until when old bounces are no news."""
        model = self._tables.address
        found = self.suppressed([address]).get(address)
        if found is None:
            return False
        row = model(sk=address, since=found.since, reason=found.reason, message=found.message or None, lifted=at)
        try:
            with asked("an address could not be lifted"):
                row.save(condition=model.since == found.since)
        except PutError:
            return False
        return True

    def all_suppressed(self) -> Iterable[Suppression]:
        """One query."""
        with asked("the suppressed addresses could not be read"):
            rows = list(self._tables.address.query(ADDRESSES, consistent_read=True))
        return [_of(row) for row in rows if not row.lifted]


def _of(row: AddressItem) -> Suppression:
    return Suppression(address=row.sk, since=int(row.since), reason=row.reason, message=row.message or "")
