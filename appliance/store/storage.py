"""How much there is, hot and sealed, and how fast it grows."""

from datetime import UTC, datetime
from typing import NamedTuple

from appliance.store.pool import Db

GROWTH_DAYS = 14


class Held(NamedTuple):
    """As in appliance.model.storage."""

    hot_bytes: int
    sealed_bytes: int
    sealed_readings: int
    damaged_files: int
    growth_per_day_bytes: int | None


async def select_held(db: Db, now: datetime) -> Held:
    """What the database and the archive hold. A day's growth is that of its files."""
    (row,) = await db.fetch(
        """
        with live as (
            select *, bytes / (last_day - first_day + 1) as bytes_a_day,
                   greatest(first_day, $1::date - $2::int) as first,
                   least(last_day, $1::date - 1) as last
              from sealed_files where state = 'live'
        ),
        days as (
            select day, sum(bytes_a_day) as bytes
              from live cross join lateral generate_series(first, last, '1 day') as day
             group by day
        )
        select (select coalesce(sum(pg_total_relation_size(relid)), 0)::bigint
                  from pg_partition_tree('batches') where isleaf) as hot_bytes,
               (select coalesce(sum(bytes), 0)::bigint from live) as sealed_bytes,
               (select coalesce(sum(rows), 0)::bigint from live
                 where kind = 'readings') as sealed_readings,
               (select count(*) from sealed_files where state = 'damaged') as damaged_files,
               (select avg(bytes)::bigint from days) as growth_per_day_bytes""",
        now.astimezone(UTC).date(),
        GROWTH_DAYS,
    )
    return Held(**row)
