"""Damaged files are found, set aside, told as gaps, and taken back from a backup."""

import asyncio
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.identity import audit
from appliance.model.scope import Scope
from appliance.model.sealed import FileKind, FileState
from appliance.store.pool import Pool
from appliance.store.sealed import select_sealed
from appliance.workers.archiver import keep_in_order
from appliance.workers.archiving import Archiving
from appliance.workers.scrubber import scrub
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON_MS, Plant
from tests.appliance.workers.test_archiver import follow, measure, order
from tests.history import everything, once, sealed


@pytest.fixture
def archiving(tmp_path: Path, blocking: ThreadPoolExecutor, clock: Clock) -> Archiving:
    return Archiving(
        tmp_path / "archive", timedelta(hours=2), blocking, clock, tmp_path / "backups"
    )


@pytest.fixture
async def device(plant: Plant, pool: Pool, archiving: Archiving) -> int:
    """A node of which two days are sealed."""
    made = await plant.device("one")
    for n, day in enumerate((-4, -3)):
        await measure(plant, made, day, 1000 * n)
    await order(pool, archiving)
    return made


async def scrub_all(pool: Pool, archiving: Archiving) -> int:
    """Look at every file whose turn it is; how many bytes."""
    total = 0
    async with pool.acquire() as db:
        while read := await scrub(db, archiving):
            total += read
    return total


async def one_file(pool: Pool, archiving: Archiving) -> Path:
    path = await pool.fetchval(
        "select path from sealed_files where kind = 'readings' order by path limit 1"
    )
    return archiving.root / path


async def states(pool: Pool, plant: Plant, device: int) -> list[FileState]:
    located = await select_sealed(
        pool, Scope((plant.factory_id,)), [device], "gas", FileKind.READINGS, 0, NOON_MS
    )
    return [one.state for one in located]


async def deeds(pool: Pool) -> list[tuple[str, str, list[int]]]:
    """Who did what to the archive, by the record, which is whole."""
    async with pool.acquire() as db:
        assert await audit.verify(db) is None
    rows = await pool.fetch("select actor, action, factory_ids from audit order by id")
    return [tuple(row) for row in rows]


async def test_files_are_read_once_a_week(
    pool: Pool, device: int, archiving: Archiving, clock: Clock
) -> None:
    assert await scrub_all(pool, archiving) == 0
    clock.forward(days=8)
    size = await pool.fetchval("select sum(bytes) from sealed_files")
    assert await scrub_all(pool, archiving) == size
    assert await scrub_all(pool, archiving) == 0


@pytest.mark.parametrize("harm", ["bit", "cut", "lost"])
async def test_a_damaged_file_becomes_a_gap_and_the_rest_goes_on(
    pool: Pool, plant: Plant, device: int, archiving: Archiving, clock: Clock, harm: str
) -> None:
    path = await one_file(pool, archiving)
    data = bytearray(path.read_bytes())
    if harm == "bit":
        data[len(data) // 2] ^= 1
    if harm == "cut":
        data = data[:-50]
    path.unlink() if harm == "lost" else path.write_bytes(data)
    clock.forward(days=8)
    await scrub_all(pool, archiving)
    assert await states(pool, plant, device) == [FileState.DAMAGED, FileState.LIVE]
    assert await deeds(pool) == [("system", "archive.damage", [plant.factory_id])]
    assert not path.exists()
    aside = archiving.root / "quarantine" / path.relative_to(archiving.root)
    assert aside.exists() is (harm != "lost")
    listed = json.loads((archiving.root / "manifest.json").read_text())["files"]
    assert [file["state"] for file in listed].count("damaged") == 1
    assert len(once(await sealed(pool, archiving.root))) == 3 * 500
    # Late rows of a damaged day stay hot: nothing is made of half a day.
    await measure(plant, device, -4, 3000)
    await order(pool, archiving)
    assert len(once(await everything(pool, archiving.root))) == 3 * 500 + 2 * 500
    assert await states(pool, plant, device) == [FileState.DAMAGED, FileState.LIVE]


async def test_a_file_that_is_to_be_sealed_again_is_looked_at_first(
    pool: Pool, plant: Plant, device: int, archiving: Archiving
) -> None:
    path = await one_file(pool, archiving)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + b"?" + whole[-8:])
    await measure(plant, device, -4, 3000)
    with pytest.raises(Exception, match="has changed since"):
        await order(pool, archiving)
    path.write_bytes(whole)
    await follow(pool)
    async with pool.acquire() as db:
        await keep_in_order(db, archiving)
    assert len(once(await sealed(pool, archiving.root))) == 6 * 500


async def test_a_backup_gives_a_damaged_file_back(
    pool: Pool, plant: Plant, device: int, archiving: Archiving, clock: Clock
) -> None:
    before = once(await sealed(pool, archiving.root))
    path = await one_file(pool, archiving)
    archiving.backups.mkdir()

    def back_up(name: str) -> None:
        with tarfile.open(archiving.backups / name, "w") as tar:
            tar.add(archiving.root, "archive")

    await asyncio.to_thread(back_up, "carbonseed-20261120T000000Z.tar")
    path.write_bytes(path.read_bytes()[:-1])
    await asyncio.to_thread(back_up, "carbonseed-20261121T000000Z.tar")  # holds it damaged
    (archiving.backups / "carbonseed-20261122T000000Z.tar").write_bytes(b"no backup")
    clock.forward(days=8)
    await scrub_all(pool, archiving)  # finds it
    await scrub_all(pool, archiving)  # mends it
    assert await states(pool, plant, device) == [FileState.LIVE, FileState.LIVE]
    assert once(await sealed(pool, archiving.root)) == before
    assert [action for _, action, _ in await deeds(pool)] == ["archive.damage", "archive.restore"]


@pytest.mark.parametrize("away", ["its place", "quarantine"])
async def test_a_file_that_could_not_be_read_for_a_while_comes_back_without_a_backup(
    pool: Pool, plant: Plant, device: int, archiving: Archiving, clock: Clock, away: str
) -> None:
    before = once(await sealed(pool, archiving.root))
    path = await one_file(pool, archiving)
    whole = path.read_bytes()
    path.unlink() if away == "its place" else path.write_bytes(b"?")
    clock.forward(days=8)
    await scrub_all(pool, archiving)
    assert await states(pool, plant, device) == [FileState.DAMAGED, FileState.LIVE]
    aside = archiving.root / "quarantine" / path.relative_to(archiving.root)
    (path if away == "its place" else aside).write_bytes(whole)
    await scrub_all(pool, archiving)
    assert await states(pool, plant, device) == [FileState.LIVE, FileState.LIVE]
    assert once(await sealed(pool, archiving.root)) == before
