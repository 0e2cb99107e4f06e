"""How much of what was to come today has come, by the ledger."""

from datetime import datetime

from appliance.model.ids import FactoryId
from appliance.model.scope import Scope
from appliance.store.pool import Db

_COMPLETENESS = """
with today as (
    select date_trunc('day', $3::timestamptz at time zone time_zone)
           at time zone time_zone as midnight
      from factories where id = $2 and id = any($1::int[])
),
streams_today as (
    select s.device_id, s.received, b.first_row
      from today
      join devices d on d.factory_id = $2
      join streams s on s.device_id = d.id and s.last_seen >= midnight
     cross join lateral (
        select first_row + (
                   select count(*) from unnest(offsets_ms) as o (ms)
                    where start_at + o.ms * interval '1 ms' < midnight
               ) as first_row
          from (
            (select start_at, first_row, offsets_ms from batches
              where device_id = s.device_id and epoch = s.epoch
                and start_at >= midnight - interval '1 day' and start_at < midnight
                and to_timestamp(s.first_ms / 1000.0) < midnight
              order by start_at desc limit 1)
            union all
            (select start_at, first_row, offsets_ms from batches
              where device_id = s.device_id and epoch = s.epoch and start_at >= midnight
              order by start_at limit 1)
          ) as around_midnight
         where start_at + offsets_ms[cardinality(offsets_ms)] * interval '1 ms' >= midnight
         order by start_at limit 1
     ) as b
),
rows_today as (
    select device_id, sum(number) as received, sum(numbered) as numbered
      from streams_today
     cross join lateral (
        select sum(upper(part) - lower(part)) as number,
               max(upper(part)) - first_row as numbered
          from unnest(received * int8multirange(int8range(first_row, null))) as part
     ) as counted
     group by device_id
),
expected as (
    select d.id as device_id,
           floor(expected_rows(d.id, greatest(midnight, first_at), $3) - 3) as by_interval
      from today
      join devices d on d.factory_id = $2
     cross join lateral (
        select to_timestamp(min(first_ms) / 1000.0) as first_at
          from streams where device_id = d.id
     ) as s
     where first_at is not null
)
select coalesce(sum(r.received), 0)::float8
       / nullif(sum(greatest(e.by_interval, r.numbered, 0)), 0)::float8
  from expected e
  left join rows_today r using (device_id)
"""


async def select_completeness_today(
    db: Db, scope: Scope, factory_id: FactoryId, now: datetime
) -> float | None:
    """Rows received over rows expected of today's (the factory's own day), 0 to 1; null: none yet.

    Received are today's rows in the ledger. Expected of a device, from midnight or its first
    reading ever on, is one row per expected interval, or as many as it has numbered today if that
    is more; what may still be on its way (three intervals) is not expected yet.
    """
    share: float | None = await db.fetchval(
        _COMPLETENESS,
        scope.factory_ids,
        factory_id,
        now,
    )
    return share
