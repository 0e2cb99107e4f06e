"""M9: what sealing costs, proof and roll-ups included, against pyarrow writing the same rows as it
does by default. Both begin with arrays in memory; CPU of this process alone."""

import asyncio
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from appliance.archive.write import write_readings
from tests.bench.result import Result
from tests.bench.sealing import PLACE, ROWS, SEALED_AT, readings

DEVICES = 40
COLUMNS = ("time", "value", "epoch", "row_number", "quality")


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    return await asyncio.to_thread(_measure, folder, turns=3 if quick else 9)


def _measure(folder: Path, *, turns: int) -> list[Result]:
    devices = readings(DEVICES)

    def seal() -> None:
        write_readings(folder / "archive", PLACE, devices, SEALED_AT)

    def default() -> None:
        pq.write_table(table(devices), folder / "default.parquet")

    ours, theirs = [], []
    for turn in range(-1, turns):  # the first to warm up
        for work, cpu in ((seal, ours), (default, theirs)):
            seconds = _cpu_seconds(work)
            if turn >= 0:
                cpu.append(seconds)
        shutil.rmtree(folder / "archive")
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    rate = DEVICES * ROWS / statistics.median(ours) / 1e6
    return [
        Result(
            "M9",
            "sealing, proved, with roll-ups; pyarrow's default write",
            ratio,
            "×",
            1.5,
            detail=f"{rate:.1f} M readings/s of a core",
        )
    ]


def table(devices: list) -> pa.Table:
    """The rows as a table of plain columns, made without detours."""
    columns = {
        "device_id": np.concatenate([np.full(len(r.times_ms), n, np.int32) for n, _, r in devices]),
        "device": pa.chunked_array([pa.repeat(name, len(r.times_ms)) for _, name, r in devices]),
    }
    for n, name in enumerate(COLUMNS):
        columns[name] = np.concatenate([rows[n] for *_, rows in devices])
    made = pa.table(columns)
    return made.set_column(2, "time", made["time"].cast(pa.timestamp("ms", "UTC")))


def _cpu_seconds(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
