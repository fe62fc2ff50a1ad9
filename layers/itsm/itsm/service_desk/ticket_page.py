"""Ticket page: what the requester sees of a ticket; read only, without JavaScript."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape

from itsm.core.clock import CANCELLED, PAUSED, RUNNING, Clock
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


def render(
    record: Record,
    journal: Iterable[Comment],
    now: int,
    remaining: Mapping[str, int] | None = None,
    files: Iterable[tuple[str, int, str]] = (),
) -> str:
    """The page of one ticket: its state, its targets, and the public part of its journal, oldest first.

    `remaining` is the service time left, in seconds, by metric. What support groups and suppliers promise each other is
    not shown, nor what was cancelled. `files` are (name, bytes, address) of what came along.
    """
    promised = [clock for clock in record.clocks if clock.kind == "sla" and clock.state != CANCELLED]
    facts = [
        ("State", STATES.get(record.state, record.state)),
        ("Priority", str(record.priority)),
        ("Worked by", record.group or "the service desk"),
        ("Opened", moment(record.opened_at)),
        *([("Protected", str(record.details["protection"]))] if record.details.get("protection") else []),
        *(
            (METRICS.get(clock.metric, clock.metric), promise(clock, now, (remaining or {}).get(clock.metric)))
            for clock in promised
        ),
    ]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    entries = "".join(_entry(entry, record) for entry in journal if entry.public)
    return frame(
        f"{record.number} {record.title}",
        f"<h1><small>{escape(record.number)}</small> {escape(record.title)}</h1><dl>{rows}</dl>"
        f"<h2>What was said</h2><ol class=journal>{entries}</ol>{_files(record, files)}"
        "<p>To add something, answer one of our mails about this ticket.</p>",
    )


def _files(record: Record, files: Iterable[tuple[str, int, str]]) -> str:
    """What came along, and what was not kept and why."""
    lines = [
        f'<li><a href="{escape(address)}">{escape(name)}</a> ({size / 1024:.0f} KB)</li>'
        for name, size, address in files
    ]
    refused = record.details.get("refused_files")
    lines += [f"<li>Not kept: {escape(str(one))}</li>" for one in refused] if isinstance(refused, list) else []
    return f"<h2>Files</h2><ul>{''.join(lines)}</ul>" if lines else ""


def promise(clock: Clock, now: int, left: int | None = None) -> str:
    """A clock in a person's words: when it is due and what is left, since when it waits, or how it ended."""
    missed = f", missed: it was due {moment(clock.breached_at)}" if clock.breached_at is not None else ""
    still = f", {span(left)} of service time left" if left is not None and left > 0 and not missed else ""
    if clock.state == RUNNING and clock.due is not None:
        if missed:
            return f"overdue since {moment(clock.due)}"
        return f"by {moment(clock.due)}" + (" (overdue)" if clock.due <= now else still)
    if clock.state == PAUSED:
        return f"waiting since {moment(clock.since)}{missed or still}"
    return f"done{missed}"


def span(seconds: int) -> str:
    """A stretch of time as people say it, its last minute begun counted whole."""
    minutes = -(-seconds // 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def moment(at: int) -> str:
    """An instant as people read it, in UTC and saying so."""
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y, %H:%M UTC")


def _entry(entry: Comment, record: Record) -> str:
    who = record.requester_name or entry.by if entry.by == record.requester else entry.by
    said = "<br>".join(escape(line) for line in entry.text.splitlines())
    return f"<li><p class=who>{escape(who)}, {moment(entry.at)}</p><p>{said}</p></li>"
