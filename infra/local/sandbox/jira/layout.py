"""The frame every page has, and the small pieces pages are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from sandbox.jira.model import Catalogue, Status

PRIORITY_SIGNS = {"1": "⬆⬆", "2": "⬆", "3": "➖", "4": "⬇", "5": "⬇⬇"}


def page(title: str, body: str, *, here: str = "") -> str:
    """A whole page. ``here`` is the address of the menu entry it belongs to."""
    entries = (("/", "Board"), ("/new", "New issue"), ("/webhooks", "Webhooks"))
    menu = "".join(
        f'<a href="{address}"{" aria-current=page" if address == here else ""}>{name}</a>' for address, name in entries
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} · Jira stand-in</title><link rel="icon" href="/avatar/32">'
        '<link rel="stylesheet" href="/style.css"></head><body>'
        '<a class="skip" href="#main">Skip to content</a>'
        f'<header class="top"><p class="brand"><span aria-hidden="true">◆</span> Jira <small>stand-in</small></p>'
        f'<nav aria-label="Main">{menu}</nav></header><main id="main">{body}</main>'
        "<footer>A stand-in for Jira Cloud, for the sandbox. Nothing here leaves this machine.</footer></body></html>"
    )


def lozenge(status: Status) -> str:
    """A status as a coloured word."""
    return f'<span class="lozenge {status.category}">{escape(status.name)}</span>'


def when(moment: str) -> str:
    """An instant as people read it, with the exact one for machines."""
    instant = datetime.fromisoformat(moment)
    return f'<time datetime="{instant.isoformat()}">{instant:%d %b %Y, %H:%M:%S}</time>'


def person(catalogue: Catalogue, account_id: str | None) -> str:
    """A person by initials and name."""
    user = catalogue.user(account_id) if account_id else None
    if user is None:
        return '<span class="person none">Unassigned</span>'
    initials = "".join(word[0] for word in user.name.split()[:2]).upper()
    kind = "person" if user.human else "person app"
    badge = f'<span class="initials" aria-hidden="true">{escape(initials)}</span>'
    return f'<span class="{kind}">{badge} {escape(user.name)}</span>'


def labels(names: Iterable[str]) -> str:
    """Labels as tags."""
    return "".join(f'<span class="tag">{escape(name)}</span>' for name in names)


def options(entries: Iterable[tuple[str, str]], chosen: str | None) -> str:
    """The entries of a select: value and words."""
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}</option>'
        for value, words in entries
    )


def field(name: str, words: str, control: str) -> str:
    """A form control under its label; ``control`` has the id ``name``."""
    return f'<p class="field"><label for="{escape(name)}">{escape(words)}</label>{control}</p>'


def select(name: str, entries: Iterable[tuple[str, str]], chosen: str | None, *, id_: str = "") -> str:
    """A select."""
    return f'<select id="{escape(id_ or name)}" name="{escape(name)}">{options(entries, chosen)}</select>'


def acting(catalogue: Catalogue, chosen: str | None, place: str) -> str:
    """Who acts: only people, never the integration. ``place`` keeps the id unique on the page."""
    people = [(user.id, user.name) for user in catalogue.people()]
    return field(f"as-{place}", "Acting as", select("as", people, chosen, id_=f"as-{place}"))


def alert(words: Iterable[str]) -> str:
    """What went wrong, read out at once by screen readers."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in words)
    return f'<div class="alert" role="alert">{lines}</div>' if lines else ""
