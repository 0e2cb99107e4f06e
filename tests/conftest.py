"""What every test may ask for: a database of its own in a real PostgreSQL, and a free loop."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

from appliance.store import migrate
from appliance.store.pool import Pool, open_pool
from appliance.store.postgres.cluster import Cluster, open_cluster

settings.register_profile("carbonseed", deadline=None)  # no test depends on this machine's speed
settings.load_profile("carbonseed")


@pytest.fixture(autouse=True)
def free_loop() -> Iterator[None]:
    """Fail a test in which the product's own code blocks the event loop."""
    with blockbuster_ctx(scanned_modules=["appliance", "webui"]):
        yield


@pytest.fixture(scope="session")
def fast_folder() -> str:
    """Memory where there is enough of it and programs may run there, else the disk."""
    memory = "/dev/shm"
    try:
        roomy = shutil.disk_usage(memory).free > 2**30
        return memory if roomy and not os.statvfs(memory).f_flag & os.ST_NOEXEC else "/tmp"
    except FileNotFoundError:
        return "/tmp"


@pytest.fixture
def folder(fast_folder: str) -> Iterator[Path]:
    """A folder for a cluster of the test's own, not made yet; any user may pass to it."""
    made = Path(tempfile.mkdtemp(prefix="carbonseed-", dir=fast_folder))
    made.chmod(0o755)
    yield made / "postgres"
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def cluster(fast_folder: str) -> Iterator[Cluster]:
    """One PostgreSQL 18 for the whole run, on a loop of its own; it may forget, for speed."""
    made = Path(tempfile.mkdtemp(prefix="carbonseed-", dir=fast_folder))
    made.chmod(0o755)
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        forgetful = {"fsync": "off", "wal_compression": "off", "max_wal_size": "128MB"}
        opening = open_cluster(made / "postgres", system=(), settings=forgetful)
        yield runner.run(opening.__aenter__())
        runner.run(opening.__aexit__(None, None, None))
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a database with all migrations, for others to be copied from."""
    name = "template_carbonseed"

    async def make() -> None:
        await _as_superuser(cluster, f"create database {name} owner carbonseed")
        await migrate.migrate(_on(cluster, name))

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(make())
    return name


@pytest.fixture
async def database_url(cluster: Cluster, template: str) -> AsyncIterator[str]:
    """The address of a migrated database that no other test sees."""
    name = f"test_{uuid4().hex}"
    copy = f"create database {name} template {template} strategy file_copy owner carbonseed"
    await _as_superuser(cluster, copy)
    yield _on(cluster, name)
    await _as_superuser(cluster, f"drop database {name} with (force)")


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections to this test's database."""
    async with open_pool(database_url, size=4) as opened:
        yield opened


async def _as_superuser(cluster: Cluster, statement: str) -> None:
    connection = await asyncpg.connect(cluster.superuser_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _on(cluster: Cluster, database: str) -> str:
    return urlsplit(cluster.url)._replace(path=f"/{database}").geturl()
