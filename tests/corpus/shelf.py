"""Shelf: the mails, header cases and webhook vectors of the shared folder; whichever of them is there."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAIL = "rfc822"
MANIFEST, CASES, VECTORS = "mail/manifest.json", "mail/header-cases.json", "webhooks/vectors.json"


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
    """What of the three files makes no sense, each with why: a whole file, or a row of it."""
    rows = [one for one in _rows(root) if isinstance(one, str)]
    for place, name in ((MANIFEST, "items"), (CASES, "cases"), (VECTORS, "vectors")):
        path = root / place
        held, fault = _held(path, name)
        rows += [f"{path.name}: {fault}"] if fault else []
        if name != "items":
            rows += [f"{path.name}: row {at} is no object" for at, one in enumerate(held, 1) if not _is_object(one)]
    return rows


def _rows(root: Path) -> Iterator[Item | str]:
    rows, _ = _held(root / MANIFEST, "items")
    return (_row(root / "mail", number, one) for number, one in enumerate(rows, 1))


def _row(folder: Path, number: int, row: Any) -> Item | str:
    said = row if isinstance(row, Mapping) else {}
    facts = (said.get("id"), said.get("kind"), said.get("file"), said.get("expect") or {})
    match facts:
        case (str(name), str(kind), str(file), dict(expect)):
            return Item(id=name, kind=kind, path=folder / file, expect=expect)
    return f"row {number}: no text in id, kind or file, or no object in expect"


def header_cases(root: Path) -> list[Mapping[str, Any]]:
    """The header-only cases of mail/header-cases.json."""
    return [one for one in _held(root / CASES, "cases")[0] if _is_object(one) and _is_object(one.get("headers"))]


def vectors(root: Path) -> list[Mapping[str, Any]]:
    """The signature vectors of webhooks/vectors.json."""
    return [one for one in _held(root / VECTORS, "vectors")[0] if _is_object(one)]


def _is_object(one: Any) -> bool:
    return isinstance(one, Mapping)


def _held(path: Path, name: str) -> tuple[list[Any], str]:
    """The rows of a file, none where it is not there; and what is wrong with the file."""
    if not path.exists():
        return [], ""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        return [], f"is no JSON: {error}"
    rows = said.get(name) if isinstance(said, Mapping) else None
    return (rows, "") if isinstance(rows, list) else ([], f"is no object with a list {name!r}")
