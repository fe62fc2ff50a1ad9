"""Shelf: the mails, header cases and webhook vectors of the shared folder; whichever of them is there."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAIL = "rfc822"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file of a manifest and what its project asserts about it; `kind` is rfc822, text, html or tnef."""

    id: str
    kind: str
    path: Path
    expect: Mapping[str, Any]

    @property
    def raw(self) -> bytes:
        """The file's bytes, read anew each time: a whole corpus need not stay in memory."""
        return self.path.read_bytes()


def items(root: Path) -> Iterator[Item]:
    """Every file of mail/manifest.json that is there, in its order; none where there is no such folder."""
    return (one for one in _rows(root) if isinstance(one, Item) and one.path.is_file())


def gone(root: Path) -> list[str]:
    """The ids of items whose file is not there: a folder may be left out, for its licence say."""
    return [one.id for one in _rows(root) if isinstance(one, Item) and not one.path.is_file()]


def faults(root: Path) -> list[str]:
    """The rows of mail/manifest.json that make no sense, each with why."""
    return [one for one in _rows(root) if isinstance(one, str)]


def _rows(root: Path) -> Iterator[Item | str]:
    folder = root / "mail"
    return (_row(folder, number, one) for number, one in enumerate(_list(folder / "manifest.json", "items"), 1))


def _row(folder: Path, number: int, row: Any) -> Item | str:
    said = row if isinstance(row, Mapping) else {}
    facts = (said.get("id"), said.get("kind"), said.get("file"), said.get("expect") or {})
    match facts:
        case (str(name), str(kind), str(file), dict(expect)):
            return Item(id=name, kind=kind, path=folder / file, expect=expect)
    return f"row {number}: no text in id, kind or file, or no object in expect"


def header_cases(root: Path) -> list[Mapping[str, Any]]:
    """The header-only cases of mail/header-cases.json."""
    return _list(root / "mail" / "header-cases.json", "cases")


def vectors(root: Path) -> list[Mapping[str, Any]]:
    """The signature vectors of webhooks/vectors.json."""
    return _list(root / "webhooks" / "vectors.json", "vectors")


def _list(path: Path, name: str) -> list[Mapping[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))[name]) if path.exists() else []
