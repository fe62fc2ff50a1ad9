"""Faults: which ticket a fault of monitoring and each of its episodes led to, guarded by a revision."""

from dataclasses import asdict

from pynamodb.exceptions import PutError

from itsm.aws.models import POINTER, Tables, fault_key
from itsm.aws.trouble import asked
from itsm.core.ports import Fault


class Faults:
    """The fault part of the `Records` port."""

    _tables: Tables

    def fault(self, key: str) -> Fault | None:
        """Strongly consistent read of one small item."""
        model = self._tables.fault
        try:
            with asked("a fault could not be looked up"):
                item = model.get(fault_key(key), POINTER, consistent_read=True)
        except model.DoesNotExist:
            return None
        return Fault(key=key, rev=int(item.rev), **item.body)

    def save_fault(self, fault: Fault) -> bool:
        """One conditional put; the loser of a race looks again and finds what the winner wrote."""
        model = self._tables.fault
        body = {name: value for name, value in asdict(fault).items() if value and name not in ("key", "rev")}
        unchanged = model.rev == fault.rev if fault.rev else model.pk.does_not_exist()
        try:
            with asked("a fault could not be noted"):
                model(pk=fault_key(fault.key), rev=fault.rev + 1, body=body).save(condition=unchanged)
        except PutError:
            return False
        return True
