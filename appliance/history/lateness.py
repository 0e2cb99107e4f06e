"""Which rows of a device came late, and what held them: pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil

from appliance.history.evidence import Asked, Known, Late, Run
from appliance.history.spans import Span, overlap
from appliance.model.completeness import Cause, Range, What


def late_ranges(known: Known, asked: Asked, off: Sequence[Span]) -> Iterator[Range]:
    """Late rows that are there; by the appliance's fault if they had else come in time.

    off: when the node was, in order; rows it had not sent before came after its next start.
    """
    for late in known.late:
        for first_ms, stop_ms, cause in _late_parts(late, known.downtimes, off, asked.late_ms):
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
    late: Late, downtimes: Sequence[Span], off: Sequence[Span], late_ms: int
) -> Iterator[tuple[int, int, Cause]]:
    """Parts of a late range by their cause."""
    end = late.last_ms + 1
    cuts = {edge for span in (*downtimes, *off) for edge in (*span, span[0] - late_ms)}
    edges = [late.first_ms, *sorted(cut for cut in cuts if late.first_ms < cut < end), end]
    pace = (late.last_received_ms - late.first_received_ms) / (end - late.first_ms)
    parts: list[tuple[int, int, Cause]] = []
    for begin, stop in pairwise(edges):
        middle = (begin + stop) // 2
        came = round(late.first_received_ms + (middle - late.first_ms) * pace)
        down = overlap((middle, came), downtimes)
        cause = Cause.NETWORK
        if down and came - middle - down <= late_ms:
            cause = Cause.BOX_DOWN
        elif came - middle - down - overlap((middle, came), off) <= late_ms:
            cause = Cause.NODE_OFF
        if parts and parts[-1][2] is cause:
            parts[-1] = (parts[-1][0], stop, cause)
        else:
            parts.append((begin, stop, cause))
    yield from parts
