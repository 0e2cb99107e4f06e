"""M8: rolling standard deviation against bottleneck; rolling median against both it and pandas."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from appliance.analytics import counted
from tests.bench.interleaved import best_ms, gapped
from tests.bench.result import Result

WINDOW, WIDE = 60, 3600
MEDIAN_VALUES = 1_000_000


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    try:
        import bottleneck
    except ModuleNotFoundError:
        print("M8 is NOT measured: bottleneck is not installed", file=sys.stderr)
        return []
    values = gapped()
    fewer, out = values[:MEDIAN_VALUES], np.empty_like(values)
    rounds = 1 if quick else 3
    std = best_ms(
        {
            "product": lambda: counted.std(values, WINDOW, out=out),
            "bottleneck": lambda: bottleneck.move_std(values, WINDOW, min_count=2, ddof=1),
        },
        rounds,
    )
    median = best_ms(
        {
            "product": lambda: counted.median(fewer, WIDE),
            "bottleneck": lambda: bottleneck.move_median(fewer, WIDE, min_count=1),
            "pandas": lambda: pd.Series(fewer).rolling(WIDE, min_periods=1).median(),
        },
        rounds,
    )
    expected = pd.Series(fewer).rolling(WIDE, min_periods=1).median()
    np.testing.assert_allclose(counted.median(fewer, WIDE), expected, rtol=1e-12)
    return [
        _ratio("std, w = 60, 10 M values: bottleneck", std["bottleneck"], std["product"], 1.5),
        _ratio("median, w = 3600, 1 M: pandas", median["pandas"], median["product"], 25),
        _ratio("median, w = 3600, 1 M: bottleneck", median["bottleneck"], median["product"], 5),
    ]


def _ratio(what: str, theirs: float, ours: float, target: float) -> Result:
    detail = f"{theirs:.0f} ms / {ours:.1f} ms"
    return Result("M8", f"{what} / product", theirs / ours, "×", target, detail=detail)
