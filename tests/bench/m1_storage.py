"""M1 and M3: what it costs to store a post and how many bytes a reading takes, against a pool of
eight that inserts row by row into a narrow table. The same posts, the same server, by turns."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np

from appliance.model.batch import PlacedBatch
from appliance.model.ids import DeviceId, Epoch
from appliance.store.migrate import migrate
from appliance.store.pool import open_pool
from appliance.store.postgres.cluster import open_cluster
from appliance.workers.writer import Writer
from tests.bench.processes import cpu_seconds, tree
from tests.bench.result import Result
from tests.bench.straightforward import INSERT, POOL_SIZE, TABLE

CLIENTS = 64
ROWS = 20
METRIC_IDS = (1, 2, 3, 6)
READINGS = ROWS * len(METRIC_IDS)
STEP_MS = 100
START_MS = (int(time.time()) // 86400 - 1) * 86_400_000
"""Yesterday, which has room for more rows than are ever stored here."""
BYTES = """
select sum(pg_total_relation_size(relid))::bigint
  from pg_partition_tree($1::regclass) where isleaf"""


@dataclass(frozen=True)
class Round:
    """What one side did in one turn."""

    posts: int
    seconds: float
    client_cpu: float
    server_cpu: float

    @property
    def us(self) -> tuple[float, float, float]:
        """Microseconds a post: by the clock, CPU of the client, CPU of PostgreSQL."""
        spent = (self.seconds, self.client_cpu, self.server_cpu)
        return tuple(seconds / self.posts * 1e6 for seconds in spent)  # type: ignore[return-value]


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    turns, posts = (2, (20, 150)) if quick else (5, (40, 600))
    async with (
        open_cluster(folder, system=()) as cluster,
        asyncio.TaskGroup() as group,
    ):
        await migrate(cluster.url)
        async with (
            open_pool(cluster.url, size=2) as own,
            asyncpg.create_pool(cluster.url, min_size=POOL_SIZE, max_size=POOL_SIZE) as eight,
        ):
            devices = await _devices(own)
            await own.execute(TABLE)
            writer = Writer(own, queue_batches=2000)
            running = group.create_task(writer.run())

            async def insert(rows: list[tuple[int, datetime, float]]) -> None:
                async with eight.acquire() as db:
                    await db.executemany(INSERT, rows)

            values = np.round(np.random.default_rng(1).normal(500, 100, (4, ROWS)), 2)
            narrow, batches = [], []
            for turn in range(-1, turns):  # the first to warm up
                for store, make, count, rounds in (
                    (insert, _rows, posts[0], narrow),
                    (writer.store, _batch, posts[1], batches),
                ):
                    first = (turn + 1) * posts[1] * ROWS
                    work = [
                        [make(device, first + n * ROWS, values) for n in range(count)]
                        for device in devices
                    ]
                    done = await _turn(store, work, cluster.pid)
                    if turn >= 0:
                        rounds.append(done)
            sizes = await _bytes_a_reading(own)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    return _results(narrow, batches, sizes)


async def _turn(
    store: Callable[[Any], Awaitable[object]], work: Sequence[Sequence[Any]], server_pid: int
) -> Round:
    """Every client stores its posts, one after the other."""

    async def client(mine: Sequence[Any]) -> None:
        for post in mine:
            await store(post)

    def used() -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), cpu_seconds(tree(server_pid))

    before = used()
    await asyncio.gather(*map(client, work))
    seconds, client_cpu, server_cpu = (b - a for a, b in zip(before, used(), strict=True))
    return Round(sum(map(len, work)), seconds, client_cpu, server_cpu)


def _batch(device: int, row: int, values: np.ndarray) -> PlacedBatch:
    times = START_MS + STEP_MS * np.arange(row, row + ROWS)
    return PlacedBatch(
        device_id=DeviceId(device),
        epoch=Epoch(1),
        boot=1,
        first_row=row,
        metric_ids=METRIC_IDS,
        times_ms=times,
        values=values,
        quality=0,
        received_ms=int(times[-1]),
        base_ms=START_MS,
        dropped=0,
        health={"rssi": -61, "heap": 81234},
    )


def _rows(device: int, row: int, values: np.ndarray) -> list[tuple[int, datetime, float]]:
    start = datetime.fromtimestamp(START_MS / 1000, UTC)
    return [
        (100 * device + metric, start + timedelta(milliseconds=STEP_MS * (row + n)), value)
        for n in range(ROWS)
        for metric, value in zip(METRIC_IDS, values[:, n].tolist(), strict=True)
    ]


async def _devices(db: Any) -> list[int]:
    factory = await db.fetchval("insert into factories (name) values ('bench') returning id")
    rows = await db.fetch(
        """
        insert into devices (factory_id, name)
        select $1, 'node ' || n from generate_series(1, $2) as n returning id""",
        factory,
        CLIENTS,
    )
    return [row["id"] for row in rows]


async def _bytes_a_reading(db: Any) -> tuple[float, float]:
    """Of the narrow table and of the batches, tables and indexes."""
    narrow = await db.fetchval("select pg_total_relation_size('narrow')")
    narrow_readings = await db.fetchval("select count(*) from narrow")
    batches = await db.fetchval(BYTES, "batches")
    readings = await db.fetchval("select sum(cardinality(readings)) from batches")
    return narrow / narrow_readings, batches / float(readings)


def _results(
    narrow: Sequence[Round], batches: Sequence[Round], sizes: tuple[float, float]
) -> list[Result]:
    one, other = (np.array([turn.us for turn in side]) for side in (narrow, batches))
    wall = statistics.median(one[:, 0] / other[:, 0])
    cpu = statistics.median(one[:, 1:].sum(axis=1) / other[:, 1:].sum(axis=1))
    told = [
        f"{' + '.join(f'{us:.0f}' for us in np.median(side[:, 1:], axis=0))} µs"
        for side in (one, other)
    ]
    rate = READINGS / np.median(other[:, 0]) * 1e6
    return [
        Result(
            "M1", "storing, by the clock", wall, "×", 12, detail=f"{rate / 1e6:.2f} M readings/s"
        ),
        Result("M1", "storing, CPU client + PostgreSQL", cpu, "×", 25, detail=" → ".join(told)),
        Result(
            "M3",
            "bytes a reading",
            sizes[0] / sizes[1],
            "×",
            6,
            detail=f"{sizes[0]:.0f} → {sizes[1]:.1f} B",
        ),
    ]
