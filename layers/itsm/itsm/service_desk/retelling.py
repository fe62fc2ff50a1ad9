"""Retelling: what the product itself wrote in English on a record or into an error, said again in another language."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Protocol

SENTENCES: Mapping[str, str] = {
    # on a ticket's journal (runtime/timers)
    "reminder": "We still wait for your answer on {number}; without one we cannot go on.",
    "last_word": "We heard nothing from you on {number} and take it to be done. "
    "Answer this mail if it is not, and we go on.",
    "breached": "The {what} target of {number} is breached; {group} holds the ticket",
    "used": "{level} of the {what} target of {number} is used",
    "level": "The {what} target of {number} is at its level {level}",
    "regrouped": "it goes to {group}",
    "raised": "its priority is raised to {priority}",
    "problem": "{problem} is there to find its cause",
    "follow_up": "{number} still waits for the {reason}: ask how it stands, or go on without",
    # why a change cannot go on as planned (practices/change)
    "over": "its planned window is over; plan another",
    "not_begun": "its planned window has not begun",
    "freeze": "a change freeze lasts from {start} to {end}",
    "maintenance": "{service} may be changed only within its maintenance hours; plan a window in them",
    "no_template": "no template is called {template}; open a normal change",
    "revoked": "the template {template} is revoked; open a normal change",
    "other_service": "the template {template} is for {wanted}, not for {service}",
    "too_long": "the template {template} allows {minutes} minutes; plan a shorter window",
    "unapproved": "it is not approved as it is now",
    "half_window": "{field}: is missing; plan both the start and the end, or neither",
    "window_order": "{field}: is not after planned_start",
    "no_instant": "{field}: {value} is no date and time; write 2026-11-24T16:30+01:00",
    # why a change is as risky as it is
    "by_template": "template {template}",
    "by_impact": "impact {impact} with {success} probability of success",
    "by_criticality": "{service} has criticality {criticality}",
    "by_score": "the team's success score is {score}",
    "by_collision": "collides with {numbers}",
    # why a file was not kept (service_desk/attachments)
    "ending": "files ending in .{ending} are not taken",
    "larger": "larger than {size}",
    "test_virus": "a scanner's test virus is in it",
    "program": "it is {kind}, whatever its name says",
    "too_many": "more than {most} files",
    "too_much": "all files together have more than {size}",
    "archive_files": "an archive of more than {most} files",
    "archive_size": "an archive that unpacks to far too much",
    "archive_ending": "an archive with a file ending in .{ending}",
    "archive_depth": "archives in archives, more than {depth} deep",
    # what a page says instead of what was asked for
    "approval_over": "this approval is over: {why}; the record's page shows where it stands",
    "chose_already": "you already chose to {decision}",
    "changed_since_asked": "{number} was changed after it was asked about",
    "changed_since_sent": "{number} was changed after this link was sent",
    "asked_anew": "{number} was changed after this link was sent; you will be asked anew",
    "others_decided": "the others decided this step",
    "out_of_time": "the time to answer has run out",
    "no_longer_asked": "you are no longer asked",
    "decided": "{number} is decided, or was decided without you; it is {state} now",
    "nothing_to_approve": "{number} is nothing to approve",
    "own_request": "{number}: who asks for a thing cannot approve it",
    "not_asked": "{number}: {person} was not asked to approve it",
    "no_approval_link": "this is no link to this record's approval; open it again from the mail it came in",
    "no_decision": "{field}: is {one} or {other}",
    "long_note": "{field}: has {given} characters; {most} are taken",
    "wrong_link": "this link is not one of ours, or it was cut; open it again from the mail it came in",
    "link_expired": "this link has expired; ask for a new one",
    "no_file": "this ticket has no such file",
    "scanning": "this file is still being scanned; try again in a minute, or ask the service desk",
    "not_given_out": "this file is not given out: {why}",
    "harmful": "a scanner found something harmful in it",
    "locked": "the scanner cannot look into it: it is locked with a password, or packed too deep or too large",
    "unreadable": "the scanner was not allowed to read it",
    "scan_failed": "the scan of it failed",
    "unscanned": "no scanner has looked at it yet",
    "no_entry": "this ticket has no such entry, or it came without HTML",
    "other_site": "this form was sent from another site; open it here and send it again",
    "large_form": "the form has {given} bytes; {most} are taken",
    "large_body": "the body has {given} bytes; {most} are taken",
    "many_fields": "the form has too many fields",
    "many_forms": "too many forms came from this address in an hour; wait, or write a mail",
    "no_form": "no form is called {name}",
    "no_record": "no record has the id {id}",
    "inside": "something went wrong on our side; it is logged, and trying again may help",
    "record_is": "{number} is {state}",
}
"""Every sentence by its name, with `{fact}` where a fact stands; the places that write them are tested to agree."""

STATES, VALUES, AGAIN = ("state",), ("decision", "level", "success", "kind", "reason"), ("why",)
SHORT = {
    "number": r"[A-Z]{3}\d+",
    "problem": r"[A-Z]{3}\d+",
    "state": r"[a-z_]+",
    "priority": r"\d",
    "level": r"[\w%-]+",
    "what": r"[^;]+?",
    "field": r"[a-z_]+",
    "one": "accept",
    "other": "refuse",
}
"""How a fact looks that is not just any text."""
MOST_SENTENCES = 20
NOBODY = "nobody"


class Speech(Protocol):
    """The words of a language."""

    @property
    def sentences(self) -> Mapping[str, str]:
        """Its sentences by their name."""

    def state(self, state: str) -> str:
        """A record's state."""

    def value(self, value: str) -> str:
        """A word a record holds."""


def facts_of(name: str) -> tuple[str, ...]:
    """The facts of a sentence."""
    return tuple(_pattern(name).groupindex)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    text = re.split(r"\{(\w+)\}", SENTENCES[name])
    parts = [f"(?P<{part}>{SHORT.get(part, '.+?')})" if at % 2 else re.escape(part) for at, part in enumerate(text)]
    return re.compile("".join(parts) + r"(?:; |$)", re.DOTALL)


def retold(text: str, words: Speech) -> str:
    """A text that is all sentences of ours, in another language; any other text as it is."""
    said: list[str] = []
    at = 0
    while at < len(text) and len(said) < MOST_SENTENCES:
        found = next(((name, hit) for name in SENTENCES if (hit := _whole(name, text, at))), None)
        if found is None or found[0] not in words.sentences:
            return text
        name, hit = found
        facts = {fact: _fact(fact, value, words) for fact, value in hit.groupdict().items()}
        said.append(words.sentences[name].format(**facts))
        at = hit.end()
    return "; ".join(said) if at >= len(text) and said else text


def _whole(name: str, text: str, at: int) -> re.Match[str] | None:
    """The sentence at a place. Where a longer one begins like it, it is only it if the text goes on as ours."""
    hit = _pattern(name).match(text, at)
    if hit is None or hit.end() == len(text):
        return hit
    return hit if any(_pattern(other).match(text, hit.end()) for other in SENTENCES) else None


def _fact(name: str, value: str, words: Speech) -> str:
    if name in STATES:
        return words.state(value)
    if name in AGAIN:
        return words.value(retold(value, words))
    if name == "what":
        agreement, gap, metric = value.rpartition(" ")
        return f"{agreement}{gap}{words.value(metric)}"
    return words.value(value) if name in VALUES or value == NOBODY else value
