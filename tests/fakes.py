"""Fakes: every port in memory, with the same promises as the real one, and a clock to move."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from itsm.core.errors import NotFoundError, OutsideError, StaleVersionError
from itsm.core.events import Event, Json
from itsm.core.journal import said
from itsm.core.ports import Change, Created, Fault, Link, Message, Page, Row, Suppression, Timer, Wait
from itsm.core.practice import load
from itsm.core.record import Comment, Record
from itsm.jira.issues import Issues
from itsm.runtime.policies import Policies

BLOCK = 50


def shard_of(record_id: str) -> int:
    """The shard the real store puts a record's deadlines in."""
    return sum(record_id.encode()) % 16


@dataclass(slots=True)
class FakeRecords:
    """The record store in memory; `written` is its stream, in order."""

    stored: dict[str, Record] = field(default_factory=dict)
    journal: dict[str, list[Comment]] = field(default_factory=dict)
    trail: dict[str, list[Event]] = field(default_factory=dict)
    waiting: dict[tuple[str, str], Wait] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    addresses: dict[str, Suppression] = field(default_factory=dict)
    written: list[Record] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def create(self, record: Record) -> Created:
        """Create once."""
        if record.id in self.stored:
            return Created(record=self.stored[record.id], new=False)
        prefix = load(record.practice).prefix
        self.numbers[prefix] = self.numbers.get(prefix, 0) + 1
        numbered = replace(record, number=f"{prefix}{self.numbers[prefix]:07d}")
        self._write(numbered)
        return Created(record=numbered, new=True)

    def _write(self, record: Record) -> None:
        self.stored[record.id] = record
        self.written.append(record)

    def get(self, record_id: str) -> Record:
        """Newest version."""
        try:
            return self.stored[record_id]
        except KeyError as error:
            raise NotFoundError(f"no record has the id {record_id!r}") from error

    def find(self, number: str) -> Record:
        """By number."""
        for record in self.stored.values():
            if record.number == number.upper():
                return record
        raise NotFoundError(f"no record has the number {number!r}")

    def save(self, record: Record, comment: Comment | None = None) -> Record:
        """Conditional on the version; a comment that is there already makes it a no-op."""
        stored = self.get(record.id)
        entries = self.journal.setdefault(record.id, [])
        if comment is not None and any(entry.id == comment.id for entry in entries):
            return stored
        if stored.event.hash == record.event.hash:
            return stored
        if stored.version != record.version - 1:
            raise StaleVersionError(f"{record.number} is at version {stored.version}; read it again")
        if record.before is not None and record.before.version > 1 and (over := said(record.id, record.before)):
            self.put_said(over)
        if comment is not None:
            entries.append(replace(comment, version=record.version))
        self._write(record)
        return record

    def save_together(self, changes: Sequence[Change], unchanged: Sequence[Record] = ()) -> None:
        """All or none."""
        before = [(record.version - 1, record.id) for record, _ in changes] + [
            (one.version, one.id) for one in unchanged
        ]
        if any(self.get(record_id).version != version for version, record_id in before):
            raise StaleVersionError("one of the records was changed meanwhile; read them again")
        for record, comment in changes:
            self.save(record, comment)

    def comments(self, record_id: str) -> tuple[Comment, ...]:
        """Oldest first."""
        found = list(self.journal.get(record_id, []))
        newest = said(record_id, self.get(record_id).event)
        if newest is not None and all(entry.id != newest.id for entry in found):
            found.append(newest)
        return tuple(sorted(found, key=lambda entry: (entry.id != "opening", entry.at, entry.version)))

    def put_said(self, comment: Comment) -> None:
        """Once."""
        entries = self.journal.setdefault(comment.record, [])
        if not any(entry.id == comment.id for entry in entries):
            entries.append(comment)

    def history(self, record_id: str, after: int = 0, most: int | None = None) -> tuple[Event, ...]:
        """Audit rows."""
        return tuple(one for one in self.trail.get(record_id, []) if one.version > after)[:most]

    def worklist(self, name: str, after: str = "", limit: int = 25, by: str = "group") -> Page:
        """A group's by due, then priority; a person's by when they were opened."""
        mine = [one for one in self.stored.values() if getattr(one, by) == name]
        keyed = {(_place if by == "group" else _begun)(one): one for one in mine if by == "requester" or _on_list(one)}
        keys = sorted(keyed, reverse=by == "requester")
        later = keys[keys.index(after) + 1 :] if after in keyed else [key for key in keys if key > after]
        page = later[:limit]
        return Page(rows=tuple(_row(keyed[key]) for key in page), next=page[-1] if len(later) > limit else "")

    def due(self, shard: int, before: int) -> Iterable[Timer]:
        """Timers of a shard."""
        found = [
            Timer(record=record.id, due=record.next_timer)
            for record in self.stored.values()
            if record.next_timer is not None and record.next_timer < before and shard_of(record.id) == shard
        ]
        return sorted(found, key=lambda timer: timer.due)

    def wait(self, wait: Wait) -> None:
        """Remember."""
        self.waiting[wait.record, wait.name] = wait

    def waits(self, record_id: str) -> tuple[Wait, ...]:
        """All of a record."""
        return tuple(wait for (record, _), wait in self.waiting.items() if record == record_id)

    def woken(self, wait: Wait) -> None:
        """Forget, if not replaced."""
        if self.waiting.get((wait.record, wait.name)) == wait:
            del self.waiting[wait.record, wait.name]

    def suppress(self, suppression: Suppression) -> None:
        """Only by news."""
        known = self.addresses.get(suppression.address)
        if known is None or max(known.since, known.lifted) < suppression.since:
            self.addresses[suppression.address] = suppression

    def suppressed(self, addresses: Iterable[str]) -> Mapping[str, Suppression]:
        """Those that are not lifted."""
        found = {one: self.addresses[one] for one in addresses if one in self.addresses}
        return {address: one for address, one in found.items() if not one.lifted}

    def lift(self, address: str, at: int) -> bool:
        """Once."""
        found = self.suppressed([address]).get(address)
        if found is not None:
            self.addresses[address] = replace(found, lifted=at)
        return found is not None

    def all_suppressed(self) -> Iterable[Suppression]:
        """In order."""
        return [one for _, one in sorted(self.addresses.items()) if not one.lifted]

    def fault(self, key: str) -> Fault | None:
        """What became of it."""
        return self.faults.get(key)

    def save_fault(self, fault: Fault) -> bool:
        """Conditional on rev."""
        stored = self.faults.get(fault.key)
        if (stored.rev if stored else 0) != fault.rev:
            return False
        self.faults[fault.key] = replace(fault, rev=fault.rev + 1)
        return True

    def link(self, record_id: str) -> Link | None:
        """The Jira link."""
        return self.links.get(record_id)

    def save_link(self, link: Link) -> Link:
        """Conditional on rev."""
        stored = self.links.get(link.record)
        if (stored.rev if stored else 0) != link.rev:
            raise StaleVersionError("another worker saved this link first")
        self.links[link.record] = replace(link, rev=link.rev + 1)
        return self.links[link.record]

    def linked(self, issue: str) -> str | None:
        """Record of an issue."""
        return next((link.record for link in self.links.values() if link.issue == issue), None)


def _due(record: Record) -> int | None:
    return min((clock.due for clock in record.clocks if clock.due is not None and clock.kind != "hold"), default=None)


def _place(record: Record) -> str:
    return f"{_due(record) or 9_999_999_999:010d}#{record.priority}#{record.id}"


def _begun(record: Record) -> str:
    return f"{record.opened_at}#{record.id}"


def _on_list(record: Record) -> bool:
    lifecycle = load(record.practice).lifecycle
    return record.state not in lifecycle.final | lifecycle.met


def _row(record: Record) -> Row:
    return Row(
        id=record.id,
        number=record.number,
        practice=record.practice,
        title=record.title,
        state=record.state,
        priority=record.priority,
        due=_due(record),
        assignee=record.assignee,
    )


@dataclass(slots=True)
class FakeAudit:
    """The audit trail, beside the records it belongs to."""

    records: FakeRecords

    def append(self, record_id: str, event: Event) -> None:
        """Once per version."""
        rows = self.records.trail.setdefault(record_id, [])
        for row in rows:
            if row.version == event.version:
                if row.hash != event.hash:
                    raise StaleVersionError("another event holds this version")
                return
        rows.append(event)


@dataclass(slots=True)
class FakeBus:
    """Facts that were published."""

    facts: list[Mapping[str, Json]] = field(default_factory=list)

    def publish(self, facts: Sequence[Mapping[str, Json]]) -> None:
        """Keep them."""
        self.facts.extend(facts)


@dataclass(slots=True)
class FakeProcesses:
    """Processes that were started and tokens that were answered."""

    started: dict[str, tuple[str, Mapping[str, Json]]] = field(default_factory=dict)
    answered: dict[str, Mapping[str, Json]] = field(default_factory=dict)

    def start(self, process: str, name: str, arguments: Mapping[str, Json]) -> None:
        """Once per name."""
        self.started.setdefault(name, (process, arguments))

    def succeed(self, token: str, output: Mapping[str, Json]) -> None:
        """Once per token."""
        self.answered.setdefault(token, output)


@dataclass(slots=True)
class FakeQueue:
    """Messages with their delays."""

    sent: list[tuple[Mapping[str, Json], int]] = field(default_factory=list)

    def send(self, bodies: Sequence[Mapping[str, Json]], delays: Sequence[int] = ()) -> None:
        """Keep them."""
        self.sent.extend((body, delays[at] if delays else 0) for at, body in enumerate(bodies))


@dataclass(slots=True)
class FakeBlobs:
    """Objects by key."""

    stored: dict[str, bytes] = field(default_factory=dict)
    scanning: set[str] = field(default_factory=set)
    verdicts: dict[str, str] = field(default_factory=dict)

    def link(self, key: str, name: str, media_type: str = "") -> str:
        """An address."""
        return f"https://blobs.example.org/{key}?name={name}&type={media_type}"

    def verdict(self, key: str) -> str:
        """A scanner that knows the test virus only."""
        if key in self.scanning:
            return "pending"
        return self.verdicts.get(key) or ("infected" if b"EICAR-STANDARD" in self.get(key) else "clean")

    def get(self, key: str) -> bytes:
        """The bytes."""
        try:
            return self.stored[key]
        except KeyError as error:
            raise NotFoundError(f"nothing is stored under {key!r}") from error

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Keep them."""
        self.stored[key] = body


@dataclass(slots=True)
class FakeHolidays:
    """Days by feed."""

    kept: dict[str, frozenset[int]] = field(default_factory=dict)

    def get(self, feed: str) -> frozenset[int] | None:
        """Its days."""
        return self.kept.get(feed)

    def put(self, feed: str, days: frozenset[int]) -> None:
        """Keep them."""
        self.kept[feed] = days


@dataclass(slots=True)
class FakeMail:
    """Mails that were sent, once per effect."""

    sent: dict[str, Message] = field(default_factory=dict)

    def send(self, message: Message) -> None:
        """Once per effect."""
        self.sent.setdefault(message.effect, message)


@dataclass(slots=True)
class FakeSecrets:
    """Secrets by name."""

    values: Mapping[str, Mapping[str, str]]

    def get(self, name: str) -> Mapping[str, str]:
        """The values."""
        if name not in self.values:
            raise NotFoundError(f"no secret is called {name!r}")
        return self.values[name]


@dataclass(slots=True)
class FakeOnce:
    """Uses in memory."""

    now: Callable[[], int]
    uses: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    holders: dict[str, tuple[str, int]] = field(default_factory=dict)

    def first(self, key: str, ttl: int) -> bool:
        """True the first time."""
        if self.uses.get(key, 0) > self.now():
            return False
        self.uses[key] = self.now() + ttl
        return True

    def held(self, key: str, holder: str, ttl: int) -> bool:
        """The first holder, and that one again."""
        by, until = self.holders.get(key, ("", 0))
        if until > self.now() and by != holder:
            return False
        self.holders[key] = (holder, self.now() + ttl)
        return True

    def count(self, key: str, window: int) -> int:
        """Count within the window."""
        name = f"{key}#{self.now() // window}"
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.counts[name]


class FakePorts:
    """All ports of one imaginary deployment. `time` is the clock: set it or add to it."""

    def __init__(self, time: int = 1_764_000_000, policies: Policies | None = None, **environment: str) -> None:
        self.time = time
        self.tokens = 0
        self.environment: Mapping[str, str] = {
            "MAIL_DOMAIN": "desk.example.org",
            "MAIL_FROM": "Service Desk <desk@desk.example.org>",
            "PUBLIC_URL": "https://desk.example.org",
            "JIRA_URL": "https://example.atlassian.net",
            **environment,
        }
        self.records = FakeRecords()
        self.audit = FakeAudit(self.records)
        self.bus = FakeBus()
        self.processes = FakeProcesses()
        self.timers = FakeQueue()
        self.nudges = FakeQueue()
        self.blobs = FakeBlobs()
        self.holidays = FakeHolidays()
        self.mail = FakeMail()
        self.secrets = FakeSecrets(
            {
                "link": {"current": "a link secret of the tests"},
                "sources": {"monitoring": "whsec_dGhlIG1vbml0b3Jpbmcgc2VjcmV0"},
                "jira": {"email": "desk@example.org", "token": "t", "webhook": "the-jira-webhook-secret"},
            }
        )
        self.once = FakeOnce(self.now)
        self.published: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.issues: Issues | None = None
        self.policies = policies or Policies()

    def now(self) -> int:
        """The fake instant."""
        return self.time

    def moment(self) -> float:
        """The fake instant; its seconds are whole."""
        return self.time

    def wait(self, until: int) -> None:
        """The clock goes on by a second at most."""
        self.time += min(1, max(0, until - self.time))

    def token(self) -> str:
        """Tokens in order."""
        self.tokens += 1
        return f"token-{self.tokens:06d}"

    def fetch(self, address: str) -> bytes:
        """What a test put there."""
        self.fetched.append(address)
        return self.published.get(address, b"")

    def feed(self, address: str) -> bytes:
        """What a test put there."""
        try:
            return self.published[address]
        except KeyError as error:
            raise OutsideError(f"{address}: nobody answers") from error

    def address(self, name: str) -> str:
        """An address of the deployment."""
        return self.environment.get(name, "")

    @property
    def link_secret(self) -> bytes:
        """The secret that signs links."""
        return self.secrets.get("link")["current"].encode()

    def stream(self) -> Iterator[Record]:
        """The records written since the last call, as the stream would deliver them."""
        while self.records.written:
            yield self.records.written.pop(0)


def sqs(*bodies: Any) -> dict[str, Any]:
    """An SQS event of these JSON bodies."""
    import json

    return {"Records": [{"messageId": str(at), "body": json.dumps(body)} for at, body in enumerate(bodies)]}
