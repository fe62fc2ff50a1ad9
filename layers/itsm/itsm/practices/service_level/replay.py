"""Replay: a record's clocks computed anew from its history; what is stored with the record is a cache of this."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from itsm.core.events import Event, Json
from itsm.core.lifecycle import Lifecycle
from itsm.core.record import FIELDS, Comment, Record
from itsm.practices.service_level import rules
from itsm.practices.service_level.attribution import Moment
from itsm.practices.service_level.escalation import escalated
from itsm.practices.service_level.policy import SLA, ServiceLevels
from itsm.practices.service_level.rules import Clocks

STARTED = "ClocksStarted"
FIRED = frozenset({"ClockWarned", "ClockBreached"})
WAITED = frozenset({"HoldReminded", "HoldFollowedUp", "HoldEnded"})


def clocks_from(
    record: Record,
    events: Iterable[Event],
    comments: Iterable[Comment],
    lifecycle: Lifecycle,
    policy: ServiceLevels,
) -> Clocks:
    """The record's clocks from its events, oldest first, and its comments.

    With the policy of the time they equal the stored ones; with another they are what that one would have come to, for
    closed records too. Clocks that never started are none.
    """
    told = story(record, events, comments, lifecycle, policy)
    return told[-1][1] if told else ()


def story(
    record: Record,
    events: Iterable[Event],
    comments: Iterable[Comment],
    lifecycle: Lifecycle,
    policy: ServiceLevels,
) -> list[Moment]:
    """Every version of the record with its clocks from then on; [] while they have not started.

    The versions before the start come with what a retroactive clock counts of them.
    """
    spoken = {comment.id: comment for comment in comments}
    clocks: Clocks = ()
    moments: list[Moment] = []
    past: list[Record] = []
    for before, after in pairwise(versions(record, events)):
        event = after.event
        past.append(before)
        if event.type == STARTED and not moments:
            counted = _caught_up(past, spoken, lifecycle, policy, event.at)
            moments += zip(past, counted, strict=True)
            clocks = counted[-1]
        elif event.type in FIRED | WAITED:
            clocks, _ = rules.fire(clocks, event.at, policy, hold=event.type in WAITED)
            clocks = escalated(replace(before, clocks=clocks), after, lifecycle, policy)
        elif moments:
            stood = replace(before, clocks=clocks)
            clocks = rules.measured(stood, after, spoken.get(event.comment), lifecycle, policy)
        if moments:
            moments.append((after, clocks))
    return moments


def started(
    record: Record,
    events: Iterable[Event],
    comments: Iterable[Comment],
    lifecycle: Lifecycle,
    policy: ServiceLevels,
    at: int,
) -> Clocks:
    """The clocks of the agreement that holds for the record now, as all that happened since its opening left them.

    Where the history is at hand this is exact; `rules.started` knows the record's last change only.
    """
    past = list(versions(record, events))
    return _caught_up(past, {comment.id: comment for comment in comments}, lifecycle, policy, at)[-1]


def _caught_up(
    past: Sequence[Record], spoken: Mapping[str, Comment], lifecycle: Lifecycle, policy: ServiceLevels, at: int
) -> list[Clocks]:
    """The clocks after each of the versions so far, the last of them as they start."""
    newest = past[-1]
    on = rules.terms(policy, newest)
    clocks = rules.attach(newest, on.agreement, on.calendar, at)
    # the agreement looks back with the terms it starts with: only what was said and where the record stood counts
    stood = [replace(newest, state=one.state, updated_at=one.updated_at, event=one.event) for one in past]
    clocks = rules.joined(clocks, stood[0], at, lifecycle, policy, (SLA,))
    counted = [clocks]
    for before, after in pairwise(stood):
        spoke = spoken.get(after.event.comment)
        clocks = rules.measured(replace(before, clocks=clocks), after, spoke, lifecycle, policy)
        counted.append(clocks)
    counted[-1] = rules.joined(clocks, newest, at, lifecycle, policy)
    return counted


def versions(record: Record, events: Iterable[Event]) -> Iterator[Record]:
    """The versions of a record, oldest first, without their clocks; each undoes what the event after it changed."""
    later = [replace(record, clocks=())]
    for event, earlier in pairwise(sorted(events, key=lambda event: event.version, reverse=True)):
        undone = {name: _stored(old) for name, (old, _) in event.changes.items() if name in FIELDS}
        undone |= {"details": _details(later[-1], event)}
        later.append(replace(later[-1], version=earlier.version, event=earlier, updated_at=earlier.at, **undone))
    return reversed(later)


def _details(record: Record, event: Event) -> Mapping[str, Json]:
    """The details before an event, each of which it names as `details.<name>`."""
    old = {key.removeprefix("details."): pair[0] for key, pair in event.changes.items() if key.startswith("details.")}
    kept = {name: value for name, value in record.details.items() if name not in old}
    return kept | {name: value for name, value in old.items() if value is not None}


def _stored(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
