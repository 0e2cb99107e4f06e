"""Numbers from numbers: thin wrappers that check and name what the kernels compute."""

import numpy as np
from numpy.typing import NDArray

from appliance.analytics import counted, drift, exposure, rolling, running
from appliance.analytics.anomaly import Detector
from appliance.analytics.buckets import Buckets
from appliance.model.sealed import Rollup


def warm_up() -> None:
    """Compile what serving needs, or load it from NUMBA_CACHE_DIR: seconds, so before serving."""
    times_ms, values = np.array([0, 1]), np.array([0.0, 1.0])
    buckets = Buckets(0, 1, 2)
    buckets.add(times_ms, values)
    buckets.add_rolled(Rollup(times_ms, times_ms, *[values] * 6))
    running.share(times_ms, values, end_ms=2, hold_ms=1)
    _warm_up_rules(times_ms, values)


def warm_up_bulk() -> None:
    """Compile what looks at whole histories and at anomalies: longer, and nobody waits for it."""
    times_ms, values = np.array([0, 1]), np.array([0.0, 1.0])
    for counting in (counted.mean, counted.std, counted.maximum):
        counting(values, 2)
    counted.ewma(values, 0.5)
    Detector().score(times_ms, values)


def _warm_up_rules(times_ms: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    for figure in (rolling.mean, rolling.maximum, rolling.median, rolling.slope):
        figure(times_ms, values, 1)
    rolling.time_weighted_mean(times_ms, values, 1, 1)
    drift.ewma(times_ms, values, 1.0)
    drift.cusum(values, 0.0, 1.0)
    drift.still_ms(times_ms, values)
    exposure.above(times_ms, values, 0.0, 2, 1)
