"""An engine killed again and again amid late and doubled batches ends where history does."""

import asyncio
import itertools
import random
import sys

import pytest

from appliance.history.readings import Source
from appliance.store.cursors import ENGINE, select_cursor
from tests.appliance.conftest import blocking, clock, context, keys, north, plant, source
from tests.appliance.plant import NOON_MS, Plant
from tests.appliance.workers.test_engine import follow_all
from tests.appliance.workers.test_follower import LOOKS, SECOND, in_history, live, shuffled, walk

__all__ = ["blocking", "clock", "context", "keys", "north", "plant", "source"]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
ROWS = 1500

CHILD = """
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from appliance.archive.read import Archive
from appliance.history.readings import Source
from appliance.store.pool import open_pool
from appliance.workers import engine

engine.GATHER_SECONDS, engine.STANDBY_SECONDS = 0.0, 0.02

async def main():
    with ThreadPoolExecutor(1) as threads:
        async with open_pool(sys.argv[1], size=3) as pool:
            source = Source(pool, threads, Archive(Path(sys.argv[2])))
            print("up", flush=True)
            await engine.run_engine(source, lambda: datetime.fromtimestamp(int(sys.argv[3]), UTC))

asyncio.run(main())
"""
"""The engine alone. Arguments: the database, the archive's folder, its time in seconds."""


async def test_kills_amid_late_and_doubled_batches_change_no_step(
    plant: Plant, source: Source, database_url: str
) -> None:
    choose = random.Random(11)
    device_id = await plant.device("a")
    for look in LOOKS:
        await plant.rule(device_id, look=look, deadband=2.0, on_delay_seconds=3)
    values = walk(choose, ROWS)
    cuts = sorted({0, ROWS, *(choose.randrange(ROWS) for _ in range(120))})
    batches = shuffled(choose, [range(*pair) for pair in itertools.pairwise(cuts)])

    async def send_all() -> None:
        received_ms = NOON_MS
        for batch in batches:
            times = [NOON_MS + number * SECOND for number in batch]
            received_ms = max(received_ms, times[-1]) + SECOND
            rows = {"temperature": [values[number] for number in batch]}
            for _ in range(1 + (choose.random() < 0.2)):
                await plant.send(
                    device_id, times, rows, received_ms=received_ms, first_row=batch.start
                )
            await asyncio.sleep(0.05)

    sending, kills = asyncio.create_task(send_all()), 0
    while not sending.done():
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CHILD,
            database_url,
            str(source.archive.folder),
            str(NOON_MS // 1000),
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        await child.stdout.readline()
        if kills % 2:
            seen = await select_cursor(plant.pool, ENGINE)
            while seen == await select_cursor(plant.pool, ENGINE) and not sending.done():
                await asyncio.sleep(0.02)
        await asyncio.sleep(choose.uniform(0.0, 0.6))
        child.kill()
        await child.wait()
        kills += 1
    await sending
    assert kills > 3
    assert any((await live(plant)).values()), "those who were killed did nothing"
    await follow_all(source)
    expected = await in_history(plant, source)
    assert sum(len(steps) for steps in expected.values()) > 20, "a test of nothing"
    assert await live(plant) == expected
