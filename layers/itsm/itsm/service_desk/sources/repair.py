"""Repair: what is wrong with a mail's bytes before any parser may see them."""

import re

from itsm.core.errors import MalformedError

KNOWN = re.compile(
    rb"(?:from|to|cc|bcc|subject|date|sender|reply-to|return-path|received|message-id|in-reply-to|references"
    rb"|mime-version"
    rb"|content-[a-z-]+|x-[a-z0-9-]+|precedence|importance|delivered-to|dkim-signature|thread-[a-z]+|list-[a-z]+"
    rb"|auto-submitted)[ \t]*:",
    re.IGNORECASE,
)
FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
SPACED = re.compile(rb"^([!-9;-~]+)[ \t]+:")
MBOX = re.compile(rb">?From (?![ \t]*:)[^\r\n]*\r?\n")
BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
MAX_HEAD = 1_048_576


def repaired(raw: bytes) -> bytes:
    """The mail with Unix line ends and a head any parser can read.

    Takes away byte order marks, blank lines and the mbox `From ` line before the head, NUL bytes in it, and blanks
    before a colon; indents continuation lines that lost their indent; sets the blank line a head without one lacks.
    Raises MalformedError for a head that goes on beyond MAX_HEAD.
    """
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    elif b"\r" in raw:
        raw = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ")
    while match := MBOX.match(raw):
        raw = raw[match.end() :].lstrip(b"\r\n")
    ends = BLANK.search(raw, 0, MAX_HEAD)
    if ends is None and len(raw) > MAX_HEAD:
        raise MalformedError(f"the mail's head has no end within {MAX_HEAD} bytes")
    head = raw[: ends.start()] if ends else raw
    lines = head.replace(b"\0", b"").split(b"\n")
    if all(FIELD.match(line) or line[:1] in (b" ", b"\t") for line in lines) and not any(map(SPACED.match, lines)):
        if b"\0" not in head and ends and ends[0] == b"\n\n":
            return raw
        return b"\n".join(lines) + b"\n\n" + (raw[ends.end() :] if ends else b"")
    return _head(lines) + (raw[ends.end() :] if ends else b"")


def _head(lines: list[bytes]) -> bytes:
    """The head's lines made whole; where no known field follows a stray line, the body began there."""
    last = max((number for number, line in enumerate(lines) if KNOWN.match(line)), default=-1)
    whole: list[bytes] = []
    for number, line in enumerate(lines):
        if line[:1] in (b" ", b"\t") or FIELD.match(line):
            whole.append(SPACED.sub(rb"\1:", line))
        elif number <= last and whole:
            whole.append(b" " + line)
        elif number > last:
            return b"\n".join([*whole, b"", *lines[number:], b"", b""])
    return b"\n".join([*whole, b"", b""])
