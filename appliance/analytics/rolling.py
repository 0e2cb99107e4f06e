"""Rolling figures over time: what the last so many milliseconds hold, seen from each reading.

A window is (t − window_ms, t]. Times ascend and may be irregular; a value that is not finite is
missing. Fewer than min_count values make NaN: a gap gives no figure.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from appliance.analytics import ranks
from appliance.analytics.checked import Floats, at_least, readings
from appliance.analytics.kernels import held as held_kernel
from appliance.analytics.kernels import windows as kernel


class Means(NamedTuple):
    """Time-weighted means, and the share of each window that was measured, 0 to 1."""

    mean: Floats
    coverage: Floats


def mean(times_ms: ArrayLike, values: ArrayLike, window_ms: int, min_count: int = 1) -> Floats:
    """The mean of the readings, each counting the same."""
    return _mean_std(times_ms, values, window_ms, min_count)[0]


def std(times_ms: ArrayLike, values: ArrayLike, window_ms: int, min_count: int = 2) -> Floats:
    """The sample standard deviation; NaN for fewer than two readings."""
    return _mean_std(times_ms, values, window_ms, min_count)[1]


def minimum(times_ms: ArrayLike, values: ArrayLike, window_ms: int, min_count: int = 1) -> Floats:
    """The least reading."""
    return _extreme(times_ms, values, window_ms, min_count, -1.0)


def maximum(times_ms: ArrayLike, values: ArrayLike, window_ms: int, min_count: int = 1) -> Floats:
    """The greatest reading."""
    return _extreme(times_ms, values, window_ms, min_count, 1.0)


def median(times_ms: ArrayLike, values: ArrayLike, window_ms: int, min_count: int = 1) -> Floats:
    """The median reading."""
    return quantile(times_ms, values, window_ms, 0.5, min_count)


def quantile(
    times_ms: ArrayLike, values: ArrayLike, window_ms: int, share: float, min_count: int = 1
) -> Floats:
    """The value below which `share` of the readings lie, linear between ranks."""
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; it must be from 0 to 1")
    at_least(1, window_ms=window_ms, min_count=min_count)
    times, row = readings(times_ms, values)
    starts = kernel.time_starts(times, window_ms)
    longest = int((np.arange(row.size) - starts).max(initial=0)) + 1
    return ranks.quantile(
        row, lambda begin, end: starts[begin:end] - begin, longest, share, min_count
    )


def slope(times_ms: ArrayLike, values: ArrayLike, window_ms: int, min_count: int = 2) -> Floats:
    """The rate of change per second: the least-squares slope over the window."""
    at_least(1, window_ms=window_ms, min_count=min_count)
    times, row = readings(times_ms, values)
    return kernel.slope(times, row, kernel.time_starts(times, window_ms), min_count)


def time_weighted_mean(
    times_ms: ArrayLike, values: ArrayLike, window_ms: int, hold_ms: int
) -> Means:
    """The mean over time: a reading holds until the next one, at most hold_ms.

    What lies beyond is unmeasured: it counts in no mean, and lowers the coverage.
    """
    at_least(1, window_ms=window_ms, hold_ms=hold_ms)
    times, row = readings(times_ms, values)
    spans = held_kernel.spans(times, row, hold_ms, np.iinfo(np.int64).max)
    total, known = held_kernel.window_sums(spans[0], spans[1], spans[2], times, window_ms)
    means = np.full(times.size, np.nan)
    np.divide(total, known, out=means, where=known > 0)
    return Means(means, known / window_ms)


def _mean_std(
    times_ms: ArrayLike, values: ArrayLike, window_ms: int, min_count: int
) -> tuple[Floats, Floats]:
    at_least(1, window_ms=window_ms, min_count=min_count)
    times, row = readings(times_ms, values)
    out: Floats = np.empty((2, row.size))
    kernel.mean_std(row, kernel.time_starts(times, window_ms), min_count, out)
    return out[0], out[1]


def _extreme(
    times_ms: ArrayLike, values: ArrayLike, window_ms: int, min_count: int, sign: float
) -> Floats:
    at_least(1, window_ms=window_ms, min_count=min_count)
    times, row = readings(times_ms, values)
    out = np.empty(row.size)
    kernel.highest(row, kernel.time_starts(times, window_ms), min_count, sign, out)
    return out
