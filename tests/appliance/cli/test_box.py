import asyncio
import os
from pathlib import Path

import pytest

from appliance.cli.box import box
from appliance.errors import NotFound
from appliance.settings import Settings
from appliance.store.pool import Pool
from appliance.store.postgres.cluster import open_cluster


@pytest.fixture
def data_dir(folder: Path) -> Path:
    return folder.parent


async def table_count(db: Pool) -> int:
    count: int = await db.fetchval("select count(*) from migrations")
    return count


async def test_a_box_that_runs_and_a_box_that_does_not_are_both_reached(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    async with open_cluster(settings.cluster_dir):
        pass
    async with box(settings) as db:
        applied = await table_count(db)
        async with box(settings) as beside:
            assert await table_count(beside) == applied
    assert applied > 0


async def test_no_box_is_made_where_there_is_none(data_dir: Path) -> None:
    with pytest.raises(NotFound, match="no appliance in"):
        async with box(Settings(data_dir=data_dir)):
            pass
    assert await asyncio.to_thread(os.listdir, data_dir) == []


async def test_a_server_of_the_plants_is_used_as_it_is(data_dir: Path, database_url: str) -> None:
    async with box(Settings(data_dir=data_dir, database_url=database_url)) as db:
        assert await table_count(db) > 0
