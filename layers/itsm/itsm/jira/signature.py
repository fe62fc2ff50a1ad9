"""Webhooks: is it Jira that calls, and which issue may have changed. A webhook is a hint, never the truth."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from itsm.core.errors import MalformedError, UnauthenticatedError
from itsm.core.events import Json

HEADER = "x-hub-signature"
MAX_AGE = 24 * 3600
"""Seconds; Jira's scheme does not protect against replay, and its own retries end far sooner (Jira Cloud, Webhooks)."""
LABEL = re.compile(r"itsm-([a-z2-7]{16})(?:-[a-z_]+)?")
"""The label of a ticket's issue, or of the issue of one of its steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """The issue that may have changed, what Jira calls the event, and the record its label names, if any."""

    issue: str
    kind: str
    record: str = ""


def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str], now: int) -> Mapping[str, Any]:
    """The payload of an authentic webhook, checked over its raw bytes (Jira Cloud, "Secure admin webhooks").

    Any live secret may have signed it. Raises UnauthenticatedError for a missing or wrong signature, when no secret is
    set, and for one sent more than a day ago; MalformedError when an authentic body cannot be read.
    """
    given = {name.lower(): value for name, value in headers.items()}.get(HEADER, "")
    live = [secret for secret in secrets if secret]
    if not live:
        raise UnauthenticatedError("no webhook secret is set; put one under `webhook` in the Jira secret")
    # Every secret is compared, so that the time taken tells nothing about which of them failed where.
    matches = [hmac.compare_digest(given.encode(), _signature(secret, raw).encode()) for secret in live]
    if not any(matches):
        raise UnauthenticatedError("the webhook's X-Hub-Signature is missing or wrong; compare the secret set in Jira")
    try:
        payload = json.loads(raw)
    except ValueError as error:
        raise MalformedError("an authentic Jira webhook is not JSON") from error
    sent = payload.get("timestamp") if isinstance(payload, dict) else None
    if not isinstance(sent, int) or isinstance(sent, bool):
        raise MalformedError("an authentic Jira webhook has no timestamp")
    if abs(now - sent / 1000) > MAX_AGE:
        raise UnauthenticatedError("the webhook is more than a day away from now; it is not taken again")
    return dict(payload)


def nudge(payload: Mapping[str, Json]) -> Nudge | None:
    """The issue a verified webhook is about; None for events about something else."""
    issue = payload.get("issue")
    if not isinstance(issue, Mapping) or not issue.get("id"):
        return None
    fields = issue.get("fields")
    labels = fields.get("labels") if isinstance(fields, Mapping) else None
    return Nudge(
        issue=str(issue["id"]),
        kind=str(payload.get("webhookEvent") or ""),
        record=record_of(label for label in labels if isinstance(label, str)) if isinstance(labels, list) else "",
    )


def record_of(labels: Iterable[str]) -> str:
    """The record id in an issue's labels, "" without one."""
    return next((match[1] for label in labels if (match := LABEL.fullmatch(label))), "")


def _signature(secret: str, raw: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
