"""What-if chart: two bars for each service and priority, before and after, as an SVG drawing of its own."""

from collections.abc import Mapping, Sequence
from html import escape

from itsm.practices.service_level.attainment import Attainment

WIDTH, LABEL, BAR, GAP = 760, 220, 12, 14
BEFORE, AFTER, INK, GRID = "#8a94a6", "#1f6feb", "#1b1f24", "#d5dae1"
SCALE = 4
"""Pixels for each percent."""

type Rows = Sequence[tuple[str, Attainment, Attainment]]


def chart(title: str, rows: Rows) -> str:
    """The drawing; it needs nothing outside of itself, and says the same in words for those who cannot see it."""
    height = 70 + len(rows) * (2 * BAR + GAP) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="12" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
        *_legend(),
        *_grid(height),
    ]
    for n, (label, before, after) in enumerate(rows):
        parts += _row(60 + n * (2 * BAR + GAP), label, before, after)
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    marks: Mapping[str, tuple[str, int]] = {"as it was": (BEFORE, LABEL), "proposed": (AFTER, LABEL + 110)}
    return [
        f'<rect x="{x}" y="30" width="12" height="12" fill="{colour}"/><text x="{x + 18}" y="40">{name}</text>'
        for name, (colour, x) in marks.items()
    ]


def _grid(height: int) -> list[str]:
    return [
        f'<line x1="{LABEL + percent * SCALE}" x2="{LABEL + percent * SCALE}" y1="52" y2="{height - 6}" '
        f'stroke="{GRID}"/>'
        for percent in (0, 50, 100)
    ]


def _row(top: int, label: str, before: Attainment, after: Attainment) -> list[str]:
    parts = [f'<text x="10" y="{top + BAR + 4}">{escape(label)}</text>']
    for place, (attained, colour) in enumerate(((before, BEFORE), (after, AFTER))):
        y = top + place * BAR
        long = attained.hundredths * SCALE // 100 if attained.known else 0
        said = f"{attained.percent} of {attained.known}"
        parts.append(
            f'<rect x="{LABEL}" y="{y}" width="{long}" height="{BAR - 1}" fill="{colour}"><title>{said}</title></rect>'
            f'<text x="{LABEL + 100 * SCALE + 8}" y="{y + BAR - 2}" font-size="11">{said}</text>'
        )
    return parts
