"""Storms: many faults of one service at once are one ticket, and the rest are noted as parts of it."""

from dataclasses import replace

from itsm.core.errors import OutsideError
from itsm.core.ports import Fault
from itsm.core.record import Record
from itsm.runtime import calming, episodes, intake
from itsm.runtime.ports import Ports
from itsm.service_desk.submission import Submission

MINUTE, YEAR = 60, 366 * 86_400
STORM, ALARMS = "storm", "alarms"
"""Details of a storm's ticket: that it is one, and how many faults are part of it (at least: a crash counts twice)."""
LISTED = 50
"""Faults of a storm that get an entry of their own; a ticket with thousands of entries is read by nobody, and every
further one would race with all others for the same record. Beyond, every fiftieth says how many there are."""


def is_storm(record: Record) -> bool:
    """Whether the ticket is that of a storm."""
    return STORM in record.details


def raging(submission: Submission, ports: Ports) -> Record | None:
    """The ticket of the storm a new fault is part of, opened if this fault makes it one; None while there is none.

    A storm begins with more than `storm` new faults of a place in one window, and goes on until a whole window has
    brought none: it has no more tickets for lasting longer, or for falling into two windows.
    """
    policy, now = ports.policies.sources.alarm, ports.now()
    window, storm = policy.storm_minutes * MINUTE, _storm(submission)
    fault = ports.records.fault(episodes.fault_key(storm))
    record = episodes.goes_on(storm, fault, window, ports)
    if fault is not None and record is not None and now - fault.at < window:
        if now - fault.at >= window // 4:  # often enough to know that it goes on, and seldom enough to be no race
            ports.records.save_fault(replace(fault, at=now))
        return record
    if ports.once.count(f"storm#{_place(submission)}", window) <= policy.storm:
        return None
    if record is None:
        record = intake.create(episodes.after(storm, fault), ports).record
    key, rev = episodes.fault_key(storm), fault.rev if fault else 0
    ports.records.save_fault(Fault(key=key, record=record.id, at=now, rev=rev))
    return record


def attach(submission: Submission, known: Fault | None, storm: Record, ports: Ports) -> Record:
    """The storm's ticket with one more fault, of whose episode `known` is what was read; of many, the fault's own note
    is the record that it came."""
    # the counter begins anew once a year, in the midst of a storm if that is when it rages
    count = max(ports.once.count(f"storm-of#{storm.id}", YEAR), _counted(storm))
    number = calming.join(submission, known, storm, count, ports)
    if number > LISTED and number % LISTED and not intake.is_over(storm):
        return storm
    try:
        return episodes.again(submission, storm, ports, alarms=number)
    except OutsideError:
        # Too many write to it at once: the note of the fault, which comes next, says what this entry would have.
        return storm


def note(submission: Submission, storm: Record, fault: Fault | None, ports: Ports) -> None:
    """Note the newest episode of a fault whose source tells no beginnings, since its end may come under another key.

    With that the one before is over: a group of alerts that has changed fires under its new key alone.
    """
    own, mine = episodes.fault_key(submission), episodes.episode_key(submission)
    ports.records.save_fault(Fault(key=own, record=storm.id, episode=mine, rev=fault.rev if fault else 0))
    if fault is not None and fault.record == storm.id and fault.episode != mine:
        before = ports.records.fault(fault.episode)
        if before is not None:
            ports.records.save_fault(replace(before, over=True))


def calmer(submission: Submission, storm: Record, ports: Ports) -> Record:
    """A fault of a storm is over: its ticket hears of it while it is small, and the fault's own note says so anyhow."""
    if _counted(storm) >= LISTED:
        return storm
    try:
        return intake.append(submission, storm, ports)
    except OutsideError:
        return storm  # all of it ends at once, and the last of it finds its turn


def _counted(storm: Record) -> int:
    return int(str(storm.details.get(ALARMS, 0)))


def _place(submission: Submission) -> str:
    return f"{submission.source}|{submission.fields.get('service', '')}"


def _storm(submission: Submission) -> Submission:
    """The submission of the storm a fault would be part of: one for each source and service."""
    service = submission.fields.get("service", "")
    return replace(
        submission,
        fields={**submission.fields, "impact": "1", STORM: "yes"},
        key=f"{STORM}|{_place(submission)}",
        delivery="",
        fingerprint=f"{STORM}|{_place(submission)}",
        subject=f"Many alarms at once{f' of {service}' if service else ''}",
        text="More alarms than a person can look at one by one; they are entries of this ticket, or counted by it.",
        recovered=False,
    )
