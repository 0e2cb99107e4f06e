"""Figures that rules look at, made reading by reading: `memory` carries over from batch to batch.

Each begins with a memory of NaN. Readings are finite and their times ascend; out[i] is the figure
that reading i makes known, NaN if it makes none.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RATE_BUCKETS = 12
RATE_MEMORY = 3 + 2 * RATE_BUCKETS
STILL_MEMORY = 4
DRIFT_MEMORY = 8
HELD_MEMORY = 3
MINUTE_MS = 60_000


@njit(nogil=True, cache=True)
def rate(times_ms: Integers, values: Floats, bucket_ms: int, memory: Floats, out: Floats) -> None:
    """The least-squares slope per minute through the means of the last 12 buckets.

    Known with the first reading of the next bucket; NaN while fewer than 9 hold anything.
    memory: bucket, sum, count, then bucket and mean of each, the oldest first.
    """
    for i in range(values.size):
        bucket = float(times_ms[i] // bucket_ms)
        out[i] = np.nan
        if bucket != memory[0]:
            if not np.isnan(memory[0]):
                memory[3:-2] = memory[5:]
                memory[-2], memory[-1] = memory[0], memory[1] / memory[2]
                out[i] = _slope(memory, bucket_ms)
            memory[0], memory[1], memory[2] = bucket, 0.0, 0.0
        memory[1] += values[i]
        memory[2] += 1.0


@njit(nogil=True, cache=True)
def _slope(memory: Floats, bucket_ms: int) -> float:
    newest = memory[-2]
    count, total_t, total_v, over, under = 0, 0.0, 0.0, 0.0, 0.0
    for k in range(3, memory.size, 2):
        if memory[k] > newest - 12:
            count += 1
            total_t += memory[k] - newest
            total_v += memory[k + 1]
    if count < 9:
        return np.nan
    for k in range(3, memory.size, 2):
        if memory[k] > newest - 12:
            off = memory[k] - newest - total_t / count
            over += off * (memory[k + 1] - total_v / count)
            under += off * off
    return over / under * 60_000.0 / bucket_ms


@njit(nogil=True, cache=True)
def still(
    times_ms: Integers, values: Floats, tolerance: float, gap_ms: int, memory: Floats, out: Floats
) -> None:
    """For how many seconds all values have lain within `tolerance` of each other.

    memory: lowest, highest, since when, last time.
    """
    for i in range(values.size):
        time = float(times_ms[i])
        low, high = min(memory[0], values[i]), max(memory[1], values[i])
        if np.isnan(memory[0]) or high - low > tolerance or time - memory[3] > gap_ms:
            low, high, memory[2] = values[i], values[i], time
        memory[0], memory[1], memory[3] = low, high, time
        out[i] = (time - memory[2]) / 1000.0


@njit(nogil=True, cache=True)
def drift(
    times_ms: Integers,
    off: Floats,
    tau_ms: float,
    weighted: bool,  # noqa: FBT001 - numba takes no keyword-only arguments
    memory: Floats,
    out: Floats,
) -> None:
    """How far the means of a minute of `off`, in standard deviations, have strayed.

    weighted: the exponentially weighted mean with time constant tau, its absolute value; else the
    greater of Page's two sums with slack 0.5, each minute counting by its share of tau.
    memory: minute, sum, count, last minute, weighted mean, up, down, unused.
    """
    for i in range(off.size):
        minute = float(times_ms[i] // MINUTE_MS)
        out[i] = np.nan
        if minute != memory[0]:
            if not np.isnan(memory[0]):
                _stray(memory, memory[1] / memory[2], tau_ms)
                out[i] = abs(memory[4]) if weighted else max(memory[5], memory[6])
            memory[0], memory[1], memory[2] = minute, 0.0, 0.0
        memory[1] += off[i]
        memory[2] += 1.0


@njit(nogil=True, cache=True)
def _stray(memory: Floats, mean: float, tau_ms: float) -> None:
    if np.isnan(memory[3]):
        memory[4], memory[5], memory[6] = mean, 0.0, 0.0
    else:
        quiet_ms = (memory[0] - memory[3]) * MINUTE_MS
        memory[4] -= np.expm1(-quiet_ms / tau_ms) * (mean - memory[4])
    share = MINUTE_MS / tau_ms
    memory[5] = max(0.0, memory[5] + (mean - 0.5) * share)
    memory[6] = max(0.0, memory[6] + (-mean - 0.5) * share)
    memory[3] = memory[0]


@njit(nogil=True, cache=True)
def held_mean(
    times_ms: Integers,
    values: Floats,
    bucket_ms: int,
    hold_ms: int,
    memory: Floats,
    out: Floats,
) -> None:
    """The mean of the window before each reading; a value holds until the next, at most hold_ms.

    The window is as many buckets as memory has room for, less one; of the oldest, a part counts by
    how much of its time is inside. Unmeasured time adds nothing, but where nine tenths are known
    the mean is of these. memory: bucket, last time, last value, then value × ms and ms of each.
    """
    slots = (memory.size - HELD_MEMORY) // 2
    window = float((slots - 1) * bucket_ms)
    for i in range(values.size):
        _hold(times_ms[i], values[i], bucket_ms, hold_ms, memory)
        area, known = _window(times_ms[i], bucket_ms, memory)
        out[i] = area / known if known >= 0.9 * window else area / window


@njit(nogil=True, cache=True)
def projected_mean(
    times_ms: Integers,
    values: Floats,
    bucket_ms: int,
    hold_ms: int,
    warned: tuple[float, int],
    memory: Floats,
    out: Floats,
) -> None:
    """out[2, n]: the greatest mean of the window within some time if the last quarter of an hour
    goes on, and when it passes the limit, NaN if it does not or has done so already.

    warned: the limit, and how many ms ahead.
    Unmeasured time adds nothing (29 CFR 1910.1000(d)(1)). memory as of `held_mean`.
    """
    slots = (memory.size - HELD_MEMORY) // 2
    window = float((slots - 1) * bucket_ms)
    recent = max(1, 900_000 // bucket_ms)
    limit, ahead_ms = warned
    for i in range(values.size):
        _hold(times_ms[i], values[i], bucket_ms, hold_ms, memory)
        area, _ = _window(times_ms[i], bucket_ms, memory)
        bucket = times_ms[i] // bucket_ms
        lately, known = 0.0, 0.0
        for k in range(bucket - recent, bucket + 1):
            lately += memory[HELD_MEMORY + 2 * (k % slots)]
            known += memory[HELD_MEMORY + 2 * (k % slots) + 1]
        pace = lately / known if known > 0 else 0.0
        greatest, passes = area / window, np.nan
        before = area
        for step in range(1, ahead_ms // bucket_ms + 1):
            oldest = HELD_MEMORY + 2 * ((bucket - slots + step) % slots)
            after = before + pace * bucket_ms - (memory[oldest] if step < slots else 0.0)
            if greatest <= limit and after / window > limit:
                share = (limit * window - before) / (after - before)
                passes = times_ms[i] + (step - 1 + share) * bucket_ms
            greatest = max(greatest, after / window)
            before = after
        out[0, i] = greatest
        out[1, i] = passes


@njit(nogil=True, cache=True)
def _hold(time: int, value: float, bucket_ms: int, hold_ms: int, memory: Floats) -> None:
    """Let the last value have held until now, and this one begin."""
    slots = (memory.size - HELD_MEMORY) // 2
    bucket = time // bucket_ms
    if np.isnan(memory[0]):
        memory[HELD_MEMORY:] = 0.0
        memory[0], memory[1], memory[2] = bucket, time, value
        return
    head = int(memory[0])
    for k in range(max(head + 1, bucket - slots + 1), bucket + 1):
        memory[HELD_MEMORY + 2 * (k % slots)] = 0.0
        memory[HELD_MEMORY + 2 * (k % slots) + 1] = 0.0
    begin = int(memory[1])
    end = min(time, begin + hold_ms)
    while begin < end:
        k = begin // bucket_ms
        until = min(end, (k + 1) * bucket_ms)
        if k > bucket - slots:
            memory[HELD_MEMORY + 2 * (k % slots)] += memory[2] * (until - begin)
            memory[HELD_MEMORY + 2 * (k % slots) + 1] += until - begin
        begin = until
    memory[0], memory[1], memory[2] = bucket, time, value


@njit(nogil=True, cache=True)
def _window(time: int, bucket_ms: int, memory: Floats) -> tuple[float, float]:
    """Value × ms and ms within the window that ends now."""
    slots = (memory.size - HELD_MEMORY) // 2
    bucket = time // bucket_ms
    area, known = 0.0, 0.0
    for k in range(bucket - slots + 1, bucket + 1):
        part = 1.0 if k > bucket - slots + 1 else 1.0 - (time - bucket * bucket_ms) / bucket_ms
        area += part * memory[HELD_MEMORY + 2 * (k % slots)]
        known += part * memory[HELD_MEMORY + 2 * (k % slots) + 1]
    return area, known
