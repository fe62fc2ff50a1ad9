"""Answers: what an HTTP answer of Jira's means to us: its JSON, or one of our errors; never its body in a message."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from itsm.core.errors import (
    AmbiguousError,
    ForbiddenError,
    InvalidInputError,
    ItsmError,
    NotFoundError,
    OutsideError,
    StaleVersionError,
    ThrottledError,
    TooLargeError,
    UnauthenticatedError,
)
from itsm.jira.wire import NAMES

DEFAULT_WAIT = 60
"""Seconds to wait when Jira throttles without saying for how long."""
LONGEST_WAIT = 6 * 3600
EXPECTED = (200, 201, 204)


def checked(status: int, headers: Mapping[str, str], body: bytes, *, once: bool, now: int) -> Any:
    """The JSON of an answer, None when it has none.

    `once` marks a request whose repetition would show: what leaves its fate unknown (5xx, a page instead of JSON, a
    throttle that does not say whose) is an AmbiguousError. Raises the errors that `Issues` names.
    """
    if status == 204:
        return None
    if status in EXPECTED:
        return _json(headers, body, once=once)
    raise _error(status, {name.lower(): value for name, value in headers.items()}, body, once=once, now=now)


def _json(headers: Mapping[str, str], body: bytes, *, once: bool) -> Any:
    lost = AmbiguousError if once else OutsideError
    kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
    if "json" not in kind.lower():
        raise lost("Jira answered with a page instead of JSON")
    try:
        return json.loads(body)
    except ValueError as error:
        raise lost("Jira's answer was cut short") from error


def _error(status: int, headers: Mapping[str, str], body: bytes, *, once: bool, now: int) -> ItsmError:
    match status:
        case 400 | 422:
            return InvalidInputError(refused_field(body), f"Jira refused it ({status})")
        case 401:
            return UnauthenticatedError("Jira does not accept our credentials; renew the token in the Jira secret")
        case 403 | 405:
            return ForbiddenError(f"our Jira account may not do this ({status})")
        case 404 | 410:
            return NotFoundError("Jira has no such thing, or our account may not see it")
        case 409:
            return StaleVersionError("someone else is changing this issue")
        case 413:
            return TooLargeError("Jira takes no more on this issue")
        case 429:
            said = "retry-after" in headers or "ratelimit-reason" in headers
            if once and not said:
                return AmbiguousError("Jira throttled us without a word on the request's fate")
            return ThrottledError("Jira asks us to wait", wait(headers, now))
        case 503 if "retry-after" in headers and not once:
            return ThrottledError("Jira asks us to wait", wait(headers, now))
        case _:
            return (AmbiguousError if once else OutsideError)(f"Jira failed ({status})")


def refused_field(body: bytes) -> str:
    """Our name of the first field Jira's error collection names, its own when we do not know it, "request" for none."""
    try:
        answer = json.loads(body)
    except ValueError:
        return "request"
    errors = answer.get("errors") if isinstance(answer, Mapping) else None
    if not isinstance(errors, Mapping) or not errors:
        return "request"
    named = [NAMES.get(str(name), "") for name in errors]
    return next((name for name in named if name), str(next(iter(errors)))[:60])


def wait(headers: Mapping[str, str], now: int) -> int:
    """Whole seconds to wait, at least one.

    From Retry-After (RFC 9110, 10.2.3: seconds, or a date, read against the answer's own Date), else X-RateLimit-Reset
    (ISO time, sometimes without seconds), else a minute.
    """
    given = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", given):
        return _bounded(int(given))
    instant = _http_date(given)
    if instant is not None:
        since = _http_date(headers.get("date", ""))
        return _bounded(instant - (now if since is None else since))
    reset = headers.get("x-ratelimit-reset", "").strip()
    try:
        return _bounded(datetime.fromisoformat(reset).timestamp() - now) if reset else DEFAULT_WAIT
    except ValueError:
        return DEFAULT_WAIT


def _bounded(seconds: float) -> int:
    return min(max(1, int(-(-seconds // 1))), LONGEST_WAIT)


def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError):
        return None
