"""The cluster while the appliance runs: opened, ready, watched, restarted, closed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg

from appliance.store.pool import UNREACHABLE
from appliance.store.postgres import ClusterError, owner, server
from appliance.store.postgres import binaries as programs
from appliance.store.postgres.binaries import Binaries
from appliance.store.postgres.layout import APPLICATION, SUPERUSER, Layout
from appliance.store.postgres.process import Process
from appliance.store.postgres.server import Installation

UNCLEAN_SECONDS = 10.0
"""How long the processes of a killed server may take to go before a start must work."""
PATIENCE_SECONDS = 10.0
SHORTEST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STARTING: tuple[type[Exception], ...] = (*UNREACHABLE, OSError)
"""What connecting raises while the server is not yet there."""
SILENT = {"log_min_duration_statement": "-1", "log_min_error_statement": "panic"}
"""Server settings of a connection that sets passwords: none of them belongs in a log."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_cluster(
    folder: Path,
    *,
    binaries: Path | None = None,
    system: Sequence[str] = programs.SYSTEM,
    settings: Mapping[str, str] | None = None,
    oldest: int = programs.OLDEST,
) -> AsyncIterator["Cluster"]:
    """Run PostgreSQL on `folder`, made at the first start, until the block is left.

    `binaries` is the user's own folder of PostgreSQL programs, `system` the patterns of folders to
    search without one; `settings` goes over the server's usual ones. `oldest` is the first major
    version that new data may be made by.
    """
    look = partial(programs.choose, binaries, system, oldest=oldest)
    with ExitStack() as held:
        preparing = asyncio.create_task(
            asyncio.to_thread(_prepare, held, folder, look, settings or {})
        )
        try:
            installation = await asyncio.shield(preparing)
        finally:  # the lock is kept for as long as the thread works in the folder
            await asyncio.wait([preparing])
        cluster = Cluster(installation, await _start(installation))
        try:
            yield cluster
        finally:
            await cluster.stop()


class Cluster:
    """A running server.

    `url` is how the appliance signs in: as a role that owns its database and nothing else;
    `superuser_url` is for tests and repairs.
    """

    def __init__(self, installation: Installation, process: Process) -> None:
        self.binaries = installation.binaries
        self.url = installation.url
        self.superuser_url = installation.superuser_url
        self._installation = installation
        self._process = process

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait until the server has ended; return its exit code (negative: the signal)."""
        return await self._process.wait()

    async def supervise(self) -> None:
        """Start the server again whenever it ends; runs until cancelled."""
        loop = asyncio.get_running_loop()
        delay = SHORTEST_DELAY_SECONDS
        while True:
            started = loop.time()
            code = await self.wait()
            if loop.time() - started > 2 * LONGEST_DELAY_SECONDS:
                delay = SHORTEST_DELAY_SECONDS
            log.error("PostgreSQL ended by itself (exit code %s); starting it again", code)
            told = False
            while self._process.ended.is_set():
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST_DELAY_SECONDS)
                try:
                    self._process = await _start(self._installation)
                except ClusterError as error:
                    if not told:
                        log.error("%s", error)  # noqa: TRY400  written for people
                    told = True
            log.warning("PostgreSQL runs again (process %s)", self.pid)

    async def stop(self) -> None:
        """End the server: open transactions are rolled back, what was committed is on the disk."""
        await self._process.end()


def _prepare(
    held: ExitStack,
    folder: Path,
    choose: Callable[[Path, int | None], Binaries],
    settings: Mapping[str, str],
) -> Installation:
    try:
        layout = Layout(folder.resolve())
        user = owner.find(layout.data)
        layout.make_folders(user)
        held.enter_context(layout.locked())
        chosen = choose(layout.programs, layout.data_major)
        if chosen.from_wheel and user.identity:
            chosen = programs.copy(chosen, layout.programs)
        if layout.data_major and not layout.secret(SUPERUSER).exists():
            raise ClusterError(
                f"{layout.secret(SUPERUSER)} is missing, so nobody can sign in to the data beside "
                "it. Put the file back from a backup."
            )
        passwords = {role: layout.password(role) for role in (SUPERUSER, APPLICATION)}
        installation = Installation(layout, chosen, user, passwords, settings)
        if layout.data_major is None:
            server.initialise(installation)
    except OSError as error:
        raise ClusterError(f"PostgreSQL's folder cannot be used: {error}") from error
    return installation


async def _start(installation: Installation) -> Process:
    """Start the server and return once it answers; after a crash that may take a few tries."""
    layout = installation.layout
    unclean = await asyncio.to_thread((layout.data / "postmaster.pid").exists)
    await asyncio.to_thread(server.end_left_behind, layout)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + (UNCLEAN_SECONDS if unclean else 0)
    while True:
        process = Process(installation)
        try:
            if await _answers(process, installation):
                return process
        except BaseException:
            await process.end()
            raise
        if loop.time() > deadline:
            words = await asyncio.to_thread(server.last_words, layout)
            raise ClusterError(f"PostgreSQL does not start on {layout.data}:\n{words}")
        await asyncio.sleep(SHORTEST_DELAY_SECONDS)


async def _answers(process: Process, installation: Installation) -> bool:
    """Wait until the server lets us in (True) or has ended (False); recovery may take minutes."""
    await process.started()
    loop = asyncio.get_running_loop()
    patience = loop.time() + PATIENCE_SECONDS
    while not process.ended.is_set():
        try:
            await _sign_in(installation)
        except STARTING as error:
            if loop.time() > patience:
                log.warning("PostgreSQL is not ready yet: %s", error or type(error).__name__)
                patience += 60
            await asyncio.sleep(0.05)
        except asyncpg.PostgresError as error:
            raise ClusterError(f"PostgreSQL does not let the appliance in: {error}") from error
        else:
            return True
    return False


async def _sign_in(installation: Installation) -> None:
    """Sign in as the appliance; its role and database are made first where they are not there."""
    try:
        db = await asyncpg.connect(installation.url, timeout=5)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError):
        await _admit_application(installation)
        db = await asyncpg.connect(installation.url, timeout=5)
    await db.close(timeout=5)


async def _admit_application(installation: Installation) -> None:
    try:
        db = await asyncpg.connect(installation.superuser_url, timeout=5, server_settings=SILENT)
    except asyncpg.InvalidPasswordError as error:
        raise ClusterError(
            f"{installation.layout.secret(SUPERUSER)} does not fit the data beside it. "
            "Put the right file back from a backup."
        ) from error
    try:
        role = APPLICATION
        if not await db.fetchval("select true from pg_roles where rolname = $1", role):
            await db.execute(f"create role {role} login")
        await db.execute(f"alter role {role} password '{installation.passwords[role]}'")
        if not await db.fetchval("select true from pg_database where datname = $1", role):
            await db.execute(f"create database {role} owner {role}")
    finally:
        await db.close(timeout=5)
