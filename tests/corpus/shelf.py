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
    """Every file of mail/manifest.json, in its order; none where there is no such folder."""
    manifest = root / "mail" / "manifest.json"
    if not manifest.exists():
        return
    for one in json.loads(manifest.read_text(encoding="utf-8"))["items"]:
        path = manifest.parent / one["file"]
        if path.exists():
            yield Item(id=one["id"], kind=one["kind"], path=path, expect=one.get("expect", {}))


def header_cases(root: Path) -> list[Mapping[str, Any]]:
    """The header-only cases of mail/header-cases.json."""
    return _list(root / "mail" / "header-cases.json", "cases")


def vectors(root: Path) -> list[Mapping[str, Any]]:
    """The signature vectors of webhooks/vectors.json."""
    return _list(root / "webhooks" / "vectors.json", "vectors")


def _list(path: Path, name: str) -> list[Mapping[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))[name]) if path.exists() else []
