"""Texts cross as valid documents of Atlassian's format, and documents come back as text (fault 38)."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itsm.jira import adf

LINES = st.sampled_from(
    [
        "- a",
        "* b",
        "1. one",
        "7) seven",
        "```",
        "``` python",
        "",
        "  ",
        "`code`",
        "[x](http://e.org/a)",
        "http://e.org.",
    ]
)
TEXTS = st.one_of(
    st.text(alphabet=st.characters(codec=None), max_size=200),
    st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=15).map("\n".join),
)


@pytest.fixture(scope="session")
def validator(adf_schema: Path) -> Any:
    """Atlassian's schema, compiled."""
    return jsonschema_rs.Draft4Validator(json.loads(adf_schema.read_text()))


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_fault_38_every_text_becomes_a_valid_document(validator: Any, text: str) -> None:
    validator.validate(adf.to_document(text))


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_a_text_read_back_from_its_document_makes_the_same_text_again(text: str) -> None:
    once = adf.to_text(adf.to_document(text))

    assert adf.to_text(adf.to_document(once)) == once


def test_paragraphs_lists_links_and_code_keep_their_shape(validator: Any) -> None:
    text = "Hello\nthere\n\n- one\n- two\n\n3. three\n4. four\n\n```\nx = 1\n```\n\nsee [this](https://e.org/a) or `ls`"

    document = adf.to_document(text)

    validator.validate(document)
    kinds = [node["type"] for node in document["content"]]  # type: ignore[union-attr,index,call-overload]  # JSON
    assert kinds == ["paragraph", "bulletList", "orderedList", "codeBlock", "paragraph"]
    assert adf.to_text(document) == text


def test_fault_38_nul_and_control_characters_are_left_out() -> None:
    assert adf.to_text(adf.to_document("a\x00b\x07c\ud800d\r\ne")) == "abcd\ne"


def test_fault_38_a_long_text_is_cut_and_says_where_the_rest_is() -> None:
    text = adf.to_text(adf.to_document("word " * 10_000, more="https://desk.example.org/tickets/x"))

    assert len(text) < 32_767
    assert "the whole text: https://desk.example.org/tickets/x" in text


def test_a_text_from_outside_mentions_nobody() -> None:
    document = json.dumps(adf.to_document("@ada [~accountid:712020:ada] hello"))

    assert "mention" not in document


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"type": "paragraph", "content": [{"type": "mention", "attrs": {"id": "1", "text": "@Ada"}}]}, "@Ada"),
        ({"type": "paragraph", "content": [{"type": "mention", "attrs": {"id": "1"}}]}, "@1"),
        ({"type": "paragraph", "content": [{"type": "emoji", "attrs": {"shortName": ":fire:", "text": "🔥"}}]}, "🔥"),
        ({"type": "paragraph", "content": [{"type": "date", "attrs": {"timestamp": "1764000000000"}}]}, "2025-11-24"),
        ({"type": "paragraph", "content": [{"type": "status", "attrs": {"text": "OK", "color": "green"}}]}, "[OK]"),
        ({"type": "paragraph", "content": [{"type": "inlineCard", "attrs": {"url": "https://e.org"}}]}, "https://e.org"),
        ({"type": "heading", "attrs": {"level": 1}, "content": [{"type": "text", "text": "Title"}]}, "Title"),
        ({"type": "rule"}, "---"),
        ({"type": "media", "attrs": {"id": "f", "alt": "a.png"}}, "[attachment: a.png]"),
        ({"type": "panel", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "p"}]}]}, "p"),
        ({"type": "expand", "attrs": {"title": "More"}, "content": [{"type": "paragraph"}]}, "More"),
        ({"type": "extension", "attrs": {"extensionKey": "toc"}}, "[extension]"),
        ({"type": "newFangledNode", "content": [{"type": "text", "text": "still read"}]}, "still read"),
        ({"type": "taskItem", "attrs": {"state": "DONE"}, "content": [{"type": "text", "text": "t"}]}, "[x] t"),
        ({"type": "blockquote", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "q"}]}]}, "> q"),
    ],
)  # fmt: skip
def test_fault_38_every_kind_of_node_reads_as_text(node: dict[str, Any], text: str) -> None:
    assert adf.to_text({"type": "doc", "version": 1, "content": [node]}) == text


def test_a_table_reads_row_by_row() -> None:
    def cell(text: str) -> dict[str, Any]:
        return {"type": "tableCell", "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]}

    rows = [{"type": "tableRow", "content": [cell("a"), cell("b")]}, {"type": "tableRow", "content": [cell("c")]}]

    assert adf.to_text({"type": "doc", "content": [{"type": "table", "content": rows}]}) == "a | b\nc"


def test_a_document_nested_without_end_is_cut_and_no_document_is_no_text() -> None:
    node: dict[str, Any] = {"type": "text", "text": "deep"}
    for _ in range(500):
        node = {"type": "blockquote", "content": [node]}

    assert "…" in adf.to_text({"type": "doc", "content": [node]})
    none: list[object] = [None, 3, [], {}, {"content": "x"}, {"content": [1, None]}]
    assert [adf.to_text(value) for value in none] == [""] * 6
