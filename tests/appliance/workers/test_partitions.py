import asyncio
from datetime import timedelta

import pytest

from appliance.store.pool import Pool, open_pool
from appliance.workers import partitions
from appliance.workers.partitions import Partitions, run_partitions
from tests.appliance.conftest import Clock
from tests.appliance.plant import DAY_MS, NOON_MS

TODAY = NOON_MS // DAY_MS


async def made(pool: Pool) -> list[str]:
    rows = await pool.fetch("select inhrelid::regclass::text as name from pg_inherits order by 1")
    return [row["name"] for row in rows if row["name"].count("_") == 3]


async def test_days_are_made_once_and_remembered(pool: Pool) -> None:
    days = Partitions()
    await days.ensure(pool, [TODAY, TODAY - 3])
    assert await made(pool) == ["batches_2026_11_20", "batches_2026_11_23"]
    await pool.execute("drop table batches_2026_11_20")
    await days.ensure(pool, [TODAY - 3])
    assert await made(pool) == ["batches_2026_11_23"]
    days.forget()
    await days.ensure(pool, [TODAY - 3])
    assert await made(pool) == ["batches_2026_11_20", "batches_2026_11_23"]


async def test_the_days_around_today_are_kept_ready(
    pool: Pool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "CHECK_SECONDS", 0.01)
    running = asyncio.create_task(run_partitions(pool, clock))
    expected = ["batches_2026_11_22", "batches_2026_11_23", "batches_2026_11_24"]
    await until_made(pool, [*expected, "batches_2026_11_25"])
    clock.now += timedelta(days=1)
    await until_made(pool, [*expected, "batches_2026_11_25", "batches_2026_11_26"])
    running.cancel()


async def test_a_database_that_is_away_is_waited_for(pool: Pool, clock: Clock) -> None:
    async with pool.acquire() as one, one.transaction():
        await one.execute("select pg_advisory_xact_lock(hashtext('create_batches_partition'))")
        running = asyncio.create_task(run_partitions(pool, clock))
        waits = "select pid from pg_locks where not granted"
        async with asyncio.timeout(10):
            while not (waiting := await one.fetchval(waits)):
                await asyncio.sleep(0.01)
        await one.execute("select pg_terminate_backend($1, 5000)", waiting)
    await until_made(pool, [f"batches_2026_11_{day}" for day in (22, 23, 24, 25)])
    assert not running.done()
    running.cancel()


async def test_a_database_that_takes_no_writes_is_waited_for(
    pool: Pool, clock: Clock, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = await pool.fetchval("select current_database()")
    await pool.execute(f"alter database {name} set default_transaction_read_only = on")
    async with open_pool(database_url, size=1) as its_own:
        running = asyncio.create_task(run_partitions(its_own, clock))
        async with asyncio.timeout(10):
            while "waits for PostgreSQL" not in caplog.text:
                await asyncio.sleep(0.01)
        await pool.execute(f"alter database {name} reset default_transaction_read_only")
        await its_own.expire_connections()
        await until_made(pool, [f"batches_2026_11_{day}" for day in (22, 23, 24, 25)])
        running.cancel()


async def until_made(pool: Pool, expected: list[str]) -> None:
    async with asyncio.timeout(10):
        while await made(pool) != expected:
            await asyncio.sleep(0.01)
