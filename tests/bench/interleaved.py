"""Times the product and its peers side by side: in turn, round by round, the best of each."""

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

VALUES = 10_000_000


def gapped(number: int = VALUES) -> NDArray[np.float64]:
    """A slow sensor that speaks in hundredths and was away now and then: a thousandth is NaN."""
    chance = np.random.default_rng(7)
    values = np.round(50 + np.cumsum(chance.normal(0, 0.01, number)), 2)
    for start in chance.integers(0, number, 20):
        values[start : start + number // 20_000] = np.nan
    return values


def best_ms(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least CPU milliseconds of each; one untimed round first."""
    best = dict.fromkeys(contenders, float("inf"))
    for turn in range(rounds + 1):
        for name, run in contenders.items():
            begun = time.process_time()
            run()
            if turn:
                best[name] = min(best[name], 1000 * (time.process_time() - begun))
    return best
