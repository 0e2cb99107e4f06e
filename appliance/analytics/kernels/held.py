"""Readings that hold for a while: integrals, means and excess over time."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(nogil=True, cache=True)
def spans(
    times_ms: Integers, values: Floats, hold_ms: int, end_ms: int
) -> tuple[Integers, Integers, Floats]:
    """From when to when which value held: until the next one, at most hold_ms, not past end_ms.

    Times ascend; what is not finite is no reading; of equal times the last counts.
    """
    begins = np.empty(times_ms.size, np.int64)
    ends = np.empty(times_ms.size, np.int64)
    held = np.empty(times_ms.size)
    n = 0
    for i in range(times_ms.size):
        if not np.isfinite(values[i]) or times_ms[i] >= end_ms:
            continue
        if n:
            ends[n - 1] = min(ends[n - 1], times_ms[i])
            n -= ends[n - 1] == begins[n - 1]
        begins[n], held[n] = times_ms[i], values[i]
        ends[n] = end_ms if end_ms - times_ms[i] < hold_ms else times_ms[i] + hold_ms
        n += 1
    return begins[:n], ends[:n], held[:n]


@njit(nogil=True, cache=True)
def window_sums(
    begins: Integers, ends: Integers, held: Floats, at_ms: Integers, window_ms: int
) -> tuple[Floats, Floats]:
    """Value × ms and ms known within window_ms before each of at_ms; all ascend."""
    total, known = np.zeros(at_ms.size), np.zeros(at_ms.size)
    sums, durations = np.zeros(begins.size + 1), np.zeros(begins.size + 1)
    for k in range(begins.size):
        sums[k + 1] = sums[k] + held[k] * (ends[k] - begins[k])
        durations[k + 1] = durations[k] + (ends[k] - begins[k])
    for side in range(2):
        k, sign = 0, 1.0 - 2.0 * side
        for i in range(at_ms.size):
            edge = at_ms[i] - side * window_ms
            while k < begins.size and ends[k] <= edge:
                k += 1
            inside = max(0, edge - begins[k]) if k < begins.size else 0
            value = held[k] if k < begins.size else 0.0
            total[i] += sign * (sums[k] + value * inside)
            known[i] += sign * (durations[k] + inside)
    return total, known


@njit(nogil=True, cache=True)
def beyond(
    begins: Integers, ends: Integers, held: Floats, limit: float, sign: float
) -> tuple[int, int, int, int, float]:
    """Held spans above the limit (sign 1) or below it (sign -1).

    Milliseconds beyond, excursions, when the longest began, how long it was, the furthest value
    (NaN if none). Spans that touch make one excursion; a silence ends it.
    """
    total, number, longest_at, longest, furthest = 0, 0, 0, 0, np.nan
    begun, until = 0, 0
    for k in range(begins.size):
        if sign * held[k] <= sign * limit:
            continue
        if number == 0 or begins[k] != until:
            number += 1
            begun = begins[k]
        until = ends[k]
        total += ends[k] - begins[k]
        if until - begun > longest:
            longest, longest_at = until - begun, begun
        if np.isnan(furthest) or sign * held[k] > sign * furthest:
            furthest = held[k]
    return total, number, longest_at, longest, furthest
