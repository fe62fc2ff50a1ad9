"""Limits: which of the files that come along are kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachments:
    """[attachments]: which files are kept. Sizes in bytes; an archive may hold `archive_entries` files, unpack to
    `archive_bytes` and to `archive_ratio` times its size, and hold archives `archive_depth` deep.
    """

    max_bytes: int = 26_214_400
    total_bytes: int = 41_943_040
    most: int = 50
    refused_endings: tuple[str, ...] = ()
    archive_entries: int = 1_000
    archive_bytes: int = 524_288_000
    archive_ratio: int = 100
    archive_depth: int = 2
