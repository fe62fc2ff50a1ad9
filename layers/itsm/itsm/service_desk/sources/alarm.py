"""Alarm: a CloudWatch alarm that goes off opens a ticket; its recovery finds that ticket by a derived id."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from itsm.core.errors import InvalidInputError
from itsm.service_desk.policy import AlarmSource
from itsm.service_desk.sources import charsets
from itsm.service_desk.submission import ALARM, INTERNAL, Submission

FIRING, WELL = "ALARM", "OK"
"""An episode is one unbroken time in state ALARM. Its key is the alarm's ARN and the instant it began, taken from the
events alone, so nothing is ever searched for: an event into ALARM carries that instant as its own state's
timestamp, an event out of ALARM (to OK or INSUFFICIENT_DATA) as the previous state's. What follows from it:

* the same event delivered twice, or again weeks later, is the same ticket and the same journal entry;
* ALARM after ALARM (a composite alarm that changes its reason) belongs to the episode of the previous state's
  timestamp;
* OK that overtakes its ALARM finds no ticket; it is answered with an error, comes again from the queue, and finds it
  then;
* ALARM -> INSUFFICIENT_DATA ends the episode without a recovery: the ticket gets a journal entry and stays open, since
  no data is no good news. The OK that may follow names INSUFFICIENT_DATA as its previous state and so belongs to no
  episode: it is left out;
* an episode that begins while the ticket of the one before is open, or was closed less than `flap_minutes` ago, goes on
  in that ticket: an alarm that flaps makes a journal, not tickets (runtime/alarming.py, by the alarm's ARN);
* OK -> INSUFFICIENT_DATA, INSUFFICIENT_DATA -> OK and the state every new alarm begins with make nothing.
"""
OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


def parse(event: Mapping[str, Any], policy: AlarmSource, *, received_at: int) -> Submission | None:
    """The submission of a "CloudWatch Alarm State Change" event, None where no episode begins, goes on or ends.

    Shape: AWS, "Alarm events and EventBridge" (detail.alarmName, detail.state and detail.previousState with value,
    reason and timestamp; resources holds the ARN). Raises InvalidInputError with the field.
    """
    detail = _table(event, "detail", "detail")
    name = _text(detail, "alarmName", "detail.alarmName")
    state = _table(detail, "state", "detail.state")
    previous = detail.get("previousState") or {}
    value = _text(state, "value", "detail.state.value")
    was = previous.get("value", "") if isinstance(previous, Mapping) else ""
    if FIRING not in (value, was):
        return None
    arn = str((event.get("resources") or [name])[0])
    began = previous if was == FIRING else state
    path = "detail.previousState.timestamp" if was == FIRING else "detail.state.timestamp"
    instant = _instant(_text(began, "timestamp", path), path)
    epoch = int(datetime.fromisoformat(instant).timestamp())
    return Submission(
        source=ALARM,
        key=f"{arn}|{instant}",
        kind=ALARM,
        received_at=received_at,
        sender=policy.requester,
        sender_name="CloudWatch",
        subject=_subject(name, value),
        text=_words(event, detail, name, value, str(was)),
        trust=INTERNAL,
        fields={
            "practice": policy.practice,
            "impact": str(policy.impact),
            "urgency": str(policy.urgency),
            **_named(name, policy),
        },
        delivery=str(event.get("id") or f"{arn}|{value}|{state.get('timestamp', '')}"),
        fingerprint=arn,
        recovered=value == WELL,
        began=epoch,
    )


def opens(submission: Submission, event: Mapping[str, Any]) -> bool:
    """Whether the event itself may open the ticket: only one into ALARM may; all others add to one that is there."""
    return str(event["detail"]["state"]["value"]) == FIRING


def _named(name: str, policy: AlarmSource) -> Mapping[str, str]:
    starts = sorted((start for start in policy.names if name.startswith(start)), key=len)
    return policy.names[starts[-1]] if starts else {}


def _subject(name: str, value: str) -> str:
    return f"{charsets.clean(name)} is {'in alarm' if value == FIRING else value}"


def _words(event: Mapping[str, Any], detail: Mapping[str, Any], name: str, value: str, was: str) -> str:
    state = detail["state"]
    configuration = detail.get("configuration") or {}
    lines = [
        f"Alarm {name} went from {was or 'no state'} to {value} at {state.get('timestamp', '')}.",
        str(configuration.get("description") or ""),
        str(state.get("reason") or ""),
        f"Account {event.get('account', '')}, region {event.get('region', '')}.",
    ]
    return charsets.clean("\n".join(line for line in lines if line))


def _instant(text: str, path: str) -> str:
    """An instant in milliseconds, in one spelling, whichever one the event uses (+0000, +00:00 or Z)."""
    try:
        instant = datetime.fromisoformat(OFFSET.sub(r"\1:\2", text))
    except ValueError as error:
        raise InvalidInputError(path, f"{text!r} is no instant (ISO 8601)") from error
    return instant.astimezone(UTC).isoformat(timespec="milliseconds") if instant.tzinfo else f"{instant.isoformat()}Z"


def _table(within: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
    value = within.get(name)
    if not isinstance(value, Mapping):
        raise InvalidInputError(path, "is missing; is this a CloudWatch Alarm State Change?")
    return value


def _text(within: Mapping[str, Any], name: str, path: str) -> str:
    value = within.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInputError(path, "is missing or no text")
    return value
