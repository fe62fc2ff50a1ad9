"""Approval page: what an approver reads before deciding, and the two buttons that decide; plain HTML, no script."""

from collections.abc import Mapping
from html import escape
from typing import Any

from itsm.core.approvals import ACCEPT
from itsm.core.record import Record
from itsm.service_desk.pages import frame
from itsm.service_desk.words import Words

SHOWN = ("type", "risk", "risk_because", "template", "items", "plan", "backout", "test", "collides_with")
INSTANTS = ("planned_start", "planned_end")
WORDED = ("type", "risk")


def question(record: Record, voter: str, text: str, words: Words, switch: str = "") -> str:
    """The page for one approver: the facts, the text, and a form whose button is the decision; `switch` is HTML."""
    said = "<br>".join(escape(line) for line in text.splitlines())
    accept, refuse, note = (escape(words.say(word)) for word in ("accept", "refuse", "a_word"))
    return frame(
        words.say("decide_on", number=record.number),
        f"<h1><small>{escape(record.number)}</small> {escape(record.title)}</h1>"
        f"<p>{escape(words.say('asked_of', person=voter))}</p>"
        f"<dl>{_facts(record, words)}</dl><p>{said}</p>{_votes(record, words)}"
        f'<form method="post"><label for="note">{note}</label>'
        '<textarea id="note" name="note" maxlength="2000"></textarea>'
        f'<button type="submit" name="decision" value="accept">{accept}</button> '
        f'<button type="submit" name="decision" value="refuse">{refuse}</button></form>{switch}',
        words.language,
    )


def thanks(record: Record, decision: str, words: Words) -> str:
    """The page after a decision."""
    done = words.say("you_accepted" if decision == ACCEPT else "you_refused", number=record.number)
    now = words.say("now", state=words.state(record.state))
    return frame(
        done,
        f"<h1>{escape(words.say('thank_you'))}</h1><p>{escape(done)} <strong>{escape(now)}</strong></p>",
        words.language,
    )


def _facts(record: Record, words: Words) -> str:
    rows = [
        (words.say("requested_by"), record.requester_name or record.requester),
        (words.say("service"), record.service),
    ]
    for name in SHOWN if record.practice == "change" else ():
        value = _shown(record.details.get(name), words)
        rows.append((words.say(name), words.value(value) if name in WORDED else value))
    for name in INSTANTS:
        at = record.details.get(name)
        rows.append((words.say(name), words.moment(at) if isinstance(at, int) else ""))
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)


def _shown(value: Any, words: Words) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_reason(str(one), words) for one in value)
    return "" if value is None else str(value)


def _reason(said: str, words: Words) -> str:
    """One reason of a risk, `level: reason`, as we say it; anything else as it is."""
    level, gap, reason = said.partition(": ")
    return f"{words.value(level)}{gap}{words.again(reason)}" if gap else said


def _votes(record: Record, words: Words) -> str:
    kept: Any = record.details.get("approval") or {}
    votes: Mapping[str, Any] = kept.get("votes", {})
    rows = "".join(f"<li>{escape(_vote(person, vote, words))}</li>" for person, vote in votes.items())
    return f"<h2>{escape(words.say('votes'))}</h2><ul>{rows}</ul>" if rows else ""


def _vote(person: str, vote: Mapping[str, Any], words: Words) -> str:
    return words.say("accepted_by" if vote["decision"] == ACCEPT else "refused_by", person=person)
