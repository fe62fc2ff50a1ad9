"""Links: which Jira issue belongs to which record, guarded by a revision."""

from dataclasses import asdict, replace

from pynamodb.exceptions import PutError

from itsm.aws.models import JIRA, POINTER, Tables, issue_key, ticket_key
from itsm.aws.trouble import asked
from itsm.core.errors import StaleVersionError
from itsm.core.ports import Link


class Links:
    """The link part of the `Records` port."""

    _tables: Tables
    _pointed: set[str]
    """Issues whose pointer this environment has written: it never changes, so once is enough."""

    def link(self, record_id: str) -> Link | None:
        """Strongly consistent read of the record's link."""
        model = self._tables.link
        try:
            with asked("the link could not be read"):
                item = model.get(ticket_key(record_id), JIRA, consistent_read=True)
        except model.DoesNotExist:
            return None
        return Link(record=record_id, rev=int(item.rev), **item.body)

    def save_link(self, link: Link) -> Link:
        """The pointer from the issue first, then the link if its revision is still the one that was read."""
        model = self._tables.link
        if link.issue and link.issue not in self._pointed:
            with asked("the link's pointer could not be saved"):
                self._tables.pointer(pk=issue_key(link.issue), record=link.record).save()
            self._pointed.add(link.issue)
        body = {name: value for name, value in asdict(link).items() if value and name not in ("record", "rev")}
        unchanged = model.rev == link.rev if link.rev else model.pk.does_not_exist()
        try:
            with asked("the link could not be saved"):
                model(pk=ticket_key(link.record), rev=link.rev + 1, body=body).save(condition=unchanged)
        except PutError as error:
            raise StaleVersionError("another worker saved this link first; read both sides again") from error
        return replace(link, rev=link.rev + 1)

    def linked(self, issue: str) -> str | None:
        """The record of a Jira issue id."""
        model = self._tables.pointer
        try:
            with asked("the issue could not be looked up"):
                record: str = model.get(issue_key(issue), POINTER, consistent_read=True).record
        except model.DoesNotExist:
            return None
        return record
