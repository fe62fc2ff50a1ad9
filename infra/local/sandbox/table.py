"""The table: what became of each sample, a line each, and the links to look on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sandbox.box import Sandbox
from sandbox.feeder import Row

HEAD = (
    "what it was", "ticket", "kind", "prio", "group", "response due UTC", "resolution due UTC", "process", "Jira", "ms",
    "ms Jira",
)  # fmt: skip


def table(rows: Sequence[Row]) -> str:
    """The rows as text, columns as wide as they need to be; troubles below."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    troubles = [f"! {row.sample.what}: {row.trouble}" for row in rows if row.trouble]
    return "\n".join(lines + troubles)


def links(box: Sandbox, rows: Sequence[Row]) -> str:
    """Where to look on."""
    ticket = next((link for row in rows if row.number and (link := box.web.ticket_link(row.number))), "")
    shown = [
        ("request form", f"{box.front.url}/forms/request"),
        ("ticket page", ticket),
        ("Jira", box.jira_url),
        ("sent mail", f"{box.web.url}/outbox"),
        ("processes", f"{box.web.url}/processes"),
        ("all of it", box.web.url),
        (
            "mail in",
            f"smtp://127.0.0.1:{box.smtp.port}  (or drop a .eml into {_near(box.settings.directory / 'mail')})",
        ),
        ("AWS endpoint", f"{box.cloud.url}  (aws --endpoint-url {box.cloud.url} dynamodb list-tables)"),
    ]
    return "\n".join(f"  {name:<13} {address}" for name, address in shown if address)


def _cells(row: Row) -> tuple[str, ...]:
    facts = row.facts
    mark = "! " if row.trouble else ""
    number = f"{row.note} {row.number}" if row.note and row.note != "approved" else row.number
    return (
        f"{mark}{row.sample.what}",
        number or "-",
        str(facts.get("practice", "-")),
        str(facts.get("priority", "-")),
        str(facts.get("group", "-")),
        _due(row, "response"),
        _due(row, "resolution"),
        row.process or "-",
        row.key or "-",
        "-" if row.ticket_ms is None else f"{row.ticket_ms:.0f}",
        "-" if row.jira_ms is None else f"{row.jira_ms:.0f}",
    )


def _due(row: Row, metric: str) -> str:
    clock = next((one for one in row.facts.get("clocks", ()) if one["metric"] == metric), None)
    if clock is None:
        return "-"
    if clock["state"] == "stopped" or not clock["due"]:
        return str(clock["state"])
    return datetime.fromisoformat(str(clock["due"])).astimezone(UTC).strftime("%a %d %b %H:%M")


def _near(path: Path) -> Path:
    """The path from here, where it lies below; people read that more easily."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
