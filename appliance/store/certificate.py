"""What a certificate of completeness is made of: ledger, late rows, batches, manifest."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from appliance.model.completeness import DeviceCounts
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.scope import Scope
from appliance.model.sealed import FileState, Located, SealedGroup
from appliance.store.pool import Connection, Db

CONFLICTING = "at a time for which another value is there"
"""The reason for which points are set aside whose time has another value."""
_READ_ALL_SECONDS = 60.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SetAsideCounts(NamedTuple):
    """Rows and points of a device set aside within a period, by when they were received."""

    quarantined: int
    conflicting: int


async def select_streams(db: Db, device_id: DeviceId) -> list[Any]:
    """The ledger of a device, and the numbers of its rows that are set aside, ascending."""
    return await db.fetch(
        """
        select epoch, received, first_ms, last_ms, dropped, duplicates, reset,
               array(select row_number from quarantine q
                      where q.device_id = s.device_id and q.epoch = s.epoch and q.epoch <> 0
                      order by 1) as quarantined
          from streams s where device_id = $1 order by first_seen, epoch""",
        device_id,
    )


async def select_late_rows(db: Db, device_id: DeviceId, from_ms: int, to_ms: int) -> list[Any]:
    """Late rows of a device that touch from_ms <= t < to_ms."""
    return await db.fetch(
        """
        select epoch, first_row, stop_row, first_ms, last_ms, first_received_ms, last_received_ms
          from late_rows where device_id = $1 and last_ms >= $2 and first_ms < $3
         order by first_ms""",
        device_id,
        from_ms,
        to_ms,
    )


async def select_set_aside(db: Db, device_id: DeviceId, from_ms: int, to_ms: int) -> SetAsideCounts:
    """How many were set aside of what was received in from_ms <= t < to_ms."""
    row = await db.fetchrow(
        """
        select count(*) filter (where reason <> $4) as quarantined,
               count(*) filter (where reason = $4) as conflicting
          from quarantine
         where device_id = $1 and received_at >= $2 and received_at < $3""",
        device_id,
        _time(from_ms),
        _time(to_ms),
        CONFLICTING,
    )
    return SetAsideCounts(*row) if row else SetAsideCounts(0, 0)


async def select_edges(db: Db, device_id: DeviceId, from_ms: int, to_ms: int) -> tuple[int, int]:
    """A stretch that holds the period, the last row before it and the first one after it."""
    row = await db.fetchrow(
        """
        select least($2, greatest(
                   (select (extract(epoch from max(start_at)) * 1000)::bigint from batches
                     where device_id = $1 and start_at < $4),
                   (select max(first_ms) from sealed_groups g join sealed_files f on f.id = file_id
                     where device_id = $1 and first_ms < $2 and state = 'live'
                       and kind = 'readings')))::bigint as first_ms,
               greatest($3, least(
                   (select (extract(epoch from min(start_at)) * 1000)::bigint from batches
                     where device_id = $1 and start_at >= $5),
                   (select min(last_ms) from sealed_groups g join sealed_files f on f.id = file_id
                     where device_id = $1 and last_ms >= $3 and state = 'live'
                       and kind = 'readings')) + 1)::bigint as stop_ms""",
        device_id,
        from_ms,
        to_ms,
        _time(from_ms),
        _time(to_ms),
    )
    return (from_ms, to_ms) if row is None else (row["first_ms"], row["stop_ms"])


async def select_hot_runs(
    db: Connection, device_id: DeviceId, first_ms: int, stop_ms: int, edges: tuple[int, int]
) -> list[Any]:
    """The batches that start in first_ms <= t < stop_ms; those over an edge with their offsets."""
    return await db.fetch(
        """
        select epoch, first_row, cardinality(offsets_ms) as rows,
               (extract(epoch from start_at) * 1000)::bigint as start_ms,
               (extract(epoch from start_at) * 1000)::bigint
                   + offsets_ms[cardinality(offsets_ms)] as last_ms,
               quality <> 0 as bounded,
               case when epoch = 0 or exists (
                   select from unnest($4::timestamptz[]) as e
                    where start_at < e
                      and start_at + offsets_ms[cardinality(offsets_ms)] * interval '1 ms' >= e
               ) then offsets_ms end as offsets_ms
          from batches where device_id = $1 and start_at >= $2 and start_at < $3
         order by epoch, first_row""",
        device_id,
        _time(first_ms),
        _time(stop_ms),
        [_time(edge) for edge in edges],
        timeout=_READ_ALL_SECONDS,
    )


async def select_sealed_rows(
    db: Connection, device_id: DeviceId, first_ms: int, stop_ms: int
) -> list[tuple[str, Located]]:
    """The row groups of all metrics of a device in a stretch, by metric, in order of time."""
    rows = await db.fetch(
        """
        select m.name, f.path, f.scale, f.state, f.reason,
               g.row_group, g.device_id, g.rows, g.first_ms, g.last_ms
          from sealed_groups g
          join sealed_files f on f.id = g.file_id
          join metrics m on m.id = f.metric_id
         where g.device_id = $1 and f.kind = 'readings' and f.state in ('live', 'damaged')
           and g.last_ms >= $2 and g.first_ms < $3
         order by m.name, f.first_day, g.row_group""",
        device_id,
        first_ms,
        stop_ms,
    )
    return [
        (
            row["name"],
            Located(
                path=row["path"],
                scale=row["scale"],
                state=FileState(row["state"]),
                reason=row["reason"],
                group=SealedGroup(*(row[name] for name in SealedGroup.__struct_fields__)),
            ),
        )
        for row in rows
    ]


async def select_released(db: Db, factory_id: FactoryId) -> list[tuple[int, int]]:
    """The days of which raw readings of a factory were released, as spans of milliseconds."""
    rows = await db.fetch(
        """
        select (extract(epoch from lower(part)) * 1000)::bigint as first_ms,
               (extract(epoch from upper(part)) * 1000)::bigint as stop_ms
          from (
            select unnest(range_agg(daterange(first_day, last_day, '[]'))) as part
              from releases where factory_id = $1 and kind = 'readings'
          ) as released order by 1""",
        factory_id,
    )
    return [(row["first_ms"], row["stop_ms"]) for row in rows]


_COUNTS = """
with hot as (
    select device_id, sum(cardinality(offsets_ms)) as rows
      from batches where start_at >= $3 and start_at < $4 group by device_id
),
by_file as (
    select g.device_id, f.first_day, f.state, f.metric_id, sum(g.rows) as rows
      from sealed_groups g join sealed_files f on f.id = g.file_id
     where f.factory_id = $2 and f.kind = 'readings' and f.state in ('live', 'damaged')
       and g.first_ms >= $6 and g.last_ms < $7
     group by 1, 2, 3, 4
),
by_day as (
    select device_id, max(rows) filter (where state = 'live') as rows,
           case when bool_and(state = 'damaged') then max(rows) end as damaged
      from by_file group by device_id, first_day
),
sealed as (
    select device_id, sum(rows) as rows, sum(damaged) as damaged from by_day group by device_id
)
select d.id as device_id, d.name as device, d.expected_interval_ms,
       (coalesce(hot.rows, 0) + coalesce(sealed.rows, 0))::bigint as received,
       coalesce(sealed.damaged, 0)::bigint as damaged,
       (select min(first_ms) from streams where device_id = d.id) as first_ms,
       coalesce((select sum(stop_row - first_row) from late_rows l
                  where l.device_id = d.id and last_ms >= $6 and last_ms < $7), 0)::bigint as late,
       s.duplicate, s.dropped, q.quarantined, q.conflicting
  from devices d
  left join hot on hot.device_id = d.id
  left join sealed on sealed.device_id = d.id
 cross join lateral (
    select coalesce(sum(duplicates), 0)::bigint as duplicate,
           coalesce(sum(dropped), 0)::bigint as dropped
      from streams where device_id = d.id and first_ms < $7 and last_ms >= $6
 ) as s
 cross join lateral (
    select count(*) filter (where reason <> $5) as quarantined,
           count(*) filter (where reason = $5) as conflicting
      from quarantine where device_id = d.id and received_at >= $3 and received_at < $4
 ) as q
 where d.factory_id = $2 and d.factory_id = any($1::int[])
 order by d.name, d.id
"""


async def select_device_counts(
    db: Connection, scope: Scope, factory_id: FactoryId, period: tuple[int, int], now: datetime
) -> list[DeviceCounts]:
    """The rows of all devices of a factory in whole UTC days; late ones run in no two days.

    To be called with the batches locked (see store.readings.lock_batches).
    """
    from_ms, to_ms = period
    rows = await db.fetch(
        _COUNTS,
        scope.factory_ids,
        factory_id,
        _time(from_ms),
        _time(to_ms),
        CONFLICTING,
        from_ms,
        to_ms,
        timeout=_READ_ALL_SECONDS,
    )
    until = min(to_ms, round(now.timestamp() * 1000))
    found = []
    for row in rows:
        known = dict(row)
        first_ms, interval = known.pop("first_ms"), known.pop("expected_interval_ms")
        there = known["received"] + known["damaged"] + known["quarantined"]
        expected = 0
        if first_ms is not None:
            expected = (until - max(from_ms, first_ms)) // interval
            expected -= 3 if until < to_ms else 0
        expected = max(expected, there)
        found.append(DeviceCounts(**known, expected=expected, missing=expected - there))
    return found


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
