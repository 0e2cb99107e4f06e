"""Slow change and standstill: averages that forget, CUSUM, stuck sensors, impossible values."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from appliance.analytics.checked import Floats, Integers, at_least, floats, readings
from appliance.analytics.kernels import drift as kernel

NEVER_MS = 2**62


class Cusum(NamedTuple):
    """The two sums of deviations, in standard deviations; a shift shows where one passes h."""

    up: Floats
    down: Floats


def ewma(times_ms: ArrayLike, values: ArrayLike, tau_ms: float, gap_ms: int = NEVER_MS) -> Floats:
    """The exponentially weighted average of irregular readings, begun at the first.

    A reading counts by the time since the one before, 1 − exp(−Δt / tau); after more than gap_ms
    of silence the average begins anew. A missing value leaves it.
    """
    if not tau_ms > 0:
        raise ValueError(f"tau_ms is {tau_ms}; it must be above 0")
    times, row = readings(times_ms, values)
    return kernel.ewma(times, row, float(tau_ms), gap_ms)


def cusum(values: ArrayLike, centre: float, scale: float, slack: float = 0.5) -> Cusum:
    """C⁺ and C⁻ of Page: max(0, C ± (x − centre) / scale − slack); missing values leave them.

    Readings that follow each other closely depend on each other: give means of some minutes, and
    the scale of those means.
    """
    if not scale > 0:
        raise ValueError(f"scale is {scale}; it must be above 0")
    row = floats(values)
    out = np.empty((2, row.size))
    kernel.cusum(row, float(centre), float(scale), float(slack), out)
    return Cusum(out[0], out[1])


def still_ms(
    times_ms: ArrayLike, values: ArrayLike, tolerance: float = 0.0, gap_ms: int = NEVER_MS
) -> Integers:
    """For how long the value has stood still, seen from each reading: a stuck sensor shows here.

    A standstill ends with the first value more than `tolerance` from any in it, or with more than
    gap_ms of silence.
    """
    at_least(0, tolerance=tolerance)
    times, row = readings(times_ms, values)
    return kernel.still_ms(times, row, float(tolerance), gap_ms)


def impossible(values: ArrayLike, low: float, high: float) -> NDArray[np.bool_]:
    """Which values lie outside what the sensor or physics allow; a missing one does not."""
    row = floats(values)
    return (row < low) | (row > high)
