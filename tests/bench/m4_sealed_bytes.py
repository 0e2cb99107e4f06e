"""M4: bytes that a sealed reading takes, against pyarrow's default and VictoriaMetrics (the package
of Debian, if it is installed) with the same readings."""

import asyncio
import shutil
from pathlib import Path

import httpx
import msgspec
import pyarrow.parquet as pq

from appliance.archive.write import write_readings
from appliance.model.sealed import FileKind, Readings
from tests.bench.m9_seal import table
from tests.bench.result import Result
from tests.bench.sealing import PLACE, ROWS, SEALED_AT, readings
from tests.box import free_port

DEVICES = 40
STEPS = (1, 5, 10, 30, 60)
"""Seconds between two readings."""
PROGRAM = shutil.which("victoria-metrics")


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    devices = readings(DEVICES // 4 if quick else DEVICES)
    count = len(devices) * ROWS
    files = await asyncio.to_thread(write_readings, folder, PLACE, devices, SEALED_AT)
    raw = next(file.size_bytes for file in files if file.kind is FileKind.READINGS) / count
    rolled = sum(file.size_bytes for file in files) / count - raw
    place = folder / "default.parquet"
    await asyncio.to_thread(lambda: pq.write_table(table(devices), place))
    default = place.stat().st_size / count
    results = [
        Result(
            "M4",
            "bytes of a sealed reading, pyarrow's default",
            default / raw,
            "×",
            6,
            detail=f"{default:.2f} → {raw:.2f} B; roll-ups beside them {rolled:.2f}",
        )
    ]
    results.append(await asyncio.to_thread(_slow, folder / "slow", devices))
    if PROGRAM is None:
        return results
    theirs = await _victoria_bytes(folder / "victoria", devices) / count
    detail = f"{raw:.2f} against {theirs:.2f} B; ours with each reading's identity"
    against = "bytes of a sealed reading, over VictoriaMetrics"
    return [
        *results,
        Result("M4", against, raw / theirs, "×", 1.0, at_most=True, detail=detail),
    ]


def _slow(folder: Path, devices: list) -> Result:
    """What a reading takes with its roll-ups, by how often there is one."""
    taken = {}
    for seconds in STEPS:
        some = [
            (number, name, Readings._make(column[::seconds] for column in rows))
            for number, name, rows in devices
        ]
        count = sum(len(rows.times_ms) for *_, rows in some)
        for every in (False, True):
            place = folder / f"{seconds}-{every}"
            files = write_readings(place, PLACE, some, SEALED_AT, all_minutes=every)
            taken[seconds, every] = sum(file.size_bytes for file in files) / count
    told = ", ".join(f"{seconds} s: {taken[seconds, False]:.2f}" for seconds in STEPS)
    slowest = STEPS[-1]
    return Result(
        "M4",
        "bytes of a reading a minute with roll-ups, minutes of all / own",
        taken[slowest, True] / taken[slowest, False],
        "×",
        3,
        detail=f"{taken[slowest, True]:.1f} → {taken[slowest, False]:.2f} B; one in {told} B",
    )


async def _victoria_bytes(folder: Path, devices: list) -> int:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        f"-storageDataPath={folder}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            await _until_ready(client)
            for _, name, rows in devices:
                line = {
                    "metric": {"__name__": "temperature", "device": name},
                    "values": rows.values.tolist(),
                    "timestamps": rows.times_ms.tolist(),
                }
                sent = await client.post("/api/v1/import", content=msgspec.json.encode(line))
                sent.raise_for_status()
            for order in ("force_flush", "force_merge"):
                (await client.get(f"/internal/{order}")).raise_for_status()
            await asyncio.sleep(5)
    finally:
        process.terminate()
        await process.wait()
    return sum(path.stat().st_size for path in (folder / "data").rglob("*") if path.is_file())


async def _until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if (await client.get("/health")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
