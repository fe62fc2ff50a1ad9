"""Builders: records and comments that are valid by default; a test overrides the one thing it is about."""

from typing import Any

from itsm.core.record import Comment, Record, derived_id, opened

NOON = 1_764_000_000
"""Monday 2025-11-24 16:00 UTC: an instant in nobody's night."""


def a_record(key: str = "one", practice: str = "incident", **overrides: Any) -> Record:
    """A new record of any practice, as opening makes it: without a number, which the store gives."""
    facts: dict[str, Any] = {
        "id": derived_id("mail", key),
        "practice": practice,
        "state": "new",
        "title": "The mail server is slow",
        "source": "mail",
        "requester": "rita@example.org",
        "requester_name": "Rita Requester",
        "group": "service-desk",
        "service": "email",
        "digest": "0" * 64,
        "text": "Since this morning every mail takes a minute.",
    }
    facts |= overrides
    at = facts.pop("at", NOON)
    text = facts.pop("text")
    return opened(f"{practice.capitalize()}Opened", by=facts["requester"], origin="mail", at=at, text=text, **facts)


def an_incident(key: str = "one", **overrides: Any) -> Record:
    """An incident that just came in."""
    return a_record(key, "incident", **overrides)


def a_comment(record: Record, key: str = "first", **overrides: Any) -> Comment:
    """A public comment by an agent."""
    facts: dict[str, Any] = {
        "id": derived_id(f"test:{record.id}", key),
        "record": record.id,
        "at": record.updated_at + 60,
        "by": "ada@example.org",
        "text": "We are looking at it.",
        "origin": "records",
    }
    return Comment(**(facts | overrides))
