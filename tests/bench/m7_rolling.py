"""M7: rolling mean and EWMA of 10 M values with gaps, against pandas and against memory."""

from pathlib import Path

import numpy as np
import pandas as pd

from appliance.analytics import counted
from tests.bench.interleaved import best_ms, gapped
from tests.bench.result import Result

WINDOW, ALPHA = 60, 0.1


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    values = gapped()
    series, out = pd.Series(values), np.empty_like(values)
    weighted = series.ewm(alpha=ALPHA, adjust=False, ignore_na=True)
    took = best_ms(
        {
            "copy": lambda: np.copyto(out, values),
            "mean": lambda: counted.mean(values, WINDOW, out=out),
            "ewma": lambda: counted.ewma(values, ALPHA, out=out),
            "pandas mean": lambda: series.rolling(WINDOW, min_periods=1).mean(),
            "pandas ewma": lambda: weighted.mean(),
        },
        2 if quick else 5,
    )
    np.testing.assert_allclose(
        counted.mean(values, WINDOW), series.rolling(WINDOW, min_periods=1).mean(), rtol=1e-9
    )
    np.testing.assert_allclose(counted.ewma(values, ALPHA), weighted.mean(), rtol=1e-12)
    copied = max(took["mean"], took["ewma"]) / took["copy"]
    return [
        _against("rolling mean", took["pandas mean"], took["mean"], 15),
        _against("EWMA", took["pandas ewma"], took["ewma"], 10),
        Result("M7", "the slower of both / memcpy", copied, "×", 2, at_most=True,
               detail=f"memcpy {took['copy']:.0f} ms"),
    ]  # fmt: skip


def _against(what: str, theirs: float, ours: float, target: float) -> Result:
    detail = f"{theirs:.0f} ms / {ours:.1f} ms"
    return Result("M7", f"{what}, 10 M values: pandas / product", theirs / ours, "×", target,
                  detail=detail)  # fmt: skip
