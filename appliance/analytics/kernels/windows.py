"""Rolling figures over windows that start anywhere: reading i looks at starts[i] … i."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(nogil=True, cache=True)
def time_starts(times_ms: Integers, window_ms: int) -> Integers:
    """The first reading younger than window_ms, seen from each; times ascend."""
    starts = np.empty(times_ms.size, np.int64)
    first = 0
    for i in range(times_ms.size):
        while times_ms[i] - times_ms[first] >= window_ms:
            first += 1
        starts[i] = first
    return starts


@njit(nogil=True, cache=True)
def mean_std(values: Floats, starts: Integers, min_count: int, out: Floats) -> None:
    """out[2, n]: mean and sample standard deviation; starts ascend; what is not finite is missing.

    Welford's update in both directions; a window that has lost most of its spread is summed anew.
    """
    count, mean, squares, widest, first = 0, 0.0, 0.0, 0.0, 0
    for i in range(values.size):
        value = values[i]
        if np.isfinite(value):
            count += 1
            off = value - mean
            mean += off / count
            squares += off * (value - mean)
        while first < starts[i]:
            value = values[first]
            first += 1
            if np.isfinite(value):
                count -= 1
                off = value - mean
                mean = mean - off / count if count else 0.0
                squares = squares - off * (value - mean) if count else 0.0
        widest = max(widest, squares)
        if squares < 1e-6 * widest:
            count, mean, squares = _summed(values, first, i)
            widest = squares
        out[0, i] = mean if count >= min_count else np.nan
        out[1, i] = np.nan
        if count >= max(min_count, 2):
            out[1, i] = np.sqrt(max(squares, 0.0) / (count - 1))


@njit(nogil=True, cache=True)
def _summed(values: Floats, first: int, last: int) -> tuple[int, float, float]:
    """Count, mean and sum of squares of one window, in two passes."""
    count, total, squares = 0, 0.0, 0.0
    for j in range(first, last + 1):
        if np.isfinite(values[j]):
            count += 1
            total += values[j]
    mean = total / count if count else 0.0
    for j in range(first, last + 1):
        if np.isfinite(values[j]):
            squares += (values[j] - mean) ** 2
    return count, mean, squares


@njit(nogil=True, cache=True)
def highest(values: Floats, starts: Integers, min_count: int, sign: float, out: Floats) -> None:
    """sign 1: the maximum, -1: the minimum; starts ascend; what is not finite is missing."""
    queue = np.empty(values.size, np.int64)  # indices whose values fall
    head, tail, count, first = 0, 0, 0, 0
    for i in range(values.size):
        if np.isfinite(values[i]):
            count += 1
            while tail > head and sign * values[queue[tail - 1]] <= sign * values[i]:
                tail -= 1
            queue[tail] = i
            tail += 1
        while first < starts[i]:
            count -= np.isfinite(values[first])
            first += 1
        while head < tail and queue[head] < first:
            head += 1
        out[i] = values[queue[head]] if count >= min_count else np.nan


@njit(nogil=True, cache=True)
def slope(times_ms: Integers, values: Floats, starts: Integers, min_count: int) -> Floats:
    """Least-squares slope per second over each window; NaN where all its times are one."""
    out = np.full(values.size, np.nan)
    for i in range(values.size):
        count, total_t, total_v = 0, 0.0, 0.0
        for j in range(starts[i], i + 1):
            if np.isfinite(values[j]):
                count += 1
                total_t += (times_ms[j] - times_ms[i]) / 1000.0
                total_v += values[j]
        if count < max(min_count, 2):
            continue
        mean_t, mean_v = total_t / count, total_v / count
        over, under = 0.0, 0.0
        for j in range(starts[i], i + 1):
            if np.isfinite(values[j]):
                off = (times_ms[j] - times_ms[i]) / 1000.0 - mean_t
                over += off * (values[j] - mean_v)
                under += off * off
        if under > 0:
            out[i] = over / under
    return out
