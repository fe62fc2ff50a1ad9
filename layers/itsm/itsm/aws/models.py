"""Models: the three tables as PynamoDB sees them; the one place that spells keys and attribute names."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from itsm.aws.indexes import AssigneeIndex, NumberIndex, RequesterIndex, TimersIndex, WorklistIndex
from itsm.core.ports import SHARDS

META, JIRA, POINTER, BLOCK, DAYS = "META", "JIRA", "P", "B", "D"
ADDRESSES = "X#ADDRESSES"
COMMENT, WAIT = "C#", "W#"
NO_DUE = 9_999_999_999
CONNECT_SECONDS, READ_SECONDS = 3, 5
"""How long a call of a table waits for its connection, and for its answer."""
CONDITION_FAILED = "ConditionalCheckFailedException"


def ticket_key(record_id: str) -> str:
    """Partition key of everything that belongs to one record."""
    return f"T#{record_id}"


def issue_key(issue: str) -> str:
    """Partition key of the pointer from a Jira issue id to its record."""
    return f"X#JIRA#{issue}"


def fault_key(key: str) -> str:
    """Partition key of what became of a fault."""
    return f"X#FAULT#{key}"


def counter_key(prefix: str) -> str:
    """Partition key of the number block counter of a prefix."""
    return f"CTR#{prefix}"


def feed_key(name: str) -> str:
    """Partition key of what a feed of holidays says."""
    return f"FEED#{name}"


def audit_key(version: int) -> str:
    """Sort key of an audit row; eight digits keep versions in order."""
    return f"{version:08d}"


def timer_shard(record_id: str) -> str:
    """The shard of the timers index a record's deadlines stand in: its id is a hash already."""
    return f"D#{sum(record_id.encode()) % SHARDS:02d}"


class CompactAttribute(JSONAttribute):
    """JSON without blanks and escapes: a save is billed by the kilobyte of the whole item."""

    def serialize(self, value: Any) -> str | None:
        """The shortest JSON of a value."""
        return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class RecordItem(Model):
    """A record's META item. `asg`, `wl`/`wlk` and `tshard`/`tdue` are there only while they mean something.

    `grp` and `assignee` are there when `wl` and `asg` are not.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=META)
    num = UnicodeAttribute()
    practice = UnicodeAttribute()
    state = UnicodeAttribute()
    ver = NumberAttribute()
    ev = CompactAttribute()
    title = UnicodeAttribute()
    source = UnicodeAttribute()
    req = UnicodeAttribute(null=True)
    reqname = UnicodeAttribute(null=True)
    opened = NumberAttribute()
    updated = NumberAttribute()
    service = UnicodeAttribute(null=True)
    imp = NumberAttribute()
    urg = NumberAttribute()
    prio = NumberAttribute()
    grp = UnicodeAttribute(null=True)
    assignee = UnicodeAttribute(null=True)
    parts = CompactAttribute(null=True)
    clocks = CompactAttribute(null=True)
    details = CompactAttribute(null=True)
    gen = NumberAttribute(null=True)
    digest = UnicodeAttribute(null=True)
    asg = UnicodeAttribute(null=True)
    wl = UnicodeAttribute(null=True)
    wlk = UnicodeAttribute(null=True)
    tshard = UnicodeAttribute(null=True)
    tdue = NumberAttribute(null=True)
    number_index = NumberIndex()
    requester_index = RequesterIndex()
    assignee_index = AssigneeIndex()
    worklist_index = WorklistIndex()
    timers_index = TimersIndex()


class CommentItem(Model):
    """One journal entry of a record."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    at = NumberAttribute()
    by = UnicodeAttribute()
    text = UnicodeAttribute()
    origin = UnicodeAttribute()
    public = NumberAttribute()
    ver = NumberAttribute()
    files = CompactAttribute(null=True)
    page = UnicodeAttribute(null=True)


class WaitItem(Model):
    """A process that waits for a record."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    token = UnicodeAttribute()
    until = CompactAttribute()
    since = NumberAttribute(null=True)


class LinkItem(Model):
    """A record's bond to its Jira issue."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=JIRA)
    rev = NumberAttribute()
    body = CompactAttribute()


class PointerItem(Model):
    """From a key that is unique elsewhere to the record it belongs to."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=POINTER)
    record = UnicodeAttribute()


class FaultItem(Model):
    """What became of a fault of monitoring, or of one episode of it."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=POINTER)
    rev = NumberAttribute()
    body = CompactAttribute()


class AddressItem(Model):
    """A mail address that gets no mail, or got none until it was lifted; all in one place, since they are few."""

    pk = UnicodeAttribute(hash_key=True, default=ADDRESSES)
    sk = UnicodeAttribute(range_key=True)
    since = NumberAttribute()
    reason = UnicodeAttribute()
    message = UnicodeAttribute(null=True)
    lifted = NumberAttribute(default=0)


class CounterItem(Model):
    """The end of the last block of numbers that was handed out."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=BLOCK)
    n = NumberAttribute()


class HolidayItem(Model):
    """The days a feed of holidays closes, as they were last fetched well."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=DAYS)
    days = CompactAttribute()


class AuditItem(Model):
    """One event of a record, for good."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    ev = CompactAttribute()


class UseItem(Model):
    """A short-lived use: a claimed effect, a spent token, a counter."""

    pk = UnicodeAttribute(hash_key=True)
    state = UnicodeAttribute(null=True)
    until = NumberAttribute(null=True)
    n = NumberAttribute(null=True)
    expires = NumberAttribute()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The models of one deployment, bound to its table names."""

    record: type[RecordItem]
    comment: type[CommentItem]
    wait: type[WaitItem]
    link: type[LinkItem]
    pointer: type[PointerItem]
    fault: type[FaultItem]
    address: type[AddressItem]
    counter: type[CounterItem]
    holiday: type[HolidayItem]
    audit: type[AuditItem]
    use: type[UseItem]


def _bound[M: Model](model: type[M], table: str, region: str) -> type[M]:
    waits = {"connect_timeout_seconds": CONNECT_SECONDS, "read_timeout_seconds": READ_SECONDS}
    settings = {"table_name": table, "region": region, **waits}
    bound: type[M] = type(model.__name__, (model,), {"Meta": type("Meta", (), settings), "__module__": __name__})
    return bound


@cache
def tables(*, records: str, audit: str, ephemeral: str, region: str) -> Tables:
    """Bind the models to the tables of this deployment."""
    return Tables(
        record=_bound(RecordItem, records, region),
        comment=_bound(CommentItem, records, region),
        wait=_bound(WaitItem, records, region),
        link=_bound(LinkItem, records, region),
        pointer=_bound(PointerItem, records, region),
        fault=_bound(FaultItem, records, region),
        address=_bound(AddressItem, records, region),
        counter=_bound(CounterItem, records, region),
        holiday=_bound(HolidayItem, records, region),
        audit=_bound(AuditItem, audit, region),
        use=_bound(UseItem, ephemeral, region),
    )
