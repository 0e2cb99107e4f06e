"""Numbers from numbers: thin wrappers that check and name what the kernels compute."""

import numpy as np

from appliance.analytics import running
from appliance.analytics.buckets import Buckets


def warm_up() -> None:
    """Compile every kernel, or load it from NUMBA_CACHE_DIR: takes seconds, so before serving."""
    times_ms, values = np.array([0, 1]), np.array([0.0, 1.0])
    Buckets(0, 1, 2).add(times_ms, values)
    running.share(times_ms, values, end_ms=2, hold_ms=1)
