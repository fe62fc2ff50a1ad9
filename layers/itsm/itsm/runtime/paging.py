"""Paging: a long list in pieces that fit into one answer, each naming where the next begins."""

import json
from collections.abc import Iterable, Mapping, Sequence

from itsm.core.errors import InvalidInputError
from itsm.core.events import Json
from itsm.runtime.http import Request

LIMIT, MOST = 100, 200
ANSWER_BYTES = 4_000_000
"""Of the 6 MB a function may answer with (AWS Lambda quotas), what the rows of a page may take."""
DIGITS = 3
NO_PLACE = "is what the page before gave as `next`"


def page(request: Request, rows: Sequence[tuple[str, Mapping[str, Json]]]) -> tuple[list[Mapping[str, Json]], str]:
    """The rows that ?after= and ?limit= ask for, and the key the next page begins after, "" at the end.

    `rows` are keys and what they stand for, in their order. Raises InvalidInputError for a limit that is none and for a
    key that no row has.
    """
    limit, after = asked(request)
    keys = [key for key, _ in rows]
    if after and after not in keys:
        raise InvalidInputError("after", NO_PLACE)
    return cut(rows[keys.index(after) + 1 :] if after else rows, limit)


def asked(request: Request) -> tuple[int, str]:
    """How many rows ?limit= asks for, and after which key. Raises InvalidInputError for a limit that is none."""
    limit, after = request.query.get("limit", str(LIMIT)), request.query.get("after", "")
    if not (limit.isdecimal() and len(limit) <= DIGITS and 1 <= int(limit) <= MOST):
        raise InvalidInputError("limit", f"is a whole number from 1 to {MOST}")
    return int(limit), after


def cut(rows: Sequence[tuple[str, Mapping[str, Json]]], limit: int) -> tuple[list[Mapping[str, Json]], str]:
    """So many of the rows, and no more than fit into one answer; and the key of the last, "" where they are all."""
    taken = list(_fitting(row for _, row in rows[:limit]))
    return taken, rows[len(taken) - 1][0] if len(taken) < len(rows) else ""


def _fitting(rows: Iterable[Mapping[str, Json]]) -> Iterable[Mapping[str, Json]]:
    """The rows that fit into one answer; the first in any case."""
    size = 0
    for row in rows:
        size += len(json.dumps(row))
        if size > ANSWER_BYTES and size > len(json.dumps(row)):
            return
        yield row
