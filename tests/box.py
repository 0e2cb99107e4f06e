"""A real appliance in a process of its own, to be killed; its database is reached past it."""

import asyncio
import hashlib
import json
import os
import secrets
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg

READY_SECONDS = 180.0


class Box:
    """`carbonseed serve` on a folder and on ports of its own; settings: of the environment."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._settings = {"CARBONSEED_DEVICE_REQUESTS_PER_MINUTE": "1000000"} | settings
        self.device_port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the appliance and return once nodes can connect."""
        environment = {
            name: value for name, value in os.environ.items() if "CARBONSEED" not in name
        }
        with self.folder.with_suffix(".log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "from appliance.cli import main; main()",
                *("serve", "--data-dir", str(self.folder), "--host", "127.0.0.1"),
                *("--device-port", str(self.device_port), "--people-port", "0", "--http-port", "0"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment | self._settings,
            )
        async with asyncio.timeout(READY_SECONDS):
            while not self._serves():
                if self._process.returncode is not None:
                    raise AssertionError(self.log())
                await asyncio.sleep(0.05)

    def dsn(self, user: str = "carbonseed") -> str:
        """The address of the database; the server's superuser is postgres."""
        folder = self.folder / "postgres"
        password = (folder / f"{user}.password").read_text().strip()
        return f"postgresql://{user}:{password}@/carbonseed?host={folder / 'run'}"

    async def kill(self) -> None:
        """SIGKILL to the appliance; its PostgreSQL is left to itself."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def recover(self) -> None:
        """Start the appliance again if it was killed."""
        if self._process is None or self._process.returncode is not None:
            await self.start()

    async def stop(self) -> int:
        """SIGTERM; return the exit code."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.terminate()
        return await self._process.wait()

    def kill_postgres(self) -> None:
        """SIGKILL to every process of the server, the postmaster last."""
        for pid in reversed(self.postgres_pids()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def postgres_pids(self) -> list[int]:
        """The server's processes, the postmaster first."""
        first = (self.folder / "postgres/data/postmaster.pid").read_text().partition("\n")[0]
        return [int(first), *children(int(first))]

    @property
    def pid(self) -> int:
        """The appliance's process."""
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        return self.folder.with_suffix(".log").read_text()

    @property
    def trust(self) -> ssl.SSLContext:
        """A client's TLS that trusts this plant's CA alone."""
        return ssl.create_default_context(cafile=str(self.folder / "certificates/plant-ca.pem"))

    @asynccontextmanager
    async def database(
        self, user: str = "carbonseed"
    ) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """The appliance's database, by a connection that none of its code has made."""
        async with asyncio.timeout(READY_SECONDS):
            while (connection := await self._connect(user)) is None:
                await asyncio.sleep(0.05)
        try:
            yield connection
        finally:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await connection.close(timeout=5)

    async def devices(self, count: int) -> list[tuple[int, str]]:
        """Devices made in the database, each with its number and its key."""
        made = []
        async with self.database() as db:
            factory = await db.fetchval(
                """
                insert into factories (name) values ('Faults ' || (select count(*) from factories))
                returning id"""
            )
            for n in range(count):
                device_id = await db.fetchval(
                    "insert into devices (factory_id, name) values ($1, $2) returning id",
                    factory,
                    f"node {n}",
                )
                key_id = "".join(
                    secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(10)
                )
                secret = secrets.token_urlsafe(32)
                await db.execute(
                    "insert into device_keys (id, device_id, sha256) values ($1, $2, $3)",
                    key_id,
                    device_id,
                    hashlib.sha256(secret.encode()).digest(),
                )
                made.append((device_id, f"csk_{key_id}_{secret}"))
        return made

    async def _connect(self, user: str) -> "asyncpg.Connection[asyncpg.Record] | None":
        """None while PostgreSQL is killed, starts or recovers."""
        with suppress(OSError, asyncpg.CannotConnectNowError):
            return await asyncpg.connect(self.dsn(user), timeout=30)
        return None

    def _serves(self) -> bool:
        """Whether the appliance has left its note that it serves: this process, no earlier one."""
        assert self._process is not None
        try:
            note = json.loads((self.folder / "running.json").read_text())
        except FileNotFoundError:
            return False
        return bool(note["pid"] == self._process.pid)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def children(pid: int) -> Iterator[int]:
    """The processes that a process has started and that still run."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == pid:
                    yield int(entry.name)
