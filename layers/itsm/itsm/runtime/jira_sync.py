"""Jira sync: nudges in, reconciled links out; whatever nudged, and however often."""

from collections.abc import Mapping
from typing import Any

from itsm.core.record import Comment, Record
from itsm.core.signing import sign
from itsm.jira.outcome import AGAIN, PARKED
from itsm.jira.reconcile import reconcile
from itsm.jira.signature import nudge, verify
from itsm.jira.sweep import recent
from itsm.runtime import approving, desk
from itsm.runtime.door import logger
from itsm.runtime.http import Request, Response, json_response
from itsm.runtime.measure import marks, measured
from itsm.runtime.ports import Ports

LONGEST_DELAY = 900
"""Seconds a message of SQS can be delayed; a longer wait is done in several."""


def push(message: Mapping[str, Any], ports: Ports) -> None:
    """One message of the Jira queue: a fact of the bus, or a nudge of ours."""
    if ports.issues is None:
        return
    told = message.get("detail", message)
    record_id, issue, cause = told["record"], told.get("issue", ""), told.get("cause", "")
    # A step's issue belongs to "<record>.<state>"; the page is the ticket's.
    link = sign(ports.link_secret, "ticket", record_id.partition(".")[0])
    outcome = reconcile(
        record_id,
        records=ports.records,
        issues=ports.issues,
        policy=ports.policies.jira,
        move=_Move(ports),
        save=_Save(ports),
        now=ports.now(),
        issue=issue,
        cause=cause,
        more=f"{ports.address('PUBLIC_URL')}/tickets/{link}",
        marks=lambda record: marks(record, ports.policies),
    )
    if outcome.state == AGAIN:
        again = {"record": record_id, "issue": issue, "cause": cause}
        ports.nudges.send([again], [min(outcome.seconds, LONGEST_DELAY)])
    if outcome.state != AGAIN or outcome.reason:
        # The reason may quote Jira, and with it an address: it stays on the link, and out of the log.
        facts = {"record": record_id, "outcome": outcome.state, "writes": outcome.writes}
        (logger().warning if outcome.state == PARKED else logger().info)("link reconciled", extra=facts)


def pull(request: Request, ports: Ports) -> Response:
    """POST /jira/webhook: an authentic word of Jira becomes a nudge; it is believed in nothing else."""
    secrets = ports.secrets.get("jira").get("webhook", "").split()
    told = nudge(verify(request.body, request.headers, secrets, ports.now()))
    record_id = (told.record or ports.records.linked(told.issue) or "") if told else ""
    if told is None or not record_id:
        return json_response(200, {"outcome": "none of our tickets"})
    ports.nudges.send([{"record": record_id, "issue": told.issue, "cause": told.kind}])
    return json_response(202, {"outcome": "nudged"})


def sweep(ports: Ports) -> None:
    """Nudge every ticket whose issue changed lately: what a lost webhook would have said."""
    if ports.issues is None:
        return
    found = recent(ports.issues, ports.policies.jira)
    ports.nudges.send([{"record": one.record, "issue": one.issue, "cause": one.kind} for one in found])


class _Move:
    """A move asked for in Jira, made through the lifecycle like any other person's."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def __call__(self, record: Record, to: str, *, by: str, origin: str, at: int) -> Record:
        """The saved record."""
        return desk.update(self._ports, record.id, lambda current: desk.moved(current, to, by=by, origin=origin, at=at))


class _Save:
    """A change made in Jira, saved with its clocks."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def __call__(self, before: Record, after: Record, comment: Comment | None) -> Record:
        """The saved record."""
        saved = self._ports.records.save(measured(before, after, comment, self._ports.policies), comment)
        return approving.void(saved, self._ports)
