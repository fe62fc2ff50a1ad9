"""A Jira in memory that keeps the promises of `Issues` and misbehaves on request; people in it act through human_*."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from itsm.core.errors import (
    AmbiguousError,
    InvalidInputError,
    ItsmError,
    NotFoundError,
    OutsideError,
    StaleVersionError,
    ThrottledError,
    TooLargeError,
)
from itsm.core.events import Json
from itsm.jira import adf, wire
from itsm.jira.issues import Document, Draft, Edit, Found, Issue, Person, Said, Status, Told, Transition

STATUSES = {
    name: Status(id=str(10000 + at), name=name, category=category)
    for at, (name, category) in enumerate(
        {
            "To Do": "new",
            "In Progress": "indeterminate",
            "Waiting for customer": "indeterminate",
            "Resolved": "done",
            "Done": "done",
            "Closed": "done",
            "Cancelled": "done",
        }.items()
    )
}
OPEN = ("To Do", "In Progress", "Waiting for customer")
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "11": (("To Do",), "In Progress"),
    "21": (("To Do", "In Progress"), "Waiting for customer"),
    "31": (("Waiting for customer",), "In Progress"),
    "41": (("In Progress", "Waiting for customer"), "Resolved"),
    "51": (("In Progress",), "Done"),
    "61": (("Resolved", "Done"), "Closed"),
    "71": (OPEN, "Cancelled"),
    "81": (("Resolved", "Done", "Closed", "Cancelled"), "In Progress"),
}
US = Person(account="712020:itsm", name="ITSM integration", email="itsm@example.com")
ADA = Person(account="712020:ada", name="Ada Agent", email="ada@example.com")
BEN = Person(account="712020:ben", name="Ben Agent", email="ben@example.com")

type Spoil = Callable[[str], ItsmError]


@dataclass(slots=True)
class Fault:
    """One scripted misbehaviour: of which method, what the caller gets, whether it is done all the same, how often."""

    method: str
    error: Spoil
    done: bool = False
    times: int = 1


def reset(method: str) -> ItsmError:
    """The connection breaks before an answer."""
    return (AmbiguousError if method in WRITES_ONCE else OutsideError)(f"{method}: the connection broke")


def unreachable(method: str) -> ItsmError:
    """No connection at all: certainly not done."""
    return OutsideError(f"{method}: Jira could not be reached")


def throttled(seconds: int) -> Spoil:
    """429 with a Retry-After."""
    return lambda method: ThrottledError(f"{method}: too many requests", seconds)


WRITES_ONCE = ("create", "comment", "transition")


@dataclass(slots=True)
class FakeJira:
    """Issues by id. `lag` is how many seconds search is behind; `writes` counts what was really carried out."""

    now: Callable[[], int]
    lag: int = 0
    issues: dict[str, Issue] = field(default_factory=dict)
    said: dict[str, list[Said]] = field(default_factory=dict)
    born: dict[str, int] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    webhooks: list[dict[str, Json]] = field(default_factory=list)
    writes: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    refuses: set[str] = field(default_factory=set)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    moves: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=lambda: dict(MOVES))
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    properties: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    custom: dict[tuple[str, str], Document] = field(default_factory=dict)
    numbers: int = 10000
    full: bool = False

    def _next(self) -> int:
        self.numbers += 1
        return self.numbers

    def _begin(self, method: str) -> Fault | None:
        """Count the call, let happen what happens meanwhile, and raise a fault that keeps the work from being done."""
        self.calls[method] += 1
        if act := self.meanwhile.pop(method, None):
            act()
        fault = next((fault for fault in self.faults if fault.method == method and fault.times), None)
        if fault is not None:
            fault.times -= 1
            if not fault.done:
                raise fault.error(method)
        return fault

    def _end(self, method: str, fault: Fault | None) -> None:
        self.writes[method] += 1
        if fault is not None:
            raise fault.error(method)

    def _seen(self, issue: str) -> Issue:
        if issue not in self.issues or issue in self.hidden:
            raise NotFoundError("Jira has no such thing, or our account may not see it")
        return self.issues[issue]

    def _tell(self, event: str, issue: Issue) -> None:
        self.webhooks.append(
            {
                "timestamp": self.now() * 1000,
                "webhookEvent": event,
                "issue": {"id": issue.id, "key": issue.key, "fields": {"labels": list(issue.labels)}},
            }
        )

    def _changed(self, issue: Issue, by: Person, changes: Mapping[str, tuple[str, str]]) -> None:
        """Keep a changed issue, with a line of its changelog per field that really differs."""
        entry = self._next()
        edits = tuple(
            Edit(id=entry, field=name, at=self.now(), by=by, was=was, became=became)
            for name, (was, became) in changes.items()
            if was != became
        )
        if edits:
            self.issues[issue.id] = replace(issue, edits=(*issue.edits, *edits))
            self._tell("jira:issue_updated", issue)

    # What the product calls.

    def create(self, draft: Draft) -> str:
        """POST issue."""
        fault = self._begin("create")
        for name in draft.optional:
            if name in self.refuses:
                raise InvalidInputError(name, "Jira refused it (400)")
        if "title" in self.refuses:
            raise InvalidInputError("title", "Jira refused it (400)")
        number = self._next()
        assignee = draft.optional.get("assignee", "")
        issue = Issue(
            id=str(number),
            key=f"{draft.project}-{number - 10000}",
            summary=draft.summary,
            status=STATUSES["To Do"],
            priority=draft.optional.get("priority", "Medium"),
            assignee=person(assignee) if assignee else None,
            labels=draft.labels,
            due=draft.optional.get("due", ""),
            record=draft.record,
            creator=US.account,
            description=draft.description,
        )
        if draft.clocks is not None:
            issue = self._told(issue, draft.clocks)
        self.issues[issue.id], self.said[issue.id], self.born[issue.id] = issue, [], self.now()
        self.parents[issue.id] = draft.parent
        self._tell("jira:issue_created", issue)
        self._end("create", fault)
        return issue.id

    def get(self, issue: str) -> Issue:
        """GET issue."""
        self._begin("get")
        return self._seen(issue)

    def labelled(self, label: str) -> tuple[Found, ...]:
        """Search, with its lag."""
        self._begin("labelled")
        return tuple(
            Found(id=issue.id, labels=issue.labels)
            for issue in self.issues.values()
            if label in issue.labels and issue.id not in self.hidden and self.born[issue.id] + self.lag <= self.now()
        )

    def changed(self, projects: Sequence[str], minutes: int) -> tuple[Found, ...]:
        """Search by update time."""
        self._begin("changed")
        since = self.now() - 60 * minutes
        return tuple(
            Found(id=issue.id, labels=issue.labels)
            for issue in self.issues.values()
            if self.born[issue.id] >= since or any(edit.at >= since for edit in issue.edits)
        )

    def edit(
        self,
        issue: str,
        fields: Mapping[str, str],
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        clocks: Told | None = None,
    ) -> None:
        """PUT issue."""
        fault = self._begin("edit")
        for name in (*fields, *(["labels"] if add or remove else []), *([clocks.place] if clocks else [])):
            if name in self.refuses:
                raise InvalidInputError(name, "Jira refused it (400)")
        self._edit(self._seen(issue), US, fields, add, remove, clocks)
        self._end("edit", fault)

    def _told(self, issue: Issue, clocks: Told) -> Issue:
        self.properties[issue.id] = clocks.facts
        if clocks.place == "description":
            return replace(issue, description=clocks.document)
        if clocks.place and clocks.document:
            self.custom[issue.id, clocks.place] = clocks.document
        return issue

    def _edit(
        self,
        issue: Issue,
        by: Person,
        fields: Mapping[str, str],
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        clocks: Told | None = None,
    ) -> None:
        after = self._told(issue, clocks) if clocks else issue
        changes = {"description": (adf.to_text(issue.description), adf.to_text(after.description))}
        names = {ours: jira for jira, ours in wire.NAMES.items()}
        for name, value in fields.items():
            was = {"title": issue.summary, "priority": issue.priority, "due": issue.due}.get(name, "")
            if name == "assignee":
                was = issue.assignee.account if issue.assignee else ""
                after = replace(after, assignee=person(value) if value else None)
            elif name == "title":
                after = replace(after, summary=value)
            else:
                after = replace(after, priority=value) if name == "priority" else replace(after, due=value)
            changes[names[name]] = (was, value)
        labels = tuple(sorted((set(issue.labels) | set(add)) - set(remove)))
        changes["labels"] = (" ".join(sorted(issue.labels)), " ".join(labels))
        self._changed(replace(after, labels=labels), by, changes)

    def transitions(self, issue: str) -> tuple[Transition, ...]:
        """GET transitions."""
        self._begin("transitions")
        now = self._seen(issue).status.name
        return tuple(
            Transition(id=way, name=to, to=STATUSES[to], asks=self.needs.get(to, ()), offers=self.needs.get(to, ()))
            for way, (sources, to) in self.moves.items()
            if now in sources
        )

    def transition(self, issue: str, transition: str, fields: Mapping[str, Json]) -> None:
        """POST transitions."""
        fault = self._begin("transition")
        found, (sources, to) = self._seen(issue), self.moves[transition]
        if found.status.name not in sources:
            raise InvalidInputError("request", "Jira refused it (400)")
        if missing := set(self.needs.get(to, ())) - set(fields):
            raise InvalidInputError(min(missing), "Jira refused it (400)")
        self._move(found, US, to)
        self._end("transition", fault)

    def _move(self, issue: Issue, by: Person, to: str) -> None:
        status = STATUSES[to]
        self._changed(replace(issue, status=status), by, {"status": (issue.status.id, status.id)})

    def comments(self, issue: str) -> tuple[Said, ...]:
        """GET comments."""
        self._begin("comments")
        self._seen(issue)
        return tuple(self.said[issue])

    def comment(self, issue: str, body: Document, ours: str, public: bool) -> str:
        """POST comment."""
        fault = self._begin("comment")
        self._seen(issue)
        if self.full:
            raise TooLargeError("Jira takes no more on this issue")
        said = Said(
            id=str(self._next()),
            text=adf.to_text(body),
            at=self.now(),
            by=US,
            ours=ours,
            internal=not public,
            jsd_public=public,
        )
        self._say(issue, said)
        self._end("comment", fault)
        return said.id

    def _say(self, issue: str, said: Said) -> None:
        self.said[issue].append(said)
        self._tell("comment_created", self.issues[issue])

    def account(self, email: str) -> str | None:
        """GET user/search."""
        self._begin("account")
        return next((one.account for one in (ADA, BEN) if one.email == email), None)

    # What people do.

    def only(self) -> Issue:
        """The one issue there is."""
        (issue,) = self.issues.values()
        return issue

    def human_edits(self, by: Person = ADA, issue: str = "", **fields: str) -> None:
        """A person changes fields."""
        self._edit(self.issues[issue] if issue else self.only(), by, fields)

    def human_writes(self, document: Document, by: Person = ADA) -> None:
        """A person rewrites the description, in the editor they had open."""
        issue = self.only()
        changes = {"description": (adf.to_text(issue.description), adf.to_text(document))}
        self._changed(replace(issue, description=document), by, changes)

    def human_labels(self, add: Sequence[str] = (), remove: Sequence[str] = (), by: Person = ADA) -> None:
        """A person adds and removes labels."""
        self._edit(self.only(), by, {}, add, remove)

    def human_moves(self, to: str, by: Person = ADA) -> bool:
        """A person moves the issue, if the workflow lets them."""
        issue = self.only()
        if not any(issue.status.name in sources and target == to for sources, target in self.moves.values()):
            return False
        self._move(issue, by, to)
        return True

    def human_says(self, text: str, by: Person = ADA, *, public: bool | None = None) -> str:
        """A person comments; `public` None: the site shows no word on who sees it."""
        said = Said(id=str(self._next()), text=text, at=self.now(), by=by, jsd_public=public)
        self._say(self.only().id, said)
        return said.id

    def human_rewrites(self, said: str, text: str, by: Person = ADA) -> None:
        """A person changes a comment, be it another's."""
        entries = self.said[self.only().id]
        at = next(n for n, entry in enumerate(entries) if entry.id == said)
        entries[at] = replace(entries[at], text=text, edited_at=self.now(), edited_by=by)
        self._tell("comment_updated", self.only())

    def human_takes_back(self, said: str) -> None:
        """A person deletes a comment."""
        issue = self.only().id
        self.said[issue] = [entry for entry in self.said[issue] if entry.id != said]
        self._tell("comment_deleted", self.only())

    def human_deletes(self) -> None:
        """A person deletes the issue."""
        issue = self.only()
        del self.issues[issue.id]
        self._tell("jira:issue_deleted", issue)


def person(account: str) -> Person:
    """The person of an account."""
    return next(one for one in (US, ADA, BEN) if one.account == account)


def busy(method: str) -> ItsmError:
    """409: two transitions at once."""
    return StaleVersionError(f"{method}: someone else is changing this issue")
