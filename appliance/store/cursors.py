"""How far the followers of committed batches have come, and which process leads."""

from appliance.store.pool import Connection, Db

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

    Transactions of a restored database are numbered anew: the cursor would wait for years.
    """
    moved = await db.fetchval(
        """
        update cursors set xid = pg_snapshot_xmin(pg_current_snapshot())
         where name = $1 and xid > pg_snapshot_xmax(pg_current_snapshot())
        returning true
        """,
        name,
    )
    return moved is not None
