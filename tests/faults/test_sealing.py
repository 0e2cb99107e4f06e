"""Kills, full disks and late rows while days are sealed: every reading stays there, once."""

import asyncio
import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.store import pool as store_pool
from appliance.store import sealing
from appliance.store.migrate import migrate
from appliance.store.pool import TROUBLE, Pool, open_pool
from appliance.store.postgres.cluster import open_cluster
from appliance.workers.archiver import keep_in_order
from appliance.workers.archiving import Archiving
from appliance.workers.writer import Writer
from tests.appliance.conftest import Clock
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant, store
from tests.appliance.workers.batches import placed
from tests.box import children
from tests.faults import seal
from tests.history import Key, everything, hot, once, sealed

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

STEPS = (
    *((step, times) for step in ("written", "safe", "renamed", "proved") for times in (1, 5)),
    *((step, times) for step in ("recorded", "removed", "committed", "listed") for times in (1, 2)),
)
"""Of a file: the first one and one in the middle. Of a sealing: the first day's, the second's."""
DAY_START_MS = NOON_MS - NOON_MS % DAY_MS - 3 * DAY_MS
METRICS = (1, 2)


@pytest.fixture
def blocking() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archiving(tmp_path: Path, blocking: ThreadPoolExecutor, clock: Clock) -> Archiving:
    return Archiving(
        tmp_path / "archive", timedelta(hours=2), blocking, clock, tmp_path / "backups"
    )


@pytest.fixture
async def plant(pool: Pool) -> Plant:
    factory = await pool.fetchval("insert into factories (name) values ('North') returning id")
    return Plant(pool, factory)


@pytest.fixture
async def devices(plant: Plant) -> list[int]:
    """Three nodes with two days of readings each, of which some say nothing."""
    made = [await plant.device(name) for name in ("one", "two", "three")]
    for device in made:
        for day in range(2):
            await store(plant.pool, batch(device, 1000 * day, DAY_START_MS + day * DAY_MS))
    return made


def batch(device: int, first_row: int, start_ms: int, rows: int = 400) -> Any:
    values = np.round(np.random.default_rng(first_row).normal(50, 9, (2, rows)), 2)
    values[1, ::7] = np.nan
    return placed(
        device,
        first_row,
        values.tolist(),
        start_ms=start_ms,
        metric_ids=METRICS,
        received_ms=NOON_MS,
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
        assert await sealing.try_lock_archive(db)
        try:
            await keep_in_order(db, archiving, **options)
        finally:
            await sealing.unlock_archive(db)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that has no room for two days."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"NO SMALL DISK CAN BE MOUNTED HERE, NOT TESTED: {error.stderr.decode()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.mark.parametrize(("step", "times"), STEPS)
async def test_a_kill_at_any_step_loses_and_doubles_nothing(
    pool: Pool,
    database_url: str,
    devices: list[int],
    archiving: Archiving,
    clock: Clock,
    step: str,
    times: int,
) -> None:
    if times > 1:  # rows that join what is sealed, of both days
        await order(pool, archiving)
        for day in range(2):
            start_ms = DAY_START_MS + day * DAY_MS + 7_200_000
            await store(pool, batch(devices[day], 5000 + 1000 * day, start_ms))
    expected = once(await everything(pool, archiving.root))
    await follow(pool)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        seal.__file__,
        *(database_url, str(archiving.root), NOON.isoformat(), step, str(times)),
    )
    assert await process.wait() == -signal.SIGKILL
    assert once(await everything(pool, archiving.root)) == expected
    await order(pool, archiving)
    assert not await hot(pool)
    assert once(await sealed(pool, archiving.root)) == expected
    clock.forward(hours=2)
    for path in archiving.root.rglob("*.parquet*"):
        os.utime(path, (0, 0))
    await order(pool, archiving)
    there = {path.relative_to(archiving.root).as_posix() for path in files_below(archiving.root)}
    named = {row["path"] for row in await pool.fetch("select path from sealed_files")}
    assert there == named | {"manifest.json", "clock.json"}
    assert once(await sealed(pool, archiving.root)) == expected


async def test_a_database_connection_that_ends_before_the_commit_changes_nothing(
    pool: Pool, devices: list[int], archiving: Archiving
) -> None:
    expected = once(await everything(pool, archiving.root))
    await follow(pool)
    async with pool.acquire() as db:
        backend = db.get_server_pid()

        def reached(step: str) -> None:
            if step == "removed":
                os.kill(backend, signal.SIGTERM)

        with pytest.raises(TROUBLE):
            await keep_in_order(db, archiving, reached)
    assert once(await hot(pool)) == expected
    assert not await sealed(pool, archiving.root)
    await order(pool, archiving)
    assert once(await sealed(pool, archiving.root)) == expected


async def test_a_full_disk_leaves_the_day_hot_and_no_file_half_written(
    pool: Pool, devices: list[int], blocking: ThreadPoolExecutor, clock: Clock, small_disk: Path
) -> None:
    archiving = Archiving(
        small_disk / "archive", timedelta(hours=2), blocking, clock, small_disk / "backups"
    )
    expected = once(await hot(pool))
    with pytest.raises(OSError, match="No space left"):
        await order(pool, archiving)
    assert once(await everything(pool, archiving.root)) == expected
    assert not [path for path in files_below(archiving.root) if path.suffix == ".tmp"]
    await asyncio.to_thread(mount, "-o", "remount,size=32m", str(small_disk))
    await order(pool, archiving)
    assert once(await sealed(pool, archiving.root)) == expected
    assert not await hot(pool)


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("step", ["written", "safe", "renamed", "proved"])
async def test_a_disk_that_fails_leaves_the_day_hot_until_it_works_again(
    pool: Pool, devices: list[int], archiving: Archiving, step: str, times: int
) -> None:
    expected = once(await hot(pool))
    left = times

    def reached(what: str) -> None:
        nonlocal left
        left -= what == step
        if what == step and not left:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(OSError, match="Input/output error"):
        await order(pool, archiving, reached=reached)
    assert once(await hot(pool)) == expected
    assert not await sealed(pool, archiving.root)
    assert not [path for path in files_below(archiving.root) if path.suffix == ".tmp"]
    await order(pool, archiving)
    assert once(await sealed(pool, archiving.root)) == expected
    assert not await hot(pool)


async def test_a_file_that_the_system_cuts_off_leaves_the_day_hot(
    pool: Pool, database_url: str, devices: list[int], archiving: Archiving
) -> None:
    """The system refuses to let a file grow, in the middle of a row group."""
    expected = once(await hot(pool))
    await follow(pool)
    process = await asyncio.create_subprocess_exec(
        *("prlimit", "--fsize=2048", sys.executable, seal.__file__),
        *(database_url, str(archiving.root), NOON.isoformat(), "none", "1"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"File too large" in said
    assert once(await everything(pool, archiving.root)) == expected
    assert not [path for path in files_below(archiving.root) if path.suffix == ".tmp"]
    await order(pool, archiving)
    assert once(await sealed(pool, archiving.root)) == expected


@pytest.mark.parametrize("step", ["proved", "recorded", "removed", "committed"])
async def test_postgresql_killed_while_days_are_sealed_loses_and_doubles_nothing(
    folder: Path, archiving: Archiving, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL to every process of a server that keeps its promises (fsync is on)."""
    for name in ("ACQUIRE_SECONDS", "CONNECT_SECONDS"):  # after a crash, on a busy machine
        monkeypatch.setattr(store_pool, name, 60.0)
    async with open_cluster(folder, system=()) as cluster:
        await migrate(cluster.url)
        async with open_pool(cluster.url, size=4, command_timeout_seconds=60.0) as pool:
            factory = await pool.fetchval(
                "insert into factories (name) values ('North') returning id"
            )
            device = await Plant(pool, factory).device("one")
            for day in range(2):
                await store(pool, batch(device, 1000 * day, DAY_START_MS + day * DAY_MS))
            expected = once(await everything(pool, archiving.root))
            await follow(pool)
            with pytest.raises(TROUBLE):
                async with pool.acquire() as db:
                    server = await asyncio.to_thread(lambda: [cluster.pid, *children(cluster.pid)])
                    assert db.get_server_pid() in server

                    def reached(what: str) -> None:
                        if what == step and server:
                            kill(server)
                            server.clear()  # their numbers may soon be those of others

                    await keep_in_order(db, archiving, reached)
            assert not server, "the server was to be killed at this step"
    await asyncio.to_thread(kill_stragglers, folder)
    async with (
        open_cluster(folder, system=()) as cluster,
        open_pool(cluster.url, size=4, command_timeout_seconds=60.0) as pool,
    ):
        assert once(await everything(pool, archiving.root)) == expected
        await order(pool, archiving)
        assert not await hot(pool)
        assert once(await sealed(pool, archiving.root)) == expected


def kill(server: list[int]) -> None:
    """SIGKILL to a server's processes; the postmaster is stopped first, so it tidies nothing up."""
    with suppress(ProcessLookupError):
        os.kill(server[0], signal.SIGSTOP)
    for pid in reversed(server):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_stragglers(folder: Path) -> None:
    """SIGKILL to what the server started after it was asked, an autovacuum worker say; until all of
    it is gone."""
    deadline = time.monotonic() + 30
    while left := [pid for pid in running() if works_in(pid, folder)]:
        assert time.monotonic() < deadline, f"{left} do not end"
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def running() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def works_in(pid: int, folder: Path) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    return False


async def test_rows_that_come_while_their_day_is_sealed_stay_hot_and_join_it_later(
    pool: Pool, devices: list[int], archiving: Archiving
) -> None:
    loop = asyncio.get_running_loop()
    late = iter(range(5000, 10**6, 400))

    def reached(step: str) -> None:
        if step == "proved":  # in a thread, before any row is taken out
            start_ms = DAY_START_MS + 7_200_000
            come = store(pool, batch(devices[0], next(late), start_ms), batch(devices[1], 0, 0))
            asyncio.run_coroutine_threadsafe(come, loop).result(30)

    before = once(await everything(pool, archiving.root))
    await order(pool, archiving, reached=reached)
    expected = once(await everything(pool, archiving.root))
    assert len(expected) == len(before) + 2 * len(await hot_rows(pool)) > len(before)
    await order(pool, archiving)
    assert not await hot(pool)
    assert once(await sealed(pool, archiving.root)) == expected


async def test_what_is_asked_for_while_late_rows_come_and_days_are_sealed_is_always_whole(
    database_url: str, pool: Pool, devices: list[int], archiving: Archiving
) -> None:
    """Writers, a reader and the archiver at once, for some seconds, by chance."""
    choose = random.Random(seed := int.from_bytes(os.urandom(4)))
    print(f"seed {seed}")
    told = once(await hot(pool)).keys() | set[Key]()
    stop = asyncio.Event()
    async with open_pool(database_url, size=6) as more, asyncio.TaskGroup() as group:
        writer = Writer(more, queue_batches=100)
        writing = group.create_task(writer.run())
        sent = set(told)

        async def send(device: int) -> None:
            row = 20_000
            while not stop.is_set():
                row += choose.randint(-30, 40)  # some again
                some = batch(device, row, DAY_START_MS + choose.randrange(DAY_MS), rows=30)
                keys = {(device, 1, row + n, metric) for n in range(30) for metric in METRICS}
                sent.update(keys)
                await writer.store(some)
                told.update(keys)
                await asyncio.sleep(choose.uniform(0, 0.05))

        async def read() -> int:
            looks = 0
            while not stop.is_set():
                least = len(told)
                async with more.acquire() as db, db.transaction():
                    await db.execute("lock table batches in access share mode")
                    live = await db.fetchval(
                        """
                        select coalesce(sum(rows), 0) from sealed_files
                         where state = 'live' and kind = 'readings'"""
                    )
                    await asyncio.sleep(choose.uniform(0, 0.02))
                    warm = await db.fetchval(
                        "select coalesce(sum(cardinality(readings)), 0) from batches"
                    )
                assert least <= live + warm <= len(sent)
                looks += 1
            return looks

        sending = [group.create_task(send(device)) for device in devices]
        reading = group.create_task(read())
        for _ in range(8):
            with suppress(*sealing.HELD):
                await order(more, archiving)
            await asyncio.sleep(0.2)
        stop.set()
        await asyncio.wait([reading, *sending])
        writing.cancel()
        print(f"{len(told)} readings, {reading.result()} looks")
    await order(pool, archiving)
    assert not await hot(pool)
    assert once(await sealed(pool, archiving.root)).keys() == told == sent


async def hot_rows(pool: Pool) -> set[tuple[int, int, int]]:
    return {key[:3] for key in once(await hot(pool))}


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]
