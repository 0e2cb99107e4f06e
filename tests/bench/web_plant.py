"""A plant that lives: nodes, four to a machine, each with a day of hot readings every ten seconds,
rules, and a month of health scores."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.archive.read import Archive
from appliance.history.readings import Source
from appliance.model.ids import FactoryId
from appliance.model.scope import Scope
from appliance.store.batches import create_partition
from appliance.store.migrate import migrate
from appliance.store.pool import Pool, open_pool
from appliance.store.postgres.cluster import open_cluster

METRICS = ("temperature", "gas", "vibration", "running")
NODES_OF_A_MACHINE = 4
HOURS = 25
STEP_SECONDS, BATCH_SECONDS = 10, 300


@asynccontextmanager
async def living_plant(folder: Path, many: int) -> AsyncIterator[tuple[Source, Scope]]:
    """Make it in a database of its own."""
    folder.mkdir(mode=0o711)
    async with open_cluster(folder / "postgres", system=()) as cluster:
        await migrate(cluster.url)
        async with open_pool(cluster.url, size=8, undo=False) as pool:
            factory: FactoryId = await pool.fetchval(
                "insert into factories (name) values ('bench') returning id"
            )
            await _nodes(pool, factory, many)
            await _readings(pool, datetime.now(UTC).replace(microsecond=0))
            await _scores(pool)
            await pool.execute("analyze", timeout=600)
            with ThreadPoolExecutor(2) as blocking:
                yield Source(pool, blocking, Archive(folder / "archive")), Scope((factory,))


async def _nodes(pool: Pool, factory: FactoryId, many: int) -> None:
    await pool.execute(
        "insert into machines (factory_id, name)"
        " select $1, 'machine ' || n from generate_series(1, $2::int) as n",
        factory,
        -(-many // NODES_OF_A_MACHINE),
    )
    await pool.execute(
        """
        insert into devices (factory_id, name, machine_id)
        select $1, 'node ' || n, (select min(id) from machines) + n / $3
          from generate_series(0, $2::int - 1) as n
        """,
        factory,
        many,
        NODES_OF_A_MACHINE,
    )
    await pool.execute(
        """
        insert into rules (factory_id, device_id, kind, metric_id, look, priority, message, mode)
        select $1, d.id, 'threshold', m.id, '{"kind": "threshold", "h": 100.0}', 2, 'Hot', 'live'
          from devices d, metrics m where m.name = 'temperature'
        """,
        factory,
    )


async def _readings(pool: Pool, now: datetime) -> None:
    begin = now - timedelta(hours=HOURS)
    for day in {begin.date(), now.date(), now.date() - timedelta(days=1)}:
        await create_partition(pool, day)
    await pool.execute(
        """
        insert into streams (device_id, epoch, received, first_ms, last_ms, first_seen, last_seen)
        select id, 7, int8multirange(int8range(0, $3::int)),
               extract(epoch from $1::timestamptz) * 1000,
               extract(epoch from $2::timestamptz) * 1000, $1, $2
          from devices
        """,
        begin,
        now,
        HOURS * 3600 // STEP_SECONDS,
    )
    for second in range(0, HOURS * 3600, BATCH_SECONDS):
        await pool.execute(
            """
            insert into batches (start_at, epoch, first_row, received_at, device_id, quality,
                                 metric_ids, offsets_ms, readings)
            select $1, 7, $2, $1, d.id, 0, m.ids,
                   (select array_agg(n * $3::int order by n)
                      from generate_series(0, $4::int - 1) as n),
                   (select array_agg(own) from (
                        select array_agg(20.0::float8 + d.id % 7 + n % 5 * 0.1) as own
                          from generate_series(0, $4::int - 1) as n, unnest(m.ids) as metric
                         group by metric
                    ) as each)
              from devices d,
                   (select array_agg(id order by id) as ids from metrics where name = any($5)) as m
            """,
            begin + timedelta(seconds=second),
            second // STEP_SECONDS,
            1000 * STEP_SECONDS,
            BATCH_SECONDS // STEP_SECONDS,
            list(METRICS),
        )


async def _scores(pool: Pool) -> None:
    """Of machines by the hour, and of whether they ran as the last look saw it."""
    await pool.execute(
        """
        insert into signal_looks (device_id, metric_id, trended_at, trend)
        select d.id, m.id, now(), jsonb_build_object('day_running', 0.5 + d.id % 50 * 0.01)
          from devices d, metrics m where m.name = 'running'
        """
    )
    await pool.execute(
        """
        insert into health_scores (machine_id, at, score, quality, version, why)
        select m.id, at, 80 + m.id % 9, 1, 1, '{"reasons": [], "unmeasured": []}'
          from machines m, generate_series(date_trunc('hour', now()) - interval '30 days', now(),
                                           interval '1 hour') as at
        """
    )
