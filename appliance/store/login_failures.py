"""Sign-ins that failed, or have not succeeded yet: what guessing is slowed down by."""

from datetime import datetime

import msgspec

from appliance.store.pool import Db


class Failures(msgspec.Struct, frozen=True):
    """How many there were from an address and when the last: of one e-mail address, and of all."""

    count: int
    last_at: datetime | None
    all_count: int
    all_last_at: datetime | None


async def lock_login_failures(db: Db, address: str) -> None:
    """Let one attempt from an address at a time count itself, until the transaction ends.

    Its commit does not wait for the disk, so that a flood of attempts does not hold connections;
    a power cut may forget the last second's counts.
    """
    await db.execute(
        """
        select set_config('synchronous_commit', 'off', true),
               pg_advisory_xact_lock(hashtextextended('login_failures ' || $1, 0))
        """,
        address,
    )


async def select_login_failures(
    db: Db, email: str, address: str, since: datetime, all_since: datetime
) -> Failures:
    """The failures from an address: of one e-mail address since a time, of all since another."""
    rows = await db.fetch(
        """
        select count(*) filter (where email = $1) as count,
               max(at) filter (where email = $1) as last_at,
               count(*) filter (where at > $4) as all_count,
               max(at) as all_last_at
          from login_failures where address = $2 and at > $3
        """,
        email,
        address,
        since,
        all_since,
    )
    return Failures(**rows[0])


async def insert_login_failure(db: Db, email: str, address: str, at: datetime) -> None:
    """Count an attempt."""
    await db.execute(
        "insert into login_failures (email, address, at) values ($1, $2, $3)", email, address, at
    )


async def delete_login_failures(db: Db, email: str, address: str) -> None:
    """Forget an e-mail address's failures from an address: the right password has come."""
    await db.execute("delete from login_failures where email = $1 and address = $2", email, address)


async def delete_old_login_failures(db: Db, before: datetime) -> None:
    """Forget what no longer counts."""
    await db.execute("delete from login_failures where at < $1", before)
