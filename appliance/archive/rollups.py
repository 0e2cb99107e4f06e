"""Rolls readings up by the minute, and minutes by the hour: the same digits every time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.model.sealed import Readings, Rollup

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


def minutes(times_ms: NDArray[np.int64], values: NDArray[np.float64]) -> Rollup:
    """Roll values up by the minute; times ascend, NaN counts as nothing."""
    there = ~np.isnan(values)
    if not there.all():
        times_ms, values = times_ms[there], values[there]
    starts, first, counts = _buckets(times_ms, MINUTE_MS)
    with np.errstate(invalid="ignore", over="ignore"):
        if len(counts) > 1 and (counts == counts[0]).all():
            figures = _of_equal(values, len(counts))
        else:
            figures = [
                _reduce(np.minimum, values, first),
                _reduce(np.maximum, values, first),
                _sums(counts, values),
                _sums(counts, values * values),
            ]
    last = first + counts - 1
    return Rollup._make([starts, counts, *figures, values[first], values[last]])


def hours(minute: Rollup) -> Rollup:
    """Roll minutes up by the hour."""
    starts, first, counts = _buckets(minute.times_ms, HOUR_MS)
    last = first + counts - 1
    return Rollup(
        starts,
        _reduce(np.add, minute.counts, first),
        _reduce(np.minimum, minute.minima, first),
        _reduce(np.maximum, minute.maxima, first),
        _sums(counts, minute.sums),
        _sums(counts, minute.sums_squares),
        minute.firsts[first],
        minute.lasts[last],
    )


def of_readings(readings: Readings) -> tuple[Rollup, Rollup]:
    """The minutes and the hours of readings in order of time, which cover whole hours."""
    minute = minutes(readings.times_ms, readings.values)
    return minute, hours(minute)


def _buckets(
    times_ms: NDArray[np.int64], width_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.int64]]:
    """Where buckets start, the index of each one's first entry, and how many entries it has."""
    if not len(times_ms):
        return times_ms, np.empty(0, np.intp), np.empty(0, np.int64)
    first_ms, last_ms = times_ms.item(0), times_ms.item(-1)
    starts = np.arange(first_ms - first_ms % width_ms, last_ms + 1, width_ms, dtype=np.int64)
    first = times_ms.searchsorted(starts)
    counts = np.diff(first, append=len(times_ms))
    there = counts > 0
    return starts[there], first[there], counts[there].astype(np.int64, copy=False)


def _reduce(ufunc: np.ufunc, values: NDArray[Any], first: NDArray[np.intp]) -> NDArray[Any]:
    result: NDArray[Any] = ufunc.reduceat(values, first) if len(first) else values[:0]
    return result


def _sums(counts: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of runs of so many values, each added one value after the other, beginning with 0.0.

    np.sum of a run would add in pairs.
    """
    which = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(which, values, minlength=len(counts)).astype(np.float64, copy=False)


def _of_equal(values: NDArray[np.float64], runs: int) -> list[NDArray[np.float64]]:
    """Least, greatest, sum and sum of squares of several runs of one length.

    That is what a sensor that keeps time has. They are taken side by side, the first value of every
    run, then the second: the same digits as one run after the other, several times as fast. (A
    single run would be the fast axis, along which NumPy adds in pairs.)
    """
    beside = values.reshape(runs, -1).T.copy()
    figures = [beside.min(axis=0), beside.max(axis=0), beside.sum(axis=0) + 0.0]
    np.multiply(beside, beside, out=beside)
    return [*figures, beside.sum(axis=0) + 0.0]
