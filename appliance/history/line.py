"""When each row of a start of the node was taken: known rows, even steps between and beyond.

Times between two known rows lie evenly, for a node samples by its own clock whatever the network
does.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil

from appliance.history.evidence import Run, Stream
from appliance.history.plan import Plan
from appliance.history.spans import Span


class Line:
    """When each row of an epoch was taken: known rows, even steps between and beyond."""

    def __init__(self, stream: Stream, runs: Sequence[Run], plan: Plan) -> None:
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
            self.step = float(plan.interval_ms(self.times[0] if self.times else 0))

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
