"""What a backup must know of a database: one state of it, and how much there is in that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from appliance.errors import NotAllowed, NotFound
from appliance.store.pool import Connection, connect

_FILES = 0x_F11E5
"""The advisory lock of those who read the files that a snapshot names, against their removal."""


class Extent(msgspec.Struct, frozen=True):
    """How far a database's schema is and how much it holds."""

    migrations: int
    streams: int
    batches: int
    bytes: int
    postgres: int
    """The server's major version."""


@asynccontextmanager
async def open_snapshot(url: str) -> AsyncIterator[tuple[Connection, str]]:
    """One state of the database, for as long as the block lasts; others see it by its name.

    So long the files of the archive that it names stay where they are.
    """
    db = await connect(url, command_timeout=None)
    try:
        await db.execute("set idle_in_transaction_session_timeout = 0; set statement_timeout = 0;")
        await db.execute("select pg_advisory_lock_shared($1)", _FILES)
        has_batches = await db.fetchval("select to_regclass('batches') is not null")
        async with db.transaction(isolation="repeatable_read", readonly=True):
            if has_batches:  # before the state is taken: what is sealed meanwhile stays hot for it
                await db.execute("lock table batches in access share mode")
            yield db, await db.fetchval("select pg_export_snapshot()")
    finally:
        await db.close(timeout=5)


async def try_lock_files(db: Connection) -> bool:
    """Let nobody begin to read a snapshot's files; False: somebody does, so none may be removed."""
    locked: bool = await db.fetchval("select pg_try_advisory_lock($1)", _FILES)
    return locked


async def unlock_files(db: Connection) -> None:
    """Let files be read again."""
    await db.execute("select pg_advisory_unlock($1)", _FILES)


async def select_extent(db: Connection) -> Extent:
    """How much there is; NotFound: no appliance has ever used this database."""
    if not await exists_appliance(db):
        raise NotFound("There is no appliance's data in this database.")
    rows = await db.fetch(
        """
        select (select count(*) from migrations) as migrations,
               (select count(*) from streams) as streams,
               (select count(*) from batches) as batches,
               pg_database_size(current_database()) as bytes,
               current_setting('server_version_num')::int / 10000 as postgres
        """
    )
    return Extent(**rows[0])


async def select_sealed_sha256(db: Connection) -> dict[str, bytes]:
    """The SHA-256 of every live file of sealed history, by its path below the archive's folder."""
    if not await db.fetchval("select to_regclass('sealed_files') is not null"):
        return {}  # its schema is older than that
    rows = await db.fetch("select path, sha256 from sealed_files where state = 'live'")
    return {row["path"]: row["sha256"] for row in rows}


async def exists_appliance(db: Connection) -> bool:
    """Whether an appliance has used this database."""
    used: bool = await db.fetchval("select to_regclass('migrations') is not null")
    return used


async def select_other_sessions(db: Connection) -> list[str]:
    """Which other sessions appliances have on this database: the server's process, from where."""
    rows = await db.fetch(
        """
        select pid || coalesce(' from ' || host(client_addr), '') as session
          from pg_stat_activity
         where datname = current_database() and application_name = 'carbonseed'
           and pid <> pg_backend_pid() order by pid
        """
    )
    return [row["session"] for row in rows]


async def update_schema_aside(db: Connection, aside: str) -> None:
    """Rename the schema with everything in it, and make an empty one."""
    try:
        async with db.transaction():
            await db.execute(f"alter schema public rename to {aside}; create schema public")
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotAllowed(
            "This role may not set aside what is in the database, for it does not own it. Make an "
            "empty database that it owns, and name that in CARBONSEED_DATABASE_URL."
        ) from error


async def update_schema_back(db: Connection, aside: str) -> None:
    """Take back what was set aside, if it was, in the place of what has been loaded since."""
    if await db.fetchval("select to_regnamespace($1) is not null", aside):
        async with db.transaction():
            await db.execute(f"drop schema public cascade; alter schema {aside} rename to public")
