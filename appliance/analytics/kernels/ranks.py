"""Rolling quantiles by counting: values as codes of their levels, and a sliding histogram."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Codes = NDArray[np.int32]


@njit(nogil=True, cache=True)
def encode(values: Floats, per_unit: float, lowest: float, levels: Floats, codes: Codes) -> bool:
    """Codes of values in steps of 1/per_unit from `lowest` steps on, -1 for NaN.

    False if any value is not exactly its level. All values lie within the levels.
    """
    for begin in range(0, values.size, 1024):
        odd = 0
        for i in range(begin, min(begin + 1024, values.size)):
            value = values[i]
            if np.isnan(value):
                codes[i] = -1
                continue
            code = int(np.rint(value * per_unit) - lowest)
            odd += levels[code] != value
            codes[i] = code
        if odd:
            return False
    return True


@njit(nogil=True, cache=True)
def quantile(
    codes: Codes,
    starts: Integers,
    skip: int,
    levels: Floats,
    share: float,
    min_count: int,
    out: Floats,
) -> None:
    """Rolling quantile, linear between ranks, of codes into ascending levels; -1 is missing.

    A sliding histogram: the answer moves few levels from one reading to the next, and 64 at once
    where it moves far. out[i - skip]: the first `skip` readings only fill the window.
    """
    fine = np.zeros(levels.size + 1, np.int32)
    coarse = np.zeros((levels.size >> 6) + 1, np.int32)
    count, below, at, first = 0, 0, 0, 0  # below: how many codes are less than `at`
    for i in range(codes.size):
        below += _count(fine, coarse, codes[i], 1, at)
        count += codes[i] >= 0
        while first < starts[i]:
            below += _count(fine, coarse, codes[first], -1, at)
            count -= codes[first] >= 0
            first += 1
        if i < skip:
            continue
        if count < min_count:
            out[i - skip] = np.nan
            continue
        place = share * (count - 1)
        rank = int(place)
        at, below = _seek(fine, coarse, rank, at, below)
        out[i - skip] = levels[at]
        if place > rank and below + fine[at] == rank + 1:
            above = at + 1
            while fine[above] == 0:
                above += 64 if above & 63 == 0 and coarse[above >> 6] == 0 else 1
            out[i - skip] += (place - rank) * (levels[above] - levels[at])


@njit(nogil=True, cache=True, inline="always")
def _count(fine: Codes, coarse: Codes, code: int, by: int, at: int) -> int:
    """Add or remove a code; by how much that changes the number below `at`."""
    if code < 0:
        return 0
    fine[code] += by
    coarse[code >> 6] += by
    return by if code < at else 0


@njit(nogil=True, cache=True)
def _seek(fine: Codes, coarse: Codes, rank: int, at: int, below: int) -> tuple[int, int]:
    """The level that holds this rank (from 0), and how many codes are below it."""
    while below > rank:
        step = 64 if at & 63 == 0 and below - coarse[(at >> 6) - 1] > rank else 1
        at -= step
        below -= coarse[at >> 6] if step == 64 else fine[at]
    while below + fine[at] <= rank:
        step = 64 if at & 63 == 0 and below + coarse[at >> 6] <= rank else 1
        below += coarse[at >> 6] if step == 64 else fine[at]
        at += step
    return at, below
