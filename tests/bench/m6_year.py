"""M6: a year of one-second data in 1,000 buckets, and a month of 200 nodes by the hour, against
DuckDB (and ClickHouse where chdb is installed) over the raw readings. Answers are compared."""

import importlib.util
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from appliance.history.series import series
from appliance.history.statistics import statistics as over_all
from appliance.model.series import Window
from tests.bench import m5_day
from tests.bench.result import Result
from tests.bench.sealed_year import DAY_MS, METRIC, MONTH_DAYS, Year, sealed_year

BUCKETS = """
select epoch_ms(time) // $3 * $3 as time, min(value)::double as min, max(value)::double as max,
       avg(value) as mean, count(value) as count
  from read_parquet($1) where device_id = $2 group by 1 order by 1"""
HOURS = """
select epoch_ms(time) // 3600000 * 3600000 as time, min(value)::double as min,
       max(value)::double as max, avg(value) as mean, count(value) as count
  from read_parquet($1) where time >= to_timestamp($2 / 1000) group by 1 order by 1"""
CLICKHOUSE = """
select toUnixTimestamp(toStartOfHour(time)) * 1000 as hour, min(value), max(value), avg(value),
       count(value)
  from file('{glob}', Parquet) where time >= fromUnixTimestamp64Milli({from_ms})
 group by 1 order by 1"""


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    async with sealed_year(folder, quick=quick) as year:
        rounds = 2 if quick else 5
        return [
            *await m5_day.day(year),
            await _year(year, rounds),
            *await _month(year, rounds),
        ]


async def _year(year: Year, rounds: int) -> Result:
    duck = duckdb.connect()
    duck.execute("set timezone = 'UTC'")
    window = Window(year.from_ms, year.to_ms, 1000)
    ours, theirs = [], []
    for number in range(rounds + 1):
        begun = time.perf_counter()
        found = await series(year.source, year.scope, year.second, METRIC, window)
        middle = time.perf_counter()
        told = duck.execute(BUCKETS, [year.glob, year.second, found.bucket_ms]).fetchnumpy()
        ended = time.perf_counter()
        assert found.times_ms.tolist() == told["time"].tolist()
        for name in ("min", "max", "count"):
            assert found.columns[name].tolist() == told[name].tolist()
        np.testing.assert_allclose(found.columns["mean"], told["mean"], rtol=1e-9)
        if number:
            ours.append(middle - begun)
            theirs.append(ended - middle)
        else:
            first_ms = (middle - begun) * 1000
    what = "a year in 1,000 buckets, DuckDB raw / own"
    return _result(what, 100, ours, theirs, f"; {first_ms:.0f} ms when first asked for")


async def _month(year: Year, rounds: int) -> list[Result]:
    from_ms = year.to_ms - MONTH_DAYS * DAY_MS
    duck = duckdb.connect()
    duck.execute("set timezone = 'UTC'")
    peers: dict[str, Callable[[], Any]] = {
        "DuckDB raw": lambda: duck.execute(HOURS, [year.glob, from_ms]).fetchall()
    }
    if importlib.util.find_spec("chdb"):
        import chdb

        asked = CLICKHOUSE.format(glob=year.glob, from_ms=from_ms)
        peers["ClickHouse (chdb) raw"] = lambda: [
            tuple(map(float, line.split("\t")))
            for line in chdb.query(asked, "TabSeparated").data().splitlines()
        ]
    else:
        print("chdb is not installed: ClickHouse is left out", flush=True)
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(rounds + 1):
        begun = time.perf_counter()
        found = await over_all(year.source, year.scope, METRIC, (from_ms, year.to_ms), "hour")
        spent = time.perf_counter() - begun
        expected = [(one.time, one.min, one.max, one.count) for one in found.groups]
        ours.append(spent)
        for name, ask in peers.items():
            begun = time.perf_counter()
            told = ask()
            theirs[name].append(time.perf_counter() - begun)
            got = [(row[0], row[1], row[2], row[4]) for row in told]
            assert got == expected, (name, got[:3], expected[:3], len(got), len(expected))
        if not number:
            ours.clear()
            for spans in theirs.values():
                spans.clear()
    what = f"{year.many} nodes × {MONTH_DAYS} d by the hour, {{}} / own"
    return [_result(what.format(name), 10, ours, spans) for name, spans in theirs.items()]


def _result(
    what: str, target: float, ours: list[float], theirs: list[float], more: str = ""
) -> Result:
    told, own = (statistics.median(side) * 1000 for side in (theirs, ours))
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    return Result("M6", what, ratio, "×", target, detail=f"{told:,.0f} → {own:.1f} ms{more}")
