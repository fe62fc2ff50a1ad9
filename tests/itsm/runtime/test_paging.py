"""Paging: a list of any length is read whole, page by page, and no answer is larger than an answer may be."""

import json
from typing import Any

import pytest
from itsm.core.errors import InvalidInputError
from itsm.runtime.http import Request
from itsm.runtime.paging import ANSWER_BYTES, page

ROWS: list[tuple[str, Any]] = [(str(at), {"n": at}) for at in range(250)]


def asked(rows: list[tuple[str, Any]], **query: str) -> tuple[list[Any], str]:
    request = Request(
        route="GET /records/{number}/history",
        method="GET",
        path="/records/INC0000001/history",
        params={},
        query=query,
        headers={},
        body=b"",
        claims={},
        base_url="https://desk.example.org",
    )
    return page(request, rows)


def all_of(rows: list[tuple[str, Any]], **query: str) -> list[list[Any]]:
    pages, after = [], ""
    while True:
        found, after = asked(rows, after=after, **query)
        pages.append(found)
        if not after:
            return pages


def test_a_list_is_read_whole_by_following_next() -> None:
    for limit in ("1", "99", "200"):
        assert [row for found in all_of(ROWS, limit=limit) for row in found] == [row for _, row in ROWS]


def test_the_last_page_names_no_next_even_when_it_is_full() -> None:
    assert asked(ROWS[:100]) == ([row for _, row in ROWS[:100]], "")
    assert asked([]) == ([], "")


def test_a_page_of_long_texts_ends_before_its_answer_is_too_large() -> None:
    long: list[tuple[str, Any]] = [(str(at), {"text": "ä" * 100_000}) for at in range(30)]
    pages = all_of(long)
    assert sum(map(len, pages)) == 30
    assert all(len(json.dumps(found)) <= ANSWER_BYTES + 1_000 for found in pages)


def test_one_row_larger_than_a_page_is_a_page_of_its_own() -> None:
    huge: list[tuple[str, Any]] = [("a", {"t": "x" * ANSWER_BYTES}), ("b", {"t": "y"})]
    assert [len(found) for found in all_of(huge)] == [1, 1]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"limit": "ten"}, {"after": "none of them"}])
def test_a_limit_or_place_that_is_none_is_refused_with_its_name(query: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(query))):
        asked(ROWS, **query)
