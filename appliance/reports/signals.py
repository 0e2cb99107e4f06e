"""One signal over a period: figures gathered page by page, and what the readings hash to."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.analytics import pieces
from appliance.analytics.pieces import Integral, Pieces, Times, Values
from appliance.model.look import UPPER
from appliance.model.report import Limit

COURSE_PARTS = 168
"""Of a week each part is an hour."""
SHORT_MS = 900_000
"""The 15 minutes of a short-term limit."""
COVERAGE_NEEDED = 0.875
"""Seven of eight hours; of less, nothing good is said."""


class Window(NamedTuple):
    """What is looked at: readings from lead_ms on, figures of begin_ms <= t < until_ms.

    A reading holds for hold_ms at most. days and shifts: edges in UTC milliseconds.
    """

    lead_ms: int
    begin_ms: int
    until_ms: int
    hold_ms: int
    days: Times
    shifts: Times


class Spells(NamedTuple):
    """The unbroken times beyond a limit, int64[2, n], and the known time while it was in force."""

    limit: Limit
    times: Times
    known_ms: float


class _Bins:
    """Time-weighted sums between edges."""

    def __init__(self, edges_ms: Times) -> None:
        self.edges_ms = edges_ms
        self.known_ms = np.zeros(max(0, edges_ms.size - 1))
        self.total = np.zeros(self.known_ms.size)

    def add(self, known: Integral, total: Integral) -> None:
        self.known_ms += known.between(self.edges_ms)
        self.total += total.between(self.edges_ms)

    def means(self) -> list[float | None]:
        """The mean of each, null where nothing is known."""
        return [
            round(total / known, 6) if known else None
            for total, known in zip(self.total.tolist(), self.known_ms.tolist(), strict=True)
        ]


class Signal:
    """The figures of one metric of one device. Readings come page by page, in order of time.

    short: look for the highest 15 minutes. switch: a value of 0.5 or more counts as 1, else 0.
    """

    def __init__(
        self, window: Window, limits: Sequence[Limit], *, short: bool = False, switch: bool = False
    ) -> None:
        self.window = window
        self.limits = limits
        self.short: tuple[float, int] | None = None
        """The highest mean of 15 minutes and the end of them, if asked for."""
        self.rows = self.readings = 0
        self.min_at: tuple[float, int] | None = None
        self.max_at: tuple[float, int] | None = None
        self.days = _Bins(window.days)
        self.shifts = _Bins(window.shifts)
        course = np.linspace(window.begin_ms, window.until_ms, COURSE_PARTS + 1)
        self.course = _Bins(course.astype(np.int64))
        self.beyond_ms = np.zeros(self.days.known_ms.size)
        self.day_range = np.full((2, self.days.known_ms.size), np.nan)
        self._switch = switch
        self._keep_ms = SHORT_MS + window.hold_ms if short else 0
        self._sha256 = hashlib.sha256()
        self._spells: list[list[Times]] = [[] for _ in limits]
        self._known_ms = [0.0 for _ in limits]
        self._times_ms, self._values = np.empty(0, np.int64), np.empty(0)
        self._settled = 0
        """So many of these readings are counted; how long the last one holds is not known yet."""

    def add(self, times_ms: Times, values: Values) -> None:
        """Count the readings of a page, in any order; none is older than those of the last page."""
        if not (np.diff(times_ms) > 0).all():
            order = np.lexsort((values, times_ms))
            times_ms, values = times_ms[order], values[order]
        given = ~np.isnan(values)
        values = np.where(given, values + 0.0, np.nan)  # one kind of zero, one kind of NaN
        rows = np.empty(times_ms.size, [("time", "<i8"), ("value", "<f8")])
        rows["time"], rows["value"] = times_ms, values
        self._sha256.update(rows.tobytes())
        self.rows += times_ms.size
        times_ms, values = times_ms[given], values[given]
        if self._switch:
            values = (values >= 0.5).astype(np.float64)
        if times_ms.size:
            self._note_extremes(times_ms, values)
            self._times_ms = np.concatenate([self._times_ms, times_ms])
            self._values = np.concatenate([self._values, values])
            self._settle(int(times_ms[-1]), self._times_ms.size - 1)

    def finish(self) -> None:
        """There are no more readings: the last one holds on as long as it may."""
        self._settle(self.window.until_ms, self._times_ms.size)

    @property
    def sha256(self) -> str:
        """Of every time and value read, as little-endian int64 and float64."""
        return self._sha256.hexdigest()

    @property
    def coverage(self) -> float:
        """The share of the period of which the value is known."""
        length_ms = self.window.until_ms - self.window.begin_ms
        return round(float(self.days.known_ms.sum()) / length_ms, 6)

    @property
    def mean(self) -> float | None:
        """Over the period, weighted by time."""
        known = float(self.days.known_ms.sum())
        return round(float(self.days.total.sum()) / known, 6) if known else None

    def spells(self) -> list[Spells]:
        """For each limit the times beyond it."""
        return [
            Spells(
                limit, pieces.join(np.concatenate([np.empty((2, 0), np.int64), *found], 1)), known
            )
            for limit, found, known in zip(self.limits, self._spells, self._known_ms, strict=True)
        ]

    def _settle(self, end_ms: int, stop: int) -> None:
        whole = pieces.hold(self._times_ms, self._values, end_ms, self.window.hold_ms)
        counted = slice(self._settled, stop)
        fresh = Pieces(whole.start_ms[counted], whole.length_ms[counted], whole.values[counted])
        if fresh.values.size:
            known, total = pieces.known(fresh), pieces.integral(fresh, fresh.values)
            for bins in (self.days, self.shifts, self.course):
                bins.add(known, total)
            self._note_beyond(fresh, known)
        if self._keep_ms:
            self._note_short(whole, fresh)
        kept = min(stop, int(np.searchsorted(self._times_ms, end_ms - self._keep_ms)))
        self._times_ms, self._values = self._times_ms[kept:], self._values[kept:]
        self._settled = stop - kept

    def _note_beyond(self, fresh: Pieces, known: Integral) -> None:
        any_beyond = np.zeros(fresh.values.size, np.bool_)
        for index, limit in enumerate(self.limits):
            begin_ms, end_ms = to_ms(limit.in_force), to_ms(limit.in_force_until)
            beyond = is_beyond(limit, fresh.values)
            self._spells[index].append(pieces.spells(fresh, beyond, begin_ms, end_ms))
            self._known_ms[index] += known.between(np.array([begin_ms, end_ms], np.int64)).item()
            in_force = (fresh.start_ms >= begin_ms) & (fresh.start_ms < end_ms)
            any_beyond |= beyond & in_force
        if any_beyond.any():
            self.beyond_ms += pieces.integral(fresh, any_beyond).between(self.days.edges_ms)

    def _note_short(self, whole: Pieces, fresh: Pieces) -> None:
        if not fresh.values.size:
            return
        begin_ms = max(self.window.begin_ms, int(fresh.start_ms[0]))
        until_ms = min(self.window.until_ms, int(fresh.start_ms[-1] + fresh.length_ms[-1]))
        found = pieces.highest_mean(whole, SHORT_MS, COVERAGE_NEEDED, begin_ms, until_ms)
        if found and (self.short is None or found[0] > self.short[0]):
            self.short = found

    def _note_extremes(self, times_ms: Times, values: Values) -> None:
        inside = (times_ms >= self.window.begin_ms) & (times_ms < self.window.until_ms)
        times_ms, values = times_ms[inside], values[inside]
        if not values.size:
            return
        self.readings += values.size
        low, high = int(np.argmin(values)), int(np.argmax(values))
        if self.min_at is None or values[low] < self.min_at[0]:
            self.min_at = float(values[low]), int(times_ms[low])
        if self.max_at is None or values[high] > self.max_at[0]:
            self.max_at = float(values[high]), int(times_ms[high])
        bounds = np.searchsorted(times_ms, self.days.edges_ms)
        for day in np.flatnonzero(np.diff(bounds)).tolist():
            of_day = values[bounds[day] : bounds[day + 1]]
            low_high = self.day_range[:, day]
            self.day_range[:, day] = (
                np.fmin(low_high[0], of_day.min()),
                np.fmax(low_high[1], of_day.max()),
            )


def is_beyond(limit: Limit, values: Values) -> NDArray[np.bool_]:
    """Which values are beyond a high or low limit."""
    if limit.limit is None:
        raise ValueError(f"rule {limit.rule_id} has no limit")
    return values > limit.limit if limit.level in UPPER else values < limit.limit


def to_ms(moment: datetime) -> int:
    """UTC milliseconds."""
    return round(moment.timestamp() * 1000)
