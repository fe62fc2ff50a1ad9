"""Alarming: an alarm becomes one ticket, however it flaps; a storm of them a few; none while it is being worked on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from itsm.core.errors import NotFoundError
from itsm.core.practice import load
from itsm.core.record import Record
from itsm.runtime import desk, intake
from itsm.runtime.ports import Ports
from itsm.service_desk import quarantine
from itsm.service_desk.decide import REOPENED
from itsm.service_desk.opening import entry
from itsm.service_desk.sources import alarm
from itsm.service_desk.submission import Submission

MINUTE = 60
STORM = "storm"


def take_event(event: Mapping[str, Any], ports: Ports) -> None:
    """One "CloudWatch Alarm State Change" event; one that concerns no episode makes nothing."""
    submission = alarm.parse(event, ports.policies.sources.alarm, received_at=ports.now())
    if submission is None:
        return
    if submission.recovered:
        recover(submission, ports)
    elif alarm.opens(submission, event):
        fire(submission, ports)
    else:
        on = _known(submission, ports) or _known(_storm(submission, ports), ports)
        intake.append(submission, on or ports.records.get(submission.record_id), ports)


def fire(submission: Submission, ports: Ports) -> tuple[Record, bool]:
    """The ticket of a fault, and whether it is new: its own that is there (going on again if it was done), the storm's,
    or a new one. While its service or alarm is in a maintenance window, a discarded submission with that reason."""
    known = _known(submission, ports)
    if known is not None:
        return _again(submission, known, ports), False
    window = next((one for one in ports.policies.sources.maintenance if one.holds(submission, ports.now())), None)
    if window is not None:
        created = ports.records.create(_suppressed(submission, window.name))
        return created.record, created.new
    policy, storm = ports.policies.sources.alarm, _storm(submission, ports)
    raging = _known(storm, ports)
    if raging is None and ports.once.count(f"storm#{_place(submission)}", policy.storm_minutes * MINUTE) > policy.storm:
        raging, _ = intake.take(storm, ports)
    if raging is not None:
        return _again(submission, raging, ports), False
    return intake.take(submission, ports)


def recover(submission: Submission, ports: Ports) -> Record:
    """The ticket of a fault that is over, resolved; a storm's ticket only hears of it: the storm may go on."""
    if _known(submission, ports) is None:
        if (raging := _known(_storm(submission, ports), ports)) is not None:
            return intake.append(submission, raging, ports)
        if (suppressed := _of(_suppressed(submission, "").id, ports)) is not None:
            return suppressed
    return intake.recover(submission, ports)


def _again(submission: Submission, record: Record, ports: Ports) -> Record:
    """The ticket with one more entry, at work again if it was done and its lifecycle leads back."""
    if record.digest == submission.digest:
        return record
    said = entry(submission, record)

    def reopened(current: Record) -> Record:
        lifecycle = load(current.practice).lifecycle
        back = current.state in lifecycle.met and REOPENED in lifecycle.moves[current.state]
        if not back:
            return desk.commented(current, said.comment)
        return current.changed("Reopened", state=REOPENED, **desk.said_with(said.comment))

    return desk.update(ports, record.id, reopened, said.comment)


def _place(submission: Submission) -> str:
    return f"{submission.source}|{submission.fields.get('service', '')}"


def _storm(submission: Submission, ports: Ports) -> Submission:
    """The submission of the storm a fault would be part of: one for each service and stretch of time."""
    policy, service = ports.policies.sources.alarm, submission.fields.get("service", "")
    stretch = submission.began // (policy.storm_minutes * MINUTE)
    return replace(
        submission,
        fields={**submission.fields, "impact": "1"},
        key=f"{STORM}|{_place(submission)}|{stretch}",
        delivery="",
        fingerprint="",
        subject=f"Many alarms at once{f' of {service}' if service else ''}",
        text="More alarms than a person can look at one by one; each is an entry of this ticket.",
        recovered=False,
    )


def _suppressed(submission: Submission, window: str) -> Record:
    """What is left of an alarm in a maintenance window: a record that it came, which waits for nobody."""
    held = quarantine.held(
        submission.key,
        f"maintenance window: {window}",
        source=submission.source,
        at=submission.received_at,
        raw="",
        sender=submission.sender,
        subject=submission.subject,
    )
    return replace(held, state=quarantine.DISCARDED)


def _known(submission: Submission, ports: Ports) -> Record | None:
    return _of(submission.record_id, ports)


def _of(record_id: str, ports: Ports) -> Record | None:
    try:
        return ports.records.get(record_id)
    except NotFoundError:
        return None
