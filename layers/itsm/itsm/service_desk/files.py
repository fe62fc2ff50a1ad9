"""Files: what came along with a ticket, as links that expire, given out only once a scanner has passed it."""

from collections.abc import Iterable
from dataclasses import dataclass

from itsm.core.errors import GoneError, NotFoundError, OutsideError
from itsm.core.record import Comment, Record
from itsm.core.signing import sign

HOUR = 3_600
PURPOSE = "file"
MARK = 32
"""Characters of a file's SHA-256 in its link: 128 bits name it."""
CLEAN, INFECTED, PENDING = "clean", "infected", "pending"
"""What a scanner says of a stored file; pending also where it could not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One kept file as a record or entry lists it: where it is stored, its name, type and size in bytes."""

    key: str
    name: str
    type: str
    size: int


def listed(line: str) -> File:
    """A line of a record's or entry's attachments (submission.listed) as a file."""
    key, name, kind, size = line.split("|", 3)
    return File(key=key, name=name, type=kind, size=int(size))


def files(record: Record, journal: Iterable[Comment]) -> list[File]:
    """Every file of a ticket that its requester may see, those it opened with first, each once."""
    held = record.details.get("attachments")
    lines = [str(one) for one in held] if isinstance(held, list) else []
    lines += [line for entry in journal if entry.public for line in entry.attachments]
    return list({line.partition("|")[0]: listed(line) for line in lines}.values())


def link(secret: bytes, base_url: str, record: Record, file: File, now: int) -> str:
    """The address of a file for the next hour."""
    payload = f"{record.id}.{file.key.rpartition('/')[2][:MARK]}.x{now + HOUR}"
    return f"{base_url}/files/{sign(secret, PURPOSE, payload)}"


def found(record: Record, journal: Iterable[Comment], mark: str) -> File:
    """The file of a verified link. Raises NotFoundError where the ticket does not have it (any more)."""
    for file in files(record, journal):
        if file.key.rpartition("/")[2].startswith(mark) and len(mark) == MARK:
            return file
    raise NotFoundError("this ticket has no such file")


def check(verdict: str) -> None:
    """Raise GoneError for a file a scanner warns of, OutsideError while it has not said anything."""
    if verdict == INFECTED:
        raise GoneError("a scanner found something harmful in this file; it is not given out")
    if verdict != CLEAN:
        raise OutsideError("this file is still being scanned; try again in a minute")
