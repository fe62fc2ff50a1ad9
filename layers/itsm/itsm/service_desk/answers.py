"""Answers: how a form's own questions were answered, in the words they were asked in, for who works on its ticket."""

from collections.abc import Mapping

from itsm.service_desk.approval_page import INSTANTS, SHOWN
from itsm.service_desk.policy import Form, Question

FIELDS = frozenset(
    {"sender", "sender_name", "on_behalf_of", "subject", "text", "service", "ci", "impact", "urgency", "practice"}
)
"""Questions whose answers become fields of the ticket, which are shown as such."""


def told(form: Form, said: Mapping[str, str]) -> str:
    """What the ticket says beside the person's text, a line for each answer; "" where all of them are fields.

    They stand before the text: of a long one only the beginning is shown to approvers, and they decide about these.
    """
    shown = FIELDS | ({*SHOWN, *INSTANTS} if form.practice == "change" else frozenset[str]())
    lines = [_line(one, said[one.name], form) for one in form.question if one.name in said and one.name not in shown]
    return "\n".join(lines)


def with_text(form: Form, said: Mapping[str, str], text: str) -> str:
    """The answers and the person's text under them."""
    return "\n\n".join(one for one in (told(form, said), text) if one)


def _line(one: Question, answer: str, form: Form) -> str:
    if one.type == "instant":
        answer = form.words.of(form.language).moment(int(answer))
    answer = next((each.label for each in one.choices if each.value == answer), answer)
    return f"{one.label}:{chr(10) if chr(10) in answer else ' '}{answer}"
