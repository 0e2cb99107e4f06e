"""The workers as they run: one leads, others stand by, and a new one takes over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from appliance.history.readings import Source
from appliance.store.health_scores import try_lock_health
from appliance.store.model_scores import try_lock_models
from appliance.store.pool import Pool
from appliance.workers import health, learner, models
from appliance.workers.health import run_health
from appliance.workers.learner import run_learner
from appliance.workers.models import run_models
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON_MS, Plant, at


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, seconds in (
        (health, "STANDBY_SECONDS", 0.01),
        (health, "SETTLE_SECONDS", 0.0),
        (models, "STANDBY_SECONDS", 0.01),
        (models, "TICK_SECONDS", 0.01),
        (learner, "LOOK_SECONDS", 0.01),
    ):
        monkeypatch.setattr(module, name, seconds)


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await true():
            await asyncio.sleep(0.01)


async def scores(pool: Pool) -> int:
    return await pool.fetchval("select count(*) from health_scores")


async def test_a_score_is_kept_each_minute_by_the_one_that_leads(
    plant: Plant, source: Source, pool: Pool
) -> None:
    device_id = await plant.device("a", machine="Press")
    await plant.send(device_id, [NOON_MS - 1000], {"vibration": [5.0]})
    now = [at(NOON_MS + 59_900)]

    def clock() -> datetime:
        """Runs on by itself, so that the next minute comes soon."""
        now[0] += timedelta(milliseconds=1)
        return now[0]

    async with pool.acquire() as other:
        assert await try_lock_health(other)
        async with running(run_health(source, clock)):
            await asyncio.sleep(0.2)
            assert await scores(pool) == 0
            await other.execute("select pg_advisory_unlock_all()")

            async def scored() -> bool:
                return await scores(pool) >= 2

            await until(scored)
    rows = await pool.fetch("select at, score from health_scores order by at")
    assert [row["at"] for row in rows][:2] == [at(NOON_MS), at(NOON_MS + 60_000)]
    assert rows[0]["score"] < 50


async def test_the_learner_and_the_models_run_until_they_are_stopped(
    plant: Plant, source: Source, pool: Pool, clock: Clock
) -> None:
    async with (
        pool.acquire() as other,
        running(run_learner(source, clock)),
        running(run_models(source, clock)),
    ):

        async def leads() -> bool:
            if await try_lock_models(other):
                await other.execute("select pg_advisory_unlock_all()")
                return False
            return True

        await until(leads)


async def test_a_minute_is_scored_once_it_has_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SETTLE_SECONDS", 2.0)
    minute = datetime(2026, 11, 23, 12, 5, tzinfo=UTC)
    assert health._minute(minute + timedelta(seconds=1)) == minute - timedelta(minutes=1)
    assert health._minute(minute + timedelta(seconds=2)) == minute


async def test_kernels_are_compiled_in_a_thread_that_gives_way() -> None:
    import os
    import threading

    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    await health.warm_up()
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
