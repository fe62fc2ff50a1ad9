"""A site as its administrator left it: projects, workflow, priorities and people of the sandbox."""

from __future__ import annotations

from sandbox.jira.model import Catalogue, CustomField, IssueType, LinkType, Move, Named, Project, Status, User

INTEGRATION_EMAIL = "itsm-integration@example.com"
INTEGRATION_TOKEN = "sandbox-jira-token"  # noqa: S105 - opens nothing but the sandbox's own stand-in

TO_DO, IN_PROGRESS, WAITING, RESOLVED, DONE, CLOSED, CANCELLED = (str(n) for n in range(10000, 10007))

STATUSES = (
    Status(id=TO_DO, name="To Do", category="new"),
    Status(id=IN_PROGRESS, name="In Progress", category="indeterminate", description="Someone works on it."),
    Status(id=WAITING, name="Waiting for customer", category="indeterminate", description="We wait for an answer."),
    Status(id=RESOLVED, name="Resolved", category="done", description="A solution was given."),
    Status(id=DONE, name="Done", category="done"),
    Status(id=CLOSED, name="Closed", category="done", description="Nothing more is to be done."),
    Status(id=CANCELLED, name="Cancelled", category="done"),
)

MOVES = (
    Move(id="11", name="Start work", sources=(TO_DO,), target=IN_PROGRESS),
    Move(id="21", name="Wait for customer", sources=(TO_DO, IN_PROGRESS), target=WAITING),
    Move(id="31", name="Resume", sources=(WAITING,), target=IN_PROGRESS),
    Move(
        id="41",
        name="Resolve",
        sources=(IN_PROGRESS, WAITING),
        target=RESOLVED,
        screen=("resolution",),
        required=("resolution",),
    ),
    Move(
        id="51",
        name="Done",
        sources=(IN_PROGRESS,),
        target=DONE,
        screen=("resolution",),
        sets={"resolution": "10000"},
    ),
    Move(id="61", name="Close", sources=(RESOLVED, DONE), target=CLOSED),
    Move(
        id="71",
        name="Cancel",
        sources=(TO_DO, IN_PROGRESS, WAITING),
        target=CANCELLED,
        screen=("resolution",),
        sets={"resolution": "10001"},
    ),
    Move(
        id="81",
        name="Reopen",
        sources=(RESOLVED, DONE, CLOSED, CANCELLED),
        target=IN_PROGRESS,
        sets={"resolution": None},
    ),
)

USERS = (
    User(
        id="712020:0b1c1a52-itsm-integration",
        name="ITSM integration",
        email=INTEGRATION_EMAIL,
        human=False,
        token=INTEGRATION_TOKEN,
    ),
    User(id="712020:5a7d03c1-ada-agent", name="Ada Agent", email="ada@example.com", token="ada-token"),  # noqa: S106 - sandbox only
    User(id="712020:91e4f8b7-ben-agent", name="Ben Agent", email="ben@example.com", token="ben-token"),  # noqa: S106 - sandbox only
)

CUSTOM_FIELDS = (
    CustomField(id="customfield_10050", name="Affected service", kind="string"),
    CustomField(
        id="customfield_10051",
        name="Impact",
        kind="option",
        options=tuple(
            Named(id=str(10100 + n), name=name) for n, name in enumerate(("Extensive", "Significant", "Minor"))
        ),
    ),
)


def catalogue(project_keys: tuple[str, ...] = ("OPS",)) -> Catalogue:
    """The sandbox's site, with these projects."""
    return Catalogue(
        projects=tuple(
            Project(id=str(10000 + n), key=key, name="Operations" if key == "OPS" else key)
            for n, key in enumerate(project_keys)
        ),
        types=(
            IssueType(id="10001", name="Incident", description="Something is broken."),
            IssueType(id="10002", name="Service Request", description="Someone asks for something."),
            IssueType(id="10003", name="Change", description="Something is to be changed."),
            IssueType(id="10004", name="Task", description="A piece of work."),
            IssueType(id="10005", name="Sub-task", description="A piece of a larger issue.", subtask=True),
            IssueType(id="10006", name="Problem", description="The cause of incidents is looked for."),
        ),
        statuses=STATUSES,
        moves=MOVES,
        priorities=tuple(
            Named(id=str(n), name=name)
            for n, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), start=1)
        ),
        resolutions=tuple(
            Named(id=str(10000 + n), name=name)
            for n, name in enumerate(("Done", "Won't Do", "Duplicate", "Cannot Reproduce"))
        ),
        link_types=(
            LinkType(id="10000", name="Blocks", inward="is blocked by", outward="blocks"),
            LinkType(id="10001", name="Duplicate", inward="is duplicated by", outward="duplicates"),
            LinkType(id="10002", name="Problem/Incident", inward="is caused by", outward="causes"),
            LinkType(id="10003", name="Relates", inward="relates to", outward="relates to"),
        ),
        users=USERS,
        custom_fields=CUSTOM_FIELDS,
    )
