"""Atlassian Document Format: our plain texts as documents, and Jira's documents as plain text."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from itsm.core.events import Json
from itsm.jira.issues import Document

LIMIT = 30_000
"""Characters of a text we send; Jira takes 32,767 and counts some of its own."""
SUMMARY_LIMIT = 255
MAX_DEPTH = 40
UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
BULLET = re.compile(r"[-*•] +(?=\S)")
NUMBER = re.compile(r"(\d{1,4})[.)] +(?=\S)")
INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`|\[(?P<label>[^\]\[\n]+)\]\((?P<target>https?://[^\s()]+)\)|(?P<url>https?://[^\s<>()\[\]`\"]+)"
)
FENCE = "```"

type Node = dict[str, Any]


def clean(text: str) -> str:
    """Text without NUL, other control characters and lone surrogates; line ends as newlines."""
    return UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def summary(text: str) -> str:
    """One line that Jira takes as a summary."""
    line = " ".join(clean(text).split()) or "(no subject)"
    return line if len(line) <= SUMMARY_LIMIT else line[: SUMMARY_LIMIT - 1].rstrip() + "…"


def to_document(text: str, *, more: str = "", limit: int = LIMIT) -> Document:
    """A document of paragraphs, lists, code, and links; `more` says where the rest is when the text had to be cut.

    Nothing in a text becomes a mention: a mail from outside must not call people in Jira.
    """
    said = clean(text).strip("\n")
    if len(said) > limit:
        said = said[:limit].rstrip() + f"\n\n… (cut here; the whole text: {more or 'see the ticket'})"
    content: list[Json] = [*_blocks(said.split("\n"))]
    return {"type": "doc", "version": 1, "content": content or [{"type": "paragraph"}]}


def _blocks(lines: Sequence[str]) -> Iterator[Node]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith(FENCE):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].rstrip() == FENCE), len(lines))
            code = "\n".join(lines[at + 1 : end])
            yield {"type": "codeBlock", "content": [{"type": "text", "text": code}]} if code else {"type": "codeBlock"}
            at = end + 1
            continue
        kind = _kind(line)
        end = at + 1
        while end < len(lines) and _kind(lines[end]) == kind and not lines[end].startswith(FENCE):
            end += 1
        if kind:
            yield _block(kind, lines[at:end])
        at = end


def _kind(line: str) -> str:
    if not line.strip():
        return ""
    if BULLET.match(line):
        return "bulletList"
    return "orderedList" if NUMBER.match(line) else "paragraph"


def _block(kind: str, lines: Sequence[str]) -> Node:
    if kind == "paragraph":
        return {"type": "paragraph", "content": _lines(lines)}
    pattern = BULLET if kind == "bulletList" else NUMBER
    items = [
        {"type": "listItem", "content": [{"type": "paragraph", "content": _lines([pattern.sub("", line, count=1)])}]}
        for line in lines
    ]
    first = NUMBER.match(lines[0])
    attrs = {"attrs": {"order": int(first[1])}} if first and int(first[1]) != 1 else {}
    return {"type": kind, **attrs, "content": items}


def _lines(lines: Sequence[str]) -> list[Node]:
    nodes: list[Node] = []
    for number, line in enumerate(lines):
        if number:
            nodes.append({"type": "hardBreak"})
        nodes.extend(_inline(line))
    return nodes


def _inline(line: str) -> Iterator[Node]:
    at = 0
    for match in INLINE.finditer(line):
        text, marks, end = _marked(match)
        if match.start() > at:
            yield {"type": "text", "text": line[at : match.start()]}
        yield {"type": "text", "text": text, "marks": marks}
        at = end
    if line[at:]:
        yield {"type": "text", "text": line[at:]}


def _marked(match: re.Match[str]) -> tuple[str, list[Node], int]:
    if code := match["code"]:
        return code, [{"type": "code"}], match.end()
    if label := match["label"]:
        return label, [{"type": "link", "attrs": {"href": match["target"]}}], match.end()
    url = match["url"].rstrip(".,;:!?'")
    return url, [{"type": "link", "attrs": {"href": url}}], match.start() + len(url)


def to_text(document: object) -> str:
    """What a document says, as text a person can read; nodes we do not know show their content or their name."""
    if isinstance(document, str):
        return clean(document)
    if not isinstance(document, Mapping):
        return ""
    return clean("\n\n".join(filter(None, (_read(node, MAX_DEPTH) for node in _children(document))))).strip("\n")


def _children(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = node.get("content")
    return [child for child in content if isinstance(child, Mapping)] if isinstance(content, list) else []


def _read(node: Mapping[str, Any], depth: int) -> str:
    kind, attrs = str(node.get("type") or ""), node.get("attrs")
    attrs = attrs if isinstance(attrs, Mapping) else {}
    if depth == 0:
        return "…"
    if kind in LEAVES:
        return LEAVES[kind](node, attrs)
    parts = [_read(child, depth - 1) for child in _children(node)]
    if kind in ("paragraph", "heading", "caption"):
        return "".join(parts)
    if kind == "codeBlock":
        return f"{FENCE}\n{''.join(parts)}\n{FENCE}"
    if kind in ("bulletList", "decisionList", "taskList"):
        return "\n".join(_hung("- ", part) for part in parts)
    if kind == "orderedList":
        first = attrs.get("order") if isinstance(attrs.get("order"), int) else 1
        return "\n".join(_hung(f"{(first or 0) + n}. ", part) for n, part in enumerate(parts))
    return _container(kind, attrs, parts)


def _container(kind: str, attrs: Mapping[str, Any], parts: list[str]) -> str:
    match kind:
        case "listItem":
            return "\n".join(filter(None, parts))
        case "decisionItem":
            return "".join(parts)
        case "taskItem" | "blockTaskItem":
            return ("[x] " if attrs.get("state") == "DONE" else "[ ] ") + "".join(parts)
        case "blockquote":
            return "\n".join(f"> {line}" for line in "\n\n".join(parts).split("\n"))
        case "table":
            return "\n".join(parts)
        case "tableRow":
            return " | ".join(part.replace("\n", " ") for part in parts)
        case "expand" | "nestedExpand":
            return "\n\n".join(filter(None, [str(attrs.get("title") or ""), *parts]))
        case _:
            return "\n\n".join(filter(None, parts)) or f"[{kind or 'unknown'}]"


def _hung(lead: str, text: str) -> str:
    return lead + text.replace("\n", "\n" + " " * len(lead))


def _text(node: Mapping[str, Any], attrs: Mapping[str, Any]) -> str:
    text = str(node.get("text") or "")
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else []:
        inside = mark.get("attrs") if isinstance(mark, Mapping) else None
        if isinstance(mark, Mapping) and mark.get("type") == "code":
            return f"`{text}`"
        if isinstance(inside, Mapping) and mark.get("type") == "link" and inside.get("href") != text:
            return f"[{text}]({inside.get('href')})"
    return text


def _date(node: Mapping[str, Any], attrs: Mapping[str, Any]) -> str:
    stamp = str(attrs.get("timestamp") or "")
    # Jira writes milliseconds; more digits than those of the year 9999 are no instant.
    if not re.fullmatch(r"\d{1,14}", stamp):
        return stamp
    return datetime.fromtimestamp(int(stamp) / 1000, UTC).date().isoformat()


def _mention(node: Mapping[str, Any], attrs: Mapping[str, Any]) -> str:
    return "@" + str(attrs.get("text") or attrs.get("id") or "someone").removeprefix("@")


def _media(node: Mapping[str, Any], attrs: Mapping[str, Any]) -> str:
    return f"[attachment: {attrs.get('alt') or attrs.get('url') or attrs.get('id') or 'a file'}]"


LEAVES: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "text": _text,
    "hardBreak": lambda node, attrs: "\n",
    "rule": lambda node, attrs: "---",
    "date": _date,
    "mention": _mention,
    "media": _media,
    "mediaInline": _media,
    "emoji": lambda node, attrs: str(attrs.get("text") or attrs.get("shortName") or ""),
    "status": lambda node, attrs: f"[{attrs.get('text') or ''}]",
    "inlineCard": lambda node, attrs: str(attrs.get("url") or "[card]"),
    "blockCard": lambda node, attrs: str(attrs.get("url") or "[card]"),
    "embedCard": lambda node, attrs: str(attrs.get("url") or "[card]"),
}
"""Nodes that are read without looking at what they contain."""
