"""One pass over readings that remembers: averages that forget, sums of deviation, standstill."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(nogil=True, cache=True)
def ewma(times_ms: Integers, values: Floats, tau_ms: float, gap_ms: int) -> Floats:
    """y += (1 − exp(−Δt / tau)) · (x − y); begun anew after more than gap_ms of silence.

    Missing leaves it; before the first value it is NaN. Times ascend.
    """
    out = np.full(values.size, np.nan)
    level, last = np.nan, 0
    for i in range(values.size):
        if np.isfinite(values[i]):
            quiet = times_ms[i] - last
            if np.isnan(level) or quiet > gap_ms:
                level = values[i]
            else:
                level -= np.expm1(-quiet / tau_ms) * (values[i] - level)
            last = times_ms[i]
        out[i] = level
    return out


@njit(nogil=True, cache=True)
def cusum(values: Floats, centre: float, scale: float, slack: float, out: Floats) -> None:
    """out[2, n]: C⁺ and C⁻ = max(0, C ± (x − centre)/scale − slack); missing leaves them."""
    up, down = 0.0, 0.0
    for i in range(values.size):
        if np.isfinite(values[i]):
            off = (values[i] - centre) / scale
            up = max(0.0, up + off - slack)
            down = max(0.0, down - off - slack)
        out[0, i], out[1, i] = up, down


@njit(nogil=True, cache=True)
def still_ms(times_ms: Integers, values: Floats, tolerance: float, gap_ms: int) -> Integers:
    """For how long all values have lain within `tolerance` of each other; times ascend.

    Missing is no movement; more than gap_ms without a value begins anew.
    """
    out = np.zeros(values.size, np.int64)
    low, high, since, last = np.nan, np.nan, 0, 0
    for i in range(values.size):
        if np.isfinite(values[i]):
            low, high = min(low, values[i]), max(high, values[i])
            if not high - low <= tolerance or times_ms[i] - last > gap_ms:
                low, high, since = values[i], values[i], times_ms[i]
            last = times_ms[i]
        elif np.isnan(low) or times_ms[i] - last > gap_ms:
            continue
        out[i] = last - since
    return out
