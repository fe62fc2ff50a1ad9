"""Clocks: what a ticket promises, as one panel of its issue's text that is ours; every other word there is people's."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from itsm.core.clock import CANCELLED, PAUSED, RUNNING, STOPPED, Clock
from itsm.core.events import Json
from itsm.core.record import Record
from itsm.jira import adf
from itsm.jira.issues import Document, Draft, Told
from itsm.jira.policy import DESCRIPTION, OFF, PracticeRules

METRICS = {"response": "First response", "next_reply": "Next reply", "resolution": "Resolution"}
COLORS = {"Running": "blue", "Paused": "yellow", "Met": "green", "Breached": "red", "Missed": "red"}


def promised(record: Record) -> tuple[Clock, ...]:
    """The clocks that Jira shows: what the requester was promised. An issue may be read by the requester, too."""
    shown = [clock for clock in record.clocks if clock.kind == "sla" and clock.state != CANCELLED]
    order = list(METRICS)
    return tuple(sorted(shown, key=lambda one: order.index(one.metric) if one.metric in order else len(order)))


def standing(record: Record) -> str:
    """The state of all these clocks in short, "" while there are none: it changes when one starts, pauses, resumes, is
    due at another time, breaks its target, or ends; never because time passes."""
    lines = [
        f"{one.metric} {one.agreement} {one.state} {one.due} {one.since if one.state != RUNNING else ''} "
        f"{one.breached_at}"
        for one in promised(record)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12] if lines else ""


def told(record: Record, rules: PracticeRules, zone: str, text: Document | None) -> Told:
    """What the issue is to say of the clocks; `text` is the description as Jira has it, None for a field of ours."""
    clocks = promised(record)
    panel = _panel(record, clocks, zone) if clocks else None
    place = rules.fields.clocks
    own: Document | None = {"type": "doc", "version": 1, "content": [panel]} if panel else None
    facts: list[Json] = [_facts(clock) for clock in clocks]
    return Told(
        place=place,
        document=with_panel(text, panel, record.number) if place == DESCRIPTION else own,
        facts={"version": 1, "record": record.number, "clocks": facts},
        standing=standing(record),
        seen=_digest(panel) if panel else "",
    )


def drafted(draft: Draft, record: Record, rules: PracticeRules, zone: str) -> Draft:
    """The draft of an issue, with what it says of the clocks from the first."""
    if rules.fields.clocks == OFF or not promised(record):
        return draft
    said = told(record, rules, zone, draft.description if rules.fields.clocks == DESCRIPTION else None)
    return replace(draft, clocks=said)


def seen(document: Document | None, number: str) -> str:
    """Our panel in a description as people see it, in short; "" when there is none."""
    return next((_digest(node) for node in _nodes(document) if _is_ours(node, number)), "")


def with_panel(document: Document | None, panel: Json, number: str) -> Document:
    """A description with our panel where it stands, or first where there was none, or without it; all else as it is."""
    kept: list[Json] = []
    placed = False
    for node in _nodes(document):
        if not _is_ours(node, number):
            kept.append(node)
        elif panel and not placed:
            kept.append(panel)
            placed = True
    if panel and not placed:
        kept.insert(0, panel)
    return {**(document or {"type": "doc", "version": 1}), "content": kept or [{"type": "paragraph"}]}


def without_panel(document: Document | None, number: str) -> str:
    """What people wrote in a description, as text."""
    return adf.to_text(with_panel(document, None, number)) if document else ""


def _nodes(document: Document | None) -> Sequence[Json]:
    content = document.get("content") if document else None
    return content if isinstance(content, list) else ()


def _is_ours(node: Json, number: str) -> bool:
    if not isinstance(node, Mapping) or node.get("type") != "panel":
        return False
    return adf.to_text({"content": [node]}).split("\n", 1)[0].strip() == _title(number)


def _title(number: str) -> str:
    return f"Service level · {number}"


def _digest(panel: Json) -> str:
    text = adf.to_text({"content": [panel]})
    return hashlib.sha256("".join(text.split()).encode()).hexdigest()[:12]


def _panel(record: Record, clocks: Iterable[Clock], zone: str) -> dict[str, Json]:
    words = [(clock, _state(clock)) for clock in clocks]
    states = {state for _, state in words}
    kind = "error" if states & {"Breached", "Missed"} else "success" if states == {"Met"} else "info"
    items: list[Json] = [_line(clock, state, zone) for clock, state in words]
    head: Json = {"type": "paragraph", "content": [_text(_title(record.number), strong=True)]}
    return {
        "type": "panel",
        "attrs": {"panelType": kind},
        "content": [head, {"type": "bulletList", "content": items}],
    }


def _line(clock: Clock, state: str, zone: str) -> Json:
    lozenge: Json = {"type": "status", "attrs": {"text": state, "color": COLORS[state]}}
    name = METRICS.get(clock.metric, clock.metric)
    words: list[Json] = [_text(f"{name} ", strong=True), lozenge, _text(f" {_words(clock, zone)}")]
    return {"type": "listItem", "content": [{"type": "paragraph", "content": words}]}


def _text(text: str, *, strong: bool = False) -> Json:
    return {"type": "text", "text": text, **({"marks": [{"type": "strong"}]} if strong else {})}


def _state(clock: Clock) -> str:
    late = clock.breached_at is not None
    if clock.state == STOPPED:
        return "Missed" if late else "Met"
    if late:
        return "Breached"
    return "Paused" if clock.state == PAUSED else "Running"


def _words(clock: Clock, zone: str) -> str:
    """The clock as it stood when its state changed; what was left then stays written as what was left then."""
    parts = [f"breached {_moment(clock.breached_at, zone)}"] if clock.breached_at is not None else []
    if clock.state == STOPPED:
        return ", ".join([*parts, f"{'done' if parts else 'met'} {_moment(clock.since, zone)}"])
    if clock.state == PAUSED:
        parts.append(f"paused since {_moment(clock.since, zone)}")
    elif not parts and clock.due is not None:
        parts.append(f"due {_moment(clock.due, zone)}")
    left = clock.target - clock.used
    if clock.breached_at is None and left > 0:
        at = "" if clock.state == PAUSED else f" from {_moment(clock.since, zone)}"
        parts.append(f"{_span(left)} of service time left{at}")
    return ", ".join(parts)


def _facts(clock: Clock) -> dict[str, Json]:
    """The same for machines; instants in RFC 3339 (UTC), seconds of service time left at `as_of`."""
    paused, stopped = clock.state == PAUSED, clock.state == STOPPED
    as_of, left = clock.since, clock.target - clock.used
    if clock.state == RUNNING and clock.breached_at is not None and clock.breached_at > as_of:
        as_of, left = clock.breached_at, 0  # what was left before it ran out tells nobody anything any more
    facts: dict[str, Json] = {
        "metric": clock.metric,
        "agreement": clock.agreement,
        "state": _state(clock).lower(),
        "target": clock.target,
        "remaining": None if stopped else left,
        "as_of": _instant(as_of),
        "due": _instant(clock.due),
        "paused_since": _instant(clock.since) if paused else None,
        "breached_at": _instant(clock.breached_at),
        "met_at": _instant(clock.since) if stopped and clock.breached_at is None else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _instant(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(at: int | None, zone: str) -> str:
    return datetime.fromtimestamp(at or 0, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


def _span(seconds: int) -> str:
    hours, minutes = divmod(-(-seconds // 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
