"""Numbers from numbers: thin wrappers that check and name what the kernels compute."""

from collections.abc import Callable

import numpy as np

from appliance.analytics import drift, pieces, rolling, running
from appliance.analytics.buckets import Buckets
from appliance.analytics.kernels import indicators
from appliance.model.sealed import Rollup


def warm_up() -> None:
    """Compile what serving needs, or load it from NUMBA_CACHE_DIR: seconds, so before serving."""
    times_ms, values = np.array([0, 1]), np.array([0.0, 1.0])
    buckets = Buckets(0, 1, 2)
    buckets.add(times_ms, values)
    buckets.add_rolled(Rollup(times_ms, times_ms, *[values] * 6))
    running.share(times_ms, values, end_ms=2, hold_ms=1)


def bulk() -> tuple[Callable[[], object], ...]:
    """Steps that compile what rules and looks at history need: nobody waits for it at a start."""
    times, values, out = np.array([0, 1]), np.array([0.0, 1.0]), np.empty((2, 2))
    weighted = True
    memory, held = np.full(1000, np.nan), pieces.hold(times, values, 2, 1)
    return (
        lambda: indicators.rate(times, values, 1, memory[: indicators.RATE_MEMORY], out[0]),
        lambda: indicators.still(times, values, 0.1, 1, memory[: indicators.STILL_MEMORY], out[0]),
        lambda: indicators.drift(
            times, values, 1.0, weighted, memory[: indicators.DRIFT_MEMORY], out[0]
        ),
        lambda: indicators.held_mean(
            times, values, 1, 1, memory[: indicators.HELD_MEMORY + 4], out[0]
        ),
        lambda: indicators.projected_mean(
            times, values, 1, 1, (1.0, 1), memory[: indicators.HELD_MEMORY + 4], out
        ),
        lambda: drift.ewma(times, values, 1.0),
        lambda: rolling.slope(times, values, 1),
        lambda: pieces.highest_mean(held, 1, 0.5, 0, 2),
    )


def warm_up_bulk() -> None:
    """All steps of `bulk` at once; what is compiled already costs nothing."""
    for step in bulk():
        step()
