"""Rolling figures over a number of readings at the speed of memory: several chains at once.

A single running sum waits for each addition; four neighbouring blocks summed side by side do not.
Each block starts afresh, so errors of rounding do not travel. What is not finite is missing: it
poisons a chain to its end, so that only then the blocks are done again with care.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from appliance.analytics.kernels import windows

Floats = NDArray[np.float64]


@njit(nogil=True, cache=True)
def mean(values: Floats, window: int, shares: Floats, out: Floats) -> None:
    """out[i]: mean of values[i - window + 1 : i + 1]; shares[n] = 1 / n, NaN where n is too few."""
    block = 8 * max(512, window) + 8  # no power of two: four blocks would share cache lines
    begin = min(window, values.size)
    _mean_chain(values, window, shares, 0, out[:begin])
    while begin < values.size:
        end = min(begin + 4 * block, values.size)
        if end < begin + 4 * block or not _mean_chains(
            values[begin - window : end], window, shares[window], out[begin:end]
        ):
            _mean_chain(values[:end], window, shares, begin, out[begin:end])
        begin = end


@njit(nogil=True, cache=True)
def _mean_chain(values: Floats, window: int, shares: Floats, begin: int, out: Floats) -> None:
    """One chain, with gaps: out for values from `begin` on."""
    total, count = 0.0, 0
    for i in range(max(0, begin - window), begin):
        if np.isfinite(values[i]):
            total += values[i]
            count += 1
    for i in range(begin, begin + out.size):
        new, one = _held(values[i])
        old, gone = _held(values[i - window]) if i >= window else (0.0, 0)
        total += new - old
        count += one - gone
        out[i - begin] = total * shares[count]


@njit(nogil=True, cache=True)
def _held(value: float) -> tuple[float, int]:
    """The value and 1; 0.0 and 0 if it is missing. Without a branch."""
    there = np.isfinite(value)
    return value if there else 0.0, 1 if there else 0


@njit(nogil=True, cache=True)
def _mean_chains(values: Floats, window: int, share: float, out: Floats) -> bool:
    """Four blocks side by side; values begin one window before out. False if any is missing."""
    block = out.size // 4
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(window):
        a += values[i]
        b += values[i + block]
        c += values[i + 2 * block]
        d += values[i + 3 * block]
    old_a, old_b = values[:block], values[block : 2 * block]
    old_c, old_d = values[2 * block : 3 * block], values[3 * block : 4 * block]
    new_a, new_b = values[window : window + block], values[window + block :][:block]
    new_c, new_d = values[window + 2 * block :][:block], values[window + 3 * block :][:block]
    out_a, out_b = out[:block], out[block : 2 * block]
    out_c, out_d = out[2 * block : 3 * block], out[3 * block : 4 * block]
    for i in range(block):
        a += new_a[i] - old_a[i]
        b += new_b[i] - old_b[i]
        c += new_c[i] - old_c[i]
        d += new_d[i] - old_d[i]
        out_a[i], out_b[i] = a * share, b * share
        out_c[i], out_d[i] = c * share, d * share
    return bool(np.isfinite(a + b + c + d))


@njit(nogil=True, cache=True)
def std(values: Floats, window: int, min_count: int, out: Floats) -> None:
    """out[i]: sample standard deviation of values[i - window + 1 : i + 1]; a window is 2 or more.

    Four blocks that have gaps, or whose spread drowns in their rounding, are done with care.
    """
    block = 8 * max(512, window) + 8
    begin = min(window, values.size)
    _std_chain(values, window, min_count, 0, out[:begin])
    while begin < values.size:
        end = min(begin + 4 * block, values.size)
        here = out[begin:end]
        quick = end == begin + 4 * block
        if quick:
            least = 1e-7 * _variance_chains(values[begin - window : end], window, here)
            drowned = 0
            for i in range(here.size):
                drowned += not here[i] >= least
                here[i] = np.sqrt(abs(here[i]))
            quick = drowned == 0
        if not quick:
            _std_chain(values[:end], window, min_count, begin, here)
        begin = end


@njit(nogil=True, cache=True)
def _std_chain(values: Floats, window: int, min_count: int, begin: int, out: Floats) -> None:
    """One chain, with gaps: out for values from `begin` on."""
    before = min(window, begin)
    starts = np.empty(before + out.size, np.int64)
    for i in range(starts.size):
        starts[i] = max(0, i - window + 1)
    figures = np.empty((2, starts.size))
    windows.mean_std(values[begin - before : begin + out.size], starts, min_count, figures)
    out[:] = figures[1, before:]


@njit(nogil=True, cache=True)
def _variance_chains(values: Floats, window: int, out: Floats) -> float:
    """Sample variances of four blocks side by side; the largest mean square seen about a pivot.

    Where anything is missing, some variances are NaN.
    """
    block = out.size // 4
    pivot = values[window]
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    qa, qb, qc, qd = 0.0, 0.0, 0.0, 0.0
    for i in range(window):
        x = values[i] - pivot
        a, qa = a + x, qa + x * x
        x = values[i + block] - pivot
        b, qb = b + x, qb + x * x
        x = values[i + 2 * block] - pivot
        c, qc = c + x, qc + x * x
        x = values[i + 3 * block] - pivot
        d, qd = d + x, qd + x * x
    old_a, old_b = values[:block], values[block : 2 * block]
    old_c, old_d = values[2 * block : 3 * block], values[3 * block : 4 * block]
    new_a, new_b = values[window : window + block], values[window + block :][:block]
    new_c, new_d = values[window + 2 * block :][:block], values[window + 3 * block :][:block]
    out_a, out_b = out[:block], out[block : 2 * block]
    out_c, out_d = out[2 * block : 3 * block], out[3 * block : 4 * block]
    share, shared = 1.0 / (window - 1), 1.0 / (window * (window - 1))
    top_a, top_b, top_c, top_d, twice = qa, qb, qc, qd, 2.0 * pivot
    for i in range(block):
        x, y = new_a[i], old_a[i]
        a, qa = a + (x - y), qa + (x - y) * (x + y - twice)
        x, y = new_b[i], old_b[i]
        b, qb = b + (x - y), qb + (x - y) * (x + y - twice)
        x, y = new_c[i], old_c[i]
        c, qc = c + (x - y), qc + (x - y) * (x + y - twice)
        x, y = new_d[i], old_d[i]
        d, qd = d + (x - y), qd + (x - y) * (x + y - twice)
        out_a[i], out_b[i] = qa * share - a * a * shared, qb * share - b * b * shared
        out_c[i], out_d[i] = qc * share - c * c * shared, qd * share - d * d * shared
        top_a, top_b = qa if qa > top_a else top_a, qb if qb > top_b else top_b
        top_c, top_d = qc if qc > top_c else top_c, qd if qd > top_d else top_d
    return max(top_a, top_b, top_c, top_d) * share


@njit(nogil=True, cache=True)
def ewma(values: Floats, alpha: float, warm: int, out: Floats) -> None:
    """y += alpha · (x − y) from the first value on; a missing value leaves y, none yet is NaN.

    warm: after so many values nothing is left of where a chain began.
    """
    block = 8 * max(512, warm) + 8
    begin = min(warm, values.size)
    _ewma_chain(values[:begin], alpha, np.nan, out[:begin])
    while begin < values.size:
        end = min(begin + 4 * block, values.size)
        if end < begin + 4 * block or not _ewma_chains(
            values[begin:end], alpha, warm, out[begin - 1], out[begin:end]
        ):
            _ewma_chain(values[begin:end], alpha, out[begin - 1], out[begin:end])
        begin = end


@njit(nogil=True, cache=True)
def _ewma_chain(values: Floats, alpha: float, level: float, out: Floats) -> None:
    """One chain, with gaps; level NaN: nothing seen yet."""
    for i in range(values.size):
        value, there = _held(values[i])
        if there and np.isnan(level):
            level = value
        level = (1.0 - alpha * there) * level + alpha * value
        out[i] = level


@njit(nogil=True, cache=True, fastmath={"contract"})
def _ewma_chains(values: Floats, alpha: float, warm: int, level: float, out: Floats) -> bool:
    """Four blocks side by side: the first goes on, the others warm up. False if any is missing."""
    block = out.size // 4
    rest = 1.0 - alpha
    a, b, c, d = level, values[block - warm], values[2 * block - warm], values[3 * block - warm]
    in_a, in_b = values[:block], values[block : 2 * block]
    in_c, in_d = values[2 * block : 3 * block], values[3 * block : 4 * block]
    for i in range(block - warm, block):
        b = rest * b + alpha * in_a[i]
        c = rest * c + alpha * in_b[i]
        d = rest * d + alpha * in_c[i]
    out_a, out_b = out[:block], out[block : 2 * block]
    out_c, out_d = out[2 * block : 3 * block], out[3 * block : 4 * block]
    for i in range(block):
        a = rest * a + alpha * in_a[i]
        b = rest * b + alpha * in_b[i]
        c = rest * c + alpha * in_c[i]
        d = rest * d + alpha * in_d[i]
        out_a[i], out_b[i] = a, b
        out_c[i], out_d[i] = c, d
    return bool(np.isfinite(a + b + c + d))


@njit(nogil=True, cache=True)
def highest(values: Floats, window: int, min_count: int, sign: float, out: Floats) -> None:
    """sign 1: the maximum, -1: the minimum. Van Herk: two comparisons a value, whatever the window.

    The maximum from here to the end of the last block, and from the start of this one to here.
    """
    behind = np.full(window + 1, -np.inf)
    count = 0
    for begin in range(0, values.size, window):
        end = min(begin + window, values.size)
        ahead = -np.inf
        for i in range(begin, end):
            value = sign * values[i]
            there = np.isfinite(value)
            ahead = max(ahead, value if there else -np.inf)
            count += there
            if i >= window:
                count -= np.isfinite(values[i - window])
            most = max(ahead, behind[i - begin + 1])
            out[i] = sign * most if count >= min_count else np.nan
        most = -np.inf
        for i in range(end - 1, begin - 1, -1):
            value = sign * values[i]
            most = max(most, value if np.isfinite(value) else -np.inf)
            behind[i - begin] = most
