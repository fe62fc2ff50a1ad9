"""Patterns: regular expressions in many languages, compiled when they are first asked for."""

import re
from functools import cache


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, blind to case; compiling one takes milliseconds, which a door that never reads mail must not pay."""
    return re.compile(pattern, re.IGNORECASE)


def begins(pattern: str, text: str) -> bool:
    """Whether a text begins with what the pattern describes."""
    return compiled(pattern).match(text) is not None


def holds(pattern: str, text: str) -> bool:
    """Whether it is anywhere in a text."""
    return compiled(pattern).search(text) is not None
