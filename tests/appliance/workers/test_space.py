"""When the disk runs short days are sealed early, then no readings are taken; and it recovers."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.errors import Unavailable
from appliance.store.pool import Pool
from appliance.workers.archiving import Archiving
from appliance.workers.space import Space
from appliance.workers.writer import Writer
from tests.appliance.conftest import Clock
from tests.appliance.plant import Plant
from tests.appliance.workers.batches import placed
from tests.appliance.workers.test_archiver import measure, order
from tests.history import hot


def space(folder: Path, reserve_bytes: int, blocking: ThreadPoolExecutor) -> Space:
    return Space((folder, folder / "not" / "there"), reserve_bytes, blocking)


async def test_what_is_free_decides(tmp_path: Path, blocking: ThreadPoolExecutor) -> None:
    free = shutil.disk_usage(tmp_path).free
    for reserve, short, full in (
        (0, False, False),
        (free * 3 // 4, True, False),
        (free * 2, True, True),
    ):
        watched = space(tmp_path, reserve, blocking)
        assert (watched.short, watched.trouble) == (False, None)  # not known yet
        await watched.look()
        assert watched.short is short
        assert (watched.trouble is not None) is full


async def test_a_full_disk_is_told_to_nodes_and_as_not_ready(
    plant: Plant, pool: Pool, tmp_path: Path, blocking: ThreadPoolExecutor
) -> None:
    watched = space(tmp_path, 2**60, blocking)
    writer = Writer(pool, 10, lambda: watched.trouble)
    await watched.look()
    with pytest.raises(Unavailable, match="The disk is full") as refused:
        await writer.store(placed(await plant.device("one"), 0, [1.0]))
    assert refused.value.retry_after_seconds == 60
    assert "disk is full" in str(writer.trouble)


async def test_days_are_sealed_without_grace_when_the_disk_runs_short(
    plant: Plant,
    pool: Pool,
    tmp_path: Path,
    blocking: ThreadPoolExecutor,
    clock: Clock,
) -> None:
    await measure(plant, await plant.device("one"), -3, 0)
    short = False
    archiving = Archiving(
        tmp_path / "archive",
        timedelta(days=30),
        blocking,
        clock,
        tmp_path / "backups",
        lambda: short,
    )
    await order(pool, archiving)
    assert len(await hot(pool)) == 1000
    short = True
    await order(pool, archiving)
    assert not await hot(pool)
