"""Records: the record store on DynamoDB; every write is conditional, every read costs what it returns."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property

from pynamodb.connection import Connection
from pynamodb.exceptions import DeleteError, PutError, TransactWriteError
from pynamodb.transactions import TransactWrite

from itsm.aws import items
from itsm.aws.addresses import Addresses
from itsm.aws.faults import Faults
from itsm.aws.indexes import TimersIndex
from itsm.aws.links import Links
from itsm.aws.models import (
    COMMENT,
    CONNECT_SECONDS,
    META,
    READ_SECONDS,
    WAIT,
    Tables,
    audit_key,
    ticket_key,
)
from itsm.aws.numbers import Numbers
from itsm.aws.trouble import asked, is_too_large
from itsm.aws.worklists import Worklists
from itsm.core.errors import NotFoundError, OutsideError, StaleVersionError, TooLargeError
from itsm.core.events import Event
from itsm.core.journal import OPENING, said
from itsm.core.ports import Change, Created, Timer, Wait
from itsm.core.practice import load
from itsm.core.record import Comment, Record

REASON_CONDITION, REASON_CONFLICT, REASON_INVALID = "ConditionalCheckFailed", "TransactionConflict", "ValidationError"
LONGEST_NUMBER = 40


class Records(Worklists, Links, Faults, Addresses):
    """The `Records` port. One table; a save that finds its own content there has succeeded (an SDK retried it)."""

    def __init__(self, tables: Tables, region: str, numbers: Numbers) -> None:
        self._tables, self._region, self._numbers = tables, region, numbers
        self._pointed = set()

    @cached_property
    def _connection(self) -> Connection:
        """For transactions, which belong to no model; one, since each has a client and its sockets."""
        return Connection(self._region, read_timeout_seconds=READ_SECONDS, connect_timeout_seconds=CONNECT_SECONDS)

    def create(self, record: Record) -> Created:
        """One conditional PutItem. A taken id gives the stored record back and keeps the number for the next ticket."""
        prefix = load(record.practice).prefix
        numbered = replace(record, number=self._numbers.take(prefix))
        model = self._tables.record
        try:
            with asked("the record store did not take the record"):
                items.to_item(numbered, self._tables).save(condition=model.pk.does_not_exist())
                return Created(record=numbered, new=True)
        except PutError:
            pass
        stored = self.get(record.id)
        if stored.number == numbered.number:
            return Created(record=stored, new=True)
        self._numbers.give_back(prefix, numbered.number)
        return Created(record=stored, new=False)

    def get(self, record_id: str) -> Record:
        """Strongly consistent read of the META item."""
        model = self._tables.record
        try:
            with asked("the record could not be read"):
                return items.to_record(model.get(ticket_key(record_id), META, consistent_read=True))
        except model.DoesNotExist as error:
            raise NotFoundError(f"no record has the id {record_id!r}") from error

    def find(self, number: str) -> Record:
        """Through the number index to the record."""
        if len(number) > LONGEST_NUMBER:
            raise NotFoundError("no record has a number that long")
        with asked("the number could not be looked up"):
            found = next(iter(self._tables.record.number_index.query(number.upper(), limit=1)), None)
        if found is None:
            raise NotFoundError(f"no record has the number {number!r}")
        return self.get(found.pk.removeprefix("T#"))

    def save(self, record: Record, comment: Comment | None = None) -> Record:
        """Write version n over version n-1; a comment whose words its event does not carry in the same transaction."""
        self._keep(record)
        if comment is not None:
            if said(record.id, record.event) != replace(comment, version=record.version):
                return self._save_with_comment(record, comment)
            if self._has(comment):
                return self.get(record.id)
        model = self._tables.record
        try:
            with asked(f"{record.number} could not be saved"):
                items.to_item(record, self._tables).save(condition=model.ver == record.version - 1)
        except PutError:
            return self._own_or_stale(record)
        return record

    def _keep(self, record: Record) -> None:
        """Derive the entry of the version that is about to be written over, should the stream not have done so yet.

        Hence every comment is an entry or in the newest event, and one that is delivered again is known. The opening
        is left to the stream, which reads a long one whole.
        """
        entry = said(record.id, record.before) if record.before is not None else None
        if entry is not None and entry.id != OPENING and not self._has(entry):
            self.put_said(entry)

    def _has(self, comment: Comment) -> bool:
        model = self._tables.comment
        try:
            with asked("the journal could not be read"):
                model.get(ticket_key(comment.record), f"{COMMENT}{comment.id}", consistent_read=True)
        except model.DoesNotExist:
            return False
        return True

    def _save_with_comment(self, record: Record, comment: Comment) -> Record:
        tables = self._tables
        try:
            with TransactWrite(connection=self._connection) as transaction:
                entry = items.to_comment_item(comment, record.version, tables)
                transaction.save(entry, condition=tables.comment.pk.does_not_exist())
                changed = items.to_item(record, tables)
                transaction.save(changed, condition=tables.record.ver == record.version - 1)
        except TransactWriteError as error:
            reasons = [reason.code if reason else "" for reason in error.cancellation_reasons]
            if reasons[:1] == [REASON_CONDITION]:
                return self.get(record.id)
            if REASON_CONDITION in reasons or REASON_CONFLICT in reasons:
                raise StaleVersionError(f"{record.number} was changed meanwhile; read it again") from error
            if REASON_INVALID in reasons or is_too_large(error):
                raise TooLargeError(f"{record.number} holds more than the 400 KB a record may have") from error
            raise OutsideError(f"{record.number} could not be saved; it is tried again") from error
        return record

    def save_together(self, changes: Sequence[Change], unchanged: Sequence[Record] = ()) -> None:
        """One transaction over all of them; every record in it is at the version it was read at."""
        tables = self._tables
        try:
            with TransactWrite(connection=self._connection) as transaction:
                for record, comment in changes:
                    self._keep(record)
                    item = items.to_item(record, tables)
                    transaction.save(item, condition=tables.record.ver == record.version - 1)
                    if comment is not None:
                        entry = items.to_comment_item(comment, record.version, tables)
                        transaction.save(entry, condition=tables.comment.pk.does_not_exist())
                for record in unchanged:
                    same = tables.record.ver == record.version
                    transaction.condition_check(tables.record, ticket_key(record.id), META, condition=same)
        except TransactWriteError as error:
            reasons = {reason.code if reason else "" for reason in error.cancellation_reasons}
            if not reasons & {REASON_CONDITION, REASON_CONFLICT}:
                raise OutsideError("several records could not be saved together; it is tried again") from error
            if not all(self.get(record.id).event.hash == record.event.hash for record, _ in changes):
                raise StaleVersionError("one of the records was changed meanwhile; read them again") from error

    def _own_or_stale(self, record: Record) -> Record:
        stored = self.get(record.id)
        if stored.event.hash == record.event.hash:
            return stored
        raise StaleVersionError(
            f"{record.number} is at version {stored.version}, not {record.version - 1}; read it again"
        )

    def comments(self, record_id: str) -> tuple[Comment, ...]:
        """One query; what the newest event says comes from there until its item is written.

        The record is read first: should it be written over meanwhile, that entry is written before.
        """
        model, newest = self._tables.comment, said(record_id, self.get(record_id).event)
        with asked("the journal could not be read"):
            found = [
                items.to_comment(item)
                for item in model.query(ticket_key(record_id), model.sk.startswith(COMMENT), consistent_read=True)
            ]
        if newest is not None and all(comment.id != newest.id for comment in found):
            found.append(newest)
        return tuple(sorted(found, key=lambda comment: (comment.id != OPENING, comment.at, comment.version)))

    def put_said(self, comment: Comment) -> None:
        """Write the derived item of an event's text once: read again later, the blob of a long one may be gone."""
        item = items.to_comment_item(comment, comment.version, self._tables)
        with suppress(PutError), asked("what an event says could not be stored"):
            item.save(condition=self._tables.comment.pk.does_not_exist())

    def history(self, record_id: str, after: int = 0, most: int | None = None) -> tuple[Event, ...]:
        """The record's audit rows after a version, oldest first; no more are read than are wanted."""
        with asked("the history could not be read"):
            later = self._tables.audit.sk > audit_key(after)
            rows = list(self._tables.audit.query(ticket_key(record_id), later, consistent_read=True, limit=most))
        return tuple(items.to_event(row.ev) for row in rows)

    def due(self, shard: int, before: int) -> Iterable[Timer]:
        """The shard's timers due before an instant, earliest first."""
        index = self._tables.record.timers_index
        with asked("the timers could not be read"):
            for item in index.query(f"D#{shard:02d}", TimersIndex.tdue < before):
                yield Timer(record=item.pk.removeprefix("T#"), due=int(item.tdue))

    def wait(self, wait: Wait) -> None:
        """Store a waiting process under its name."""
        key, until = ticket_key(wait.record), list(wait.until)
        item = self._tables.wait(pk=key, sk=f"{WAIT}{wait.name}", token=wait.token, until=until, since=wait.since)
        with asked("a wait could not be stored"):
            item.save()

    def waits(self, record_id: str) -> tuple[Wait, ...]:
        """The record's waits; strongly consistent, or a process could sleep through its wake-up."""
        model = self._tables.wait
        with asked("the waits could not be read"):
            rows = list(model.query(ticket_key(record_id), model.sk.startswith(WAIT), consistent_read=True))
        return tuple(
            Wait(
                record=record_id,
                name=row.sk.removeprefix(WAIT),
                token=row.token,
                until=tuple(row.until),
                since=int(row.since or 0),
            )
            for row in rows
        )

    def woken(self, wait: Wait) -> None:
        """Delete the wait while it still holds this token."""
        model = self._tables.wait
        row = model(pk=ticket_key(wait.record), sk=f"{WAIT}{wait.name}")
        with suppress(DeleteError), asked("a wait could not be forgotten"):
            row.delete(condition=model.token == wait.token)
