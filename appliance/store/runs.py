"""When the appliance took readings."""

from datetime import datetime, timedelta

from appliance.store.pool import Db

UNSEEN = timedelta(seconds=30)
"""A run that was not noted for so long was interrupted there: by sleep, or PostgreSQL was away."""

Times = tuple[int, int]
"""UTC milliseconds from the first up to, but not including, the second."""


async def insert_run(db: Db, now: datetime) -> int:
    """A run begins; its number."""
    run: int = await db.fetchval(
        "insert into runs (started_at, last_seen_at) values ($1, $1) returning id", now
    )
    return run


async def update_run_seen(db: Db, run: int, now: datetime) -> bool:
    """Note that a run goes on; False: it was interrupted, and another begins."""
    done = await db.fetchval(
        """
        update runs set last_seen_at = greatest(last_seen_at, $2)
         where id = $1 and last_seen_at > $2::timestamptz - $3::interval returning true""",
        run,
        now,
        UNSEEN,
    )
    return bool(done)


async def update_run_ended(db: Db, run: int, now: datetime) -> None:
    """A run was ended in order."""
    await db.execute(
        """
        update runs set last_seen_at = $2, ended_at = $2
         where id = $1 and last_seen_at > $2::timestamptz - $3::interval""",
        run,
        now,
        UNSEEN,
    )


async def select_downtimes(db: Db, from_ms: int, to_ms: int, now: datetime) -> list[Times]:
    """When, in from_ms <= t < to_ms, no process took readings; before the first run: not known."""
    rows = await db.fetch(
        """
        select (extract(epoch from lower(part)) * 1000)::bigint as from_ms,
               (extract(epoch from upper(part)) * 1000)::bigint as to_ms
          from (
            select unnest(
                       tstzmultirange(tstzrange(min(started_at), greatest(min(started_at), $3)))
                       - range_agg(tstzrange(started_at, case
                             when ended_at is null and last_seen_at > $3::timestamptz - $4::interval
                             then greatest($3, last_seen_at) else last_seen_at end))
                   ) as part
              from runs
          ) as down
         where lower(part) < to_timestamp($2 / 1000.0) and upper(part) > to_timestamp($1 / 1000.0)
         order by 1""",
        from_ms,
        to_ms,
        now,
        UNSEEN,
    )
    return [tuple(row) for row in rows]
