"""How long something ran, weighted by time."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def share(
    times_ms: NDArray[np.int64],
    values: NDArray[np.float64],
    end_ms: int,
    hold_ms: int,
) -> tuple[int, int]:
    """Milliseconds running (value >= 0.5) and milliseconds known, up to end_ms.

    Times ascend. A reading holds until the next one, at most hold_ms; NaN is skipped.
    """
    running = 0
    known = 0
    until = end_ms
    for i in range(times_ms.size - 1, -1, -1):
        if np.isnan(values[i]) or times_ms[i] >= end_ms:
            continue
        held = min(until - times_ms[i], hold_ms)
        known += held
        if values[i] >= 0.5:
            running += held
        until = times_ms[i]
    return running, known
