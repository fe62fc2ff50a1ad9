"""Ports: the outside as the product sees it; adapters in itsm.aws and fakes in the tests fulfil them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from itsm.core.events import Event, Json
from itsm.core.record import Comment, Record

SHARDS = 64
"""Shards of the timers' index. One takes 1,000 writes a second (DynamoDB), and a timer that fires is up to two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What creation came to: the stored record, and whether this call made it."""

    record: Record
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A process that waits: it goes on when the record reaches one of the states in `until`, or one of its events.

    `since` is the version it began to wait at: an older one that is delivered again is no news to it.
    """

    record: str
    name: str
    token: str
    until: tuple[str, ...]
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a worklist."""

    id: str
    number: str
    practice: str
    title: str
    state: str
    priority: int
    due: int | None
    assignee: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a worklist; `next` continues it, "" at the end."""

    rows: tuple[Row, ...]
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A deadline of a record that comes due at `due` (epoch seconds)."""

    record: str
    due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail to send. `id` is its Message-ID without brackets; the same `effect` is sent once."""

    effect: str
    id: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    reply_to: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A record's bond to its Jira issue: `base` is the state both sides last agreed on; `rev` guards every save.

    state: pending | creating | linked | paused | needs_attention | broken. `comments` maps our comment ids to Jira's.
    """

    record: str
    state: str = "pending"
    issue: str = ""
    key: str = ""
    label: str = ""
    base: Mapping[str, Json] | None = None
    comments: Mapping[str, str] | None = None
    rev: int = 0
    attempts: int = 0
    asked_at: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What became of a fault of monitoring, or of one episode of it, under a key of its own; `rev` guards every save.

    `record` is the id of its ticket, the newest one for a fault as a whole. `episode` is the newest one's key, `began`
    its beginning, 0 where nobody said. `opener` is the delivery an episode was opened by, "" while only its end is
    known, `closer` the one that ended it; `over` says it has ended. `at` is when a storm was last heard of.
    """

    key: str
    record: str
    episode: str = ""
    began: int = 0
    opener: str = ""
    closer: str = ""
    over: bool = False
    at: int = 0
    rev: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address nothing is sent to since an instant (epoch seconds), and why; `message` is what told of it.

    `lifted` is when it was taken to be good again, 0 while it is not.
    """

    address: str
    since: int
    reason: str
    message: str = ""
    lifted: int = 0


type Change = tuple[Record, Comment | None]
"""The next version of a record and the comment it comes with."""


class Records(Protocol):
    """The record store. Saves are conditional on the version; one that finds its own content there has succeeded."""

    def create(self, record: Record) -> Created:
        """Write a new record once, giving it its number; returns the one already there when its id is taken."""

    def get(self, record_id: str) -> Record:
        """The newest version. Raises NotFoundError."""

    def find(self, number: str) -> Record:
        """The record of a human number. Raises NotFoundError."""

    def save(self, record: Record, comment: Comment | None = None) -> Record:
        """Write the next version (and its comment, in the same transaction). Raises StaleVersionError.

        A comment whose id is already on the record makes this a no-op that returns the stored record.
        """

    def save_together(self, changes: Sequence[Change], unchanged: Sequence[Record] = ()) -> None:
        """Write the next versions of several records and their comments, all or none.

        Raises StaleVersionError when one of them, or of those that must be as they were read, was changed meanwhile, or
        a comment is there already. One that finds its own content there has succeeded.
        """

    def comments(self, record_id: str) -> tuple[Comment, ...]:
        """All comments, oldest first; the opening text is the first of them."""

    def put_said(self, comment: Comment) -> None:
        """Write the derived journal entry of what an event says; writing it again changes nothing."""

    def history(self, record_id: str, after: int = 0, most: int | None = None) -> tuple[Event, ...]:
        """The audit trail after a version, oldest first, and no more of it than `most`."""

    def worklist(self, name: str, after: str = "", limit: int = 25, by: str = "group") -> Page:
        """A group's open records by due, then priority; an assignee's, oldest first; a requester's, newest first."""

    def due(self, shard: int, before: int) -> Iterable[Timer]:
        """Timers of one shard that come due before an instant, earliest first."""

    def wait(self, wait: Wait) -> None:
        """Remember a waiting process (replaces an older wait of the same name)."""

    def waits(self, record_id: str) -> tuple[Wait, ...]:
        """The processes that wait for this record."""

    def woken(self, wait: Wait) -> None:
        """Forget a wait that was answered, unless it was replaced meanwhile."""

    def suppress(self, suppression: Suppression) -> None:
        """Note that nothing is sent to an address; what is older than its last note or lifting changes nothing."""

    def suppressed(self, addresses: Iterable[str]) -> Mapping[str, Suppression]:
        """Which of these addresses get no mail; one read, however many they are."""

    def lift(self, address: str, at: int) -> bool:
        """Take an address to be good again; False when it was not suppressed."""

    def all_suppressed(self) -> Iterable[Suppression]:
        """Every address that gets no mail, in order; for an operator."""

    def fault(self, key: str) -> Fault | None:
        """What became of a fault or an episode, strongly consistent."""

    def save_fault(self, fault: Fault) -> bool:
        """Save with `rev` as the condition; False when somebody else was first."""

    def link(self, record_id: str) -> Link | None:
        """The record's Jira link, strongly consistent."""

    def save_link(self, link: Link) -> Link:
        """Save with `rev` as the condition; returns it with the next rev. Raises StaleVersionError."""

    def linked(self, issue: str) -> str | None:
        """The record id a Jira issue id belongs to."""


class Audit(Protocol):
    """The append-only trail; written by record_changes alone."""

    def append(self, record_id: str, event: Event) -> None:
        """Add one event row once. Raises StaleVersionError if another event holds that version."""


class Bus(Protocol):
    """The event bus."""

    def publish(self, facts: Sequence[Mapping[str, Json]]) -> None:
        """Publish facts; each has at least `type`. Raises OutsideError unless all were taken."""


class Processes(Protocol):
    """The state machines."""

    def start(self, process: str, name: str, arguments: Mapping[str, Json]) -> None:
        """Start once under a name; a second start with the same name is a no-op."""

    def succeed(self, token: str, output: Mapping[str, Json]) -> None:
        """Answer a waiting task; a token that is used up or timed out is a no-op."""


class Queue(Protocol):
    """A queue of small JSON messages."""

    def send(self, bodies: Sequence[Mapping[str, Json]], delays: Sequence[int] = ()) -> None:
        """Send each body, delayed by whole seconds (0..900). Raises OutsideError unless all were taken."""


class Holidays(Protocol):
    """The days that feeds close, as they were last fetched well."""

    def get(self, feed: str) -> frozenset[int] | None:
        """The days (ordinals), None for a feed that was never fetched. Raises MalformedError and OutsideError."""

    def put(self, feed: str, days: frozenset[int]) -> None:
        """Keep the days of a feed in place of those before. Raises TooLargeError and OutsideError."""


class Blobs(Protocol):
    """Raw mail, long texts and attachments."""

    def get(self, key: str) -> bytes:
        """Raises NotFoundError."""

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Store under a derived key; storing the same again is harmless."""

    def link(self, key: str, name: str, media_type: str = "") -> str:
        """An address that gives the object out as a download of that name (and type), for five minutes."""

    def verdict(self, key: str) -> str:
        """What the malware scanner said of an object, a verdict of core.scan. Raises NotFoundError."""


class Mail(Protocol):
    """Outgoing mail."""

    def send(self, message: Message) -> None:
        """Send once per `effect`. Raises OutsideError."""


class Secrets(Protocol):
    """Secrets by the name the templates give them: link, sources, jira."""

    def get(self, name: str) -> Mapping[str, str]:
        """All live values of a secret by key. Raises NotFoundError when unset."""


class Once(Protocol):
    """Short-lived uses: single-use tokens, webhook ids, rate counters."""

    def first(self, key: str, ttl: int) -> bool:
        """True for the first caller within `ttl` seconds."""

    def held(self, key: str, holder: str, ttl: int) -> bool:
        """True for the first holder of a key within `ttl` seconds and for that one again; others leave no trace."""

    def count(self, key: str, window: int) -> int:
        """Add one to a counter of the window and return it."""
