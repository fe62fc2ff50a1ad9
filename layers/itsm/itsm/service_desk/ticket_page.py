"""Ticket page: what the requester sees of a ticket; read only, without JavaScript."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from itsm.core.clock import PAUSED, RUNNING, Clock
from itsm.core.record import Comment, Record
from itsm.service_desk.pages import frame

STATES = {
    "new": "New",
    "in_progress": "In progress",
    "on_hold": "On hold",
    "resolved": "Resolved",
    "fulfilled": "Fulfilled",
    "closed": "Closed",
    "cancelled": "Cancelled",
    "rejected": "Refused",
    "awaiting_approval": "Waiting for approval",
    "assessing": "Being assessed",
    "scheduled": "Scheduled",
    "implementing": "Being implemented",
    "in_review": "In review",
}
METRICS = {"response": "First answer", "next_reply": "Next answer", "resolution": "Resolution"}


def render(record: Record, journal: Iterable[Comment], now: int) -> str:
    """The page of one ticket: its state, its targets, and the public part of its journal, oldest first."""
    facts = [
        ("State", STATES.get(record.state, record.state)),
        ("Priority", str(record.priority)),
        ("Worked by", record.group or "the service desk"),
        ("Opened", moment(record.opened_at)),
        *((METRICS.get(clock.metric, clock.metric), promise(clock, now)) for clock in record.clocks),
    ]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    entries = "".join(_entry(entry, record) for entry in journal if entry.public)
    return frame(
        f"{record.number} {record.title}",
        f"<h1><small>{escape(record.number)}</small> {escape(record.title)}</h1><dl>{rows}</dl>"
        f"<h2>What was said</h2><ol class=journal>{entries}</ol>"
        "<p>To add something, answer one of our mails about this ticket.</p>",
    )


def promise(clock: Clock, now: int) -> str:
    """A clock in a person's words: when it is due, that it waits, or how it ended."""
    late = " (late)" if clock.breached_at is not None else ""
    if clock.state == RUNNING and clock.due is not None:
        return f"by {moment(clock.due)}" + (" (overdue)" if clock.due <= now else "")
    if clock.state == PAUSED:
        return f"waiting since {moment(clock.since)}{late}"
    return f"done{late}"


def moment(at: int) -> str:
    """An instant as people read it, in UTC and saying so."""
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y, %H:%M UTC")


def _entry(entry: Comment, record: Record) -> str:
    who = record.requester_name or entry.by if entry.by == record.requester else entry.by
    said = "<br>".join(escape(line) for line in entry.text.splitlines())
    return f"<li><p class=who>{escape(who)}, {moment(entry.at)}</p><p>{said}</p></li>"
