"""Kills, lost answers and hangs under load: whatever was acknowledged is there, exactly once."""

import asyncio
import os
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.box import Box
from tests.faults.check import check
from tests.faults.node import Node
from tests.faults.proxy import LosingProxy

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

NODES = 16
ROUNDS = 5
RECOVERY_SECONDS = 180.0


@pytest.fixture
def seed() -> int:
    """All choices of a test; printed when it fails."""
    made = int.from_bytes(os.urandom(4))
    print(f"seed {made}")
    return made


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user may pass through."""
    made = Path(tempfile.mkdtemp(prefix="carbonseed-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def box(folder: Path) -> AsyncIterator[Box]:
    made = Box(folder / "data")
    try:
        await made.start()
        yield made
        assert "Unexpected error" not in made.log()
    finally:
        await made.stop()
        print(made.log())


async def test_kills_of_the_appliance_and_of_postgresql_lose_and_double_nothing(
    box: Box, seed: int
) -> None:
    choose = random.Random(seed)
    await slow_commits(box)
    async with sending(box, box.device_port, choose) as nodes:
        for _ in range(ROUNDS):
            for moment, kill in (
                (any_moment, kill_postgres),
                (an_answer, kill_postgres),
                (a_commit, kill_appliance),
                (an_answer, kill_appliance),
            ):
                await all_progress(nodes)
                await asyncio.sleep(choose.uniform(0, 0.5))
                async with moment(box, nodes):
                    await kill(box)
                await box.recover()
        await all_progress(nodes)
    async with box.database() as db:
        total = await check(db, nodes)
        again = await db.fetchval("select sum(duplicates) from streams")
    assert total == sum(len(node.taken) for node in nodes)
    assert set().union(*(node.statuses for node in nodes)) <= {200, 503}
    print(f"{total} rows, {again} sent again, {sum(node.failures for node in nodes)} failures")


async def test_answers_that_are_lost_lead_to_no_reading_twice(box: Box, seed: int) -> None:
    choose = random.Random(seed)
    async with LosingProxy(box.device_port, 0.3, choose) as proxy:
        async with sending(box, proxy.port, choose) as nodes:
            while proxy.lost < 200:
                await all_progress(nodes)
        async with box.database() as db:
            total = await check(db, nodes)
            again = await db.fetchval("select sum(duplicates) from streams")
    assert total == sum(len(node.taken) for node in nodes)
    assert again > proxy.lost
    print(f"{total} rows, {again} sent again, {proxy.lost} answers lost")


async def test_a_database_that_hangs_is_told_to_nodes_and_survived(box: Box, seed: int) -> None:
    async with sending(box, box.device_port, random.Random(seed)) as nodes:
        await all_progress(nodes)
        hanging = box.postgres_pids()
        for pid in hanging:
            os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(RECOVERY_SECONDS):
                while not all(503 in node.statuses for node in nodes):
                    await asyncio.sleep(0.1)
        finally:
            for pid in hanging:
                os.kill(pid, signal.SIGCONT)
        await all_progress(nodes)
    async with box.database() as db:
        assert await check(db, nodes) == sum(len(node.taken) for node in nodes)


async def slow_commits(box: Box) -> None:
    """Let PostgreSQL think about every commit, so that kills find one that is not yet safe."""
    async with box.database("postgres") as db:
        await db.execute("alter system set commit_siblings = 0")
        await db.execute("alter system set commit_delay = 10000")  # microseconds
        await db.execute("select pg_reload_conf()")


async def kill_appliance(box: Box) -> None:
    await box.kill()


async def kill_postgres(box: Box) -> None:
    box.kill_postgres()


@asynccontextmanager
async def any_moment(_box: Box, _nodes: Sequence[Node]) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def a_commit(box: Box, _nodes: Sequence[Node]) -> AsyncIterator[None]:
    """Just when others hear of a commit: before everybody who waits for it can have been told."""
    committed = asyncio.Event()
    async with box.database() as db:
        await db.add_listener("readings", lambda *_: committed.set())
        await committed.wait()
        yield


@asynccontextmanager
async def an_answer(_box: Box, nodes: Sequence[Node]) -> AsyncIterator[None]:
    """Just when a node hears that its readings are stored: if that is true, they are."""
    for node in nodes:
        node.progress.clear()
    waiting = [asyncio.create_task(node.progress.wait()) for node in nodes]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    yield
    for task in waiting:
        task.cancel()


@asynccontextmanager
async def sending(box: Box, port: int, choose: random.Random) -> AsyncIterator[list[Node]]:
    """Nodes that send while the block runs, and until all of their readings are acknowledged."""
    nodes = [
        Node(device_id, key, port, box.trust, random.Random(choose.getrandbits(32)))
        for device_id, key in await box.devices(NODES)
    ]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for node in nodes:
            group.create_task(node.run(stop))
        yield nodes
        stop.set()


async def all_progress(nodes: Sequence[Node]) -> None:
    """Wait until every node has had something acknowledged from now on."""
    for node in nodes:
        node.progress.clear()
    async with asyncio.timeout(RECOVERY_SECONDS):
        for node in nodes:
            await node.progress.wait()
