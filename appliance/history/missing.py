"""Which rows of a device are missing or gone, and why: pure, on runs of row numbers.

What the ledger has not is missing; what it has and is neither found nor set aside cannot be read
any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from appliance.history.evidence import Asked, Known, Run, Stream, missing
from appliance.history.lateness import late_ranges
from appliance.history.line import Line
from appliance.history.plan import HOLD_INTERVALS
from appliance.history.spans import Span, joined, overlap, without
from appliance.model.batch import POINTS
from appliance.model.completeness import Cause, Range, What


class _Life(NamedTuple):
    """A start of the node with its place in time."""

    stream: Stream
    line: Line
    bounded: bool


def classify(known: Known, asked: Asked) -> list[Range]:
    """Every range of rows that are not simply there, in order of time."""
    lives = _lives(known, asked)
    found = never_received(known, asked)
    for life in lives:
        found += _unreadable(life, known, asked)
    found += _points(known, asked)
    found += late_ranges(known, asked, _off_times(lives))
    found += [
        _range(What.BOUNDED, Cause.CLOCK_UNKNOWN, (run.first_ms, run.last_ms + 1), run)
        for run in known.runs
        if run.bounded and run.inside and run.epoch != POINTS
    ]
    return sorted(found, key=lambda one: (one.from_ms, one.to_ms, one.what))


def never_received(known: Known, asked: Asked) -> list[Range]:
    """The missing rows of what numbers its rows: the ledger tells them, whatever became of it."""
    lives = _lives(known, asked)
    holes = [hole for life in lives for hole in _holes(life, known, asked)]
    return [*holes, *_between(lives, known, asked), *_silence(known, asked)]


def by_part(ranges: Iterable[Range], edges: Sequence[int]) -> list[int]:
    """How many rows of some ranges lie in each part between two edges: even within a range."""
    sums = [0] * (len(edges) - 1)
    for one in ranges:
        length = max(1, one.to_ms - one.from_ms)
        share = [min(1.0, max(0.0, (edge - one.from_ms) / length)) for edge in edges]
        at = [round(one.rows * each) for each in share]
        for part, (begin, end) in enumerate(pairwise(at)):
            sums[part] += end - begin
    return sums


def _lives(known: Known, asked: Asked) -> list[_Life]:
    runs: dict[int, list[Run]] = {}
    for run in known.runs:
        runs.setdefault(run.epoch, []).append(run)
    lives = []
    for stream in known.streams:
        if stream.epoch != POINTS:
            own = runs.get(stream.epoch, [])
            line = Line(stream, own, asked.plan)
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
    return held_by((span[0], max([span[1], *came])), known.downtimes)


def held_by(span: Span, downtimes: Sequence[Span]) -> Cause:
    """What kept a node that ran from sending: by what was the case for half of the time."""
    down = overlap(span, downtimes)
    return Cause.BOX_DOWN if 2 * down >= span[1] - span[0] > 0 else Cause.NETWORK


def off_by(reset: str | None) -> Cause:
    """Why a node was off before a start, by what it said of that start."""
    return Cause.NODE_OFF if reset in (None, "power", "start") else Cause.RESTART


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


def _gone(epoch: int, line: Line, rows: Span, cause: Cause) -> Range:
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


def _off_times(lives: Sequence[_Life]) -> list[Span]:
    """When the node was off: between the last row of a start and the first of the next."""
    edges = [(round(a.line.times[-1]), round(b.line.at(0))) for a, b in pairwise(lives)]
    return joined(sorted(edge for edge in edges if edge[0] < edge[1]))


def _off(
    edges: tuple[float, float], reset: str | None, asked: Asked, *, unsure: bool
) -> Iterator[Range]:
    """Rows expected between the last before a start and the first after it."""
    cause = Cause.CLOCK_UNKNOWN if unsure else off_by(reset)
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
    plan, before = asked.plan, edges[0]
    most = round(plan.rows(*edges)) - 1
    first = max(1, ceil(plan.rows(before, asked.from_ms)))
    last = min(most, ceil(plan.rows(before, asked.to_ms)) - 1)
    if first > last:
        return None
    end = edges[1] if last == most else plan.after(before, last + 1)
    return round(plan.after(before, first)), round(min(end, asked.to_ms)), last - first + 1


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
        hold = HOLD_INTERVALS * asked.plan.interval_ms(asked.now_ms)
        last, until = max(heard), min(asked.to_ms, asked.now_ms - hold)
        if found := _expected((last, until + asked.plan.interval_ms(until)), asked):
            from_ms, to_ms, rows = found
            yield Range(
                what=What.MISSING,
                cause=Cause.SILENT,
                from_ms=from_ms,
                to_ms=min(max(to_ms, until), asked.to_ms),
                rows=rows,
                exact=False,
            )


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
