"""Spans: stretches of open time, and what is left when they are joined, cut and compared."""

from collections.abc import Iterator

type Span = tuple[int, int]
"""From the first open second to the first closed one. Of a day: seconds of its wall clock; of time: epoch seconds."""
type Spans = tuple[Span, ...]


def union(spans: Spans) -> Spans:
    """The same open time in order, with spans that touch or overlap made one."""
    merged: list[Span] = []
    for opens, closes in sorted(spans):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return tuple(merged)


def common(left: Spans, right: Spans) -> Spans:
    """What is open in both."""
    pairs = ((max(a, c), min(b, d)) for a, b in left for c, d in right)
    return tuple((a, b) for a, b in pairs if a < b)


def without(spans: Spans, breaks: Spans) -> Spans:
    """The spans with the breaks taken out."""
    return tuple(_left_of(union(spans), union(breaks)))


def _left_of(spans: Spans, breaks: Spans) -> Iterator[Span]:
    for opens, closes in spans:
        for begin, end in breaks:
            if begin < closes and end > opens:
                if opens < begin:
                    yield opens, begin
                opens = max(opens, end)
        if opens < closes:
            yield opens, closes


def clip(spans: Spans, start: int | None, end: int | None) -> Spans:
    """What is open from `start` on and up to `end`; None sets no bound."""
    return tuple(
        (a if start is None else max(a, start), b if end is None else min(b, end))
        for a, b in spans
        if (start is None or b > start) and (end is None or a < end)
    )


def length(spans: Spans) -> int:
    """The seconds of open time; the spans must not overlap."""
    return sum(closes - opens for opens, closes in spans)
