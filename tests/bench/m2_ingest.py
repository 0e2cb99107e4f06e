"""M2 and M2b: what a durable post costs over TLS, from the socket to the commit and back.

Against Quart on Hypercorn with executemany, and against the devices' own server that answers
without storing anything. By turns, each server alone on a core.
"""

import asyncio
import json
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.load import METRICS, ROWS
from tests.bench.processes import (
    OTHER_CORES,
    SERVER_CORES,
    cpu_seconds,
    memory_mb,
    pin,
    script,
    tree,
)
from tests.bench.result import Result
from tests.box import Box, free_port

CONNECTIONS = 64
WARM_UP_SECONDS = 1.0


@dataclass(frozen=True)
class Server:
    """Something that takes posts, and the process of it whose CPU counts."""

    port: int
    pid: int
    ended: Callable[[], Awaitable[object]] | None = None


@dataclass(frozen=True)
class Round:
    """What one server did in one turn."""

    requests: int
    seconds: float
    cpu: float
    p99_ms: float

    @property
    def cpu_us(self) -> float:
        """CPU of the server's process for one post, in microseconds."""
        return self.cpu / self.requests * 1e6

    @property
    def readings_per_second(self) -> float:
        return self.requests * ROWS * len(METRICS) / self.seconds


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    turns, seconds = (1, 3.0) if quick else (4, 8.0)
    box = Box(folder / "data")
    await box.start()
    try:
        pin(box.postgres_pids(), OTHER_CORES)
        pin([box.pid], SERVER_CORES)
        keys = [key for _, key in await box.devices(CONNECTIONS)]
        names = ("product", "bare", "straightforward")
        rounds: dict[str, list[Round]] = {name: [] for name in names}
        async with (
            started(box, "bare", keys) as bare,
            started(box, "straightforward", keys) as plain,
        ):
            servers = dict(zip(names, (Server(box.device_port, box.pid), bare, plain), strict=True))
            for _ in range(turns):
                for name, server in servers.items():
                    rounds[name].append(await load(box, server, keys, seconds))
            rate = statistics.median(r.requests / r.seconds for r in rounds["product"])
            pause = CONNECTIONS / (rate / 2)
            half = await load(box, servers["product"], keys, seconds, pause)
            memory = memory_mb(tree(box.pid))
    finally:
        await box.stop()
    return results(rounds, half, memory)


@asynccontextmanager
async def started(box: Box, name: str, keys: list[str], **more: str) -> AsyncIterator[Server]:
    """One of the servers to compare with, with the product's certificate and database."""
    async with box.database() as db:
        metrics = {row["name"]: row["id"] for row in await db.fetch("select id, name from metrics")}
    order = {
        "port": free_port(),
        "certificate": str(box.folder / "certificates/devices.pem"),
        "private_key": str(box.folder / "certificates/devices.key"),
        "database": box.dsn(),
        "keys": keys,
        "metrics": metrics,
        **more,
    }
    async with script(f"{name}.py", order, SERVER_CORES) as process:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", order["port"])
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break
        yield Server(order["port"], process.pid, process.wait)


async def load(
    box: Box, server: Server, keys: list[str], seconds: float, pause: float = 0.0
) -> Round:
    """Post over 64 connections for some seconds, as fast as answers come or with pauses."""
    order = {
        "port": server.port,
        "path": "/ingest",
        "ca": str(box.folder / "certificates/plant-ca.pem"),
        "keys": keys,
        "pause": pause,
        "warm_up_seconds": WARM_UP_SECONDS,
        "seconds": seconds,
    }
    async with script("load.py", order, OTHER_CORES) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"started\n"
        before = cpu_seconds([server.pid])
        told: dict[str, Any] = json.loads(await process.stdout.readline())
        cpu = cpu_seconds([server.pid]) - before
    assert not told["failures"], told
    return Round(told["requests"], told["seconds"], cpu, told["p99_ms"])


def results(rounds: dict[str, list[Round]], half: Round, memory: float) -> list[Result]:
    cpu = {name: statistics.median(r.cpu_us for r in each) for name, each in rounds.items()}
    rate = {
        name: statistics.median(r.readings_per_second for r in each)
        for name, each in rounds.items()
    }
    posts = {name: r / ROWS / len(METRICS) for name, r in rate.items()}
    return [
        Result(
            "M2",
            "CPU a durable post over TLS",
            cpu["straightforward"] / cpu["product"],
            "×",
            10,
            detail=f"{cpu['straightforward']:.0f} → {cpu['product']:.0f} µs",
        ),
        Result(
            "M2",
            "answer at half load, p99",
            half.p99_ms,
            "ms",
            100,
            at_most=True,
            detail=f"{half.requests / half.seconds:.0f} posts/s",
        ),
        Result(
            "M2b",
            "rate, product / bare server",
            rate["product"] / rate["bare"],
            "×",
            0.6,
            detail=f"{posts['product']:.0f} of {posts['bare']:.0f} posts/s; "
            f"straightforward {posts['straightforward']:.0f}",
        ),
        Result("M12", "memory, under this load", memory, "MB", 800, at_most=True),
    ]
