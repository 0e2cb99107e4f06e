"""Figures of an alarm system from arrays of when alarms were raised, cleared and acknowledged.

Definitions: intervals of 10 minutes are aligned to the UTC clock, rates are per operator; a flood
begins with an interval of more than 10 alarms and ends with the first of fewer than 5 (EEMUA 191);
chattering is three raises within a minute; stale is standing for more than 24 hours.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BIN_MS = 600_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000
FLOOD_BEGINS_ABOVE = 10
FLOOD_ENDS_BELOW = 5
CHATTER_TIMES = 3
LOAD = (("0", 0, 1), ("1", 1, 2), ("2", 2, 3), ("3-5", 3, 6), ("6-10", 6, 11), (">10", 11, np.inf))
"""Classes of alarms per operator and 10 minutes: name, from, to below."""


class FloodSpan(NamedTuple):
    """A flood in UTC ms, with its alarms in all and in its worst interval."""

    begin_ms: int
    end_ms: int
    alarms: int
    worst: int


class ChatterCount(NamedTuple):
    """A source that chattered: the raises in chattering minutes, and the most in one minute."""

    source: int
    times: int
    worst: int


def in_bins(raised_ms: Ints, from_ms: int, to_ms: int) -> tuple[Ints, Ints]:
    """The beginnings of the clock's 10-minute intervals of a period, and the alarms in each."""
    begins = np.arange(from_ms // BIN_MS * BIN_MS, to_ms, BIN_MS, dtype=np.int64)
    if not len(begins):
        return begins, np.zeros(0, np.int64)
    counts = np.bincount((raised_ms - begins[0]) // BIN_MS, minlength=len(begins))
    return begins, counts.astype(np.int64)


def load(counts: Ints, operators: int) -> list[tuple[str, float]]:
    """How many percent of the intervals fall into each class of LOAD, rounded up to whole alarms
    per operator."""
    each = np.ceil(counts / operators)
    whole = max(len(counts), 1)
    return [
        (name, 100 * float(np.count_nonzero((each >= low) & (each < high))) / whole)
        for name, low, high in LOAD
    ]


def floods(begins_ms: Ints, counts: Ints, operators: int) -> list[FloodSpan]:
    """The floods in these intervals; one that has not ended ends with the last of them."""
    each = counts / operators
    found: list[FloodSpan] = []
    first: int | None = None
    for index, number in enumerate(each):
        if first is None and number > FLOOD_BEGINS_ABOVE:
            first = index
        elif first is not None and number < FLOOD_ENDS_BELOW:
            found.append(_flood(begins_ms, counts, first, index))
            first = None
    if first is not None:
        found.append(_flood(begins_ms, counts, first, len(counts)))
    return found


def _flood(begins_ms: Ints, counts: Ints, first: int, end: int) -> FloodSpan:
    span = counts[first:end]
    end_ms = int(begins_ms[end - 1]) + BIN_MS
    return FloodSpan(int(begins_ms[first]), end_ms, int(span.sum()), int(span.max()))


def worst_stretch(raised_ms: Ints, stretch_ms: int = BIN_MS) -> tuple[int, int | None]:
    """The most of these ascending times in any stretch (its end left out), and when it begins."""
    if not len(raised_ms):
        return 0, None
    within = np.searchsorted(raised_ms, raised_ms + stretch_ms) - np.arange(len(raised_ms))
    worst = int(np.argmax(within))
    return int(within[worst]), int(raised_ms[worst])


def chattering(raised_ms: Ints, sources: Ints) -> list[ChatterCount]:
    """Sources raised CHATTER_TIMES or more within a minute, the worst first. Times ascend."""
    found = []
    for source, times in _by_source(raised_ms, sources):
        number = len(times)
        ends = np.searchsorted(times, times + MINUTE_MS)
        within = ends - np.arange(number)
        starts = np.flatnonzero(within >= CHATTER_TIMES)
        if len(starts):
            edges = np.zeros(number + 1, np.int64)
            np.add.at(edges, starts, 1)
            np.add.at(edges, ends[starts], -1)
            covered = int(np.count_nonzero(np.cumsum(edges)[:number]))
            found.append(ChatterCount(source, covered, int(within.max())))
    return sorted(found, key=lambda one: (-one.times, -one.worst, one.source))


def most_frequent(sources: Ints, number: int = 10) -> list[tuple[int, int]]:
    """The sources with the most alarms, and how many each has."""
    names, counts = np.unique(sources, return_counts=True)
    order = np.lexsort((names, -counts))[:number]
    return [(int(names[index]), int(counts[index])) for index in order]


def stale(raised_ms: Ints, ended_ms: Ints) -> Ints:
    """The indices of alarms that stood longer than 24 hours, the longest first."""
    stood = ended_ms - raised_ms
    found = np.flatnonzero(stood > DAY_MS)
    order: Ints = found[np.argsort(-stood[found], kind="stable")]
    return order


def response(seconds: Floats) -> tuple[float | None, float | None]:
    """Median and 95th percentile; None without any."""
    if not len(seconds):
        return None, None
    median, late = np.quantile(seconds, (0.5, 0.95))
    return float(median), float(late)


def _by_source(raised_ms: Ints, sources: Ints) -> Iterator[tuple[int, Ints]]:
    order = np.argsort(sources, kind="stable")
    names, firsts = np.unique(sources[order], return_index=True)
    for name, times in zip(names, np.split(raised_ms[order], firsts[1:]), strict=bool(len(names))):
        yield int(name), times
