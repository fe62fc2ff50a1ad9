"""Approval page: what an approver reads before deciding, and the two buttons that decide; plain HTML, no script."""

from collections.abc import Mapping
from html import escape
from typing import Any

from itsm.core.record import Record
from itsm.service_desk.pages import frame
from itsm.service_desk.ticket_page import STATES, moment

SHOWN = {
    "type": "Type",
    "risk": "Risk",
    "risk_because": "Because",
    "template": "Template",
    "items": "Configuration items",
    "plan": "Plan",
    "backout": "Back-out plan",
    "test": "Test",
    "collides_with": "Collides with",
}
INSTANTS = {"planned_start": "Planned start", "planned_end": "Planned end"}


def question(record: Record, voter: str, text: str) -> str:
    """The page for one approver: the facts, the text, and a form whose button is the decision."""
    said = "<br>".join(escape(line) for line in text.splitlines())
    return frame(
        f"Decide on {record.number}",
        f"<h1><small>{escape(record.number)}</small> {escape(record.title)}</h1>"
        f"<p>Asked of {escape(voter)}. Nothing is decided until you press a button.</p>"
        f"<dl>{_facts(record)}</dl><p>{said}</p>{_votes(record)}"
        '<form method="post"><label for="note">A word on it (optional)</label>'
        '<textarea id="note" name="note" maxlength="2000"></textarea>'
        '<button type="submit" name="decision" value="accept">Accept</button> '
        '<button type="submit" name="decision" value="refuse">Refuse</button></form>',
    )


def thanks(record: Record, decision: str) -> str:
    """The page after a decision."""
    word = "accepted" if decision == "accept" else "refused"
    return frame(
        f"{record.number}: {word}",
        f"<h1>Thank you</h1><p>You {word} {escape(record.number)}. It is now: "
        f"<strong>{escape(STATES.get(record.state, record.state))}</strong>.</p>",
    )


def _facts(record: Record) -> str:
    rows = [("Requested by", record.requester_name or record.requester), ("Service", record.service)]
    rows += [(label, _shown(record.details.get(name))) for name, label in SHOWN.items()]
    for name, label in INSTANTS.items():
        at = record.details.get(name)
        rows.append((label, moment(at) if isinstance(at, int) else ""))
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _votes(record: Record) -> str:
    kept: Any = record.details.get("approval") or {}
    votes: Mapping[str, Any] = kept.get("votes", {})
    rows = "".join(f"<li>{escape(person)}: {escape(vote['decision'])}</li>" for person, vote in votes.items())
    return f"<h2>Votes so far</h2><ul>{rows}</ul>" if rows else ""
