"""What the stand-in keeps: people, the catalogue of a site, and issues with all that hangs on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from sandbox.jira.messages import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. ``token`` lets it use the API; only people (``human``) act on the board."""

    id: str
    name: str
    email: str
    human: bool = True
    active: bool = True
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A catalogue entry that has an id, a name and a word of explanation."""

    id: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueType(Named):
    """Kind of issue; a sub-task needs a parent."""

    subtask: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkType(Named):
    """Kind of link between issues, with how it reads from each end."""

    inward: str
    outward: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Named):
    """A project; ``key`` begins the keys of its issues."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(Named):
    """A workflow status; ``category`` is ``new``, ``indeterminate`` or ``done``."""

    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A transition. ``screen`` lists the fields it may set; ``sets`` is what it sets when the caller does not."""

    id: str
    name: str
    sources: tuple[str, ...]
    target: str
    screen: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    sets: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField(Named):
    """A custom field of kind ``string``, ``text`` (ADF), ``number`` or ``option`` (with its options)."""

    kind: str
    options: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue. ``fields`` holds stored values: ids for priority, resolution and people, ADF for rich text."""

    id: str
    key: str
    project: str
    type: str
    status: str
    created: str
    updated: str
    status_changed: str
    creator: str
    parent: str | None = None
    resolved: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on an issue; ``properties`` maps key to value (``sd.public.comment`` marks an internal note)."""

    id: str
    issue: str
    author: str
    updater: str
    created: str
    updated: str
    body: dict[str, Any]
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def internal(self) -> bool:
        """Whether only agents may read it."""
        mark = self.properties.get("sd.public.comment")
        return isinstance(mark, dict) and mark.get("internal") in (True, "true")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of an issue's changelog; items are in Jira's wire form."""

    id: str
    issue: str
    author: str
    created: str
    items: list[dict[str, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file on an issue; ``content`` is base64."""

    id: str
    issue: str
    author: str
    created: str
    filename: str
    mime: str
    size: int
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLink:
    """A link from an issue to something outside Jira; ``body`` is the request as it was given."""

    id: str
    issue: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueLink:
    """A link between two issues; ``issue`` is the outward end and ``inward`` the inward one, in Jira's words."""

    id: str
    issue: str
    inward: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook to one receiver: what is sent, when next, and what came of each attempt."""

    id: str
    hook: int
    event: str
    about: str
    body: str
    created: str
    due: str
    flow: str = "Primary"
    attempt: int = 0
    state: str = "queued"
    outcomes: list[str] = field(default_factory=list)


def stamp(moment: datetime) -> str:
    """Jira's way of writing an instant: milliseconds and an offset without a colon."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}" + moment.strftime("%z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What a site administrator has set up: everything that is there before the first issue."""

    projects: tuple[Project, ...]
    types: tuple[IssueType, ...]
    statuses: tuple[Status, ...]
    moves: tuple[Move, ...]
    priorities: tuple[Named, ...]
    resolutions: tuple[Named, ...]
    link_types: tuple[LinkType, ...]
    users: tuple[User, ...]
    custom_fields: tuple[CustomField, ...] = ()
    default_priority: str = "3"

    def __post_init__(self) -> None:
        known = {status.id for status in self.statuses}
        for move in self.moves:
            if not {move.target, *move.sources} <= known:
                raise ValueError(f"transition {move.id} ({move.name}) names a status that the catalogue does not have")

    def project(self, id_or_key: str) -> Project:
        """A project by id or key; 404 when there is none."""
        for project in self.projects:
            if id_or_key in (project.id, project.key):
                return project
        raise Refusal(404, f"No project could be found with key '{id_or_key}'.")

    def status(self, status_id: str) -> Status:
        """A status by id."""
        return pick(self.statuses, status_id)

    def type(self, type_id: str) -> IssueType:
        """An issue type by id."""
        return pick(self.types, type_id)

    def user(self, account_id: str) -> User | None:
        """An account by its id."""
        return next((user for user in self.users if user.id == account_id), None)

    def people(self) -> tuple[User, ...]:
        """Who may act on the board."""
        return tuple(user for user in self.users if user.human and user.active)

    def moves_from(self, status_id: str) -> tuple[Move, ...]:
        """The transitions an issue in this status may take."""
        return tuple(move for move in self.moves if status_id in move.sources)

    def with_projects(self, keys: tuple[str, ...]) -> Self:
        """The same site with other projects."""
        projects = tuple(Project(id=str(10000 + n), key=key, name=key.title()) for n, key in enumerate(keys))
        return replace(self, projects=projects)


def pick[T: (IssueType, Status, Named, LinkType, CustomField)](entries: tuple[T, ...], entry_id: str) -> T:
    """The entry with this id; it must be there."""
    return next(entry for entry in entries if entry.id == entry_id)
