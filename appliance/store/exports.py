"""Which signals an export holds, and about how many readings."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.model.series import Signal
from appliance.store.pool import Db

COUNT_SECONDS = 2.0


class Spanned(msgspec.Struct, frozen=True):
    """A signal and the time in which its device has ever sent anything, inclusive."""

    signal: Signal
    first_ms: int
    last_ms: int


async def select_missing(
    db: Db, scope: Scope, device_ids: Sequence[DeviceId], metrics: Sequence[str]
) -> list[str]:
    """Those of the devices and metrics that are not there, or not in scope."""
    rows = await db.fetch(
        """
        select 'device ' || asked as missing from unnest($2::int[]) as asked
         where not exists (
               select from devices where id = asked and factory_id = any($1::int[])
         )
        union all
        select 'metric ' || asked from unnest($3::text[]) as asked
         where not exists (select from metrics where name = asked)
        """,
        scope.factory_ids,
        list(device_ids),
        list(metrics),
    )
    return [row["missing"] for row in rows]


async def select_signals(
    db: Db,
    scope: Scope,
    device_ids: Sequence[DeviceId] | None = None,
    metrics: Sequence[str] | None = None,
) -> list[Spanned]:
    """What the devices (all in scope, or those named) have measured, by device and metric."""
    rows = await db.fetch(
        """
        select d.id as device_id, d.name as device, m.name as metric, m.unit, m.unit_label,
               m.digits, s.first_ms, s.last_ms
          from devices d
          join latest l on l.device_id = d.id
          join metrics m on m.id = any(l.metric_ids)
         cross join lateral (
               select min(first_ms) as first_ms, max(last_ms) as last_ms
                 from streams where device_id = d.id
         ) as s
         where d.factory_id = any($1::int[])
           and ($2::int[] is null or d.id = any($2))
           and ($3::text[] is null or m.name = any($3))
           and s.first_ms is not null
         order by d.id, m.id
        """,
        scope.factory_ids,
        None if device_ids is None else list(device_ids),
        None if metrics is None else list(metrics),
    )
    return [
        Spanned(
            Signal(*(row[name] for name in Signal.__struct_fields__)),
            row["first_ms"],
            row["last_ms"],
        )
        for row in rows
    ]


async def select_reading_count(
    db: Db, scope: Scope, signals: Sequence[Signal], from_ms: int, to_ms: int
) -> int | None:
    """About how many readings there are; None if that cannot be said quickly.

    A sealed row group that only reaches into the range counts by its share of time.
    """
    try:
        found: int = await db.fetchval(
            """
            with asked as (
                select d.id as device_id, m.id as metric_id
                  from unnest($2::int[], $3::text[]) as a (device_id, metric)
                  join devices d on d.id = a.device_id and d.factory_id = any($1::int[])
                  join metrics m on m.name = a.metric
            ),
            hot as (
                select sum(cardinality(b.offsets_ms)) as rows
                  from asked a
                  join batches b on b.device_id = a.device_id and a.metric_id = any(b.metric_ids)
                 where b.start_at >= $4 and b.start_at < $5
            ),
            sealed as (
                select sum(g.rows::float8
                           * (least(g.last_ms + 1, $7) - greatest(g.first_ms, $6))
                           / (g.last_ms + 1 - g.first_ms)) as rows
                  from asked a
                  join sealed_groups g on g.device_id = a.device_id
                   and g.first_ms < $7 and g.last_ms >= $6
                  join sealed_files f on f.id = g.file_id and f.metric_id = a.metric_id
                   and f.kind = 'readings' and f.state = 'live'
            )
            select round(coalesce((select rows from hot), 0)
                         + coalesce((select rows from sealed), 0))::bigint
            """,
            scope.factory_ids,
            [signal.device_id for signal in signals],
            [signal.metric for signal in signals],
            datetime.fromtimestamp(from_ms / 1000, UTC),
            datetime.fromtimestamp(to_ms / 1000, UTC),
            from_ms,
            to_ms,
            timeout=COUNT_SECONDS,
        )
    except TimeoutError:
        return None
    return found
