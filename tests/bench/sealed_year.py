"""A year of sealed history in a folder and its manifest in a database, made by the product's own
writer: a few nodes that measure every second, and many that do so for the last thirty days."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from appliance import analytics
from appliance.archive.layout import Place
from appliance.archive.read import Archive
from appliance.archive.write import write_readings
from appliance.history.readings import Source
from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.scope import Scope
from appliance.model.sealed import Readings, SealedFile
from appliance.store.migrate import migrate
from appliance.store.pool import open_pool
from appliance.store.postgres.cluster import open_cluster
from appliance.store.sealed import insert_sealed_file

METRIC = "temperature"
FIRST = date(2025, 1, 1)
DAY_MS = 86_400_000
MONTH_DAYS = 30
MANY, MANY_STEP_MS = 200, 12_000


class Year(NamedTuple):
    """What was made, and the door to it."""

    source: Source
    scope: Scope
    second: DeviceId
    """A node of every second."""
    many: int
    """How many nodes there are in the last thirty days."""
    from_ms: int
    to_ms: int
    readings: int

    @property
    def glob(self) -> str:
        """All files of the metric's readings."""
        folder = self.source.archive.folder / "readings" / f"factory={self.scope.factory_ids[0]}"
        return f"{folder}/metric={METRIC}/*/*.parquet"


class _Node:
    """A slow walk, rounded as sensors do, with jitter in its times."""

    def __init__(self, seed: int, step_ms: int) -> None:
        self._random = np.random.default_rng(seed)
        self._step_ms = step_ms
        self._number = 0

    def readings(self, from_ms: int, to_ms: int) -> Readings:
        times = np.arange(from_ms, to_ms, self._step_ms)
        number = times.size
        times = times + self._random.integers(0, self._step_ms // 4, number)
        slow = np.sin(times / 7e6) * 40 + self._random.normal(0, 0.3, number)
        rows = np.arange(self._number, self._number + number)
        self._number += number
        return Readings(
            times,
            np.round(850 + slow, 1),
            np.full(number, 4711),
            rows,
            np.zeros(number, np.int16),
        )


@asynccontextmanager
async def sealed_year(folder: Path, *, quick: bool) -> AsyncIterator[Year]:
    """Make it; months as the archiver compacts them."""
    days, seconds = (60, 1) if quick else (365, 5)
    async with open_cluster(folder / "postgres", system=()) as cluster:
        await migrate(cluster.url)
        async with open_pool(cluster.url, size=8, undo=False) as pool:
            factory = await pool.fetchval(
                "insert into factories (name) values ('bench') returning id"
            )
            rows = await pool.fetch(
                "insert into devices (factory_id, name)"
                " select $1, 'node ' || n from generate_series(1, $2) as n returning id",
                factory,
                seconds + MANY,
            )
            ids = [DeviceId(row["id"]) for row in rows]
            readings = 0
            for files in _months(folder / "archive", FactoryId(factory), ids, (days, seconds)):
                readings += files[0].rows
                for file in files:
                    await insert_sealed_file(pool, file)
            await pool.execute("analyze")
            first_ms = int(datetime.combine(FIRST, datetime.min.time(), UTC).timestamp() * 1000)
            with ThreadPoolExecutor(2) as blocking:
                await asyncio.to_thread(analytics.warm_up)
                yield Year(
                    Source(pool, blocking, Archive(folder / "archive")),
                    Scope((FactoryId(factory),)),
                    ids[0],
                    len(ids),
                    first_ms,
                    first_ms + days * DAY_MS,
                    readings,
                )


def _months(
    root: Path, factory: FactoryId, ids: list[DeviceId], size: tuple[int, int]
) -> Iterator[list[SealedFile]]:
    days, seconds = size
    nodes = [_Node(n, 1000 if n < seconds else MANY_STEP_MS) for n in range(len(ids))]
    first, end = FIRST, FIRST + timedelta(days=days)
    month_begins = end - timedelta(days=MONTH_DAYS)
    while first < end:
        stop = min((first.replace(day=1) + timedelta(days=32)).replace(day=1), end)
        last = stop - timedelta(days=1)
        place = Place(factory, MetricId(1), METRIC, first, last, 1)
        devices = [
            (one, f"node {one}", node.readings(_ms(max(first, begins)), _ms(stop)))
            for n, (one, node) in enumerate(zip(ids, nodes, strict=True))
            for begins in [first if n < seconds else month_begins]
            if begins < stop
        ]
        yield write_readings(root, place, devices, datetime.now(UTC))
        first = stop


def _ms(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), UTC).timestamp() * 1000)
