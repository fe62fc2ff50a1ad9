"""Documents as HTML for the issue page; everything that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from sandbox.jira.adf import inline_text

WRAPS: Mapping[str, str] = {
    "paragraph": "p",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "blockquote": "blockquote",
    "tableRow": "tr",
    "tableCell": "td",
    "tableHeader": "th",
    "table": "table",
    "decisionItem": "li",
    "decisionList": "ul",
    "taskList": "ul",
}
MARKS: Mapping[str, str] = {"strong": "strong", "em": "em", "code": "code", "strike": "s", "underline": "u"}
SAFE = ("http://", "https://", "mailto:")


def to_html(node: Any) -> str:
    """A document, or one node of it, as HTML."""
    if not isinstance(node, dict):
        return ""
    kind = node["type"]
    if kind == "text":
        return _marked(node)
    inside = "".join(to_html(child) for child in node.get("content", []))
    attrs = node.get("attrs", {})
    if kind in SPECIAL:
        return SPECIAL[kind](attrs, inside)
    if kind in ("mention", "emoji", "date", "placeholder"):
        return f'<span class="{kind}">{escape(inline_text(node))}</span>'
    if kind in WRAPS:
        return f"<{WRAPS[kind]}>{inside}</{WRAPS[kind]}>"
    return inside


def _heading(attrs: Mapping[str, Any], inside: str) -> str:
    # The page's own title is h1 and its sections are h2.
    level = min(6, int(attrs["level"]) + 2)
    return f"<h{level}>{inside}</h{level}>"


def _panel(attrs: Mapping[str, Any], inside: str) -> str:
    return f'<div class="panel {escape(attrs["panelType"])}">{inside}</div>'


def _expand(attrs: Mapping[str, Any], inside: str) -> str:
    return f"<details><summary>{escape(attrs.get('title') or 'More')}</summary>{inside}</details>"


def _task(attrs: Mapping[str, Any], inside: str) -> str:
    return f"<li>{'&#9745;' if attrs['state'] == 'DONE' else '&#9744;'} {inside}</li>"


def _card(attrs: Mapping[str, Any], _: str) -> str:
    address = str(attrs.get("url", ""))
    return _link(address, escape(address))


def _status(attrs: Mapping[str, Any], _: str) -> str:
    return f'<span class="status {escape(attrs["color"])}">{escape(attrs["text"])}</span>'


def _media(attrs: Mapping[str, Any], _: str) -> str:
    return f'<span class="media">[{escape(attrs.get("alt") or "file")}]</span>'


SPECIAL: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    "hardBreak": lambda _, __: "<br>",
    "rule": lambda _, __: "<hr>",
    "heading": _heading,
    "codeBlock": lambda _, inside: f"<pre><code>{inside}</code></pre>",
    "panel": _panel,
    "expand": _expand,
    "nestedExpand": _expand,
    "taskItem": _task,
    "inlineCard": _card,
    "blockCard": _card,
    "embedCard": _card,
    "status": _status,
    "media": _media,
    "mediaInline": _media,
}


def _marked(node: dict[str, Any]) -> str:
    text = escape(str(node["text"]))
    for mark in node.get("marks", []):
        kind, attrs = mark["type"], mark.get("attrs", {})
        if kind in MARKS:
            text = f"<{MARKS[kind]}>{text}</{MARKS[kind]}>"
        elif kind == "subsup":
            text = f"<{attrs['type']}>{text}</{attrs['type']}>"
        elif kind == "link":
            text = _link(str(attrs["href"]), text)
    return text


def _link(address: str, text: str) -> str:
    if not address.lower().startswith(SAFE):
        return text
    return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow">{text}</a>'
