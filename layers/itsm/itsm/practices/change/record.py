"""Record: what a change keeps in its details, read with types."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from itsm.core.errors import InvalidInputError
from itsm.core.record import Record

STANDARD, NORMAL, EMERGENCY = "standard", "normal", "emergency"
TYPES = (STANDARD, NORMAL, EMERGENCY)

CONTENT = (
    "type", "template", "planned_start", "planned_end", "items", "success_probability", "plan", "backout", "test",
)  # fmt: skip
"""The details an approval covers, beside title, service and impact; all others are the process's own notes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change as planned. Instants are epoch seconds; None where nobody planned one."""

    type: str
    template: str
    start: int | None
    end: int | None
    items: frozenset[str]
    success: str
    risk: str


def type_of(record: Record) -> str:
    """standard, normal or emergency; whatever says neither is normal, which is the careful one."""
    stated = str(record.details.get("type", "")).strip().lower()
    return stated if stated in TYPES else NORMAL


def read(record: Record) -> Change:
    """The change a record is about. Raises InvalidInputError for a window nobody can read or that ends too early."""
    details = record.details
    start, end = instant("planned_start", details), instant("planned_end", details)
    if (start is None) != (end is None):
        missing = "planned_start" if start is None else "planned_end"
        raise InvalidInputError(missing, "is missing; plan both the start and the end, or neither")
    if start is not None and end is not None and end <= start:
        raise InvalidInputError("planned_end", "is not after planned_start")
    return Change(
        type=type_of(record),
        template=str(details.get("template") or ""),
        start=start,
        end=end,
        items=_names(details.get("items")),
        success=str(details.get("success_probability") or "medium").lower(),
        risk=str(details.get("risk") or ""),
    )


def instant(name: str, details: Mapping[str, Any]) -> int | None:
    """Epoch seconds of a detail: a number, or a date and time as RFC 3339 writes it; without an offset it is UTC."""
    stated = details.get(name)
    if stated in (None, ""):
        return None
    if isinstance(stated, int) and not isinstance(stated, bool):
        return stated
    try:
        read_at = datetime.fromisoformat(str(stated))
    except ValueError as error:
        raise InvalidInputError(name, f"{stated!r} is no date and time; write 2026-11-24T16:30+01:00") from error
    return int((read_at if read_at.tzinfo else read_at.replace(tzinfo=UTC)).timestamp())


def _names(stated: Any) -> frozenset[str]:
    parts = stated.split(",") if isinstance(stated, str) else stated or ()
    return frozenset(name.strip() for name in parts if str(name).strip())
