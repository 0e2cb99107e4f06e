"""Rolling figures over a number of readings, for series that come at a steady pace.

The window is the last `window` readings, missing ones (not finite) among them; fewer than
min_count values make NaN. `out` may be given to be filled instead of a new array.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from appliance.analytics import ranks
from appliance.analytics.checked import Floats, at_least, floats
from appliance.analytics.kernels import counted as kernel

NEGLIGIBLE = 2.0**-54
"""What is left of where an average began, when nothing of it is left in a float64."""


def mean(values: ArrayLike, window: int, min_count: int = 1, out: Floats | None = None) -> Floats:
    """The mean; rounding is relative to the greatest value nearby."""
    at_least(1, window=window, min_count=min_count)
    row = floats(values)
    shares = np.full(window + 1, np.nan)
    counts = np.arange(min(min_count, window + 1), window + 1)
    shares[counts] = 1 / counts
    out = _room(row, out)
    kernel.mean(row, window, shares, out)
    return out


def std(values: ArrayLike, window: int, min_count: int = 2, out: Floats | None = None) -> Floats:
    """The sample standard deviation; NaN for fewer than two values."""
    at_least(1, window=window, min_count=min_count)
    row = floats(values)
    out = _room(row, out)
    if window == 1:
        out[:] = np.nan
    else:
        kernel.std(row, window, min_count, out)
    return out


def minimum(
    values: ArrayLike, window: int, min_count: int = 1, out: Floats | None = None
) -> Floats:
    """The least value."""
    at_least(1, window=window, min_count=min_count)
    row = floats(values)
    out = _room(row, out)
    kernel.highest(row, window, min_count, -1.0, out)
    return out


def maximum(
    values: ArrayLike, window: int, min_count: int = 1, out: Floats | None = None
) -> Floats:
    """The greatest value."""
    at_least(1, window=window, min_count=min_count)
    row = floats(values)
    out = _room(row, out)
    kernel.highest(row, window, min_count, 1.0, out)
    return out


def median(values: ArrayLike, window: int, min_count: int = 1) -> Floats:
    """The median; fast where the sensor speaks in steps, exact everywhere."""
    return quantile(values, window, 0.5, min_count)


def quantile(values: ArrayLike, window: int, share: float, min_count: int = 1) -> Floats:
    """The value below which `share` of the values lie, linear between ranks."""
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; it must be from 0 to 1")
    at_least(1, window=window, min_count=min_count)
    row = floats(values)
    window = min(window, max(row.size, 1))
    return ranks.quantile(row, ranks.steady(window), window, share, min_count)


def ewma(values: ArrayLike, alpha: float, out: Floats | None = None) -> Floats:
    """The exponentially weighted average y += alpha · (x − y), begun at the first value.

    A missing value leaves it where it is; before the first value it is NaN.
    """
    if not 0 < alpha <= 1:
        raise ValueError(f"alpha is {alpha}; it must be above 0, up to 1")
    row = floats(values)
    out = _room(row, out)
    warm = 1 if alpha == 1 else math.ceil(math.log(NEGLIGIBLE) / math.log1p(-alpha))
    kernel.ewma(row, float(alpha), warm, out)
    return out


def _room(values: Floats, out: Floats | None) -> Floats:
    if out is None:
        return np.empty_like(values)
    if out.shape != values.shape or out.dtype != np.float64 or not out.flags.c_contiguous:
        raise ValueError(f"out {out.dtype}{out.shape} cannot hold float64{values.shape}")
    return out
