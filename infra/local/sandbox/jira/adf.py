"""Documents in the Atlassian Document Format: is it one, what does it say in plain text, and how to write one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.jira.adf_rules import BLOCK_MARKS, MARKS, RULES, WITH_CODE, Rule

TEXT_LIMIT = 32767
"""Characters a rich-text field of Jira holds."""
MAX_DEPTH = 60
NODE_KEYS = {"type", "content", "attrs", "marks"}


def problem(document: Any) -> str | None:
    """What keeps a value from being a document, or None.

    The rules are those of Atlassian's ``adf-full.schema.json``; node types it knows and Jira issues never hold
    (synced blocks, Confluence macros' fragments) are refused.
    """
    if not isinstance(document, dict) or document.get("type") != "doc":
        return "not a document"
    version = document.get("version")
    if version != 1 or isinstance(version, bool):
        return "version is not 1"
    root = {key: value for key, value in document.items() if key != "version"}
    return next(_problems(root, "doc", MAX_DEPTH), None)


def _problems(node: Any, place: str, depth: int) -> Iterator[str]:
    if depth == 0:
        yield f"{place}: nested too deep"
        return
    kind = node.get("type") if isinstance(node, dict) else None
    if kind == "text":
        yield from _text_problems(node, place)
        return
    if not isinstance(kind, str) or kind not in RULES:
        yield f"{place}: no known node"
        return
    rule = RULES[kind]
    if extra := set(node) - NODE_KEYS:
        yield f"{place}: unknown {sorted(extra)}"
    yield from _attr_problems(node, rule, place)
    yield from _block_mark_problems(node, place, top=depth == MAX_DEPTH - 1)
    yield from _content_problems(node, rule, place, depth)


def _content_problems(node: dict[str, Any], rule: Rule, place: str, depth: int) -> Iterator[str]:
    content = node.get("content")
    if rule.children is None:
        if "content" in node:
            yield f"{place}: holds nothing"
        return
    if content is None and "content" not in node:
        if rule.needs_content:
            yield f"{place}: content is missing"
        return
    if not isinstance(content, list) or not rule.least <= len(content) <= rule.most:
        yield f"{place}: wrong content"
        return
    for position, child in enumerate(content):
        kind = child.get("type") if isinstance(child, dict) else None
        where = f"{place}/{position}"
        if not isinstance(kind, str) or kind not in rule.children:
            yield f"{where}: {kind!r} does not belong here"
        elif node["type"] == "codeBlock" and child.get("marks"):
            yield f"{where}: text in a code block has no marks"
        else:
            yield from _problems(child, where, depth - 1)


def _text_problems(node: dict[str, Any], place: str) -> Iterator[str]:
    if not isinstance(node.get("text"), str) or not node["text"]:
        yield f"{place}: text is empty"
    if extra := set(node) - {"type", "text", "marks"}:
        yield f"{place}: unknown {sorted(extra)}"
    marks = node.get("marks", [])
    if not isinstance(marks, list):
        yield f"{place}: marks is no list"
        return
    for mark in marks:
        yield from _mark_problems(mark, MARKS, place)
    names = {mark.get("type") for mark in marks if isinstance(mark, dict)}
    if "code" in names and not names <= WITH_CODE:
        yield f"{place}: code goes with no other mark than a link"


def _block_mark_problems(node: dict[str, Any], place: str, *, top: bool) -> Iterator[str]:
    marks = node.get("marks", [])
    if "marks" in node and node["type"] not in ("paragraph", "heading"):
        yield f"{place}: takes no marks"
    elif not isinstance(marks, list) or len(marks) > 1 or (marks and not top):
        yield f"{place}: wrong marks"
    else:
        for mark in marks:
            yield from _mark_problems(mark, BLOCK_MARKS, place)


def _mark_problems(mark: Any, known: Mapping[str, Rule], place: str) -> Iterator[str]:
    kind = mark.get("type") if isinstance(mark, dict) else None
    if not isinstance(kind, str) or kind not in known or set(mark) - {"type", "attrs"}:
        yield f"{place}: no known mark"
    elif not known[kind].attrs and "attrs" in mark:
        yield f"{place}: mark {kind} takes no attributes"
    else:
        yield from _attr_problems(mark, known[kind], place)


def _attr_problems(node: dict[str, Any], rule: Rule, place: str) -> Iterator[str]:
    if "attrs" not in node:
        if rule.needs_attrs:
            yield f"{place}: attributes are missing"
        return
    attrs = node["attrs"]
    if not isinstance(attrs, dict) or not rule.attrs:
        yield f"{place}: wrong attributes"
        return
    for name, value in attrs.items():
        if name not in rule.attrs or not rule.attrs[name](value):
            yield f"{place}: attribute {name!r} is wrong"
    if not any(needed <= set(attrs) for needed in rule.choices):
        yield f"{place}: an attribute is missing"
    if {"url", "data"} <= set(attrs):
        yield f"{place}: a card has an address or data, not both"


def to_text(document: Any) -> str:
    """A document as plain text, as search and webhook payloads carry it."""
    if not isinstance(document, dict):
        return ""
    return "\n".join(_lines(document)).strip()


def _lines(node: dict[str, Any]) -> Iterator[str]:
    children = node.get("content", [])
    kind = node["type"]
    if kind in ("paragraph", "heading", "codeBlock", "taskItem", "decisionItem"):
        yield "".join(inline_text(child) for child in children)
    elif kind == "rule":
        yield "----"
    elif kind in ("blockCard", "embedCard"):
        yield str(node["attrs"].get("url", ""))
    elif kind == "listItem":
        lines = [line for child in children for line in _lines(child)]
        yield from (("* " if n == 0 else "  ") + line for n, line in enumerate(lines))
    elif kind == "tableRow":
        yield "| " + " | ".join(" ".join(_lines(child)) for child in children) + " |"
    else:
        for child in children:
            yield from _lines(child)


def inline_text(node: dict[str, Any]) -> str:
    """An inline node as text."""
    attrs = node.get("attrs", {})
    match node["type"]:
        case "text":
            return str(node["text"])
        case "hardBreak":
            return "\n"
        case "mention":
            return str(attrs.get("text") or f"@{attrs['id']}")
        case "emoji":
            return str(attrs.get("text") or attrs["shortName"])
        case "inlineCard":
            return str(attrs.get("url", ""))
        case "status" | "placeholder":
            return str(attrs["text"])
        case "date":
            return str(attrs["timestamp"])
        case _:
            return ""


def from_text(text: str) -> dict[str, Any]:
    """A document of plain paragraphs: blank lines part them, single line ends are kept as breaks."""
    paragraphs = [part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return {"type": "doc", "version": 1, "content": [_paragraph(part.strip("\n")) for part in paragraphs]}


def _paragraph(text: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for n, line in enumerate(text.split("\n")):
        if n:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}
