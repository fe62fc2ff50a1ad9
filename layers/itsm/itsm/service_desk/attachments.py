"""Attachments: which files that came along are kept, and why the others are not; archives are judged unopened."""

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace

from itsm.service_desk.limits import Attachments
from itsm.service_desk.submission import Attachment, Submission

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-" + rb"TEST-FILE!$H+H*"
"""The harmless text every scanner must find (eicar.org); in two pieces, or this file would be found itself."""
PROGRAMS = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a Java class or macOS program"),
    (b"#!/", "a script"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "a Windows shortcut"),
)
"""How programs begin, whatever their name says."""
NESTED = re.compile(r"\.(?:zip|jar|docx|xlsx|pptx|odt|ods|odp|7z|rar|gz|tgz|bz2|xz)$", re.IGNORECASE)
PACKED = re.compile(r"\.(?:7z|rar|gz|tgz|bz2|xz)$", re.IGNORECASE)
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError, RuntimeError, ValueError,
    OSError, EOFError, KeyError,
)  # fmt: skip
"""What the library raises over an archive that is damaged, encrypted or packed in a way it does not know."""
MAX_OPENED = 8_388_608
"""Bytes of an archive inside an archive that are unpacked to look into it."""


def screened(submission: Submission, policy: Attachments) -> Submission:
    """The submission with each file marked that is refused, and why; what is kept is exactly what is not marked.

    The digest of what arrived stays the same: other limits tomorrow do not make it another submission.
    """
    if not submission.attachments:
        return submission
    judged, total = [], 0
    for number, one in enumerate(submission.attachments):
        reason = one.refused or refusal(one, policy)
        if not reason and number >= policy.most:
            reason = f"more than {policy.most} files"
        total += 0 if reason else one.size
        if not reason and total > policy.total_bytes:
            reason = f"all files together have more than {_megabytes(policy.total_bytes)}"
        judged.append(replace(one, refused=reason))
    return replace(submission, attachments=tuple(judged))


def refusal(file: Attachment, policy: Attachments) -> str:
    """Why a file is not kept, "" when it is. A name counts to its last ending; a file's first bytes count more."""
    ending = file.name.lower().rstrip(". ").rpartition(".")[2]
    if ending in policy.refused_endings:
        return f"files ending in .{ending} are not taken"
    if file.size > policy.max_bytes:
        return f"larger than {_megabytes(policy.max_bytes)}"
    if EICAR in file.content[:4_096]:
        return "a scanner's test virus is in it"
    for start, what in PROGRAMS:
        if file.content.startswith(start) and not (what == "a script" and file.type.startswith("text/")):
            return f"it is {what}, whatever its name says"
    return next(_archive(file.content, policy, 1), "") if file.content.startswith(b"PK\x03\x04") else ""


def _archive(content: bytes, policy: Attachments, depth: int) -> Iterator[str]:
    """What is wrong with an archive, by its directory; only archives inside it are unpacked, and little of them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            entries = opened.infolist()
            if len(entries) > policy.archive_entries:
                yield f"an archive of more than {policy.archive_entries} files"
                return
            size = sum(entry.file_size for entry in entries)
            packed = sum(entry.compress_size for entry in entries) or 1
            if size > policy.archive_bytes or (size > MAX_OPENED and size / packed > policy.archive_ratio):
                yield "an archive that unpacks to far too much"
                return
            for entry in entries:
                yield from _inside(opened, entry, policy, depth)
    except DAMAGED:
        # Damaged or encrypted: nobody's program can unpack it unseen either; the scanner has the last word.
        return


def _inside(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, policy: Attachments, depth: int) -> Iterator[str]:
    ending = entry.filename.lower().rstrip(". ").rpartition(".")[2]
    if ending in policy.refused_endings:
        yield f"an archive with a file ending in .{ending}"
    elif NESTED.search(entry.filename):
        if depth >= policy.archive_depth:
            yield f"archives in archives, more than {policy.archive_depth} deep"
        elif not PACKED.search(entry.filename) and entry.file_size <= MAX_OPENED and not entry.flag_bits & 1:
            yield from _archive(_unpacked(opened, entry), policy, depth + 1)


def _unpacked(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The beginning of an archive inside an archive; nothing of a damaged one, so that those beside it are judged."""
    try:
        with opened.open(entry) as inner:
            # The directory may lie about the size; what is read is bounded all the same.
            return inner.read(MAX_OPENED)
    except DAMAGED:
        return b""


def told(attachments: tuple[Attachment, ...]) -> str:
    """What the ticket says of files that were not kept, "" when all were."""
    lines = [f"Not kept: {one.name} ({one.refused})" for one in attachments if one.refused]
    return "\n".join(lines[:20])


def _megabytes(size: int) -> str:
    return f"{size / 1_048_576:.0f} MB"
