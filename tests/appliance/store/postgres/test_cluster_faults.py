import asyncio
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import asyncpg
import pytest

from appliance.store.pool import UNREACHABLE, open_pool
from appliance.store.postgres import ClusterError, owner, server
from appliance.store.postgres.cluster import open_cluster
from appliance.store.postgres.layout import Layout

pytestmark = pytest.mark.faults

APPLIANCE = """
    import asyncio, sys
    from pathlib import Path
    import asyncpg
    from appliance.store.postgres.cluster import open_cluster

    async def main():
        async with open_cluster(Path(sys.argv[1]), system=()) as cluster:
            connection = await asyncpg.connect(cluster.url)
            await connection.execute("create table kept as select 42 as value")
            await connection.execute("begin")
            await connection.execute("insert into kept values (43)")
            print(cluster.pid, flush=True)
            await asyncio.sleep(600)

    asyncio.run(main())
"""


@pytest.fixture
def appliance(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that runs a cluster, with a transaction open, and the server's process id."""
    script = textwrap.dedent(APPLIANCE)
    command = [sys.executable, "-c", script, folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        server_pid = int(child.stdout.readline())
        yield child, server_pid
        child.kill()
        if running(server_pid):  # a test has failed
            os.kill(server_pid, signal.SIGQUIT)


async def values(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        return [row["value"] for row in await connection.fetch("select value from kept")]
    finally:
        await connection.close()


def running(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def a_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[-1])


async def until(condition: Callable[[], object]) -> None:
    def wait() -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)

    await asyncio.to_thread(wait)


async def test_a_killed_server_is_started_again_and_the_pool_finds_it(folder, caplog):
    async with (
        open_cluster(folder, system=()) as cluster,
        open_pool(cluster.url, size=4) as pool,
        asyncio.TaskGroup() as tasks,
    ):
        watching = tasks.create_task(cluster.supervise())
        await pool.execute("create table kept as select 42 as value")
        first = cluster.pid
        async with pool.acquire() as used:
            os.kill(first, signal.SIGKILL)
            with pytest.raises(UNREACHABLE):
                while True:
                    await used.fetchval("select 1")
        await until(lambda: "PostgreSQL runs again" in caplog.text)
        assert await pool.fetchval("select value from kept") == 42
        assert cluster.pid != first
        watching.cancel()
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 2
    assert "exit code -9" in told[0]


async def test_whoever_waits_learns_how_the_server_ended(folder):
    async with open_cluster(folder, system=()) as cluster:
        waiting = [asyncio.create_task(cluster.wait()) for _ in range(2)]
        os.kill(cluster.pid, signal.SIGKILL)
        assert await asyncio.gather(*waiting, cluster.wait()) == [-9, -9, -9]


async def test_supervision_goes_on_trying_and_says_once_why_it_cannot(folder, caplog):
    data = Layout(folder).data
    async with open_cluster(folder, system=()) as cluster, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(cluster.supervise())
        data.chmod(0o777)
        os.kill(cluster.pid, signal.SIGINT)
        await until(lambda: "does not start" in caplog.text)
        Layout(folder).early_log.unlink()
        await until(Layout(folder).early_log.exists)  # it tries again
        data.chmod(0o700)
        await until(lambda: "PostgreSQL runs again" in caplog.text)
        watching.cancel()
    assert caplog.text.count("does not start") == 1
    assert "has invalid permissions" in caplog.text


async def test_the_server_ends_with_an_appliance_that_is_killed(folder, appliance):
    child, server_pid = appliance
    child.kill()
    await until(lambda: not running(server_pid))
    async with open_cluster(folder, system=()) as cluster:
        assert await values(cluster.url) == [42]


async def test_a_kill_of_everything_at_once_loses_nothing_committed(folder, appliance):
    child, server_pid = appliance
    os.kill(server_pid, signal.SIGKILL)
    child.kill()
    child.wait()
    async with open_cluster(folder, system=()) as cluster:
        assert await values(cluster.url) == [42]


async def test_a_start_waits_for_what_a_killed_server_left_running(folder, appliance):
    child, server_pid = appliance
    lingering = a_child(server_pid)
    os.kill(lingering, signal.SIGSTOP)
    os.kill(server_pid, signal.SIGKILL)
    child.kill()
    child.wait()
    start_log = Layout(folder).early_log

    async def let_go() -> None:
        await until(lambda: "is still in use" in start_log.read_text())
        os.kill(lingering, signal.SIGCONT)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(let_go())
        async with open_cluster(folder, system=()) as cluster:
            assert await values(cluster.url) == [42]


async def test_a_start_right_after_a_kill_of_the_appliance_works(folder, appliance):
    child, server_pid = appliance
    os.kill(server_pid, signal.SIGSTOP)  # so that it is still there
    child.kill()
    child.wait()
    os.kill(server_pid, signal.SIGCONT)
    async with open_cluster(folder, system=()) as cluster:
        assert await values(cluster.url) == [42]
        assert not running(server_pid)


@pytest.mark.parametrize("listens", [True, False])
async def test_a_server_left_behind_is_ended_before_a_new_one_starts(folder, monkeypatch, listens):
    async with open_cluster(folder, system=()) as cluster:
        postgres, layout = cluster.binaries.program("postgres"), Layout(folder)
    user = await asyncio.to_thread(owner.find, layout.data)
    orphan = await asyncio.to_thread(
        subprocess.Popen,
        [postgres, "-D", layout.data, "-k", layout.sockets, "-c", "listen_addresses="],
        stderr=subprocess.DEVNULL,
        **user.identity,
    )
    ended = asyncio.create_task(asyncio.to_thread(orphan.wait, 60))
    await until(lambda: server.left_behind(layout))
    if not listens:
        os.kill(orphan.pid, signal.SIGSTOP)
        hurried = [(ask, 0.2) for ask, _ in server.ENDING]
        monkeypatch.setattr(server, "ENDING", hurried)
    async with open_cluster(folder, system=()) as cluster:
        assert cluster.pid != orphan.pid
        assert await ended == (0 if listens else -signal.SIGKILL)


async def test_a_server_that_does_not_listen_is_ended_by_force(folder, monkeypatch, caplog):
    async with open_cluster(folder, system=()) as cluster:
        connection = await asyncpg.connect(cluster.url)
        await connection.execute("create table kept as select 42 as value")
        connection.terminate()
        os.kill(cluster.pid, signal.SIGSTOP)
        monkeypatch.setattr(server, "ENDING", [(ask, 0.2) for ask, _ in server.ENDING])
    assert caplog.text.count("did not end within") == 2
    async with open_cluster(folder, system=()) as cluster:
        assert await values(cluster.url) == [42]


async def test_a_process_that_has_the_number_of_a_killed_server_by_chance_lives_on(folder):
    async with open_cluster(folder, system=()):
        pass
    innocent = await asyncio.create_subprocess_exec("sleep", "60")
    layout = Layout(folder)
    stale = layout.data / "postmaster.pid"
    stale.write_text(f"{innocent.pid}\n{layout.data}\n1763913599\n5432\n\n\n")
    # PostgreSQL itself refuses a number that a process of its own user has.
    as_root = os.geteuid() == 0
    outcome = nullcontext() if as_root else pytest.raises(ClusterError, match=f"{innocent.pid}")
    with outcome:
        async with open_cluster(folder, system=()):
            pass
    assert innocent.returncode is None
    innocent.kill()
    await innocent.wait()
