"""Alarming: a fault becomes one ticket, however it flaps; a storm of them a few; none while it is being worked on."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from itsm.core.errors import OutsideError
from itsm.core.ports import Fault
from itsm.core.record import Record
from itsm.runtime import calming, episodes, intake, storms, suppression
from itsm.runtime.ports import Ports
from itsm.service_desk import quarantine
from itsm.service_desk.decide import REOPENED
from itsm.service_desk.envelope import Envelope
from itsm.service_desk.sources import alarm
from itsm.service_desk.submission import ALARM, Submission

MINUTE = 60
TRIES = 20
"""How often a ticket is brought in line with an alarm that goes on changing."""
OVER, FIRES = "This alarm is over.", "This alarm fires again."


def take_event(event: Mapping[str, Any], ports: Ports) -> None:
    """One "CloudWatch Alarm State Change" event; one that concerns no episode makes nothing."""
    submission = alarm.parse(event, ports.policies.sources.alarm, received_at=ports.now())
    if submission is None:
        return
    if submission.recovered:
        recover(submission, ports)
    elif alarm.opens(submission, event):
        fire(submission, Envelope(source=ALARM, body=json.dumps(event).encode(), at=ports.now()), ports)
    else:
        episode = ports.records.fault(episodes.episode_key(submission))
        if episode is None:
            raise OutsideError("a change of an alarm came before the alarm; deliver it again")
        intake.append(submission, ports.records.get(episode.record), ports)


def fire(submission: Submission, kept: Envelope, ports: Ports, *, anyway: bool = False) -> tuple[Record, bool]:
    """The ticket of a fault, and whether it is new: the one that goes on, the storm's, or a new one.

    While its service or alarm is in a maintenance window, a suppressed submission with that reason; `anyway` when a
    suppressed one is released. Every ticket's id is derived and every note conditional: deliveries that come again, at
    once or out of order make the same tickets.
    """
    episode = ports.records.fault(episodes.episode_key(submission))
    if episode is not None and (known := _known(submission, episode, ports, anyway=anyway)) is not None:
        return known, False
    if not anyway and (during := suppression.window(submission, ports)) is not None:
        return suppression.suppress(submission, kept, during, ports)
    fault = ports.records.fault(episodes.fault_key(submission))
    if episode is None and fault is not None and fault.episode == episodes.episode_key(submission):
        # Another door has taken the same alarm since the first look: an episode is noted before its fault.
        return fire(submission, kept, ports, anyway=anyway)
    record, new = _ticket(submission, episode, fault, ports)
    if not storms.is_storm(record):
        is_alone = episodes.note(submission, record, episode, fault, ports) and new
        return (record if is_alone else _at_work(submission, record, ports)), new
    mine = episode or Fault(key=episodes.episode_key(submission), record="")
    is_noted = ports.records.save_fault(replace(mine, record=record.id, opener=submission.comment_id, over=False))
    if not submission.began:
        storms.note(submission, record, fault, ports)
    # Another door has noted the same alarm, which may have ended since.
    return (calming.keep_open if is_noted else calming.settle)(record, ports), new


def _known(submission: Submission, episode: Fault, ports: Ports, *, anyway: bool) -> Record | None:
    """What an episode that was heard of before led to, with these words; None where it must be judged anew."""
    record = ports.records.get(episode.record)
    if record.practice == quarantine.PRACTICE.name:
        return None if anyway else record
    if episode.opener == submission.comment_id:
        # It may come again because its door was killed between its note and the storm's ticket.
        return calming.settle(record, ports) if storms.is_storm(record) else record
    if not episode.opener:
        # Its end overtook it: what is over makes no ticket, and the next delivery of this is no news.
        ports.records.save_fault(replace(episode, opener=submission.comment_id))
        return episodes.again(submission, record, ports, news=False)
    if (before := _heard_before(submission, record, ports)) is not None:
        return before
    if not episode.over and record.digest == submission.digest and not intake.is_over(record):
        return record
    if episode.over and submission.began:
        return episodes.again(submission, record, ports, news=False)
    if not episode.over and not intake.is_over(record):
        return episodes.again(submission, record, ports)
    # It fires on though somebody called it done, or its source has one key for every time: judged as if it were back.
    return record if intake.has_entry(record.id, submission.comment_id, ports) else None


def _heard_before(submission: Submission, record: Record, ports: Ports) -> Record | None:
    """The ticket before, if a delivery of a source that tells no beginnings stands on it: it comes again, late."""
    before = str(record.details.get("related", ""))
    if submission.began or not before:
        return None
    last = ports.records.find(before)
    heard = last.digest == submission.digest or intake.has_entry(last.id, submission.comment_id, ports)
    return last if heard and record.digest != submission.digest else None


def _ticket(submission: Submission, episode: Fault | None, fault: Fault | None, ports: Ports) -> tuple[Record, bool]:
    within = ports.policies.sources.alarm.flap_minutes * MINUTE
    record = episodes.goes_on(submission, fault, within, ports)
    if record is not None and storms.is_storm(record):
        return storms.attach(submission, episode, record, ports), False
    if record is not None:
        newer = not submission.began or fault is None or submission.began >= fault.began
        return episodes.again(submission, record, ports, news=newer), False
    last = episodes.of(fault.record, ports) if fault else None
    if last is not None and intake.has_entry(last.id, submission.comment_id, ports):
        return last, False
    keyed = episodes.after(submission, fault)
    mine = episodes.of(keyed.record_id, ports)
    if mine is not None:
        return _shared(submission, mine, ports), False
    if (storm := storms.raging(submission, ports)) is not None:
        return storms.attach(submission, episode, storm, ports), False
    created = intake.create(keyed, ports, related=last.number if last else "")
    if created.new:
        return created.record, True
    return _shared(submission, created.record, ports), False


def _shared(submission: Submission, record: Record, ports: Ports) -> Record:
    """A ticket somebody opened just now, with what this says beside; its own, opened before a kill, as it is."""
    return record if record.digest == submission.digest else episodes.again(submission, record, ports)


def recover(submission: Submission, ports: Ports) -> Record:
    """The ticket of a fault that is over, resolved, unless a newer episode of it goes on.

    A storm's ticket is resolved with the last of its faults, and a suppressed alarm is discarded. Raises OutsideError
    while its alarm has not arrived.
    """
    episode = ports.records.fault(episodes.episode_key(submission))
    fault = ports.records.fault(episodes.fault_key(submission))
    # A source that tells each episode's beginning has sent an alarm for it; others may resolve what they fired under
    # another key, as when a group of alerts has changed.
    if episode is None and (fault is None or submission.began):
        raise OutsideError("a recovery came before its alarm; deliver it again")
    record = ports.records.get(episode.record if episode else fault.record if fault else "")
    if episode is None and fault is not None and storms.is_storm(record):
        episode = ports.records.fault(fault.episode)
    if not storms.is_storm(record):
        record = episodes.kept(record, ports)
    if episode is not None and episode.closer == submission.comment_id:
        return calming.settle(record, ports) if storms.is_storm(record) else record
    if record.practice == quarantine.PRACTICE.name:
        ended = suppression.recovered(submission, record, ports)
    elif storms.is_storm(record):
        ended = storms.calmer(submission, record, ports)
    elif _is_older(submission, record, fault) or record.details.get("fingerprint", "") != submission.fingerprint:
        # not the end of what it fires for now, or a ticket that its own was merged into: of a person, of another fault
        ended = intake.append(submission, record, ports)
    else:
        ended = intake.resolve(submission, record, ports)
    mine = episode or Fault(key=episodes.episode_key(submission), record=record.id)
    ports.records.save_fault(replace(mine, over=True, closer=submission.comment_id))
    if storms.is_storm(record):
        return calming.settle(record, ports)
    return _at_work(submission, ended, ports) if intake.is_over(ended) and not intake.is_over(record) else ended


def _is_older(submission: Submission, record: Record, fault: Fault | None) -> bool:
    return fault is not None and fault.began > submission.began > 0 and fault.record == record.id


def _at_work(submission: Submission, record: Record, ports: Ports) -> Record:
    """The fault's ticket, at work again if it was resolved by the end of one episode while the next began.

    The end looks for a newer episode after it has resolved the ticket, and the beginning looks at the ticket after it
    has noted its episode: one of the two always sees the other.
    """
    for _ in range(TRIES):
        fault = ports.records.fault(episodes.fault_key(submission))
        if not submission.began or fault is None or fault.record != record.id or fault.began < submission.began:
            return record
        newest, found = ports.records.fault(fault.episode), ports.records.get(record.id)
        if newest is None or newest.over is intake.is_over(found):
            return found
        to, why = (intake.DONE_BY_RECOVERY, OVER) if newest.over else (REOPENED, FIRES)
        record = calming.moved_to(to, why, found, ports)
        if record.version == found.version:
            return record
    raise OutsideError("an alarm goes off and on; it is looked at again")
