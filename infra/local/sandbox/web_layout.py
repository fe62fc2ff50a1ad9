"""The frame of the sandbox's pages, and a table; plain HTML, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from sandbox.gateway import HttpResponse

STYLE = """
:root{color-scheme:light dark;--line:#8886;--mark:#0b62d6;--done:#1a7f4b}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem}
nav a{margin-right:1rem} nav a[aria-current]{font-weight:600;text-decoration:none}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
td{overflow-wrap:anywhere} pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);padding:.8rem}
.links{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;list-style:none;padding:0} .wide{overflow-x:auto}
svg text{font:14px system-ui,sans-serif;fill:currentColor} svg rect{fill:none;stroke:var(--line)}
svg .done rect{stroke:var(--done);stroke-width:2} svg .here rect{stroke:var(--mark);stroke-width:3}
svg .ahead{opacity:.55}
svg path{stroke:var(--line);fill:none}
"""
CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def page(title: str, body: str, *, here: str = "", status: int = 200) -> HttpResponse:
    """A whole page. `here` is the address of its menu entry."""
    entries = (("/", "Sandbox"), ("/outbox", "Sent mail"), ("/processes", "Processes"))
    menu = "".join(f'<a href="{to}"{" aria-current=page" if to == here else ""}>{name}</a>' for to, name in entries)
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(title)} · sandbox</title><style>{STYLE}</style></head><body>"
        f'<nav aria-label="Main">{menu}</nav><main><h1>{escape(title)}</h1>{body}</main></body></html>'
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": CSP,
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }
    return HttpResponse(status=status, headers=headers, body=text.encode())


def rows(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table; its cells are HTML already."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    empty = f'<tr><td colspan="{len(head)}">Nothing yet.</td></tr>'
    return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{body or empty}</tbody></table></div>"


def when(instant: float) -> str:
    """An instant as people read it."""
    at = datetime.fromtimestamp(instant, UTC)
    return f'<time datetime="{at.isoformat()}">{at:%d %b %Y, %H:%M:%S} UTC</time>'
