"""M5: a raw day of one-second data out of a sealed year, against DuckDB over all the files. The
same days, by turns, in one process; both answers are compared."""

import statistics
import time
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from appliance.history.readings import pages
from tests.bench.result import Result
from tests.bench.sealed_year import DAY_MS, METRIC, Year, sealed_year

DUCK = """
select epoch_ms(time) as time, value::double as value from read_parquet($1)
 where device_id = $2 and time >= to_timestamp($3 / 1000) and time < to_timestamp($4 / 1000)
 order by time"""
ROUNDS = 15
MONTH_MS = 30 * DAY_MS


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    async with sealed_year(folder, quick=quick) as year:
        return await day(year)


async def day(year: Year) -> list[Result]:
    """One day after the other, when every file has been asked once and its footer is known."""
    cold = []
    for from_ms in range(year.from_ms, year.to_ms - DAY_MS, MONTH_MS):
        begun = time.perf_counter()
        await _own(year, (from_ms, from_ms + DAY_MS))
        cold.append(time.perf_counter() - begun)
    duck = duckdb.connect()
    duck.execute("set timezone = 'UTC'")
    days = np.random.default_rng(5).integers(0, (year.to_ms - year.from_ms) // DAY_MS, ROUNDS + 2)
    ours, theirs = [], []
    for number, which in enumerate(days.tolist()):
        bounds = (year.from_ms + which * DAY_MS, year.from_ms + (which + 1) * DAY_MS)
        begun = time.perf_counter()
        times, values = await _own(year, bounds)
        middle = time.perf_counter()
        told = duck.execute(DUCK, [year.glob, year.second, *bounds]).fetchnumpy()
        ended = time.perf_counter()
        assert times.tolist() == told["time"].tolist()
        assert values.tobytes() == told["value"].tobytes()
        if number >= 2:
            ours.append(middle - begun)
            theirs.append(ended - middle)
    told_ms, ours_ms = (statistics.median(side) * 1000 for side in (theirs, ours))
    return [
        Result(
            "M5",
            "a raw day out of a sealed year, DuckDB glob / own",
            statistics.median(b / a for a, b in zip(ours, theirs, strict=True)),
            "×",
            20,
            detail=f"{told_ms:.0f} → {ours_ms:.1f} ms, of {year.readings / 1e6:.0f} M readings",
        ),
        Result(
            "M5",
            "a raw day out of a sealed year",
            ours_ms,
            "ms",
            5,
            at_most=True,
            detail=f"{statistics.median(cold) * 1000:.1f} ms with a footer to read",
        ),
    ]


async def _own(
    year: Year, bounds: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    found = [page async for page in pages(year.source, year.scope, year.second, METRIC, *bounds)]
    return (
        np.concatenate([page.times_ms for page in found]),
        np.concatenate([page.values for page in found]),
    )
