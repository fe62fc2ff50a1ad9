"""Releasing: what waits in quarantine goes through intake again, without the rule that held it, and once."""

from collections.abc import Mapping
from typing import Any

from itsm.core.errors import InvalidInputError, MalformedError, NotFoundError
from itsm.core.record import SYSTEM, Record
from itsm.runtime import alarming, desk, episodes, intake, suppression
from itsm.runtime.ports import Ports
from itsm.service_desk import envelope, quarantine
from itsm.service_desk.attachments import screened
from itsm.service_desk.decide import CREATE, HOLD, Outcome
from itsm.service_desk.envelope import Envelope
from itsm.service_desk.sources import alarm, email, taken_apart, webhook
from itsm.service_desk.submission import ALARM, MAIL, Submission
from itsm.service_desk.verdicts import VIRUS

UNREADABLE = (MalformedError, InvalidInputError, NotFoundError)


def release(held: Record, ports: Ports) -> None:
    """Read a released submission again and make of it what it would have been.

    What cannot be read even now, or is held by a rule that protects the desk (a virus, a loop of our own mail), goes
    back to being held, with the reason. Read again and again it comes to the same ticket.
    """
    if held.state != quarantine.RELEASED:
        return  # the word of its release came late or again: it was held or discarded since
    try:
        became = _machine(held, ports) if _raw(held).startswith(envelope.PREFIX) else _mail(held, ports)
    except UNREADABLE as error:
        _back(held, str(error), ports)
        return
    if became is not None:
        _note(held, f"It became {became.number}.", became.number, ports)


def _mail(held: Record, ports: Ports) -> Record | None:
    if str(held.details.get("reason", "")) == VIRUS:
        _back(held, f"{VIRUS}: this is never let through; take what you need from the raw mail", ports)
        return None
    return _as_mail(held, _raw(held), ports.blobs.get(_raw(held)), ports)


def _as_mail(held: Record, key: str, raw: bytes, ports: Ports) -> Record | None:
    submission = email.parse(raw, received_at=held.opened_at, own=intake.own(ports), blob=key)
    submission = screened(submission, ports.policies.sources.attachments)
    outcome = intake.decided(submission, ports)
    if outcome.kind == HOLD and outcome.reason.startswith("loop"):
        _back(held, outcome.reason, ports)
        return None
    if outcome.kind != CREATE:
        # Why it was held is not known here any more, so it joins no ticket: it makes one that names the other.
        related = outcome.record.number if outcome.record else outcome.related
        outcome = Outcome(kind=CREATE, key=submission.key, reason="released", related=related)
    return intake.open_mail(submission, outcome, ports)


def _machine(held: Record, ports: Ports) -> Record | None:
    kept = envelope.opened(ports.blobs.get(_raw(held)))
    policy = ports.policies.sources.webhook.get(kept.source)
    if policy and (raw := taken_apart.whole_mail(kept.body, kept.headers, policy)):
        return _as_mail(held, intake.stored_mail(raw, ports), raw, ports)
    submission = read(kept, ports)
    if submission is None:
        _back(held, "the source's policy leaves such deliveries out", ports)
        return None
    if not _is_alarm(kept, ports):
        return intake.take(submission, ports)[0]
    if submission.recovered:
        return alarming.recover(submission, ports)
    if suppression.by_itself(held):
        if suppression.prolonged(held, submission, ports):
            return None
        episode = ports.records.fault(episodes.episode_key(submission))
        if episode is not None and episode.over:
            _note(held, "The fault was over when the window ended.", "over", ports, state=quarantine.DISCARDED)
            return None
    return alarming.fire(submission, kept, ports, anyway=True)[0]


def read(kept: Envelope, ports: Ports) -> Submission | None:
    """The submission of a kept delivery by the policy of today. Raises NotFoundError where its source is gone."""
    sources = ports.policies.sources
    # An alarm's ticket is measured from when the desk could know of it, and not from the window's first minute.
    if kept.source == ALARM:
        event: Mapping[str, Any] = webhook.payload_of(kept.body, {})
        return alarm.parse(event, sources.alarm, received_at=ports.now())
    policy = sources.webhook.get(kept.source)
    if policy is None:
        raise NotFoundError(f"there is no source {kept.source!r} any more")
    at = ports.now() if policy.kind == webhook.EVENT else kept.at
    return webhook.parse(kept.source, kept.body, kept.headers, policy, received_at=at)


def _is_alarm(kept: Envelope, ports: Ports) -> bool:
    return kept.source == ALARM or ports.policies.sources.webhook[kept.source].kind == webhook.EVENT


def _raw(held: Record) -> str:
    return str(held.details.get("raw", ""))


def _back(held: Record, why: str, ports: Ports) -> None:
    _note(held, why, str(held.version), ports, state=quarantine.HELD)


def _note(held: Record, text: str, key: str, ports: Ports, *, state: str = "") -> None:
    """Say on the submission what became of it; its timer, if it has one still, is done with."""
    note = desk.internal_note(held, key, text, by=SYSTEM, origin=MAIL, at=ports.now())

    def told(current: Record) -> Record:
        more: dict[str, Any] = {"details": suppression.without_timer(current)}
        if state and current.state == quarantine.RELEASED:
            return current.changed("StateChanged", state=state, **desk.said_with(note), **more)
        return current.changed("CommentAdded", **desk.said_with(note), **more)

    desk.update(ports, held.id, told, note)
