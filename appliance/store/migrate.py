"""Brings a database's schema up to this version of the code: forward only, in numbered steps."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

import asyncpg

from appliance.errors import CarbonseedError
from appliance.store.pool import Connection, Db, connect

ADVISORY_LOCK = 0xCA4B05EED


class MigrationError(CarbonseedError):
    """The database and this version of Carbonseed do not fit together."""

    code = "migration"


class Migration(NamedTuple):
    """One step: a numbered SQL file, which never changes once a database has had it."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The step's fingerprint, recorded when it is applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def packaged() -> list[Migration]:
    """Return the steps this version ships, in order: 0001_people.sql and so on, without a gap."""
    steps = sorted(
        Migration(int(named[1]), named[2], file.read_text("utf-8"))
        for file in files("appliance.store").joinpath("migrations").iterdir()
        if (named := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name))
    )
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise MigrationError("The files in store/migrations are not numbered 1, 2, 3 …")
    return steps


async def migrate(url: str, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """Apply the steps that the database has not had, and return them; others wait meanwhile."""
    wanted = await asyncio.to_thread(packaged) if steps is None else steps
    db = await connect(url, command_timeout=None)
    try:
        await db.execute("set statement_timeout = '30min'")
        await db.execute("select pg_advisory_lock($1)", ADVISORY_LOCK)
        await db.execute("set lock_timeout = '10s'")
        await db.execute(
            "create table if not exists migrations (number int primary key, name text not null,"
            " sha256 text not null, applied_at timestamptz not null default now())"
        )
        missing = wanted[await _count_applied(db, wanted) :]
        for step in missing:
            await _apply(db, step)
        return list(missing)
    finally:
        await db.close(timeout=5)


async def _count_applied(db: Connection, steps: Sequence[Migration]) -> int:
    done = await db.fetch("select number, name, sha256 from migrations order by number")
    for row, step in zip(done, steps, strict=False):
        if (row["number"], row["sha256"]) != (step.number, step.sha256):
            raise MigrationError(
                f"Migration {row['number']} ({row['name']}) of this database is not the one this "
                "version ships. Install the version that made the database, or restore a backup."
            )
    if len(done) > len(steps):
        raise MigrationError(
            f"The database is at migration {len(done)}, this version knows {len(steps)}: a newer "
            "Carbonseed has used it. Install that version, or restore the backup made before it."
        )
    return len(done)


async def count_missing(db: Db) -> int:
    """How many steps of this version the database has not had."""
    steps = await asyncio.to_thread(packaged)
    done: int = await db.fetchval("select count(*) from migrations")
    return max(0, len(steps) - done)


async def _apply(db: Connection, step: Migration) -> None:
    record = "insert into migrations (number, name, sha256) values ($1, $2, $3)"
    try:
        async with db.transaction():
            await db.execute(step.sql)
            await db.execute(record, step.number, step.name, step.sha256)
    except asyncpg.PostgresError as error:
        raise MigrationError(
            f"Migration {step.number} ({step.name}) failed and changed nothing: {error}"
        ) from error
