"""How far the followers of committed batches have come, and which process leads."""

from datetime import datetime, timedelta

from appliance.store.pool import Connection, Db

ENGINE = "engine"
"""The one follower there is."""
LATE = timedelta(seconds=60)
"""A batch that is not followed for so long means that something holds its followers up."""
RENUMBER_SECONDS = 3600.0
"""All batches of a restored database may have to be written anew."""
_LEAD = 0x_1EAD_E7614E
"""The advisory lock of the one engine that works."""


async def try_lead(db: Connection) -> bool:
    """Become the leader, for as long as this connection lasts; False if another process leads."""
    leads: bool = await db.fetchval("select pg_try_advisory_lock($1)", _LEAD)
    return leads


async def exists_leader(db: Db) -> bool:
    """Whether some process leads."""
    led: bool = await db.fetchval(
        """
        select exists (
            select from pg_locks
             where locktype = 'advisory' and granted and objsubid = 1
               and database = (select oid from pg_database where datname = current_database())
               and (classid::bigint << 32) | objid::bigint = $1
        )
        """,
        _LEAD,
    )
    return led


async def select_cursor(db: Db, name: str) -> int:
    """The first transaction that is not done yet; 0 before any."""
    xid: int | None = await db.fetchval("select xid from cursors where name = $1", name)
    return xid or 0


async def update_cursor(db: Db, name: str, seen: int, done: int) -> bool:
    """Move the cursor from `seen` to `done`; False if somebody else has moved it meanwhile."""
    moved = await db.fetchval(
        """
        insert into cursors as c (name, xid) values ($1, $3)
        on conflict (name) do update set xid = excluded.xid where c.xid = $2
        returning true
        """,
        name,
        seen,
        done,
    )
    return moved is not None


async def update_cursor_ahead(db: Db, name: str) -> bool:
    """Set a cursor back that is ahead of this server; True if it was.

    Transactions of a restored database are numbered anew: the cursor would wait for years, and
    batches whose numbers are still to come would be followed a second time. They become number 0.
    """
    moved = await db.fetchval(
        """
        with restored as (
            update batches set xid = '0' where xid >= pg_snapshot_xmax(pg_current_snapshot())
        )
        update cursors set xid = pg_snapshot_xmin(pg_current_snapshot())
         where name = $1 and xid > pg_snapshot_xmax(pg_current_snapshot())
        returning true
        """,
        name,
        timeout=RENUMBER_SECONDS,
    )
    return moved is not None


async def select_late_since(db: Db, name: str, now: datetime) -> datetime | None:
    """When the first batch that is not followed yet was received, if it is LATE.

    A follower waits for the oldest transaction of the whole cluster that may still write.
    """
    received_at: datetime | None = await db.fetchval(
        """
        select received_at from batches
         where xid >= coalesce((select xid from cursors where name = $1), '0')
         order by xid limit 1
        """,
        name,
    )
    return received_at if received_at is not None and now - received_at > LATE else None
