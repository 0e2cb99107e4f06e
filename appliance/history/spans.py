"""Spans of rows or of time: what is left of some, how much lies in others, and joined ones."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

Span = tuple[int, int]
"""Rows or UTC milliseconds, from the first up to, but not including, the second."""


def without(whole: Iterable[Span], taken: Iterable[Span]) -> Iterator[Span]:
    """What of some spans is in none of others; both in order, each without overlaps."""
    cuts = list(taken)
    place = 0
    for begin, stop in whole:
        first = begin
        while place < len(cuts) and cuts[place][1] <= first:
            place += 1
        ahead = place
        while ahead < len(cuts) and cuts[ahead][0] < stop:
            if cuts[ahead][0] > first:
                yield first, cuts[ahead][0]
            first = max(first, cuts[ahead][1])
            ahead += 1
        if first < stop:
            yield first, stop


def overlap(span: Span, spans: Sequence[Span]) -> int:
    """How much of a span lies in any of these, which are in order and apart."""
    begin = bisect_right(spans, span[0], key=lambda one: one[1])
    total = 0
    for other in spans[begin:]:
        if other[0] >= span[1]:
            break
        total += min(span[1], other[1]) - max(span[0], other[0])
    return total


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch as one."""
    found: list[Span] = []
    for first, stop in spans:
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(stop, found[-1][1])
        else:
            found.append((first, stop))
    return found
