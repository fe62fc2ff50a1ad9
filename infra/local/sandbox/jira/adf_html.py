"""Documents as HTML for the issue page; everything that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Mapping
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
    "taskItem": "li",
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
    inside = "".join(to_html(child) for child in node.get("content", []))
    attrs = node.get("attrs", {})
    match kind:
        case "text":
            return _marked(node)
        case "hardBreak":
            return "<br>"
        case "rule":
            return "<hr>"
        case "heading":
            # The page's own title is h1 and its sections are h2.
            level = min(6, int(attrs["level"]) + 2)
            return f"<h{level}>{inside}</h{level}>"
        case "codeBlock":
            return f"<pre><code>{inside}</code></pre>"
        case "table":
            return f"<table>{inside}</table>"
        case "panel":
            return f'<div class="panel {escape(attrs["panelType"])}">{inside}</div>'
        case "expand" | "nestedExpand":
            return f"<details><summary>{escape(attrs.get('title') or 'More')}</summary>{inside}</details>"
        case "taskItem":
            return f"<li>{'&#9745;' if attrs['state'] == 'DONE' else '&#9744;'} {inside}</li>"
        case "inlineCard" | "blockCard" | "embedCard":
            return _link(str(attrs.get("url", "")), escape(str(attrs.get("url", ""))))
        case "media" | "mediaInline":
            return f'<span class="media">[{escape(attrs.get("alt") or "file")}]</span>'
        case "mention" | "emoji" | "status" | "date" | "placeholder":
            return f'<span class="{kind}">{escape(inline_text(node))}</span>'
        case _ if kind in WRAPS:
            return f"<{WRAPS[kind]}>{inside}</{WRAPS[kind]}>"
        case _:
            return inside


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
