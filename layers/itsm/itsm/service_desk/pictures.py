"""Pictures: what a mail's HTML shows inline, as the files that came along; all else is told in words."""

import html
import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from itsm.service_desk.submission import Attachment

KINDS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "image/bmp": re.compile(rb"BM.{12}[\x0c-\x7c]\x00\x00\x00", re.DOTALL),
}
"""How pictures that cannot act begin. SVG is none of them: it can hold a script."""
PICTURE = re.compile(r'<img((?: [a-z]+="[^"]*")*)>')
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
"""A picture as the sanitiser writes it: always with quotes, never with one inside a value."""
CID = "cid:"
SIZES = ("width", "height")


def kind(content: bytes) -> str:
    """The media type of a picture by its first bytes, "" for anything else, whatever it calls itself."""
    return next((name for name, start in KINDS.items() if start.match(content)), "")


def bound(page: str, files: Iterable[Attachment]) -> str:
    """Sanitised HTML with each inline picture named by its file's SHA-256 in place of its Content-ID (RFC 2392).

    `files` are those that are kept and listed. What names none of them, or one that is no picture, is told in words.
    """
    named = {one.content_id: one.sha256 for one in files if one.content_id and not one.refused and kind(one.content)}

    def put(match: re.Match[str]) -> str:
        held = dict(ATTRIBUTE.findall(match[1]))
        source = html.unescape(held.get("src", ""))
        file = named.get(unquote(source[len(CID) :])) if source.lower().startswith(CID) else None
        return _picture(held, f"{CID}{file}") if file else _words(held)

    return PICTURE.sub(put, page)


def shown(page: str, address: Callable[[str], str]) -> str:
    """Stored HTML with each picture at the address of its file; told in words where `address` gives none."""

    def put(match: re.Match[str]) -> str:
        held = dict(ATTRIBUTE.findall(match[1]))
        place = address(held.get("src", "").removeprefix(CID))
        return _picture(held, html.escape(place)) if place else _words(held)

    return PICTURE.sub(put, page)


def _picture(held: dict[str, str], source: str) -> str:
    sizes = "".join(f' {name}="{held[name]}"' for name in SIZES if held.get(name, "").isdigit())
    return f'<img src="{source}" alt="{held.get("alt", "")}"{sizes}>'


def _words(held: dict[str, str]) -> str:
    """What a picture that is not shown says of itself; one without a word, as those that count readers are, nothing."""
    said = html.unescape(held.get("alt", "")).strip()
    return f"<i>[{html.escape(said)}]</i>" if said else ("<i>[picture]</i>" if held.get("src") else "")
