"""Days and months are sealed, late rows join them, and every reading stays there once."""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.archive.read import Archive
from appliance.history.readings import Source
from appliance.history.series import series
from appliance.model.batch import POINTS, Stored
from appliance.model.series import Window
from appliance.store import sealing
from appliance.store.pool import Pool
from appliance.store.snapshots import open_snapshot, select_sealed_sha256
from appliance.workers.archiver import keep_in_order
from appliance.workers.archiving import Archiving
from appliance.workers.sealed_points import SealedPoints, Undecided
from appliance.workers.writer import Writer
from tests.appliance.conftest import Clock
from tests.appliance.plant import DAY_MS, NOON_MS, Plant
from tests.appliance.workers.batches import placed
from tests.history import everything, hot, once, sealed

MIDNIGHT_MS = NOON_MS - NOON_MS % DAY_MS


@pytest.fixture
def archiving(tmp_path: Path, blocking: ThreadPoolExecutor, clock: Clock) -> Archiving:
    return Archiving(
        tmp_path / "archive", timedelta(hours=2), blocking, clock, tmp_path / "backups"
    )


async def follow(pool: Pool) -> None:
    """Let the engine have followed all that is there."""
    await pool.execute(
        """
        insert into cursors select 'engine', pg_current_xact_id()
            on conflict (name) do update set xid = excluded.xid"""
    )


async def order(pool: Pool, archiving: Archiving, **options: Any) -> None:
    """One pass of the archiver, after the engine."""
    await follow(pool)
    async with pool.acquire() as db:
        await keep_in_order(db, archiving, **options)


async def measure(
    plant: Plant, device_id: int, day: int, first_row: int, count: int = 500, epoch: int = 1
) -> None:
    """Readings every 15 s from one o'clock of a day, counted from today."""
    times = MIDNIGHT_MS + day * DAY_MS + 3_600_000 + 15_000 * np.arange(count)
    values = np.round(np.random.default_rng(first_row).normal(50, 9, (2, count)), 2)
    values[1, ::7] = np.nan
    await plant.send(
        device_id,
        (times + 15_000 * first_row % 3_600_000).tolist(),
        {"temperature": values[0], "gas": values[1]},
        received_ms=NOON_MS,
        epoch=epoch,
        first_row=first_row,
    )


async def live(pool: Pool) -> list[tuple[str, str, date, date, int]]:
    rows = await pool.fetch(
        """
        select m.name, kind, first_day, last_day, rows
          from sealed_files join metrics m on m.id = metric_id
         where state = 'live' order by 1, 2, 3"""
    )
    return [tuple(row) for row in rows]


async def test_days_that_are_over_are_sealed_and_today_is_not(
    plant: Plant, pool: Pool, archiving: Archiving
) -> None:
    one, other = await plant.device("one"), await plant.device("other")
    for day in (-2, -1, 0):
        await measure(plant, one, day, 1000 * (day + 2))
    await measure(plant, other, -2, 0)
    before = once(await everything(pool, archiving.root))
    await order(pool, archiving)
    assert once(await everything(pool, archiving.root)) == before
    # The factory is in Istanbul, whose today began yesterday at 21 o'clock UTC.
    assert {(kind, first) for _, kind, first, *_ in await live(pool)} == {
        (kind, date(2026, 11, 21)) for kind in ("readings", "minute", "hour")
    }
    assert {rows for _, kind, *_, rows in await live(pool) if kind == "readings"} == {1000}
    assert len(await hot(pool)) == 2 * 2 * 500
    days = await sealing.select_partition_days(pool)
    assert date(2026, 11, 21) not in days
    assert date(2026, 11, 22) in days


async def test_what_the_engine_has_not_followed_stays_hot(
    plant: Plant, pool: Pool, archiving: Archiving
) -> None:
    device = await plant.device("one")
    await measure(plant, device, -3, 0)
    await follow(pool)
    await measure(plant, device, -3, 600)
    async with pool.acquire() as db:
        await keep_in_order(db, archiving)
    assert len(await hot(pool)) == 1000
    assert len(await sealed(pool, archiving.root)) == 1000
    await pool.execute("delete from cursors")
    async with pool.acquire() as db:
        await keep_in_order(db, archiving)
    assert len(await hot(pool)) == 1000
    await order(pool, archiving)
    assert not await hot(pool)
    assert len(once(await sealed(pool, archiving.root))) == 2000


async def test_nothing_is_sealed_past_a_transaction_that_may_still_write(
    plant: Plant, pool: Pool, archiving: Archiving
) -> None:
    """The cursor of a restored database may be ahead of transactions that are still open."""
    device = await plant.device("one")
    await measure(plant, device, -3, 0)
    async with pool.acquire() as open_one, pool.acquire() as db:
        writing = open_one.transaction()
        await writing.start()
        await open_one.execute(
            """
            insert into batches (device_id, start_at, epoch, first_row, received_at, quality,
                                 metric_ids, offsets_ms, readings)
            select device_id, start_at, 2, first_row, received_at, quality,
                   metric_ids, offsets_ms, readings from batches"""
        )
        await follow(pool)
        passing = asyncio.create_task(keep_in_order(db, archiving))
        await asyncio.wait([passing], timeout=1)
        await writing.commit()
        await passing
    assert len(once(await everything(pool, archiving.root))) == 2000


async def test_late_rows_join_what_is_sealed_and_sealed_rows_sent_again_do_not(
    plant: Plant, pool: Pool, archiving: Archiving, clock: Clock
) -> None:
    device = await plant.device("one")
    await measure(plant, device, -2, 0)
    await order(pool, archiving)
    before = once(await everything(pool, archiving.root))
    await measure(plant, device, -2, 0)
    assert once(await everything(pool, archiving.root)) == before
    await measure(plant, device, -2, 400)  # 100 of them again, 400 new
    await measure(plant, await plant.device("other"), -2, 0, epoch=9)
    expected = once(await everything(pool, archiving.root))
    assert len(expected) == len(before) + 2 * 400 + 2 * 500
    await order(pool, archiving)
    assert once(await sealed(pool, archiving.root)) == expected
    assert len(await live(pool)) == 6
    listed = json.loads((archiving.root / "manifest.json").read_text())["files"]
    assert {file["state"] for file in listed} == {"live", "replaced"}
    clock.forward(hours=2)
    for file in archiving.root.rglob("*.parquet"):
        os.utime(file, (0, 0))
    await order(pool, archiving)
    assert len(list(archiving.root.rglob("*.parquet"))) == 6
    assert once(await sealed(pool, archiving.root)) == expected


async def test_months_are_joined_and_late_rows_of_theirs_wait_a_day(
    plant: Plant, pool: Pool, archiving: Archiving, clock: Clock
) -> None:
    one, other = await plant.device("one"), await plant.device("other")
    for n, day in enumerate((-33, -30, -24, -23, -22)):  # 21 Oct, 24 Oct, 30 Oct, 31 Oct, 1 Nov
        await measure(plant, one, day, 1000 * n, count=300)
    await measure(plant, other, -24, 0)
    await order(pool, archiving)
    expected = once(await sealed(pool, archiving.root))
    joined = [(metric, kind, first, last) for metric, kind, first, last, _ in await live(pool)]
    assert joined == [
        (metric, kind, *days)
        for metric in ("gas", "temperature")
        for kind in ("hour", "minute", "readings")
        for days in (
            (date(2026, 10, 1), date(2026, 10, 31)),
            (date(2026, 11, 1), date(2026, 11, 1)),
        )
    ]
    await measure(plant, other, -33, 5000)
    await order(pool, archiving)
    assert len(await hot(pool)) == 1000
    expected |= once(await hot(pool))
    clock.forward(days=2)
    await order(pool, archiving)
    assert not await hot(pool)
    assert once(await sealed(pool, archiving.root)) == expected
    assert len(await live(pool)) == 12


async def test_files_stay_as_long_as_a_backup_copies_them(
    plant: Plant, pool: Pool, database_url: str, archiving: Archiving, clock: Clock
) -> None:
    device = await plant.device("one")
    for n, day in enumerate((-4, -3)):
        await measure(plant, device, day, 1000 * n)
    await order(pool, archiving)

    def there() -> set[str]:
        paths = archiving.root.rglob("*.parquet")
        return {path.relative_to(archiving.root).as_posix() for path in paths}

    clock.forward(days=15)
    async with open_snapshot(database_url) as (backup, _):
        wanted = set(await select_sealed_sha256(backup))
        await order(pool, archiving)
        assert not wanted & {
            row["path"]
            for row in await pool.fetch("select path from sealed_files where state = 'live'")
        }  # they are joined
        for path in there():
            os.utime(archiving.root / path, (0, 0))
        clock.forward(hours=3)
        await order(pool, archiving)
        assert wanted <= there()
    await order(pool, archiving)
    assert wanted.isdisjoint(there())
    assert len(there()) == 6


async def test_before_a_rule_releases_slow_readings_their_minutes_are_sealed(
    plant: Plant, pool: Pool, archiving: Archiving
) -> None:
    device = await plant.device("one")
    times = (MIDNIGHT_MS - 5 * DAY_MS + 40_000 * np.arange(600)).tolist()
    await plant.send(device, times, {"gas": np.arange(600.0)}, received_ms=NOON_MS)
    await order(pool, archiving)
    assert {kind for _, kind, *_ in await live(pool)} == {"readings", "hour"}
    source = Source(pool, archiving.blocking, Archive(archiving.root))
    window = Window(times[0], times[-1] + 1, 500)
    before = await series(source, plant.scope, device, "gas", window)
    await pool.execute(
        """
        insert into retention_rules
        select $1, id, 'readings', 3, now() from metrics where name = 'gas'""",
        plant.factory_id,
    )
    await order(pool, archiving)
    assert {kind for _, kind, *_ in await live(pool)} == {"minute", "hour"}
    after = await series(source, plant.scope, device, "gas", window)
    assert before.rollup == after.rollup == "minute"
    assert before.times_ms.tolist() == after.times_ms.tolist()
    for name, column in before.columns.items():
        assert column.tobytes() == after.columns[name].tobytes()


RULE = """
    insert into retention_rules (factory_id, metric_id, kind, keep_days, changed_at)
    select $1, id, 'readings', 30, $2 from metrics where name = 'temperature'"""


async def raw_days(pool: Pool) -> list[date]:
    """The days of which there are readings of the temperature in the archive."""
    found = await live(pool)
    return [
        first for metric, kind, first, *_ in found if (metric, kind) == ("temperature", "readings")
    ]


async def test_a_node_whose_clock_is_years_ahead_makes_no_rule_release_anything(
    plant: Plant, pool: Pool, archiving: Archiving, clock: Clock
) -> None:
    right, wrong = await plant.device("right"), await plant.device("wrong")
    await measure(plant, right, -5, 0)
    await measure(plant, wrong, 3650, 0, count=10)
    await pool.execute(RULE, plant.factory_id, clock.now)
    for _ in range(3):
        await order(pool, archiving)
        clock.forward(days=2)
    assert len(await raw_days(pool)) == 1
    assert await pool.fetchval("select count(*) from quarantine") == 10
    assert not await pool.fetchval("select count(*) from releases")


async def test_a_clock_that_leaps_ahead_makes_no_rule_release_anything_for_a_week(
    plant: Plant, pool: Pool, archiving: Archiving, clock: Clock
) -> None:
    device = await plant.device("one")
    await measure(plant, device, -5, 0)
    await order(pool, archiving)
    await pool.execute(RULE, plant.factory_id, clock.now)
    clock.forward(days=3650)
    for _ in range(3):
        await order(pool, archiving)
        clock.forward(days=2)
    assert len(await raw_days(pool)) == 1
    clock.forward(days=-3656)  # somebody has seen it
    await order(pool, archiving)
    for _ in range(14):
        clock.forward(days=2)
        await order(pool, archiving)
    assert not await raw_days(pool), "30 days later the rule holds"
    assert await pool.fetchval("select count(*) from releases") == 1


async def test_points_that_are_sealed_and_told_again_are_not_there_twice(
    plant: Plant, pool: Pool, archiving: Archiving, blocking: ThreadPoolExecutor
) -> None:
    device = await plant.device("one")
    start_ms = MIDNIGHT_MS - 3 * DAY_MS
    told = [
        placed(
            device,
            0,
            values,
            start_ms=start_ms,
            step_ms=60_000,
            epoch=POINTS,
            metric_ids=(1, 2),
            received_ms=NOON_MS,
        )
        for values in (
            [[1.0, 2.0, None], [None, 5.5, None]],
            [[1.0, 2.0, 3.0], [4.0, 7.5, None]],  # three again, two new, one conflicts
        )
    ]
    writer = Writer(pool, 10, sealed=SealedPoints(Archive(archiving.root), blocking))
    running = asyncio.create_task(writer.run())
    stored = await writer.store(told[0])
    assert (stored.stored, stored.duplicate) == (3, 0)
    await order(pool, archiving)
    assert not await hot(pool)
    stored = await writer.store(told[1])
    assert (stored.stored, stored.duplicate, stored.conflicting) == (2, 2, 1)
    running.cancel()
    await asyncio.wait([running])
    await order(pool, archiving)
    found = [
        (key[3], (time_ms - start_ms) // 60_000, value)
        for key, (time_ms, value) in once(await sealed(pool, archiving.root)).items()
        if value is not None
    ]
    assert sorted(found) == [(1, 0, 1.0), (1, 1, 2.0), (1, 2, 3.0), (2, 0, 4.0), (2, 1, 5.5)]


@pytest.mark.parametrize("known", [True, False])
async def test_points_told_again_while_their_file_cannot_be_read_wait_for_it(
    plant: Plant, pool: Pool, archiving: Archiving, blocking: ThreadPoolExecutor, known: bool
) -> None:
    """known: the damage has been seen, and the file is set aside."""
    start_ms = MIDNIGHT_MS - 2 * DAY_MS

    def told(device: int, start_ms: int, values: list[float]) -> Any:
        how: dict[str, Any] = {"epoch": POINTS, "metric_ids": (1,), "received_ms": NOON_MS}
        return placed(device, 0, [values], start_ms=start_ms, step_ms=60_000, **how)

    one, other = await plant.device("one"), await plant.device("other")
    writer = Writer(pool, 10, sealed=SealedPoints(Archive(archiving.root), blocking))
    running = asyncio.create_task(writer.run())
    await writer.store(told(one, start_ms, [1.0, 2.0]))
    await writer.store(told(other, start_ms - DAY_MS, [5.0]))
    await order(pool, archiving)
    path, day = await pool.fetchrow(
        "select path, first_day from sealed_files where kind = 'readings' order by first_day desc"
    )
    away = archiving.root / "away"
    (archiving.root / path).rename(away)
    if known:
        await pool.execute("update sealed_files set state = 'damaged' where first_day = $1", day)
    answers = await asyncio.gather(
        writer.store(told(one, start_ms, [1.0, 2.0, 3.0])),
        writer.store(told(other, start_ms - DAY_MS, [5.0, 6.0])),
        return_exceptions=True,
    )
    assert isinstance(answers[0], Undecided)
    assert (answers[0].status, answers[0].retry_after_seconds) == (503, 300)
    assert isinstance(answers[1], Stored)
    assert (answers[1].stored, answers[1].duplicate) == (1, 1)
    stored = await writer.store(told(one, start_ms + 3_600_000, [4.0]))  # later than the file's
    assert stored.stored == 1
    away.rename(archiving.root / path)
    await pool.execute("update sealed_files set state = 'live' where first_day = $1", day)
    stored = await writer.store(told(one, start_ms, [1.0, 2.0, 3.0]))
    assert (stored.stored, stored.duplicate) == (1, 2)
    running.cancel()
    await asyncio.wait([running])
    there = once(await everything(pool, archiving.root))
    assert sorted(value for _, value in there.values() if value is not None) == [
        *(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    ]
