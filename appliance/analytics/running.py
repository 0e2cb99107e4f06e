"""The running share: for how much of the time that is known a machine ran."""

import numpy as np
from numpy.typing import NDArray

from appliance.analytics.kernels import running as kernel


def share(
    times_ms: NDArray[np.int64], values: NDArray[np.float64], end_ms: int, hold_ms: int
) -> float | None:
    """Running time over known time up to end_ms, 0 to 1; None if nothing is known.

    A reading (running from 0.5 on) holds until the next one, at most hold_ms: what lies beyond is
    unknown and counts neither way. Times may come in any order; NaN is skipped.
    """
    if times_ms.shape != values.shape or times_ms.ndim != 1:
        raise ValueError(f"times {times_ms.shape} and values {values.shape} do not match")
    order = np.argsort(times_ms, kind="stable")
    running, known = kernel.share(times_ms[order], values[order], end_ms, hold_ms)
    return running / known if known else None
