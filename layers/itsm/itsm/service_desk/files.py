"""Files: what came along with a ticket, as links that expire, given out only once a scanner has passed it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from itsm.core import scan
from itsm.core.errors import GoneError, NotFoundError, OutsideError
from itsm.core.events import Json
from itsm.core.journal import OPENING
from itsm.core.record import Comment, Record
from itsm.core.signing import sign

HOUR = 3_600
PURPOSE = "file"
MARK = 32
"""Characters of a file's SHA-256 in its link: 128 bits name it."""
HELD = "held_files"
"""The detail of a record that says of a file, by its mark, why it is held: a verdict of core.scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One kept file as a record or entry lists it: where it is stored, its name, type and size in bytes."""

    key: str
    name: str
    type: str
    size: int

    @property
    def mark(self) -> str:
        """What names the file in its link."""
        return self.key.rpartition("/")[2][:MARK]


def listed(line: str) -> File:
    """A line of a record's or entry's attachments (submission.listed) as a file."""
    key, name, kind, size = line.split("|", 3)
    return File(key=key, name=name, type=kind, size=int(size))


def files(record: Record, journal: Iterable[Comment]) -> list[File]:
    """Every file of a ticket that its requester may see, those it opened with first, each once."""
    return everything(record, (entry for entry in journal if entry.public))


def everything(record: Record, journal: Iterable[Comment]) -> list[File]:
    """Every file of a ticket, also those of entries that only agents see."""
    held = record.details.get("attachments")
    lines = [str(one) for one in held] if isinstance(held, list) else []
    lines += [line for entry in journal for line in entry.attachments]
    return list({line.partition("|")[0]: listed(line) for line in lines}.values())


def held(record: Record) -> Mapping[str, Json]:
    """Why files of a ticket are held, by their mark; files nobody warned of are not in it."""
    found = record.details.get(HELD)
    return found if isinstance(found, dict) else {}


def page(record: Record, entry: Comment) -> str:
    """Where an entry's words are stored as the HTML they were sent in, "" where there is none."""
    if entry.id == OPENING and record.details.get("sent_as_html"):
        return f"text/{record.id}/1.html"
    return entry.page


def link(secret: bytes, base_url: str, record: Record, file: File, now: int) -> str:
    """The address of a file for the next hour."""
    payload = f"{record.id}.{file.mark}.x{now + HOUR}"
    return f"{base_url}/files/{sign(secret, PURPOSE, payload)}"


def found(record: Record, journal: Iterable[Comment], mark: str) -> File:
    """The file of a verified link. Raises NotFoundError where the ticket does not have it (any more)."""
    for file in files(record, journal):
        if file.mark == mark and len(mark) == MARK:
            return file
    raise NotFoundError("this ticket has no such file")


def check(verdict: str) -> None:
    """Raise GoneError for a file no scanner has passed, OutsideError while none has said anything."""
    if verdict == scan.PENDING:
        raise OutsideError("this file is still being scanned; try again in a minute, or ask the service desk")
    if verdict != scan.CLEAN:
        raise GoneError(f"this file is not given out: {scan.WHY.get(verdict, scan.WHY[scan.FAILED])}")
