"""Audit: the append-only trail of events, each chained to the one before it."""

from pynamodb.exceptions import PutError

from itsm.aws.items import from_event, to_event
from itsm.aws.models import Tables, audit_key, ticket_key
from itsm.aws.trouble import asked
from itsm.core.errors import StaleVersionError
from itsm.core.events import Event


class Audit:
    """The `Audit` port."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def append(self, record_id: str, event: Event) -> None:
        """One conditional PutItem; the same event again is a success, another one under its version is not."""
        model = self._tables.audit
        key, version = ticket_key(record_id), audit_key(event.version)
        try:
            with asked("the audit trail did not take the event"):
                model(pk=key, sk=version, ev=from_event(event)).save(condition=model.pk.does_not_exist())
        except PutError as error:
            with asked("the audit trail could not be read"):
                stored = to_event(model.get(key, version, consistent_read=True).ev)
            if stored.hash != event.hash:
                message = f"the audit trail of {record_id} holds another event as version {event.version}"
                raise StaleVersionError(message) from error
