"""Documents: what the stand-in takes must be what Atlassian's own schema takes."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.jira.adf import from_text, problem, to_text
from sandbox.jira.adf_html import to_html
from sandbox.jira.adf_rules import MARKS, RULES

from tests.infra.local.jira.conftest import shared

PARAGRAPH = {"type": "paragraph", "content": [{"type": "text", "text": "x"}]}
ITEM = {"type": "listItem", "content": [PARAGRAPH]}
MEDIA = {"type": "media", "attrs": {"type": "file", "id": "1", "collection": "c"}}
CELL = {"type": "tableCell", "attrs": {"colspan": 2, "colwidth": [10]}, "content": [PARAGRAPH]}
COLUMN = {"type": "layoutColumn", "attrs": {"width": 50}, "content": [PARAGRAPH]}
EXTENSION = {"extensionKey": "k", "extensionType": "t", "parameters": {"any": 1}}
INLINES: list[dict[str, Any]] = [
    {"type": "text", "text": "code", "marks": [{"type": "code"}, {"type": "link", "attrs": {"href": "https://x"}}]},
    {"type": "text", "text": "all", "marks": [{"type": n} for n in ("strong", "em", "strike", "underline")]},
    {"type": "text", "text": "sub", "marks": [{"type": "subsup", "attrs": {"type": "sub"}}]},
    {"type": "text", "text": "red", "marks": [{"type": "textColor", "attrs": {"color": "#ff0000"}}]},
    {"type": "text", "text": "lit", "marks": [{"type": "backgroundColor", "attrs": {"color": "#ff0000"}}]},
    {
        "type": "text",
        "text": "n",
        "marks": [{"type": "annotation", "attrs": {"id": "1", "annotationType": "inlineComment"}}],
    },
    {"type": "hardBreak"},
    {"type": "mention", "attrs": {"id": "1", "text": "@ada"}},
    {"type": "emoji", "attrs": {"shortName": ":fire:", "text": "🔥"}},
    {"type": "date", "attrs": {"timestamp": "1767225600000"}},
    {"type": "status", "attrs": {"text": "DONE", "color": "green"}},
    {"type": "inlineCard", "attrs": {"url": "https://example.com"}},
    {"type": "placeholder", "attrs": {"text": "type here"}},
    {"type": "mediaInline", "attrs": {"id": "1", "collection": "c", "type": "image"}},
    {"type": "inlineExtension", "attrs": EXTENSION},
]
BLOCKS: list[dict[str, Any]] = [
    {"type": "paragraph", "content": INLINES},
    {"type": "paragraph", "marks": [{"type": "alignment", "attrs": {"align": "center"}}]},
    {
        "type": "heading",
        "attrs": {"level": 2},
        "content": INLINES,
        "marks": [{"type": "indentation", "attrs": {"level": 1}}],
    },
    {
        "type": "bulletList",
        "content": [{"type": "listItem", "content": [PARAGRAPH, {"type": "bulletList", "content": [ITEM]}]}],
    },
    {"type": "orderedList", "attrs": {"order": 3}, "content": [ITEM]},
    {"type": "codeBlock", "attrs": {"language": "python"}, "content": [{"type": "text", "text": "x = 1"}]},
    {"type": "codeBlock"},
    {"type": "blockquote", "content": [PARAGRAPH]},
    {"type": "panel", "attrs": {"panelType": "info"}, "content": [PARAGRAPH]},
    {"type": "rule"},
    {"type": "table", "attrs": {"layout": "default"}, "content": [{"type": "tableRow", "content": [CELL]}]},
    {"type": "table", "content": [{"type": "tableRow", "content": [{"type": "tableHeader", "content": [PARAGRAPH]}]}]},
    {"type": "expand", "attrs": {"title": "more"}, "content": [PARAGRAPH]},
    {"type": "expand", "content": [{"type": "nestedExpand", "attrs": {}, "content": [PARAGRAPH]}]},
    {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [MEDIA]},
    {"type": "mediaGroup", "content": [MEDIA]},
    {
        "type": "taskList",
        "attrs": {"localId": "a"},
        "content": [{"type": "taskItem", "attrs": {"localId": "b", "state": "TODO"}, "content": INLINES[:1]}],
    },
    {
        "type": "decisionList",
        "attrs": {"localId": "a"},
        "content": [{"type": "decisionItem", "attrs": {"localId": "b", "state": "DECIDED"}}],
    },
    {"type": "blockCard", "attrs": {"url": "https://example.com"}},
    {"type": "embedCard", "attrs": {"url": "https://example.com", "layout": "wide"}},
    {"type": "layoutSection", "content": [COLUMN, COLUMN]},
    {"type": "extension", "attrs": {**EXTENSION, "layout": "wide"}},
    {"type": "bodiedExtension", "attrs": EXTENSION, "content": [PARAGRAPH]},
]
EVERYTHING = {"type": "doc", "version": 1, "content": BLOCKS}
JUNK: list[Any] = [None, "", "x", 0, -1, True, [], {}, "#12345g", [None], {"type": "text", "text": ""}, PARAGRAPH, ITEM]


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft4Validator:
    """Atlassian's own schema."""
    return jsonschema_rs.Draft4Validator(json.loads(shared("jira", "adf-full.schema.json").read_text()))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block["type"]))
def test_every_kind_of_block_is_taken_as_by_atlassians_schema(
    schema: jsonschema_rs.Draft4Validator, block: dict[str, Any]
) -> None:
    document = {"type": "doc", "version": 1, "content": [block]}
    assert problem(document) is None
    assert schema.is_valid(document)


def test_the_samples_leave_out_no_node_and_no_mark() -> None:
    text = json.dumps(EVERYTHING)
    for name in set(RULES) | set(MARKS):
        assert f'"type": "{name}"' in text, name


@pytest.mark.parametrize(
    "value",
    [
        None,
        "plain",
        [],
        {},
        {"type": "doc", "version": 1},
        {"type": "doc", "content": []},
        {"type": "doc", "version": True, "content": []},
        {"type": "doc", "version": 1, "content": [{"type": "text", "text": "bare"}]},
        {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]},
        {"type": "doc", "version": 1, "content": [{"type": "unicorn"}]},
        {"type": "doc", "version": 1, "content": [], "extra": 1},
    ],
)
def test_what_is_no_document_is_refused(value: Any) -> None:
    assert problem(value) is not None


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every place in a tree: container and key or position."""
    entries = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
    return [(node, key) for key, _ in entries] + [place for _, child in entries for place in places(child)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_document_is_never_taken_where_atlassians_schema_refuses(
    schema: jsonschema_rs.Draft4Validator, seed: int
) -> None:
    """Never taken where the schema refuses; it may be refused where the schema still takes it."""
    random = Random(seed)
    for block in BLOCKS:
        document: dict[str, Any] = {"type": "doc", "version": 1, "content": [copy.deepcopy(block)]}
        container, key = random.choice(places(document))
        damage = random.randrange(4)
        if damage == 0:
            del container[key]
        elif damage == 1 and isinstance(container, dict):
            container["unknown"] = 1
        elif damage == 2 and isinstance(container[key], list):
            container[key].append(copy.deepcopy(random.choice(BLOCKS + INLINES + [ITEM, MEDIA, CELL, COLUMN])))
        else:
            container[key] = copy.deepcopy(random.choice(JUNK))
        if problem(document) is None:
            assert schema.is_valid(document), document
            assert isinstance(to_text(document), str)
            assert isinstance(to_html(document), str)


def test_a_document_nested_without_end_is_refused_and_not_followed() -> None:
    block: dict[str, Any] = PARAGRAPH
    for _ in range(500):
        block = {"type": "bulletList", "content": [{"type": "listItem", "content": [block]}]}
    assert problem({"type": "doc", "version": 1, "content": [block]}) is not None


def test_a_document_reads_as_text() -> None:
    document = {"type": "doc", "version": 1, "content": [*BLOCKS[3:5], BLOCKS[0]]}
    assert to_text(document).splitlines()[:4] == ["* x", "  * x", "* x", "codeallsubredlitn"]


@given(text=st.text())
@settings(max_examples=100, derandomize=True)
def test_what_people_type_becomes_a_document(text: str) -> None:
    assert problem(from_text(text)) is None
