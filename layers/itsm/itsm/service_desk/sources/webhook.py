"""Webhook: a payload, JSON or a form, becomes a submission by the paths its policy names; no code per source."""

import json
import re
from collections.abc import Mapping
from typing import Any

from itsm.core.addresses import folded
from itsm.core.errors import InvalidInputError, MalformedError, TooLargeError
from itsm.service_desk.policy import WebhookSource
from itsm.service_desk.sources import charsets, posted
from itsm.service_desk.submission import UNKNOWN, VERIFIED, WEBHOOK, Submission

PATH = re.compile(r"\{([^{}]+)\}")
MAILBOX = re.compile(r"([^<>]*)<([^<>\s@]+@[^<>\s@]+)>\s*")
MAX_FIELD = 65_536
TICKET, EVENT = "ticket", "event"
"""Kinds of sources: one whose deliveries are tickets, one whose deliveries are alarms."""
LEVELS = ("impact", "urgency")


def parse(
    name: str, body: bytes, headers: Mapping[str, str], policy: WebhookSource, *, received_at: int
) -> Submission | None:
    """The submission of a verified payload, None when the policy's `only` says this delivery is not for the desk.

    `headers` have lower-case names. Raises TooLargeError, MalformedError (neither a JSON object nor a form),
    InvalidInputError with the field.
    """
    if len(body) > policy.max_bytes:
        raise TooLargeError(f"the body has {len(body)} bytes; {name} may send {policy.max_bytes}")
    payload = payload_of(body, headers)
    if not all(_filled(text, payload, headers) in allowed for text, allowed in policy.only.items()):
        return None
    recovered = bool(policy.recovered) and all(
        _filled(text, payload, headers) in allowed for text, allowed in policy.recovered.items()
    )
    key = _needed("key", policy.key, payload, headers)
    fields = _fields(policy, payload, headers)
    sender, person = _mailbox(fields.pop("sender", name))
    return Submission(
        source=name,
        key=key,
        kind=WEBHOOK,
        received_at=received_at,
        sender=folded(sender)[:254],
        sender_name=(fields.pop("sender_name", "") or person)[:200],
        subject=fields.pop("subject", "")[:1_000],
        text=fields.pop("text", ""),
        trust=UNKNOWN if policy.verify.scheme == "none" else VERIFIED,
        fields={"practice": policy.practice, **fields},
        delivery=_filled(policy.delivery, payload, headers) or key,
        fingerprint=_filled(policy.fingerprint, payload, headers),
        recovered=recovered,
    )


def _mailbox(text: str) -> tuple[str, str]:
    """The address and the name of a sender, who may be written as a From header has it: Rita <rita@example.org>."""
    found = MAILBOX.fullmatch(text)
    return (found[2], found[1].strip().strip('"')) if found else (text, "")


def payload_of(body: bytes, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """The payload as an object: JSON, or the fields of a form; what SNS wraps as text in `Message` is opened."""
    if posted.is_form(headers.get("content-type", "")):
        return _of_form(posted.read(body, headers.get("content-type", ""), posted.OF_A_MACHINE).fields)
    return _opened(_object(body))


def _of_form(fields: Mapping[str, str]) -> Mapping[str, Any]:
    """A form's fields, or the JSON it carries alone in a field `payload` (GitHub's first choice of content type)."""
    inner = fields.get("payload", "")
    return _object(inner.encode()) if len(fields) == 1 and inner.startswith("{") else fields


def _opened(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = payload.get("Message")
    if not isinstance(inner, str) or not inner.startswith("{") or "TopicArn" not in payload:
        return payload
    try:
        return {**payload, "Message": _object(inner.encode()), "MessageText": inner}
    except MalformedError:
        return payload


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not JSON; send one JSON object in UTF-8") from error
    if not isinstance(payload, dict):
        raise MalformedError("the body is JSON but not an object; send one JSON object")
    return payload


def _fields(policy: WebhookSource, payload: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    fields = dict(policy.defaults)
    for field, text in policy.map.items():
        value = _filled(text, payload, headers)
        if value:
            translated = policy.values.get(field, {})
            fields[field] = translated.get(value, translated.get("*", value))
    for field in policy.required:
        if not fields.get(field, "").strip():
            raise InvalidInputError(
                _where(policy.map.get(field, field)), f"is missing; the ticket's {field} comes from it"
            )
    for field in LEVELS:
        if field in fields and fields[field] not in ("1", "2", "3", "4", "5"):
            raise InvalidInputError(
                _where(policy.map.get(field, field)), f"{fields[field]!r} is no {field}; send 1 to 5"
            )
    return fields


def _where(text: str) -> str:
    paths = PATH.findall(text)
    return str(paths[0]).partition("|")[0] if paths else text


def _needed(field: str, text: str, payload: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    value = _filled(text, payload, headers)
    if not value:
        raise InvalidInputError(_where(text), f"is missing; the {field} of the ticket comes from it")
    return value


def _filled(text: str, payload: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """The text with its {paths} filled in; "" when one of them leads nowhere."""
    missing = False

    def fill(match: re.Match[str]) -> str:
        nonlocal missing
        for path in match[1].split("|"):
            value = headers.get(path[1:].lower(), "") if path.startswith("@") else _at(path, payload)
            if value:
                return value
        missing = True
        return ""

    filled = PATH.sub(fill, text)
    return "" if missing else charsets.clean(filled)[:MAX_FIELD].strip()


def _at(path: str, payload: Any) -> str:
    """What a dotted path leads to, as text; a number in it counts into a list, and `name=value` finds the first of a
    list whose `name` (`outer/inner` where it lies deeper) is so. `path#Name` is a field in a block of mail headers."""
    path, _, field = path.partition("#")
    here = reached(path, payload)
    return _header(field, _shown(path, here)) if field else _shown(path, here)


def reached(path: str, payload: Any) -> Any:
    """What a dotted path leads to, None where it leads nowhere; JSON in a text is opened where the path goes on."""
    here = payload
    for step in path.split("."):
        if isinstance(here, str | bytes):
            here = opened(here)
        if isinstance(here, Mapping):
            here = here.get(step)
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        elif isinstance(here, list) and "=" in step:
            here = _first(here, *step.split("=", 1))
        else:
            return None
    return here


def opened(text: str | bytes) -> Any:
    """What a text of JSON holds, None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _first(among: list[Any], name: str, value: str) -> Any:
    for one in among:
        found = one
        for part in name.split("/"):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found == value:
            return one
    return None


def _header(name: str, block: str) -> str:
    found = re.search(rf"(?im)^{re.escape(name)}:[ \t]*(\S.*)$", block)
    return found[1].strip() if found else ""


def _shown(path: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidInputError(
        path, f"is {'a list' if isinstance(value, list) else 'an object'}; text or a number belongs there"
    )
