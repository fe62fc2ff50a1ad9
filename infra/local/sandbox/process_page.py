"""One execution: its states drawn in their order, where it is, and all that happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from sandbox.states.frames import Event, Run
from sandbox.web_layout import rows, when

WIDTH, HEIGHT, GAP = 320, 36, 22
LONGEST = 600


def process_page(run: Run, definition: Mapping[str, Any], events: Sequence[Event]) -> str:
    """The page's body."""
    ended = "" if run.stopped is None else f" Ended {when(run.stopped)}."
    failed = f"<p><strong>{escape(run.error)}</strong> {escape(run.cause or '')}</p>" if run.error else ""
    about = f"{escape(run.machine_name)}: <strong>{escape(run.status.lower())}</strong>. Started {when(run.started)}."
    return f"<p>{about}{ended}</p>{failed}{_drawing(definition, events)}<h2>What happened</h2>{_history(events)}"


def order(definition: Mapping[str, Any]) -> list[str]:
    """The states as one meets them: depth first along the ways, each once."""
    states: Mapping[str, Any] = definition["States"]
    found: list[str] = []
    ahead = [str(definition["StartAt"])]
    while ahead:
        name = ahead.pop()
        if name in found or name not in states:
            continue
        found.append(name)
        state = states[name]
        ways = [state.get("Next"), *(choice.get("Next") for choice in state.get("Choices", ())), state.get("Default")]
        ways += [catch.get("Next") for catch in state.get("Catch", ())]
        ahead.extend(way for way in reversed(ways) if way)
    return found + [name for name in states if name not in found]


def _drawing(definition: Mapping[str, Any], events: Sequence[Event]) -> str:
    entered = [event.details["name"] for event in events if event.type.endswith("StateEntered")]
    left = [event.details["name"] for event in events if event.type.endswith("StateExited")]
    names = order(definition)
    boxes: list[str] = []
    for number, name in enumerate(names):
        here, top = entered.count(name) > left.count(name), number * (HEIGHT + GAP) + 2
        kind, said = ("here", " (here now)") if here else ("done", " (done)") if name in left else ("ahead", "")
        times = f" ×{entered.count(name)}" if entered.count(name) > 1 else ""
        arrow = f'<path d="M{WIDTH // 2} {top - GAP} v{GAP - 4}"/>' if number else ""
        boxes.append(
            f'{arrow}<g class="{kind}"><rect x="2" y="{top}" width="{WIDTH - 4}" height="{HEIGHT}" rx="6"/>'
            f'<text x="14" y="{top + 23}">{escape(name)}{times}{said}</text></g>'
        )
    tall = len(names) * (HEIGHT + GAP)
    present = ", ".join(name for name in names if entered.count(name) > left.count(name)) or "none"
    label = escape(f"The states of the process; it is in {present}")
    drawing = f'<svg role="img" aria-label="{label}" width="{WIDTH}" height="{tall}">{"".join(boxes)}</svg>'
    return f"<div class=wide>{drawing}</div>"


def _history(events: Sequence[Event]) -> str:
    lines = []
    for event in events:
        details = json.dumps(
            {name: value for name, value in event.details.items() if value is not None}, ensure_ascii=False
        )
        short = details if len(details) <= LONGEST else f"{details[:LONGEST]}…"
        at = datetime.fromtimestamp(event.timestamp, UTC).strftime("%H:%M:%S.%f")[:-3]
        lines.append((str(event.id), at, escape(event.type), escape(short)))
    return rows(("Nr", "UTC", "Event", "Details"), lines)
