"""Sweep: the issues that changed lately and belong to us, for when a webhook was lost."""

from itsm.jira.issues import Issues
from itsm.jira.policy import JiraPolicy
from itsm.jira.signature import Nudge, record_of

WINDOW = 12
"""Minutes to look back; more than twice the five between two sweeps, for JQL counts whole minutes and search lags."""


def recent(issues: Issues, policy: JiraPolicy, minutes: int = WINDOW) -> tuple[Nudge, ...]:
    """A nudge for each issue with a label of ours in the projects of the policy that changed lately, steps included.

    Raises what `Issues.changed` raises.
    """
    projects = sorted({rules.project for rules in policy.practices.values()})
    found = [(issue, record_of(issue.labels)) for issue in issues.changed(projects, minutes)]
    return tuple(Nudge(issue=issue.id, kind="sweep", record=record) for issue, record in found if record)
