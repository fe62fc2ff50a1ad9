"""Issues: Jira as the rest of this folder sees it; client.py is the real one, the tests have one that misbehaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from itsm.core.events import Json

type Document = Mapping[str, Json]
"""A text in the Atlassian Document Format."""

PROOF = "itsm.sync"
"""The property that proves an issue or a comment is ours; set in the request that makes it."""
CLOCKS = "itsm.clocks"
"""The property that tells machines of a ticket's clocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A workflow status. Ids are unique, names are not; `category` is new, indeterminate or done."""

    id: str
    name: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A Jira account; `email` is "" when the person hides it."""

    account: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One line of an issue's changelog: which field, when (epoch seconds), by whom; `was` and `became`."""

    id: int
    field: str
    at: int
    by: Person
    was: str = ""
    became: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as one GET showed it. `record` is what its proof says, "" without; `edits` are oldest first.

    `creator` is the account that made it.
    """

    id: str
    key: str
    summary: str
    status: Status
    priority: str = ""
    assignee: Person | None = None
    labels: tuple[str, ...] = ()
    due: str = ""
    record: str = ""
    creator: str = ""
    description: Document | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search tells of an issue; it may be minutes old."""

    id: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A move Jira offers now. `asks` are the screen's required fields without a default, `offers` all it has."""

    id: str
    name: str
    to: Status
    asks: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A comment in Jira. `ours` is the id its proof holds, "" when a person made it.

    `internal` is the property sd.public.comment, None when unset; `jsd_public` is what Jira answers, None when absent.
    """

    id: str
    text: str
    at: int
    by: Person
    edited_at: int = 0
    edited_by: Person | None = None
    ours: str = ""
    internal: bool | None = None
    jsd_public: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an issue is to say of a ticket's clocks: a `document` for the field `place`, `facts` for the property.

    A `place` of "" leaves the text out. `standing` and `seen` are what both sides then agree on: the state of the
    clocks, and what people see of it, in short.
    """

    place: str
    document: Document | None
    facts: Mapping[str, Json]
    standing: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An issue to create; `record` becomes its proof, in the same request.

    `optional` and what it says of the `clocks` are left out if refused; `marks` are those of its labels that are ours.
    """

    project: str
    issue_type: str
    summary: str
    description: Document
    labels: tuple[str, ...]
    record: str
    parent: str = ""
    optional: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    clocks: Told | None = None


class Issues(Protocol):
    """Jira. Every method raises OutsideError, ThrottledError, UnauthenticatedError, ForbiddenError or NotFoundError.

    Those that write also raise AmbiguousError when they may have been carried out all the same, InvalidInputError with
    our name of a refused field, StaleVersionError when someone else changes the issue right now, and TooLargeError.
    `optional` and `edit` know the fields title, priority, assignee (an account id, "" for nobody), due (an ISO date).
    """

    def create(self, draft: Draft) -> str:
        """Create an issue once and return its id; never repeated by itself."""

    def get(self, issue: str) -> Issue:
        """The issue as it is now, with its changelog. 404 means gone or not ours to see; Jira does not tell which."""

    def labelled(self, label: str) -> tuple[Found, ...]:
        """Issues with a label, by search, which lags."""

    def changed(self, projects: Sequence[str], minutes: int) -> tuple[Found, ...]:
        """Issues of these projects that changed lately, by search."""

    def edit(
        self,
        issue: str,
        fields: Mapping[str, str],
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        clocks: Told | None = None,
    ) -> None:
        """Set only these fields; `add` and `remove` are labels, `clocks` what it says of them."""

    def transitions(self, issue: str) -> tuple[Transition, ...]:
        """The moves possible now, for us."""

    def transition(self, issue: str, transition: str, fields: Mapping[str, Json]) -> None:
        """Make one move."""

    def comments(self, issue: str) -> tuple[Said, ...]:
        """All comments, oldest first, with their properties; strongly consistent."""

    def comment(self, issue: str, body: Document, ours: str, public: bool) -> str:
        """Add a comment with its proof and visibility in one request; returns its id."""

    def account(self, email: str) -> str | None:
        """The one active account with exactly this address, or None."""
