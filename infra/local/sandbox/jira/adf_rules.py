"""The grammar of the Atlassian Document Format: which node holds what, as Atlassian's own JSON schema has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

type Check = Callable[[Any], bool]


def string(value: Any) -> bool:
    """Any string."""
    return isinstance(value, str)


def filled(value: Any) -> bool:
    """A string that is not empty."""
    return isinstance(value, str) and value != ""


def number(value: Any) -> bool:
    """A number; JSON's true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def boolean(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def _any(_: Any) -> bool:
    return True


def one_of(*values: str) -> Check:
    """One of these words."""
    return lambda value: isinstance(value, str) and value in values


def pattern(expression: str) -> Check:
    """A string of this shape."""
    compiled = re.compile(expression)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def between(low: float, high: float) -> Check:
    """A number from low to high."""
    return lambda value: number(value) and low <= value <= high


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one node type may hold: ``children`` is None for a leaf; ``choices`` are the sets of attributes that do."""

    children: frozenset[str] | None = None
    least: int = 0
    most: int = 100_000
    attrs: Mapping[str, Check] = field(default_factory=dict)
    choices: tuple[frozenset[str], ...] = (frozenset(),)
    needs_attrs: bool = False
    needs_content: bool = False


def words(text: str) -> frozenset[str]:
    """A set of names."""
    return frozenset(text.split())


LOCAL: Mapping[str, Check] = {"localId": string}
LAYOUT = one_of("wide", "full-width", "center", "wrap-right", "wrap-left", "align-end", "align-start")
INLINE = words("text hardBreak mention emoji date status inlineCard placeholder inlineExtension mediaInline")
FLOW = words(
    "paragraph heading bulletList orderedList codeBlock mediaSingle mediaGroup taskList decisionList rule panel "
    "blockquote blockCard extension"
)
COLUMN = FLOW | words("embedCard table expand bodiedExtension")
DOC = COLUMN | words("layoutSection")
EXTENSION: Mapping[str, Check] = {
    "extensionKey": filled,
    "extensionType": filled,
    "parameters": _any,
    "text": string,
    "layout": one_of("wide", "full-width", "default"),
    "localId": filled,
}
EXTENSION_NEEDS = (words("extensionKey extensionType"),)
MEDIA: Mapping[str, Check] = {
    "type": one_of("link", "file"),
    "id": filled,
    "collection": string,
    "alt": string,
    "height": number,
    "width": number,
    "occurrenceKey": filled,
    **LOCAL,
}
CARD: Mapping[str, Check] = {"url": string, "data": _any, **LOCAL}
CELL: Mapping[str, Check] = {
    "colspan": number,
    "rowspan": number,
    "colwidth": lambda value: isinstance(value, list) and all(number(item) for item in value),
    "background": string,
    "valign": one_of("top", "middle", "bottom"),
    **LOCAL,
}


def _holds(children: str | frozenset[str], least: int = 1, **attrs: Check) -> Rule:
    names = words(children) if isinstance(children, str) else children
    return Rule(children=names, least=least, needs_content=least > 0, attrs={**LOCAL, **attrs})


RULES: Mapping[str, Rule] = {
    "doc": Rule(children=DOC, needs_content=True),
    "paragraph": _holds(INLINE, least=0),
    "heading": Rule(
        children=INLINE, attrs={"level": between(1, 6), **LOCAL}, choices=(words("level"),), needs_attrs=True
    ),
    "bulletList": _holds("listItem"),
    "orderedList": _holds("listItem", order=between(0, 1e9)),
    "listItem": _holds("paragraph bulletList orderedList taskList mediaSingle codeBlock extension"),
    "codeBlock": Rule(
        children=words("text"),
        attrs={"language": string, "uniqueId": string, "wrap": boolean, "hideLineNumbers": boolean, **LOCAL},
    ),
    "blockquote": _holds("paragraph orderedList bulletList codeBlock mediaSingle mediaGroup extension"),
    "panel": Rule(
        children=FLOW - words("panel blockquote"),
        least=1,
        needs_content=True,
        needs_attrs=True,
        attrs={
            "panelType": one_of("info", "note", "tip", "warning", "error", "success", "custom"),
            "panelIcon": string,
            "panelIconId": string,
            "panelIconText": string,
            "panelColor": string,
            **LOCAL,
        },
        choices=(words("panelType"),),
    ),
    "rule": Rule(attrs=LOCAL),
    "table": _holds(
        "tableRow",
        displayMode=one_of("default", "fixed"),
        isNumberColumnEnabled=boolean,
        layout=one_of("wide", "full-width", "center", "align-end", "align-start", "default"),
        width=number,
        localId=filled,
    ),
    "tableRow": Rule(children=words("tableCell tableHeader"), needs_content=True, attrs=LOCAL),
    "tableCell": Rule(children=FLOW | words("embedCard nestedExpand"), least=1, needs_content=True, attrs=CELL),
    "tableHeader": Rule(children=FLOW | words("embedCard nestedExpand"), least=1, needs_content=True, attrs=CELL),
    "expand": _holds(FLOW | words("table embedCard nestedExpand"), title=string),
    "nestedExpand": Rule(
        children=FLOW - words("blockCard"),
        least=1,
        needs_content=True,
        needs_attrs=True,
        attrs={"title": string, **LOCAL},
    ),
    "mediaSingle": Rule(
        children=words("media"),
        least=1,
        most=1,
        needs_content=True,
        attrs={"layout": LAYOUT, "width": between(0, 100), "widthType": one_of("percentage"), **LOCAL},
        choices=(words("layout"),),
    ),
    "mediaGroup": Rule(children=words("media"), least=1, needs_content=True),
    "media": Rule(attrs=MEDIA, choices=(words("type id collection"),), needs_attrs=True),
    "mediaInline": Rule(
        attrs={**MEDIA, "type": one_of("link", "file", "image")},
        choices=(words("id collection"),),
        needs_attrs=True,
    ),
    "taskList": Rule(
        children=words("taskItem taskList"),
        least=1,
        needs_content=True,
        attrs=LOCAL,
        choices=(words("localId"),),
        needs_attrs=True,
    ),
    "taskItem": Rule(
        children=INLINE,
        attrs={"state": one_of("TODO", "DONE"), **LOCAL},
        choices=(words("localId state"),),
        needs_attrs=True,
    ),
    "decisionList": Rule(
        children=words("decisionItem"),
        least=1,
        needs_content=True,
        attrs=LOCAL,
        choices=(words("localId"),),
        needs_attrs=True,
    ),
    "decisionItem": Rule(
        children=INLINE, attrs={"state": string, **LOCAL}, choices=(words("localId state"),), needs_attrs=True
    ),
    "blockCard": Rule(attrs=CARD, choices=(words("url"), words("data")), needs_attrs=True),
    "inlineCard": Rule(attrs=CARD, choices=(words("url"), words("data")), needs_attrs=True),
    "embedCard": Rule(
        attrs={
            "url": string,
            "layout": LAYOUT,
            "width": between(0, 100),
            "originalHeight": number,
            "originalWidth": number,
            **LOCAL,
        },
        choices=(words("url layout"),),
        needs_attrs=True,
    ),
    "layoutSection": Rule(children=words("layoutColumn"), least=2, most=3, needs_content=True, attrs=LOCAL),
    "layoutColumn": Rule(
        children=COLUMN,
        least=1,
        needs_content=True,
        attrs={"width": between(0, 100), **LOCAL},
        choices=(words("width"),),
        needs_attrs=True,
    ),
    "extension": Rule(attrs=EXTENSION, choices=EXTENSION_NEEDS, needs_attrs=True),
    "inlineExtension": Rule(
        attrs={name: check for name, check in EXTENSION.items() if name != "layout"},
        choices=EXTENSION_NEEDS,
        needs_attrs=True,
    ),
    "bodiedExtension": Rule(
        children=FLOW | words("table embedCard"),
        least=1,
        needs_content=True,
        attrs=EXTENSION,
        choices=EXTENSION_NEEDS,
        needs_attrs=True,
    ),
    "hardBreak": Rule(attrs={"text": one_of("\n"), **LOCAL}),
    "mention": Rule(
        attrs={
            "id": string,
            "text": string,
            "accessLevel": string,
            "userType": one_of("DEFAULT", "SPECIAL", "APP"),
            **LOCAL,
        },
        choices=(words("id"),),
        needs_attrs=True,
    ),
    "emoji": Rule(
        attrs={"shortName": string, "id": string, "text": string, **LOCAL},
        choices=(words("shortName"),),
        needs_attrs=True,
    ),
    "date": Rule(attrs={"timestamp": filled, **LOCAL}, choices=(words("timestamp"),), needs_attrs=True),
    "status": Rule(
        attrs={
            "text": filled,
            "color": pattern("neutral|purple|blue|red|yellow|green|#[0-9a-fA-F]{6}"),
            "style": string,
            **LOCAL,
        },
        choices=(words("text color"),),
        needs_attrs=True,
    ),
    "placeholder": Rule(attrs={"text": string, **LOCAL}, choices=(words("text"),), needs_attrs=True),
}

MARKS: Mapping[str, Rule] = {
    "strong": Rule(),
    "em": Rule(),
    "code": Rule(),
    "strike": Rule(),
    "underline": Rule(),
    "link": Rule(
        attrs={"href": string, "title": string, "id": string, "collection": string, "occurrenceKey": string},
        choices=(words("href"),),
        needs_attrs=True,
    ),
    "subsup": Rule(attrs={"type": one_of("sub", "sup")}, choices=(words("type"),), needs_attrs=True),
    "textColor": Rule(attrs={"color": pattern("#[0-9a-fA-F]{6}")}, choices=(words("color"),), needs_attrs=True),
    "backgroundColor": Rule(attrs={"color": pattern("#[0-9a-fA-F]{6}")}, choices=(words("color"),), needs_attrs=True),
    "annotation": Rule(
        attrs={"id": string, "annotationType": one_of("inlineComment")},
        choices=(words("id annotationType"),),
        needs_attrs=True,
    ),
}
BLOCK_MARKS: Mapping[str, Rule] = {
    "alignment": Rule(attrs={"align": one_of("center", "end")}, choices=(words("align"),), needs_attrs=True),
    "indentation": Rule(attrs={"level": between(1, 6)}, choices=(words("level"),), needs_attrs=True),
}
WITH_CODE = words("code link annotation")
"""Code may be linked and annotated, and nothing else beside."""
