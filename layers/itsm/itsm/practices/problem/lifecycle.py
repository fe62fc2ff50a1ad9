"""Lifecycle: the states of a problem, from its being seen to its cause being gone (ITIL v3, Service Operation 4.4)."""

from itsm.core.lifecycle import Lifecycle

NEW, IN_ANALYSIS, KNOWN_ERROR = "new", "in_analysis", "known_error"
RESOLVED, CLOSED, CANCELLED = "resolved", "closed", "cancelled"

LIFECYCLE = Lifecycle(
    initial=NEW,
    moves={
        NEW: frozenset({IN_ANALYSIS, KNOWN_ERROR, RESOLVED, CANCELLED}),
        IN_ANALYSIS: frozenset({KNOWN_ERROR, RESOLVED, CANCELLED}),
        KNOWN_ERROR: frozenset({IN_ANALYSIS, RESOLVED, CANCELLED}),
        RESOLVED: frozenset({IN_ANALYSIS, CLOSED}),
        CLOSED: frozenset(),
        CANCELLED: frozenset(),
    },
    answered=frozenset({IN_ANALYSIS, KNOWN_ERROR, RESOLVED, CLOSED}),
    met=frozenset({RESOLVED, CLOSED, CANCELLED}),
)
"""A known error may stay one for years: its cause is known, its workaround is used, and nobody has to remove it."""
