"""Down-sampling into buckets of equal width that keep every extreme."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def add(
    times_ms: NDArray[np.int64],
    values: NDArray[np.float64],
    start_ms: int,
    width_ms: int,
    figures: NDArray[np.float64],
    ends_ms: NDArray[np.int64],
) -> None:
    """Add readings in any order to figures[6, buckets]: min, max, first, last, sum, count.

    ends_ms[2, buckets]: when first and last were. NaN and what lies outside the buckets is skipped.
    """
    number = figures.shape[1]
    for i in range(times_ms.size):
        value = values[i]
        if np.isnan(value) or times_ms[i] < start_ms:
            continue
        bucket = (times_ms[i] - start_ms) // width_ms
        if bucket >= number:
            continue
        if figures[5, bucket] == 0:
            figures[0, bucket] = figures[1, bucket] = value
            figures[2, bucket] = figures[3, bucket] = value
            ends_ms[0, bucket] = ends_ms[1, bucket] = times_ms[i]
        figures[0, bucket] = min(figures[0, bucket], value)
        figures[1, bucket] = max(figures[1, bucket], value)
        if times_ms[i] < ends_ms[0, bucket]:
            figures[2, bucket] = value
            ends_ms[0, bucket] = times_ms[i]
        if times_ms[i] >= ends_ms[1, bucket]:
            figures[3, bucket] = value
            ends_ms[1, bucket] = times_ms[i]
        figures[4, bucket] += value
        figures[5, bucket] += 1


@njit(nogil=True, cache=True)
def add_rolled(
    times_ms: NDArray[np.int64],
    counts: NDArray[np.int64],
    rolled: NDArray[np.float64],
    start_ms: int,
    width_ms: int,
    figures: NDArray[np.float64],
    ends_ms: NDArray[np.int64],
) -> None:
    """Add roll-ups to figures as `add` does readings; rolled[5, n]: min, max, first, last, sum.

    Each lies within one bucket whole. What lies outside the buckets is skipped.
    """
    number = figures.shape[1]
    for i in range(times_ms.size):
        if times_ms[i] < start_ms:
            continue
        bucket = (times_ms[i] - start_ms) // width_ms
        if bucket >= number:
            continue
        if figures[5, bucket] == 0:
            figures[0, bucket] = rolled[0, i]
            figures[1, bucket] = rolled[1, i]
            figures[2, bucket] = rolled[2, i]
            figures[3, bucket] = rolled[3, i]
            ends_ms[0, bucket] = ends_ms[1, bucket] = times_ms[i]
        figures[0, bucket] = min(figures[0, bucket], rolled[0, i])
        figures[1, bucket] = max(figures[1, bucket], rolled[1, i])
        if times_ms[i] < ends_ms[0, bucket]:
            figures[2, bucket] = rolled[2, i]
            ends_ms[0, bucket] = times_ms[i]
        if times_ms[i] >= ends_ms[1, bucket]:
            figures[3, bucket] = rolled[3, i]
            ends_ms[1, bucket] = times_ms[i]
        figures[4, bucket] += rolled[4, i]
        figures[5, bucket] += counts[i]
