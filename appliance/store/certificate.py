"""What a certificate of completeness is made of: ledger, late rows, batches, manifest."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from appliance.model.ids import DeviceId, FactoryId
from appliance.model.scope import Scope
from appliance.model.sealed import FileState, Located, SealedGroup
from appliance.store.pool import Connection, Db
from appliance.store.quarantine import CONFLICTING

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
    db: Connection, device_id: DeviceId, first_ms: int, stop_ms: int, edges: Sequence[int]
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
    return [(row["name"], _located(row)) for row in rows]


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


async def select_factory_streams(
    db: Db, factory_id: FactoryId, from_ms: int, to_ms: int
) -> list[Any]:
    """The ledger of a factory: starts that touch the period, and those just before and after it."""
    return await db.fetch(
        """
        select s.device_id, s.epoch, s.received, s.first_ms, s.last_ms, s.dropped, s.duplicates,
               s.reset
          from devices d
         cross join lateral (
            select (select max(last_ms) from streams
                     where device_id = d.id and last_ms < $2) as before_ms,
                   (select min(first_ms) from streams
                     where device_id = d.id and first_ms >= $3) as after_ms
         ) as around
          join streams s on s.device_id = d.id
           and s.last_ms >= coalesce(before_ms, $2) and s.first_ms <= coalesce(after_ms, $3)
         where d.factory_id = $1
         order by s.device_id, s.first_seen, s.epoch""",
        factory_id,
        from_ms,
        to_ms,
        timeout=_READ_ALL_SECONDS,
    )


async def select_hot_days(
    db: Connection, factory_id: FactoryId, from_ms: int, to_ms: int
) -> list[tuple[DeviceId, int, int]]:
    """Devices, days since 1970 and their rows that are not sealed, in whole UTC days."""
    rows = await db.fetch(
        """
        select b.device_id, extract(epoch from b.start_at)::bigint / 86400 as day,
               sum(cardinality(b.offsets_ms))::bigint as rows
          from batches b join devices d on d.id = b.device_id
         where d.factory_id = $1 and b.start_at >= $2 and b.start_at < $3
         group by 1, 2""",
        factory_id,
        _time(from_ms),
        _time(to_ms),
        timeout=_READ_ALL_SECONDS,
    )
    return [tuple(row) for row in rows]


class SealedStretch(NamedTuple):
    """Rows of a metric of a device in one sealed file, between two days since 1970."""

    device_id: DeviceId
    metric_id: int
    file_day: int
    damaged: bool
    first_day: int
    last_day: int
    first_ms: int
    last_ms: int
    rows: int


async def select_sealed_stretches(
    db: Connection, factory_id: FactoryId, from_ms: int, to_ms: int
) -> list[SealedStretch]:
    """What is sealed of a factory in a period: row groups, those within the same days as one."""
    rows = await db.fetch(
        """
        select g.device_id, f.metric_id, f.first_day - date '1970-01-01' as file_day,
               f.state = 'damaged' as damaged, g.first_ms / 86400000 as first_day,
               g.last_ms / 86400000 as last_day, min(g.first_ms) as first_ms,
               max(g.last_ms) as last_ms, sum(g.rows)::bigint as rows
          from sealed_groups g join sealed_files f on f.id = g.file_id
         where f.factory_id = $1 and f.kind = 'readings' and f.state in ('live', 'damaged')
           and g.last_ms >= $2 and g.first_ms < $3
         group by 1, 2, 3, 4, 5, 6""",
        factory_id,
        from_ms,
        to_ms,
        timeout=_READ_ALL_SECONDS,
    )
    return [SealedStretch(*row) for row in rows]


async def select_sealed_hours(
    db: Connection, series: Sequence[tuple[DeviceId, int]], from_ms: int, to_ms: int
) -> dict[DeviceId, list[Located]]:
    """The hours that are rolled up of one metric each of some devices."""
    rows = await db.fetch(
        """
        select f.path, f.scale, f.state, f.reason,
               g.row_group, g.device_id, g.rows, g.first_ms, g.last_ms
          from unnest($1::int[], $2::smallint[]) as s (device_id, metric_id)
          join sealed_groups g on g.device_id = s.device_id
          join sealed_files f on f.id = g.file_id and f.metric_id = s.metric_id
         where f.kind = 'hour' and f.state = 'live' and g.last_ms >= $3 and g.first_ms < $4""",
        [device_id for device_id, _ in series],
        [metric_id for _, metric_id in series],
        from_ms,
        to_ms,
        timeout=_READ_ALL_SECONDS,
    )
    found: dict[DeviceId, list[Located]] = {}
    for row in rows:
        found.setdefault(row["device_id"], []).append(_located(row))
    return found


async def select_device_counts(
    db: Db, scope: Scope, factory_id: FactoryId, period: tuple[int, int]
) -> list[Any]:
    """Of all devices of a factory by name: what came late, twice or wrong, or was dropped.

    Of whole UTC days, for late ones run in no two days.
    """
    from_ms, to_ms = period
    return await db.fetch(
        """
        select d.id as device_id, d.name as device,
               coalesce((select sum(stop_row - first_row) from late_rows l
                          where l.device_id = d.id and last_ms >= $6 and last_ms < $7),
                        0)::bigint as late,
               s.duplicate, s.dropped, q.quarantined, q.conflicting
          from devices d
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
         order by d.name, d.id""",
        scope.factory_ids,
        factory_id,
        _time(from_ms),
        _time(to_ms),
        CONFLICTING,
        from_ms,
        to_ms,
        timeout=_READ_ALL_SECONDS,
    )


def _located(row: Any) -> Located:
    return Located(
        path=row["path"],
        scale=row["scale"],
        state=FileState(row["state"]),
        reason=row["reason"],
        group=SealedGroup(*(row[name] for name in SealedGroup.__struct_fields__)),
    )


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
