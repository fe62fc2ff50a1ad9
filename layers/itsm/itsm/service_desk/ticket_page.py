"""Ticket page: what the requester sees of a ticket; read only, without JavaScript."""

from collections.abc import Collection, Iterable, Mapping
from html import escape

from itsm.core import scan
from itsm.core.clock import CANCELLED, PAUSED, RUNNING, Clock
from itsm.core.organisation import ITEM
from itsm.core.record import SYSTEM, Comment, Record
from itsm.service_desk.pages import frame
from itsm.service_desk.words import Words


def render(
    record: Record,
    journal: Iterable[Comment],
    now: int,
    remaining: Mapping[str, int] | None = None,
    files: Iterable[tuple[str, int, str]] = (),
    pages: Collection[str] = (),
    *,
    words: Words,
    switch: str = "",
) -> str:
    """The page of one ticket: its state, its targets, and the public part of its journal, oldest first; in `words`.

    `remaining` is the service time left, in seconds, by metric. What support groups and suppliers promise each other is
    not shown, nor what was cancelled. `files` are (name, bytes, address) of what came along, or why it is held in place
    of the address. `pages` are the ids of entries that can also be seen as they were sent; `switch` is HTML.
    """
    promised = [clock for clock in record.clocks if clock.kind == "sla" and clock.state != CANCELLED]
    facts = [
        (words.say("state"), words.state(record.state)),
        (words.say("priority"), str(record.priority)),
        *_fact(record, ITEM, words.say("item")),
        (words.say("worked_by"), record.group or words.say("desk")),
        (words.say("opened"), words.moment(record.opened_at)),
        *_for_whom(record, words),
        *((name, words.value(how)) for name, how in _fact(record, "protection", words.say("protected"))),
        *(
            (words.say(clock.metric), promise(clock, now, words, (remaining or {}).get(clock.metric)))
            for clock in promised
        ),
    ]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    entries = "".join(_entry(entry, record, words, entry.id in pages) for entry in journal if entry.public)
    return frame(
        f"{record.number} {record.title}",
        f"<h1><small>{escape(record.number)}</small> {escape(record.title)}</h1><dl>{rows}</dl>"
        f"<h2>{escape(words.say('what_was_said'))}</h2><ol class=journal>{entries}</ol>{_files(record, files, words)}"
        f"<p>{escape(words.say('to_add'))}</p>{switch}",
        words.language,
    )


def _for_whom(record: Record, words: Words) -> list[tuple[str, str]]:
    """For whom it is and who opened it, where those are two."""
    opener = str(record.details.get("opened_by", ""))
    person = record.requester_name or record.requester
    return [(words.say("asked_for"), person), (words.say("opened_by"), opener)] if opener else []


def _fact(record: Record, detail: str, name: str) -> list[tuple[str, str]]:
    """A detail of the record under a name, nothing where it has none."""
    value = record.details.get(detail)
    return [(name, str(value))] if value else []


def _files(record: Record, files: Iterable[tuple[str, int, str]], words: Words) -> str:
    """What came along, and what was not kept and why."""
    lines = [
        f"<li>{escape(words.say('held', name=name, why=words.again(scan.WHY[address])))}</li>"
        if address in scan.WHY
        else f'<li><a href="{escape(address)}">{escape(name)}</a> ({size / 1024:.0f} KB)</li>'
        for name, size, address in files
    ]
    refused = record.details.get("refused_files")
    left_out = [_refused(str(one), words) for one in refused] if isinstance(refused, list) else []
    lines += [f"<li>{escape(words.say('not_kept', name=one))}</li>" for one in left_out]
    return f"<h2>{escape(words.say('files'))}</h2><ul>{''.join(lines)}</ul>" if lines else ""


def _refused(one: str, words: Words) -> str:
    name, gap, reason = one.partition(": ")
    return f"{name}{gap}{words.again(reason)}"


def promise(clock: Clock, now: int, words: Words, left: int | None = None) -> str:
    """A clock in a person's words: when it is due and what is left, since when it waits, or how it ended."""
    missed = words.say("missed", moment=words.moment(clock.breached_at)) if clock.breached_at is not None else ""
    still = words.say("left", span=words.span(left)) if left is not None and left > 0 and not missed else ""
    if clock.state == RUNNING and clock.due is not None:
        due = words.moment(clock.due)
        if missed:
            return words.say("overdue", moment=due)
        return words.say("due_passed", moment=due) if clock.due <= now else _and(words.say("due_by", moment=due), still)
    if clock.state == PAUSED:
        return _and(words.say("waiting", moment=words.moment(clock.since)), missed or still)
    return _and(words.say("met"), missed)


def _and(said: str, more: str) -> str:
    return f"{said}, {more}" if more else said


def _entry(entry: Comment, record: Record, words: Words, has_page: bool) -> str:
    who, text = _who(entry, record, words), words.again(entry.text) if entry.by == SYSTEM else entry.text
    said = "<br>".join(escape(line) for line in text.splitlines())
    more = f'<p><a href="?as_sent={escape(entry.id)}">{escape(words.say("as_sent"))}</a></p>' if has_page else ""
    return f"<li><p class=who>{escape(who)}, {escape(words.moment(entry.at))}</p><p>{said}</p>{more}</li>"


def _who(entry: Comment, record: Record, words: Words) -> str:
    if entry.by == SYSTEM:
        return words.say("ourselves")
    return record.requester_name or entry.by if entry.by == record.requester else entry.by


def as_sent(record: Record, entry: Comment, markup: str, words: Words) -> str:
    """The page of one entry as it was sent: `markup` is sanitised HTML already."""
    said = escape(f"{_who(entry, record, words)}, {words.moment(entry.at)}")
    return frame(
        f"{record.number} {record.title}",
        f"<h1><small>{escape(record.number)}</small> {escape(record.title)}</h1><p class=who>{said}</p>{markup}"
        f'<p><a href="?">{escape(words.say("back"))}</a></p>',
        words.language,
    )
