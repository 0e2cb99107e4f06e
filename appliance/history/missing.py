"""Which rows of a device are missing, late or gone, and why: pure, on runs of row numbers.

A run is rows of one epoch with consecutive numbers. What the ledger has not is missing; what it
has and is neither found nor set aside cannot be read any more. Times between two known rows lie
evenly, for a node samples by its own clock whatever the network does.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from appliance.model.batch import POINTS
from appliance.model.completeness import Cause, Range, What

HOLD_INTERVALS = 3
"""So many expected intervals may pass before a reading of unnumbered points counts as missing."""

Span = tuple[int, int]
"""Rows or UTC milliseconds, from the first up to, but not including, the second."""


class Run(NamedTuple):
    """Rows first .. stop - 1 of an epoch, when the first and the last of them were taken.

    inside: of the period. bounded: of their times only the order is sure.
    """

    epoch: int
    first: int
    stop: int
    first_ms: int
    last_ms: int
    bounded: bool
    inside: bool


class Late(NamedTuple):
    """Rows that came late, and when the first and the last of them did."""

    epoch: int
    first: int
    stop: int
    first_ms: int
    last_ms: int
    first_received_ms: int
    last_received_ms: int


class Stream(NamedTuple):
    """A start of the node, as the ledger has it. quarantined: row numbers, ascending."""

    epoch: int
    received: Sequence[Span]
    first_ms: int | None
    last_ms: int | None
    dropped: int
    reset: str | None
    quarantined: Sequence[int] = ()


class Known(NamedTuple):
    """What is known of a device and what was around it; spans of time, in order."""

    streams: Sequence[Stream]
    runs: Sequence[Run]
    late: Sequence[Late]
    point_gaps: Sequence[Span]
    """The last point before and the first after a silence, of a sender that numbers nothing."""
    downtimes: Sequence[Span]
    damaged: Sequence[Span]
    released: Sequence[Span]


class Asked(NamedTuple):
    """The period, up to when it is looked at, and what was expected."""

    from_ms: int
    to_ms: int
    now_ms: int
    interval_ms: int
    late_ms: int


class _Line:
    """When each row of an epoch was taken: known rows, even steps between and beyond."""

    def __init__(self, stream: Stream, runs: Sequence[Run], interval_ms: int) -> None:
        known: dict[int, int] = {}
        if stream.received and stream.first_ms is not None and stream.last_ms is not None:
            known[stream.received[0][0]] = stream.first_ms
            known[stream.received[-1][1] - 1] = stream.last_ms
        for run in runs:
            known |= {run.first: run.first_ms, run.stop - 1: run.last_ms}
        self.rows = sorted(known)
        self.times: list[int] = []
        for row in self.rows:
            self.times.append(max(known[row], self.times[-1] if self.times else known[row]))
        if len(self.rows) > 1 and self.times[-1] > self.times[0]:
            self.step = (self.times[-1] - self.times[0]) / (self.rows[-1] - self.rows[0])
        else:
            self.step = float(interval_ms)

    def at(self, row: int) -> float:
        """When a row was taken, or would have been."""
        after = bisect_left(self.rows, row)
        if after == len(self.rows):
            return self.times[-1] + (row - self.rows[-1]) * self.step
        if self.rows[after] == row or not after:
            return self.times[after] - (self.rows[after] - row) * self.step
        (r0, r1), (t0, t1) = self.rows[after - 1 : after + 1], self.times[after - 1 : after + 1]
        return t0 + (row - r0) * (t1 - t0) / (r1 - r0)

    def clip(self, rows: Span, times: Span) -> Span:
        """Those of the rows that were taken in a span of time."""
        rows_of = range(*rows)
        first = bisect_left(rows_of, times[0], key=lambda row: ceil(self.at(row)))
        stop = bisect_left(rows_of, times[1], key=lambda row: ceil(self.at(row)))
        return rows[0] + first, rows[0] + stop


class _Life(NamedTuple):
    """A start of the node with its place in time."""

    stream: Stream
    line: _Line
    bounded: bool


def classify(known: Known, asked: Asked) -> list[Range]:
    """Every range of rows that are not simply there, in order of time."""
    lives = _lives(known, asked)
    found: list[Range] = []
    for life in lives:
        found += _holes(life, known, asked)
        found += _unreadable(life, known, asked)
    found += _between(lives, known, asked)
    found += _points(known, asked)
    found += _silence(known, asked)
    found += _late(known, asked)
    found += [
        _range(What.BOUNDED, Cause.CLOCK_UNKNOWN, (run.first_ms, run.last_ms + 1), run)
        for run in known.runs
        if run.bounded and run.inside and run.epoch != POINTS
    ]
    return sorted(found, key=lambda one: (one.from_ms, one.to_ms, one.what))


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


def missing(stream: Stream) -> list[Span]:
    """The rows below the highest received that never came."""
    top = stream.received[-1][1] if stream.received else 0
    return list(without([(0, top)], stream.received))


def _lives(known: Known, asked: Asked) -> list[_Life]:
    runs: dict[int, list[Run]] = {}
    for run in known.runs:
        runs.setdefault(run.epoch, []).append(run)
    lives = []
    for stream in known.streams:
        if stream.epoch != POINTS:
            own = runs.get(stream.epoch, [])
            line = _Line(stream, own, asked.interval_ms)
            if line.rows:
                lives.append(_Life(stream, line, any(run.bounded for run in own)))
    return sorted(lives, key=lambda life: (life.line.times[0], life.line.times[-1]))


def _holes(life: _Life, known: Known, asked: Asked) -> Iterator[Range]:
    """Rows that were numbered and never came, of which the node may have told that it dropped."""
    stream, line, _ = life
    left = stream.dropped
    for hole in missing(stream):
        told = left >= hole[1] - hole[0]
        left -= hole[1] - hole[0] if told else 0
        first, stop = line.clip(hole, (asked.from_ms, asked.to_ms))
        if first < stop:
            span = (round(line.at(first)), round(line.at(stop)))
            yield Range(
                what=What.MISSING,
                cause=Cause.OVERRUN if told else Cause.UNKNOWN,
                from_ms=span[0],
                to_ms=max(span),
                rows=stop - first,
                epoch=stream.epoch,
                first_row=first,
                behind=_behind(stream.epoch, hole[1], span, known) if told else None,
            )


def _behind(epoch: int, after: int, span: Span, known: Known) -> Cause:
    """What kept rows from being sent until those after them came."""
    came = [
        one.first_received_ms
        for one in known.late
        if one.epoch == epoch and one.first <= after < one.stop
    ]
    until = max([span[1], *came])
    down = overlap((span[0], until), known.downtimes)
    return Cause.BOX_DOWN if 2 * down >= until - span[0] > 0 else Cause.NETWORK


def _unreadable(life: _Life, known: Known, asked: Asked) -> Iterator[Range]:
    """Rows that came and are not there; in a damaged file, or released."""
    stream, line, _ = life
    there = [(run.first, run.stop) for run in known.runs if run.epoch == stream.epoch]
    there += [(row, row + 1) for row in stream.quarantined]
    for gone in without(stream.received, sorted(there)):
        whole = line.clip(gone, (asked.from_ms, asked.to_ms))
        if whole[0] >= whole[1]:
            continue
        damaged = sorted(line.clip(whole, span) for span in known.damaged)
        spoiled = [part for part in joined(damaged) if part[0] < part[1]]
        rest = list(without([whole], spoiled))
        for part in spoiled:
            yield _gone(stream.epoch, line, part, Cause.DAMAGED)
        for part in rest:
            span = (round(line.at(part[0])), round(line.at(part[1])))
            cause = Cause.RELEASED if overlap(span, known.released) else Cause.UNKNOWN
            yield _gone(stream.epoch, line, part, cause)


def _gone(epoch: int, line: _Line, rows: Span, cause: Cause) -> Range:
    from_ms, to_ms = round(line.at(rows[0])), round(line.at(rows[1]))
    return Range(
        what=What.UNREADABLE,
        cause=cause,
        from_ms=from_ms,
        to_ms=max(from_ms, to_ms),
        rows=rows[1] - rows[0],
        epoch=epoch,
        first_row=rows[0],
    )


def _between(lives: Sequence[_Life], known: Known, asked: Asked) -> Iterator[Range]:
    """The times between a start's last row and the next one's first."""
    reached: float | None = None
    for life, later in pairwise(lives):
        stream, line, bounded = life
        top = stream.received[-1][1] if stream.received else 0
        reached = max(line.at(top - 1), reached or 0)
        begin = max(later.line.at(0), reached)
        lost = stream.dropped - sum(stop - first for first, stop in missing(stream))
        fits = max(0, round((begin - reached) / line.step) - 1)
        if tail := min(max(lost, 0), fits):  # the node told of more than is missing before
            first, stop = line.clip((top, top + tail), (asked.from_ms, asked.to_ms))
            span = (round(line.at(first)), round(line.at(stop)))
            if first < stop:
                yield Range(
                    what=What.MISSING,
                    cause=Cause.OVERRUN,
                    from_ms=span[0],
                    to_ms=span[1],
                    rows=stop - first,
                    epoch=stream.epoch,
                    first_row=first,
                    behind=_behind(stream.epoch, top + tail, span, known),
                )
            reached = line.at(top + tail - 1)
        unsure = bounded or later.bounded
        yield from _off((reached, begin), later.stream.reset, asked, unsure=unsure)


def _off(
    edges: tuple[float, float], reset: str | None, asked: Asked, *, unsure: bool
) -> Iterator[Range]:
    """Rows expected between the last before a start and the first after it."""
    if unsure:
        cause = Cause.CLOCK_UNKNOWN
    elif reset in (None, "power", "start"):
        cause = Cause.NODE_OFF
    else:
        cause = Cause.RESTART
    if found := _expected(edges, asked):
        from_ms, to_ms, rows = found
        yield Range(
            what=What.MISSING,
            cause=cause,
            from_ms=from_ms,
            to_ms=to_ms,
            rows=rows,
            exact=False,
            reset=reset,
        )


def _expected(edges: tuple[float, float], asked: Asked) -> tuple[int, int, int] | None:
    """Of the rows expected between two others, those in the period: from, to, how many."""
    step = asked.interval_ms
    most = round((edges[1] - edges[0]) / step) - 1
    first = max(1, ceil((asked.from_ms - edges[0]) / step))
    last = min(most, ceil((asked.to_ms - edges[0]) / step) - 1)
    if first > last:
        return None
    end = edges[1] if last == most else edges[0] + (last + 1) * step
    return round(edges[0] + first * step), round(min(end, asked.to_ms)), last - first + 1


def _points(known: Known, asked: Asked) -> Iterator[Range]:
    """Silences of a sender that numbers nothing: by what was the case for most of the time."""
    for gap in known.point_gaps:
        if found := _expected(gap, asked):
            span = found[:2]
            half = (span[1] - span[0]) / 2
            what, cause = What.MISSING, Cause.UNKNOWN
            if overlap(span, known.damaged) > half:
                what, cause = What.UNREADABLE, Cause.DAMAGED
            elif overlap(span, known.released) > half:
                what, cause = What.UNREADABLE, Cause.RELEASED
            elif overlap(span, known.downtimes) > half:
                cause = Cause.BOX_DOWN
            yield Range(
                what=what, cause=cause, from_ms=span[0], to_ms=span[1], rows=found[2], exact=False
            )


def _silence(known: Known, asked: Asked) -> Iterator[Range]:
    """What should have come since the last row of all."""
    heard = [stream.last_ms for stream in known.streams if stream.last_ms is not None]
    if heard:
        hold = HOLD_INTERVALS * asked.interval_ms
        last, until = max(heard), min(asked.to_ms, asked.now_ms - hold)
        if found := _expected((last, until + asked.interval_ms), asked):
            from_ms, to_ms, rows = found
            yield Range(
                what=What.MISSING,
                cause=Cause.SILENT,
                from_ms=from_ms,
                to_ms=min(max(to_ms, until), asked.to_ms),
                rows=rows,
                exact=False,
            )


def _late(known: Known, asked: Asked) -> Iterator[Range]:
    """Late rows that are there; by the appliance's fault if they had else come in time."""
    for late in known.late:
        for first_ms, stop_ms, cause in _late_parts(late, known.downtimes, asked.late_ms):
            span = max(first_ms, asked.from_ms), min(stop_ms, asked.to_ms)
            rows = _late_rows(late, known.runs, (first_ms, stop_ms))
            if rows and span[0] < span[1]:
                yield Range(
                    what=What.LATE,
                    cause=cause,
                    from_ms=span[0],
                    to_ms=span[1],
                    rows=rows[1],
                    epoch=late.epoch,
                    first_row=rows[0],
                )


def _late_rows(late: Late, runs: Sequence[Run], times: Span) -> Span | None:
    """Of a part of late rows, the first that is there within the period, and how many are."""
    step = (late.last_ms - late.first_ms) / max(1, late.stop - late.first - 1) or 1.0
    first = late.first + ceil((times[0] - late.first_ms) / step)
    stop = late.stop
    if times[1] <= late.last_ms:
        stop = min(stop, late.first + ceil((times[1] - late.first_ms) / step))
    parts = [
        (max(first, run.first), min(stop, run.stop))
        for run in runs
        if run.epoch == late.epoch and run.inside and run.first < stop and run.stop > first
    ]
    return (min(parts)[0], sum(b - a for a, b in parts)) if parts else None


def _late_parts(
    late: Late, downtimes: Sequence[Span], late_ms: int
) -> Iterator[tuple[int, int, Cause]]:
    """Parts of a late range by their cause."""
    end = late.last_ms + 1
    cuts = {edge for down in downtimes for edge in (*down, down[0] - late_ms)}
    edges = [late.first_ms, *sorted(cut for cut in cuts if late.first_ms < cut < end), end]
    pace = (late.last_received_ms - late.first_received_ms) / (end - late.first_ms)
    parts: list[tuple[int, int, Cause]] = []
    for begin, stop in pairwise(edges):
        middle = (begin + stop) // 2
        came = round(late.first_received_ms + (middle - late.first_ms) * pace)
        down = overlap((middle, came), downtimes)
        cause = Cause.BOX_DOWN if down and came - middle - down <= late_ms else Cause.NETWORK
        if parts and parts[-1][2] is cause:
            parts[-1] = (parts[-1][0], stop, cause)
        else:
            parts.append((begin, stop, cause))
    yield from parts


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


def _range(what: What, cause: Cause, span: Span, run: Run) -> Range:
    return Range(
        what=what,
        cause=cause,
        from_ms=span[0],
        to_ms=span[1],
        rows=run.stop - run.first,
        epoch=run.epoch,
        first_row=run.first,
    )
