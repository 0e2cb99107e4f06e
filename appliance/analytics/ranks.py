"""Rolling quantiles, exact: values become codes, and a sliding histogram counts them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from appliance.analytics.checked import Floats, Integers
from appliance.analytics.kernels import ranks as kernel

CHUNK = 65_536
MOST_LEVELS = 65_536
EXACT = 2.0**52
"""Whole numbers below are told apart."""
STEPS_PER_UNIT = (1.0, 2.0, 10.0, 100.0, 1000.0, 16.0, 1e4, 1e5)
"""Sensors speak in whole steps: degrees, tenths, hundredths, sixteenths."""

Starts = Callable[[int, int], Integers]


def quantile(values: Floats, starts: Starts, longest: int, share: float, min_count: int) -> Floats:
    """For each i the quantile of values[start of i : i + 1], as numpy.quantile.

    starts(begin, end) gives the ascending starts of these readings, counted from `begin` (below 0
    is before it); no window is wider than `longest` readings.
    """
    out, share = np.empty(values.size), float(share)
    chunk = _chunk(longest)
    steps: tuple[float, ...] = STEPS_PER_UNIT
    for begin in range(0, values.size, chunk):
        end = min(begin + chunk, values.size)
        first = max(0, begin - longest + 1)
        codes, levels, fitting = _coded(values[first:end], steps)
        if fitting:
            steps = (fitting, *STEPS_PER_UNIT)
        kernel.quantile(
            codes,
            starts(first, end),
            begin - first,
            levels,
            float(share),
            min_count,
            out[begin:end],
        )
    return out


def steady(window: int) -> Starts:
    """Starts of windows of so many readings."""
    starts = np.arange(1 - window, _chunk(window) + 1)
    return lambda begin, end: starts[: end - begin]


def _chunk(longest: int) -> int:
    return max(CHUNK, 4 * longest)


def _coded(
    values: Floats, steps: tuple[float, ...]
) -> tuple[NDArray[np.int32], Floats, float | None]:
    """Codes into ascending levels: steps of the sensor where it has any (told), else ranks."""
    codes = np.empty(values.size, np.int32)
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    if np.isinf(low) or np.isinf(high):
        values = np.where(np.isfinite(values), values, np.nan)
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    if np.isnan(low):
        codes[:] = -1
        return codes, np.zeros(1), None
    for per_unit in steps:
        lowest, highest = np.rint(low * per_unit), np.rint(high * per_unit)
        if abs(lowest) < EXACT and highest - lowest < MOST_LEVELS:
            levels = (lowest + np.arange(highest - lowest + 1)) / per_unit
            if kernel.encode(values, per_unit, lowest, levels, codes):
                return codes, levels, per_unit
    there = ~np.isnan(values)
    levels, ranks = np.unique(values[there], return_inverse=True)
    codes[:] = -1
    codes[there] = ranks
    return codes, levels, None
