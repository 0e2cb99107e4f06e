"""Measures the ratios that are promised, each within one run, and prints one table."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench import (
    m1_storage,
    m2_ingest,
    m4_sealed_bytes,
    m6_year,
    m7_rolling,
    m8_spread,
    m9_seal,
    m10_live,
    m11_backtest,
    m12_memory,
    m13_node,
    nab_quality,
    servers,
    web,
)
from tests.bench.result import Result

MEASURES: dict[str, Callable[..., Awaitable[list[Result]]]] = {
    "storage": m1_storage.measure,
    "ingest": m2_ingest.measure,
    "sealed": m4_sealed_bytes.measure,
    "sealing": m9_seal.measure,
    "rolling": m7_rolling.measure,
    "spread": m8_spread.measure,
    "live": m10_live.measure,
    "backtest": m11_backtest.measure,
    "anomalies": nab_quality.measure,
    "history": m6_year.measure,
    "memory": m12_memory.measure,
    "node": m13_node.measure,
    "servers": servers.measure,
    "web": web.measure,
}


async def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="shorter and rougher")
    asked.add_argument("measures", nargs="*", help=f"of {', '.join(MEASURES)}; all if none")
    given = asked.parse_args()
    print("| | what | measured | wanted | met | |\n|---|---|---|---|---|---|")
    for name in given.measures or MEASURES:
        with tempfile.TemporaryDirectory(prefix="carbonseed-", dir="/tmp") as folder:
            Path(folder).chmod(0o711)
            for result in await MEASURES[name](Path(folder), quick=given.quick):
                print("|", " | ".join(result.cells), "|", flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
